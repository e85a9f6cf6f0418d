/** Single requests taken apart, and what a burst left behind. */
import type { Measures } from '../analysis/measures.ts';
import {
  type Exchange,
  isFailure,
  latenessUs,
  outcomeKey,
  PHASES,
  type PhaseName,
  responseTimeUs,
} from '../model/exchange.ts';
import type { Exhibit, WaterfallLane } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { ExperimentRecord } from '../model/recording.ts';
import { GATEWAY } from '../model/route.ts';
import { formatCount, plural } from './format.ts';
import { wayName } from './way-name.ts';

const ORDINARY_ROLES = ['slot', 'load', 'canary'];
/** Members shown beside a request through the gateway: with their steps these fill half a page. */
const MAX_BESIDE = 4;
/** So many unanswered requests at the end of a burst are a queue; fewer are on their way as always. */
const MIN_LEFT_OVER = 4;

/** A burst is drawn with so many steps; each is the most that were open in its stretch. */
const STEPS = 150;
/** Until these are done a request has no connection; the others follow on it. */
const OPENING: readonly PhaseName[] = ['dns', 'connect', 'tls'];

const PHASE_MEANING: Readonly<Record<string, string>> = {
  'not sent yet': 'the probe itself was late',
  dns: 'looking up the name',
  connect: 'opening the connection',
  tls: 'the TLS handshake',
  'in between': 'the probe itself, between two phases',
  send: 'sending the request',
  wait: 'until the first byte of the answer',
  receive: 'until the answer was complete',
  'nothing came': 'no phase came to its end',
};

/** A typical request and the slowest one, each beside the direct requests of the same slot. */
export function waterfallExhibits(measures: Measures): readonly Exhibit[] {
  const sent = measures
    .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, loop: 'open' })
    .filter((exchange) => exchange.sentUs !== undefined && exchange.outcome.kind !== 'aborted');
  const good = sent.filter((exchange) => !isFailure(exchange) && exchange.tag?.kind === 'slot');
  const worst = maximumOf(sent, responseTimeUs);
  if (worst === undefined || good.length === 0) return [];
  const typical = typicalOf(good);
  const first = waterfall(measures, typical, 'typical-request', 'A typical request');
  if (worst === typical) return [first];
  return [first, waterfall(measures, worst, 'slowest-request', 'The slowest request')];
}

/** The one nearest to the median of its kind: on a connection that was in use already, where there are such. */
function typicalOf(good: readonly Exchange[]): Exchange {
  const warm = good.filter(({ connection }) => connection?.isNew === false);
  const pool = (warm.length > 0 ? warm : good).toSorted((a, b) => responseTimeUs(a) - responseTimeUs(b));
  return pool[Math.floor((pool.length - 1) / 2)]!;
}

function waterfall(measures: Measures, one: Exchange, id: string, title: string): Exhibit {
  const all = one.slot === undefined ? [] : besideOf(measures, one);
  const beside = all.slice(0, MAX_BESIDE);
  const connection = one.connection?.isNew === true ? 'a new connection' : 'a connection already in use';
  const members = beside.length < all.length ? `${beside.length} of ${all.length} members` : 'the members';
  const together =
    beside.length === 0
      ? ''
      : ` Below it the same question to ${members}, in the same slot, each from its own due time on.`;
  return {
    kind: 'waterfall',
    id,
    title: `${title}: ${formatDuration(responseTimeUs(one))}, ${outcomeKey(one.outcome)}`,
    reading: `Request ${one.requestId} (${one.requestName}) of ${one.experimentId}, due ${formatDuration(one.dueUs)} after the start, on ${connection}. Each step begins where the one before ends. ${largestStep(stepsOf(one))}${together}`,
    lanes: [one, ...beside].map((exchange) => ({ name: laneName(exchange), steps: stepsOf(exchange) })),
  };
}

function laneName(exchange: Exchange): string {
  const { route, outcome, answeredBy } = exchange;
  const by = route === GATEWAY && answeredBy !== undefined ? `, answered by ${answeredBy}` : '';
  return `${wayName(route)}: ${formatDuration(responseTimeUs(exchange))}, ${outcomeKey(outcome)}${by}`;
}

function besideOf(measures: Measures, one: Exchange): readonly Exchange[] {
  const isWarm = one.connection?.isNew !== true;
  return measures
    .exchanges({ experimentId: one.experimentId, roles: ['slot'], requestName: one.requestName })
    .filter(
      (other) =>
        other.slot === one.slot &&
        other.route !== GATEWAY &&
        other.sentUs !== undefined &&
        (other.connection?.isNew !== true) === isWarm,
    )
    .toSorted((a, b) => a.route.localeCompare(b.route, 'en', { numeric: true }));
}

type Step = WaterfallLane['steps'][number];

/**
 * All of the response time, from the due time on, without a gap. What no phase covers lies before the request leaves, for the
 * wait ends with the first byte: that time is the probe's own. Where no byte came it is the end.
 */
