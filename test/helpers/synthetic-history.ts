/**
 * A farm that was watched, made up from a seed: rounds on every route at an even rhythm, gathered into intervals, with what a
 * monitor keeps. For detectors that judge over time.
 *
 *   // Ten days of two members, asked every minute; web1 takes 3 s once every 29 h.
 *   historyRecording({ days: 10, level: '1h', answer: ({ route, atUs }) => … })
 */

import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import { cohortOf, outcomeKey } from '../../src/model/exchange.ts';
import {
  type HistoryEvidence,
  type HistoryInterval,
  type HistoryLevel,
  type HistorySeries,
  type KeptExchange,
  LEVEL_US,
  type QuietSpan,
} from '../../src/model/history.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Recording } from '../../src/model/recording.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../../src/model/route.ts';
import type { Random } from '../../src/model/time.ts';
import { encodeValues } from '../../src/recording/histogram.ts';
import { makeRecording } from './make-recording.ts';

export const HOUR_US = 3_600_000_000;
export const DAY_US = 24 * HOUR_US;
/** A Monday, 00:00 UTC. */
export const FROM_AT_US = Date.UTC(2026, 2, 2) * 1_000;

export type Asked = { readonly route: RouteId; readonly atUs: number; readonly round: number; readonly random: Random };
/** µs of a 200, or more where that is not all. `slow` keeps it, as a monitor keeps what stands out. */
export type Answered =
  | number
  | {
      readonly us: number;
      readonly status?: number;
      readonly refused?: true;
      readonly slow?: true;
      readonly answeredBy?: string;
    };

export type HistoryOptions = {
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly days?: number;
  readonly everyUs?: number;
  readonly level?: HistoryLevel;
  readonly members?: readonly string[];
  readonly answer?: (asked: Asked) => Answered;
  /** Nothing was sent in them. */
  readonly quiet?: readonly QuietSpan[];
};

/** Members at 10 ms by night and a fifth more by day; the gateway 2 ms above. */
export function ordinary({ route, atUs }: Asked): number {
  const hour = (atUs % DAY_US) / HOUR_US;
  const load = 1 + 0.1 * (1 - Math.cos((2 * Math.PI * (hour - 3)) / 24));
  return Math.round(10_000 * load + (route === GATEWAY ? 2_000 : 0));
}

const SIGMA = { 0: 0, 1: 0.03, 10: 0.3 } as const;

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

type Cell = { us: number[]; count: number; failed: number; outcomes: Record<string, number> };

export function makeHistory(options: HistoryOptions = {}): HistoryEvidence {
  const { seed = 1, noise = 1, days = 1, everyUs = 60_000_000, level = '5m', quiet = [] } = options;
  const { members = ['web1', 'web2'], answer = ordinary } = options;
  const random = createRandom(seed).fork('history');
  const routes: readonly RouteId[] = [GATEWAY, ...members.map(directTo)];
  const cells = new Map<string, Cell>();
  const kept: KeptExchange[] = [];
  const toAtUs = FROM_AT_US + Math.round(days * DAY_US);
  let seq = 0;
  for (let round = 0, dueAtUs = FROM_AT_US; dueAtUs < toAtUs; round++, dueAtUs += everyUs) {
    const atUs = dueAtUs + Math.floor(random.next() * 0.5 * everyUs);
    for (const route of routes) {
      if (quiet.some((span) => span.route === route && span.fromAtUs <= atUs && atUs < span.toAtUs)) continue;
      const answered = answer({ route, atUs, round, random });
      const loose = typeof answered === 'number' ? { us: answered } : answered;
      const us = Math.max(1, Math.round(loose.us * Math.exp(SIGMA[noise] * gaussian(random))));
      const exchange = exchangeOf(loose, us, { seq: seq++, route, dueUs: atUs - FROM_AT_US });
      const hasFailed = cohortOf(exchange) !== 'ok';
      const cell = cellOf(cells, `${route} ${Math.floor(atUs / LEVEL_US[level]) * LEVEL_US[level]}`);
      cell.count++;
      if (hasFailed) cell.failed++;
      // Times are those of answers that are ok.
      else cell.us.push(us);
      const key = outcomeKey(exchange.outcome);
      cell.outcomes[key] = (cell.outcomes[key] ?? 0) + 1;
      if (hasFailed || loose.slow === true)
        kept.push({ profile: 'farm', atUs, reason: hasFailed ? 'failure' : 'slow', exchange });
    }
  }
  return {
    fromAtUs: FROM_AT_US,
    toAtUs,
    level,
    series: routes.map((route) => seriesOf(route, level, cells)),
    kept,
    quiet,
    events: [],
  };
}

function exchangeOf(
  loose: Exclude<Answered, number>,
  us: number,
  at: { seq: number; route: RouteId; dueUs: number },
): Exchange {
  const outcome: Outcome = loose.refused
    ? { kind: 'connection-error', phase: 'connect', code: 'refused', detail: 'ECONNREFUSED', bytesReceived: 0 }
    : { kind: 'response', status: loose.status ?? 200, bodyBytes: 100, complete: true, bodyDigest: 1 };
  const phasesUs = loose.refused ? { connect: us } : { send: 0, wait: us, receive: 0 };
  return {
    ...at,
    requestId: at.seq.toString(16).padStart(16, '0'),
    experimentId: 'rounds',
    requestName: 'page',
    tag: { kind: 'slot', arm: 'warm' },
    sentUs: at.dueUs,
    endUs: at.dueUs + us,
    connection: { id: 1, isNew: false, ageUs: 60_000_000, idleUs: 30_000_000 },
    phasesUs,
    outcome,
    ...(loose.answeredBy === undefined ? {} : { answeredBy: loose.answeredBy }),
  };
}

function cellOf(cells: Map<string, Cell>, name: string): Cell {
  const known = cells.get(name);
  if (known !== undefined) return known;
  const fresh: Cell = { us: [], count: 0, failed: 0, outcomes: {} };
  cells.set(name, fresh);
  return fresh;
}

function seriesOf(route: RouteId, level: HistoryLevel, cells: ReadonlyMap<string, Cell>): HistorySeries {
  const key = { profile: 'farm', route, requestName: 'page', connection: 'warm' as const };
  const intervals = [...cells].flatMap(([name, cell]): HistoryInterval[] => {
    const [own, startAtUs] = name.split(' ');
    if (own !== route) return [];
    // As the store hands them on.
    const encoded = cell.us.length === 0 ? '' : encodeValues(cell.us, false);
    const maxUs = Math.max(0, ...cell.us);
    return [
      {
        ...key,
        level,
        startAtUs: Number(startAtUs),
        count: cell.count,
        failed: cell.failed,
        outcomes: cell.outcomes,
        response: encoded,
        service: encoded,
        maxResponseUs: maxUs,
        maxServiceUs: maxUs,
      },
    ];
  });
  return { ...key, intervals };
}

/** A recording that holds nothing but this history. */
export function historyRecording(options: HistoryOptions = {}): Recording {
  return withHistory(makeHistory(options), options);
}

export function withHistory(history: HistoryEvidence, options: HistoryOptions = {}): Recording {
  const recording = makeRecording({
    seed: options.seed ?? 1,
    members: [...(options.members ?? ['web1', 'web2'])],
  }).build();
  return { ...recording, history };
}

export function isMember(route: RouteId, name: string): boolean {
  return memberOf(route) === name;
}
