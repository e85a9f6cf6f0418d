/** Which requests a threshold is about. */
import { distributionOf } from '../analysis/distribution.ts';
import type { Measures, Selection } from '../analysis/measures.ts';
import { quantileInterval } from '../analysis/quantile-interval.ts';
import type { PhaseName } from '../model/exchange.ts';
import type { ExperimentKind, Threshold } from '../model/profile.ts';
import type { QuantileEstimate } from '../model/report.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';

/** What is sent on purpose to be slow or to fail is not in it. */
const ORDINARY_ROLES: readonly string[] = ['slot', 'load', 'canary', 'volley', 'idle', 'none'];
/** Phases that only a request on a new connection has. */
const OPENING: readonly PhaseName[] = ['dns', 'connect', 'tls'];

export function routesOf({ subject }: Threshold, measures: Measures): readonly RouteId[] {
  if (subject.kind !== 'direct') return [GATEWAY];
  return subject.member === undefined ? measures.members.map(directTo) : [directTo(subject.member)];
}

/**
 * What the user feels: warm connections, from the due time, open loop; slots of compares, else the load of ramps and bursts.
 * With `during` the ordinary requests of that experiment. Volleys and idle times open their connections as a part of what
 * they measure, so there all connections count.
 */
export function timeSelection(threshold: Threshold, route: RouteId, measures: Measures): Selection {
  const { during, phase } = threshold;
  const kind = kindOf(during);
  const isOpening = phase !== undefined && OPENING.includes(phase);
  const anyConnection = !isOpening && (kind === 'volley' || kind === 'idle');
  const base: Selection = {
    route,
    // How long opening a connection takes does not depend on who sets the pace.
    ...(isOpening ? {} : { loop: 'open' }),
    ...(anyConnection ? {} : { connection: isOpening ? 'new' : 'warm' }),
    cohorts: ['ok'],
    ...duringSelection(during),
    ...(threshold.request === undefined ? {} : { requestName: threshold.request }),
  };
  if (during !== undefined) return { ...base, roles: ORDINARY_ROLES };
  const slots: Selection = { ...base, roles: ['slot'] };
  return measures.counts(slots).ok > 0 ? slots : { ...base, roles: ['load'] };
}

/** One for each route; closed loops count, since a failure is one in any loop. */
export function errorSelections(threshold: Threshold, measures: Measures): readonly Selection[] {
  return routesOf(threshold, measures).map((route) => ({
    route,
    roles: ORDINARY_ROLES,
    ...duringSelection(threshold.during),
    ...(threshold.request === undefined ? {} : { requestName: threshold.request }),
  }));
}

function kindOf(during: string | undefined): string | undefined {
  return during?.replace(/-\d+$/, '');
}

function duringSelection(during: string | undefined): Selection {
  if (during === undefined) return {};
  return kindOf(during) === during ? { experimentKind: during as ExperimentKind } : { experimentId: during };
}

/** Why there are no times although there were answers; undefined where that is not so. */
export function closedReason({ loop, ...selection }: Selection, measures: Measures): string | undefined {
  if (loop === undefined) return undefined;
  if (measures.counts({ ...selection, loop: 'open' }).ok > 0 || measures.counts(selection).ok === 0) return undefined;
  return 'only a closed loop ran there, whose own pace decides how long answers take';
}

export type PhaseTimes = { readonly max: number; readonly quantile: (p: number) => QuantileEstimate };

/**
 * Times of a phase for each route of the threshold, or why they cannot be told. Phases are known of kept requests only. Where not all
 * were kept, the slowest are among them and the others are not: no quantile can be read from that.
 */
export function phaseTimes(threshold: Threshold, phase: PhaseName, measures: Measures): readonly PhaseTimes[] | string {
  const times: PhaseTimes[] = [];
  for (const route of routesOf(threshold, measures)) {
    const selection = timeSelection(threshold, route, measures);
    const all = measures.counts(selection).ok;
    const kept = measures.exchanges(selection);
    if (all === 0) return OPENING.includes(phase) ? 'no request opened a connection there' : 'nothing was answered';
    if (kept.length < all) return `phases are known of ${kept.length} of ${all} requests only, the slowest among them`;
    const known = kept.filter(({ phasesUs }) => phasesUs?.[phase] !== undefined);
    if (known.length === 0) return `no request has a phase ${phase}`;
    if (known.length < kept.length)
      return `the phase ${phase} is known of ${known.length} of ${kept.length} requests only`;
    const blocks = new Map<number, number[]>();
    for (const { dueUs, phasesUs } of known) {
      const second = Math.floor(dueUs / US_PER_SEC);
      const block = blocks.get(second) ?? [];
      block.push(phasesUs?.[phase] ?? 0);
      blocks.set(second, block);
    }
    const parts = [...blocks].sort(([a], [b]) => a - b).map(([, values]) => distributionOf(values));
    times.push({
      max: Math.max(...parts.map(({ max }) => max)),
      quantile: (p) => quantileInterval(parts, p).estimate,
    });
  }
  return times;
}