function stepsOf(exchange: Exchange): readonly Step[] {
  const lateUs = Math.max(0, latenessUs(exchange) ?? 0);
  const phases = exchange.phasesUs ?? {};
  const covered = PHASES.reduce((sum, phase) => sum + (phases[phase] ?? 0), 0);
  const restUs = Math.max(0, responseTimeUs(exchange) - lateUs - covered);
  const hasAnswer = exchange.firstByteUs !== undefined;
  const named = (names: readonly PhaseName[]) => names.map((name): [string, number] => [name, phases[name] ?? 0]);
  const parts: readonly [string, number][] = [
    ['not sent yet', lateUs],
    ...named(OPENING),
    ['in between', hasAnswer ? restUs : 0],
    ...named(PHASES.filter((name) => !OPENING.includes(name))),
    ['nothing came', hasAnswer ? 0 : restUs],
  ];
  let atUs = 0;
  return parts.flatMap(([phase, us]): Step[] => {
    if (us <= 0) return [];
    const startUs = atUs;
    atUs += us;
    return [{ phase, startUs, endUs: atUs }];
  });
}

function largestStep(steps: readonly Step[]): string {
  const lengthOf = ({ startUs, endUs }: Step): number => endUs - startUs;
  const largest = maximumOf(steps, lengthOf);
  if (largest === undefined) return '';
  const share = (lengthOf(largest) / (steps.at(-1)?.endUs ?? 1)) * 100;
  return `${formatNumber(share)} % of it was ${largest.phase}: ${PHASE_MEANING[largest.phase] ?? largest.phase}.`;
}

/** Requests unanswered, during and after each burst that left a queue behind. Only where every request was kept. */
export function drainExhibits(measures: Measures): readonly Exhibit[] {
  return measures.experiments
    .filter(({ planned, loop }) => planned.kind === 'burst' && loop === 'open')
    .flatMap((record) => drainOf(measures, record) ?? []);
}

function drainOf(measures: Measures, { id }: ExperimentRecord): Exhibit | undefined {
  const selection = { experimentId: id, route: GATEWAY, roles: ['load'] };
  const load = measures.exchanges(selection).filter(({ sentUs }) => sentUs !== undefined);
  if (load.length === 0 || load.length < measures.counts(selection).sent) return undefined;
  const firstUs = load.reduce((least, { dueUs }) => Math.min(least, dueUs), Number.POSITIVE_INFINITY);
  const lastUs = load.reduce((most, { dueUs }) => Math.max(most, dueUs), 0);
  const left = load.filter(({ endUs }) => endUs > lastUs);
  const emptyUs = load.reduce((most, { endUs }) => Math.max(most, endUs), 0);
  if (left.length < MIN_LEFT_OVER || emptyUs <= lastUs) return undefined;
  const failed = left.filter(isFailure).length;
  const ended = failed === 0 ? 'were answered' : `ended, ${formatCount(failed)} of them failing,`;
  const perSec = left.length / ((emptyUs - lastUs) / 1_000_000);
  return {
    kind: 'xy',
    id: `drain-${id}`,
    title: `How ${id} drained: requests sent and not yet ended`,
    reading: `When the last of ${plural(load.length, 'request')} was due, ${formatCount(left.length)} had no end yet; they ${ended} within ${formatDuration(emptyUs - lastUs)}, ${formatNumber(perSec)} per second. A level line is a place that keeps up; one that rises until the burst ends is a queue that grows.`,
    x: { title: 'time since the burst began', unit: 'us', scale: 'linear' },
    y: { title: 'requests without an end', unit: 'count', scale: 'linear' },
    series: [{ name: 'gateway', role: 'gateway', style: 'step', points: unfinished(load, firstUs) }],
    marks: [
      { axis: 'x', value: lastUs - firstUs, label: 'last request' },
      { axis: 'x', value: emptyUs - firstUs, label: 'drained' },
    ],
  };
}

/** How many were under way after each beginning and each end. */
function unfinished(load: readonly Exchange[], originUs: number): readonly (readonly [number, number])[] {
  const changes = load.flatMap(({ dueUs, endUs }): [number, number][] => [
    [dueUs, 1],
    [endUs, -1],
  ]);
  changes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const stepUs = Math.max(1, ((changes.at(-1)?.[0] ?? originUs) - originUs) / STEPS);
  const highest = new Map<number, number>();
  let open = 0;
  for (const [atUs, change] of changes) {
    const step = Math.ceil((atUs - originUs) / stepUs);
    open += change;
    // The last step ends empty; every other one shows its peak.
    highest.set(step, step >= STEPS ? open : Math.max(open, highest.get(step) ?? 0));
  }
  return [...highest].map(([step, count]) => [Math.round(step * stepUs), count]);
}

function maximumOf<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => (best === undefined || value(item) > value(best) ? item : best),
    undefined,
  );
}
