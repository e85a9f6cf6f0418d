/** A farm that was watched for some hours, with one fault: web2 answers 502.3 for six minutes. The same each time. */
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import type { FindingRecord, HistoryEvent, Round } from '../../src/model/history.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../../src/model/route.ts';
import { createFeed, type FeedSource, type MonitorState, type RoundState } from '../../src/monitor/feed.ts';
import { createMemoryHistory, type MemoryHistory } from '../helpers/memory-history.ts';
import { timeoutFinding } from '../report/sample-findings.ts';

/** 2026-03-02 12:00:00 UTC. */
export const NOW_US = Date.UTC(2026, 2, 2, 12) * 1_000;
export const ROUTES: readonly RouteId[] = [GATEWAY, directTo('web1'), directTo('web2')];
const ROUND_US = 30_000_000;

export type SampleFarm = {
  readonly history: MemoryHistory;
  readonly feed: FeedSource;
  readonly clock: { nowUs(): number; wallMs(): number; sleep(): Promise<void> };
  /** Measures one more round at the present and tells about it. */
  addRound(outcome?: Outcome): Round;
  setState(change: Partial<MonitorState>): void;
};

export function sampleFarm(options: { readonly name?: string; readonly hours?: number } = {}): SampleFarm {
  const { name = 'shop', hours = 2 } = options;
  const history = createMemoryHistory();
  const rounds = (hours * 3_600_000_000) / ROUND_US;
  for (let n = rounds; n > 0; n--) {
    const at = NOW_US - n * ROUND_US;
    const isBroken = n >= 40 && n < 52;
    const round = makeRound(name, at, n, (route) => (isBroken && route !== directTo('web1') ? BAD : GOOD));
    history.append(round, isBroken ? keepFailures(round) : []);
  }
  for (const event of sampleEvents(name)) history.putEvent(event);
  history.putFinding(sampleRecord(name));
  let state = sampleState(name);
  const feed = createFeed(
    () => state,
    (error) => {
      throw error;
    },
  );
  let added = 0;
  return {
    history,
    feed,
    clock: { nowUs: () => performance.now() * 1_000, wallMs: () => NOW_US / 1_000, sleep: async () => {} },
    setState: (change) => {
      state = { ...state, ...change };
      feed.publish({ kind: 'state' });
    },
    addRound(outcome = GOOD) {
      const round = makeRound(name, NOW_US - 5_000_000 + added * 1_000, 10_000 + added, () => outcome);
      added++;
      history.append(round, keepFailures(round));
      feed.publish({ kind: 'round', round, summary: summaryOf(round) });
      return round;
    },
  };
}

const GOOD: Outcome = { kind: 'response', status: 200, bodyBytes: 512, complete: true, bodyDigest: 1 };
export const BAD: Outcome = {
  kind: 'response',
  status: 502,
  substatus: 3,
  bodyBytes: 40,
  complete: true,
  bodyDigest: 2,
};

export function makeRound(
  profile: string,
  startedAtUs: number,
  n: number,
  outcomeOf: (route: RouteId) => Outcome,
): Round {
  const exchanges = ROUTES.flatMap((route, r) =>
    [0, 1].map((kind): Exchange => {
      const isNew = kind === 1;
      // Waves without randomness: the same farm each time.
      const baseUs = (route === GATEWAY ? 24_000 : 18_000) + (isNew ? 9_000 : 0);
      const tookUs = Math.round(baseUs * (1 + 0.25 * Math.sin(n / 9) + 0.15 * Math.sin(n * 2.7 + r)));
      const dueUs = r * 2_000 + kind * 50_000;
      return {
        seq: n * 6 + r * 2 + kind,
        requestId: (n * 6 + r * 2 + kind + 0x1000).toString(16).padStart(16, '0'),
        experimentId: 'monitor',
        route,
        requestName: 'home',
        dueUs,
        sentUs: dueUs + 150,
        firstByteUs: dueUs + tookUs - 500,
        endUs: dueUs + tookUs,
        connection: { id: r * 2 + kind, isNew, ageUs: 0, idleUs: 0 },
        phasesUs: isNew ? { connect: 900, wait: tookUs - 1_600, receive: 500 } : { wait: tookUs - 700, receive: 500 },
        outcome: outcomeOf(route),
      };
    }),
  );
  return { profile, kind: 'scheduled', startedAtUs, endedAtUs: startedAtUs + 100_000, lagUs: 1_200, exchanges };
}

