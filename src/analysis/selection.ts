import type { Cohort, Exchange } from '../model/exchange.ts';
import { cohortOf } from '../model/exchange.ts';
import type { ExperimentRecord, WindowKey } from '../model/recording.ts';
import type { Selection } from './measures.ts';

/** One text per key, for maps. */
export function nameOfKey({ experimentId, route, requestName, connection, role, cohort }: WindowKey): string {
  return [experimentId, route, requestName, connection, role, cohort].join('\n');
}

/**
 * The key under which an exchange is counted in windows. Must agree with the recorder; a test compares the two over all
 * kinds of exchanges.
 */
export function keyOfExchange(exchange: Exchange): WindowKey {
  const { experimentId, route, requestName } = exchange;
  return {
    experimentId,
    route,
    requestName,
    connection: connectionOf(exchange),
    role: exchange.tag?.kind ?? 'none',
    cohort: cohortOf(exchange),
  };
}

/** An exchange that failed while connecting has no connection, but it was about a new one. */
function connectionOf({ connection, tag, outcome }: Exchange): 'new' | 'warm' {
  if (connection !== undefined) return connection.isNew ? 'new' : 'warm';
  if (tag?.kind === 'slot') return tag.arm;
  if (outcome.kind === 'timeout') return outcome.waitingFor === 'connect' ? 'new' : 'warm';
  if (outcome.kind !== 'connection-error') return 'warm';
  return outcome.phase === 'dns' || outcome.phase === 'connect' || outcome.phase === 'tls' ? 'new' : 'warm';
}

/** Whether a key belongs to a selection. `record` is the experiment of the key. */
export function matches(key: WindowKey, selection: Selection, record: ExperimentRecord | undefined): boolean {
  const { experimentId, experimentKind, route, requestName, connection, roles, cohorts, loop } = selection;
  return (
    (experimentId === undefined || key.experimentId === experimentId) &&
    (experimentKind === undefined || record?.planned.kind === experimentKind) &&
    (route === undefined || key.route === route) &&
    (requestName === undefined || key.requestName === requestName) &&
    (connection === undefined || key.connection === connection) &&
    (roles === undefined || roles.includes(key.role)) &&
    (cohorts === undefined || cohorts.includes(key.cohort)) &&
    (loop === undefined || record?.loop === loop)
  );
}

const TIMED_BY_DEFAULT: readonly Cohort[] = ['ok'];

/** Times are those of ok answers unless the selection names cohorts. */
export function timedSelection(selection: Selection): Selection {
  return selection.cohorts === undefined ? { ...selection, cohorts: TIMED_BY_DEFAULT } : selection;
}

/** The same text for selections that mean the same, whatever the order of their fields and lists. */
export function nameOfSelection(selection: Selection): string {
  const { experimentId, experimentKind, route, requestName, connection, roles, cohorts, loop } = selection;
  return JSON.stringify([
    experimentId ?? null,
    experimentKind ?? null,
    route ?? null,
    requestName ?? null,
    connection ?? null,
    roles === undefined ? null : [...new Set(roles)].sort(),
    cohorts === undefined ? null : [...new Set(cohorts)].sort(),
    loop ?? null,
  ]);
}
