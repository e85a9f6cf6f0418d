/** Words of labels, kept few: each combination of labels is a series in somebody's Prometheus. */
import { type Exchange, type Outcome, outcomeKey } from '../model/exchange.ts';
import { memberOf, type RouteId } from '../model/route.ts';

export type Labels = Readonly<Record<string, string>>;

/** `member` is empty for the gateway: Prometheus treats an empty label as one that is not there. */
export function routeLabels(profile: string, route: RouteId): Labels {
  return { profile, route: route === 'gateway' ? 'gateway' : 'direct', member: memberOf(route) ?? '' };
}

export function requestLabels(profile: string, exchange: Exchange): Labels {
  return {
    ...routeLabels(profile, exchange.route),
    request: exchange.requestName,
    connection: exchange.connection === undefined ? 'none' : exchange.connection.isNew ? 'new' : 'warm',
  };
}

/** Outcome as in reports, and status and substatus where there was an answer. */
export function outcomeLabels(outcome: Outcome): {
  readonly outcome: string;
  readonly status: string;
  readonly substatus: string;
} {
  if (outcome.kind !== 'response') return { outcome: outcomeKey(outcome), status: '', substatus: '' };
  return {
    outcome: outcomeKey(outcome),
    status: String(outcome.status),
    substatus: outcome.substatus === undefined ? '' : String(outcome.substatus),
  };
}

/** A server can answer any three digits and any substatus: above this many different ones of a profile they share one series. */
const MAX_OUTCOMES = 60;

/** Remembers which outcomes have a series of their own. */
export function createOutcomeLimit(): (profile: string, labels: ReturnType<typeof outcomeLabels>) => Labels {
  const known = new Map<string, Set<string>>();
  return (profile, labels) => {
    const own = known.get(profile) ?? new Set<string>();
    known.set(profile, own);
    const key = `${labels.outcome} ${labels.substatus}`;
    if (own.has(key)) return labels;
    if (own.size >= MAX_OUTCOMES) return { outcome: 'other', status: '', substatus: '' };
    own.add(key);
    return labels;
  };
}