function keepFailures(round: Round) {
  return round.exchanges
    .filter(({ outcome }) => outcome.kind === 'response' && outcome.status >= 500)
    .map((exchange) => ({
      profile: round.profile,
      atUs: round.startedAtUs + exchange.dueUs,
      reason: 'failure' as const,
      exchange,
    }));
}

export function summaryOf(round: Round): RoundState {
  const { kind, startedAtUs, endedAtUs, lagUs, exchanges } = round;
  return { kind, startedAtUs, endedAtUs, lagUs, due: exchanges.length, notSent: 0, failed: 0 };
}

function sampleEvents(profile: string): readonly HistoryEvent[] {
  return [
    {
      id: 'failing-1',
      profile,
      kind: 'failing',
      severity: 'error',
      fromAtUs: NOW_US - 51 * ROUND_US,
      toAtUs: NOW_US - 39 * ROUND_US,
      route: directTo('web2'),
      member: 'web2',
      title: 'web2 answered 502.3 to 24 of 24 requests for 6 min',
      facts: {
        requestIds: ['0000000000001135', '0000000000001134'],
        failures: 24,
        confirmBurst: { due: 10, failed: 10 },
      },
    },
    {
      id: 'cold-1',
      profile,
      kind: 'cold-start',
      severity: 'warning',
      fromAtUs: NOW_US - 100 * ROUND_US,
      toAtUs: NOW_US - 100 * ROUND_US,
      route: directTo('web1'),
      member: 'web1',
      title: 'The first request to web1 after 20 min of silence took 4.2 s',
      facts: { quietMs: 1_200_000, tookMs: 4_200 },
    },
    {
      id: 'start <1>',
      profile,
      kind: 'monitor',
      severity: 'info',
      fromAtUs: NOW_US - 7_200_000_000,
      title: 'The monitor started',
      facts: {},
    },
  ];
}

function sampleRecord(profile: string): FindingRecord {
  return {
    id: 'finding 1',
    profile,
    finding: timeoutFinding(),
    firstSeenAtUs: NOW_US - 3_600_000_000,
    lastSeenAtUs: NOW_US - 60_000_000,
    timesSeen: 4,
  };
}

function sampleState(profile: string): MonitorState {
  return {
    version: '0.1.0',
    startedAtUs: NOW_US - 7_200_000_000,
    nowAtUs: NOW_US,
    dataFolder: 'data',
    refused: [],
    isStopping: false,
    profiles: [
      {
        profile,
        file: `${profile}.yaml`,
        loadedAtUs: NOW_US - 7_200_000_000,
        schedule: 'every 30 s',
        intervalUs: ROUND_US,
        isFaster: false,
        nextRoundAtUs: NOW_US + 12_000_000,
        lag: { lastUs: 1_200, p99Us: 3_100, maxUs: 8_000 },
        rounds: { scheduled: 240, confirm: 2, experiment: 0 },
        overlapped: 0,
        requests: 1_440,
        certificates: [
          { route: GATEWAY, subject: 'shop <test>', issuer: 'Example CA', validToAtUs: NOW_US + 40 * 86_400_000_000 },
        ],
        outlook: [{ cause: 'change/latency', state: 'clear', text: 'p99.9 is far from <the timer>' }],
        notes: [],
        routes: ROUTES.map((route) => {
          const member = memberOf(route);
          return {
            route,
            ...(member !== undefined && { member }),
            last: {
              atUs: NOW_US - 18_000_000,
              requestName: 'home',
              connection: 'warm' as const,
              outcome: '200',
              failed: false,
              responseUs: 18_000,
              requestId: '0000000000001000',
            },
            idle: route === GATEWAY ? {} : { longestWarmUs: 900_000_000, shortestColdUs: 1_200_000_000 },
          };
        }),
      },
    ],
  };
}
