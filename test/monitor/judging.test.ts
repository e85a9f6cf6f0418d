import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CauseId } from '../../src/model/causes.ts';
import type { Finding, Scope, VerdictState } from '../../src/model/finding.ts';
import type { FindingRecord, HistoryEvidence } from '../../src/model/history.ts';
import { LEVEL_US } from '../../src/model/history.ts';
import type { Profile } from '../../src/model/profile.ts';
import type { Report } from '../../src/model/report.ts';
import { GATEWAY, memberOf } from '../../src/model/route.ts';
import type { Severity } from '../../src/model/severity.ts';
import { type JudgeTools, judgeSpan, withoutTimes } from '../../src/monitor/judged-span.ts';
import { createJudging, findingId, stepFindings } from '../../src/monitor/judging.ts';
import { diagnose } from '../../src/pipeline.ts';
import { createMemoryHistory, type MemoryHistory } from '../helpers/memory-history.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import {
  type Answered,
  type Asked,
  FROM_AT_US,
  type HistoryOptions,
  HOUR_US,
  makeHistory,
  ordinary,
} from '../helpers/synthetic-history.ts';

const MIN_US = 60_000_000;
const NOW = FROM_AT_US + 24 * HOUR_US;
const WEB1: Scope = { route: 'direct', member: 'web1' };

function findingOf(
  cause: CauseId,
  severity: Severity = 'error',
  scope: Scope = WEB1,
  title = `${cause} at web1`,
): Finding {
  return {
    ...{ cause, scope, severity, title, confidence: 'likely', meaning: '', measured: {}, rivals: [], exhibits: [] },
    remedy: { steps: [], commands: [], howToVerify: '' },
  };
}

type Judged = Pick<Report, 'findings' | 'detectors'>;
const CLEAR: Judged = { findings: [], detectors: [] };
const judged = (...findings: readonly Finding[]): Judged => ({ findings, detectors: [] });
const cannotTell = (id: CauseId, state: VerdictState): Judged => ({
  findings: [],
  detectors: [
    { id, title: '', verdict: { state, need: 'more', have: 'less' } as Report['detectors'][number]['verdict'] },
  ],
});

function openRecord(cause: CauseId, more: Partial<FindingRecord> = {}): FindingRecord {
  const finding = findingOf(cause);
  const firstSeenAtUs = NOW - 2 * HOUR_US;
  return {
    ...{ id: findingId('shop', finding), profile: 'shop', finding, firstSeenAtUs, lastSeenAtUs: NOW - 5 * MIN_US },
    timesSeen: 24,
    openedAtUs: firstSeenAtUs,
    ...more,
  };
}

const step = (known: readonly FindingRecord[], lately: Judged, overTime?: Judged) =>
  stepFindings({
    ...{ profile: 'shop', nowAtUs: NOW, known, lately },
    ...(overTime === undefined ? {} : { overTime }),
  });

describe('what a look says about findings', () => {
  test('a new one opens, with one event that has no end', () => {
    const [change, ...others] = step([], judged(findingOf('member/errors')));
    assert.deepEqual(others, []);
    assert.deepEqual(
      [change?.record.firstSeenAtUs, change?.record.timesSeen, change?.record.closedAtUs],
      [NOW, 1, undefined],
    );
    const { kind, member, route, cause, severity, fromAtUs, toAtUs } = change?.event ?? {};
    assert.deepEqual(
      [kind, member, route, cause, severity, fromAtUs, toAtUs],
      ['finding', 'web1', 'direct:web1', 'member/errors', 'error', NOW, undefined],
    );
  });

  test('seen again it is counted, and nobody is told', () => {
    const before = openRecord('member/errors');
    const [change] = step([before], judged(findingOf('member/errors', 'error', WEB1, 'more of them')));
    assert.equal(change?.event, undefined);
    assert.deepEqual(
      [change?.record.id, change?.record.firstSeenAtUs, change?.record.timesSeen, change?.record.finding.title],
      [before.id, before.firstSeenAtUs, 25, 'more of them'],
    );
  });

  test('one that became worse is the same event, told again', () => {
    const before = openRecord('member/errors');
    const [change] = step([before], judged(findingOf('member/errors', 'critical')));
    assert.deepEqual([change?.event?.severity, change?.event?.fromAtUs], ['critical', before.firstSeenAtUs]);
  });

  const goneFor = (us: number) => ({ lastSeenAtUs: NOW - us });
  const cases: readonly [string, FindingRecord, Judged, Judged | undefined, boolean][] = [
    ['gone at one look', openRecord('member/errors'), CLEAR, undefined, false],
    ['gone for three looks', openRecord('member/errors', goneFor(15 * MIN_US)), CLEAR, undefined, true],
    [
      'closed before',
      openRecord('member/errors', { ...goneFor(HOUR_US), closedAtUs: NOW - MIN_US }),
      CLEAR,
      undefined,
      false,
    ],
    [
      'nobody can tell',
      openRecord('member/errors', goneFor(HOUR_US)),
      cannotTell('member/errors', 'insufficient-data'),
      undefined,
      false,
    ],
    [
      'its detector failed',
      openRecord('member/errors', goneFor(HOUR_US)),
      cannotTell('member/errors', 'failed'),
      undefined,
      false,
    ],
    [
      'nobody can tell for a day',
      openRecord('member/errors', goneFor(24 * HOUR_US)),
      cannotTell('member/errors', 'insufficient-data'),
      undefined,
      true,
    ],
    [
      'over time, and nobody looked so far',
      openRecord('change/latency', goneFor(24 * HOUR_US)),
      CLEAR,
      undefined,
      false,
    ],
    ['over time, gone for an hour', openRecord('change/latency', goneFor(HOUR_US)), CLEAR, CLEAR, false],
    ['over time, gone for three', openRecord('change/latency', goneFor(3 * HOUR_US)), CLEAR, CLEAR, true],
  ];
  for (const [name, record, lately, overTime, isClosed] of cases)
    test(`${name}: ${isClosed ? 'it is closed' : 'it stays as it is'}`, () => {
      const changes = step([record], lately, overTime);
      assert.deepEqual(
        changes.map((change) => [change.record.closedAtUs, change.event?.toAtUs, change.event?.fromAtUs]),
        isClosed ? [[NOW, NOW, record.firstSeenAtUs]] : [],
      );
    });

  test('it ends under the words with which it was told, whatever the last look still saw of it', () => {
    const FLAPPING = 'member/flapping';
    const told = 'down 4 times in 8.31 h';
    const [opened] = step([], judged(findingOf(FLAPPING, 'error', WEB1, told)));
    const known = opened === undefined ? [] : [opened.record];
    const [seen] = step(known, judged(findingOf(FLAPPING, 'error', WEB1, 'down 3 times in 24 h')));
    assert.deepEqual([seen?.event, seen?.record.finding.title], [undefined, 'down 3 times in 24 h']);
    const later = { profile: 'shop', nowAtUs: NOW + 3 * HOUR_US, lately: CLEAR, overTime: CLEAR };
    const [over] = stepFindings({ ...later, known: seen === undefined ? [] : [seen.record] });
    assert.deepEqual([over?.event?.id, over?.event?.title], [opened?.event?.id, told]);
    const worse = step(known, judged(findingOf(FLAPPING, 'critical', WEB1, 'down 5 times in 9 h')));
    assert.deepEqual([worse[0]?.event?.title, worse[0]?.record.toldTitle], Array(2).fill('down 5 times in 9 h'));
  });

  test('one that comes back is the same record and another event', () => {
    const before = openRecord('member/errors', { closedAtUs: NOW - HOUR_US });
    const [change] = step([before], judged(findingOf('member/errors')));
    assert.deepEqual(
      [change?.record.id, change?.record.firstSeenAtUs, change?.record.timesSeen, change?.record.closedAtUs],
      [before.id, before.firstSeenAtUs, 25, undefined],
    );
    assert.equal(change?.event?.fromAtUs, NOW);
    // Still open at the next look: the event keeps its begin.
    const [later] = stepFindings({
      ...{ profile: 'shop', nowAtUs: NOW + HOUR_US, known: change === undefined ? [] : [change.record] },
      lately: judged(findingOf('member/errors', 'critical')),
    });
    assert.equal(later?.event?.id, change?.event?.id);
  });

  test('info is not recorded, and of two at one place the worse one counts', () => {
    const both = [
      findingOf('member/slow', 'error', WEB1, 'first'),
      findingOf('member/slow', 'warning', WEB1, 'second'),
    ];
    const changes = step([], judged(...both, findingOf('dns/slow', 'info')));
    assert.deepEqual(
      changes.map(({ record }) => record.finding.title),
      ['first'],
    );
  });

  test('of the long look only causes over time count', () => {
    const changes = step([], CLEAR, judged(findingOf('member/errors'), findingOf('change/errors')));
    assert.deepEqual(
      changes.map(({ record }) => record.finding.cause),
      ['change/errors'],
    );
  });
});

/** A history of the past, as it was made up, to which findings and events are written. */
function historyOf(evidence: HistoryEvidence): MemoryHistory {
  const memory = createMemoryHistory();
  return {
    ...memory,
    intervals: ({ fromAtUs, toAtUs }) =>
      evidence.series
        .flatMap(({ intervals }) => intervals)
        .filter(({ startAtUs }) => startAtUs >= fromAtUs && startAtUs < toAtUs),
    kept: ({ fromAtUs, toAtUs }) => evidence.kept.filter(({ atUs }) => atUs >= fromAtUs && atUs < toAtUs),
  };
}

const PROFILE: Profile = { ...syntheticProfile(['web1', 'web2'], 'page'), name: 'farm', secrets: [] };

function judgingHere(history: MemoryHistory, tools: Partial<JudgeTools> = {}) {
  const look = createJudging({
    history,
    judge: async (order) => judgeSpan(history, order, { version: '0', diagnose, ...tools }),
  });
  return async (profile: Profile, nowAtUs: number) => (await look(profile, nowAtUs, [])).events;
}

function judgingOf(options: HistoryOptions) {
  const history = historyOf(makeHistory({ everyUs: 120_000_000, ...options }));
  return { history, judge: judgingHere(history) };
}

const failing =
  (from: number, until: number) =>
  (asked: Asked): Answered => {
    const hour = (asked.atUs - FROM_AT_US) / HOUR_US;
    const isSick = memberOf(asked.route) === 'web1' && hour >= from && hour < until && asked.random.next() < 0.3;
    return isSick ? { us: 4_000, status: 503 } : ordinary(asked);
  };
const ALL = { profile: 'farm', fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };

describe('history judged', () => {
  test('a healthy day opens nothing, whatever the noise', async () => {
    for (const [seed, noise] of [
      [1, 0],
      [2, 1],
      [3, 10],
      [4, 10],
    ] as const) {
      const { history, judge } = judgingOf({ seed, noise });
      assert.deepEqual(await judge(PROFILE, NOW), [], `seed ${seed}`);
      assert.deepEqual(history.findings(ALL), []);
    }
  });

  test('a member that failed opens one finding, which closes when it is a day ago', async () => {
    const { history, judge } = judgingOf({ seed: 2, days: 3, answer: failing(0, 12) });
    const opened = await judge(PROFILE, NOW);
    assert.deepEqual(
      opened.map(({ cause, member, toAtUs }) => [cause, member, toAtUs]),
      [['member/errors', 'web1', undefined]],
    );
    assert.deepEqual(await judge(PROFILE, NOW + 5 * MIN_US), []);
    const laterAtUs = NOW + 24 * HOUR_US;
    const closed = await judge(PROFILE, laterAtUs);
    assert.deepEqual(
      closed.filter(({ cause }) => cause === 'member/errors').map(({ id, toAtUs }) => [id, toAtUs]),
      [[opened[0]?.id, laterAtUs]],
    );
    const record = history.findings(ALL).find(({ finding }) => finding.cause === 'member/errors');
    assert.deepEqual([record?.timesSeen, record?.closedAtUs], [2, laterAtUs]);
    assert.equal(history.event(opened[0]?.id ?? '')?.toAtUs, laterAtUs);
  });

  test('what failed in a maintenance window is no finding', async () => {
    const { history, judge } = judgingOf({ seed: 2, answer: failing(3, 11) });
    const window = { fromAtUs: FROM_AT_US + 3 * HOUR_US, toAtUs: FROM_AT_US + 11 * HOUR_US };
    const event = { id: 'm', profile: 'farm', severity: 'info' as const, title: 'Maintenance', facts: {} };
    assert.ok((await judge(PROFILE, NOW)).length > 0, 'without it');
    const other = judgingOf({ seed: 2, answer: failing(3, 11) });
    other.history.putEvent({ ...event, kind: 'maintenance', ...window });
    assert.deepEqual(await other.judge(PROFILE, NOW), []);
    const seen = withoutTimes(history, [window]);
    const query = { profile: 'farm', fromAtUs: FROM_AT_US, toAtUs: NOW };
    assert.ok(seen.intervals(query).length > 0 && seen.intervals(query).length < history.intervals(query).length);
    assert.ok(
      seen
        .intervals(query)
        .every((one) => one.startAtUs + LEVEL_US[one.level] <= window.fromAtUs || one.startAtUs >= window.toAtUs),
    );
    assert.ok(history.kept(query).length > 0 && seen.kept(query).length === 0);
  });

  test('what cannot be written is not told, and found again at the next look', async () => {
    const { history, judge } = judgingOf({ seed: 2, answer: failing(0, 24) });
    history.failWith({ reason: 'full', text: 'the disk is full' });
    assert.deepEqual(await judge(PROFILE, NOW), []);
    history.failWith(undefined);
    assert.equal((await judge(PROFILE, NOW)).length, 1);
  });

  test('a day is looked at each time, a month once an hour, each as one of many looks', async () => {
    const looks: [number, number][] = [];
    const judge = judgingHere(createMemoryHistory(), {
      diagnose: (recording, count) => {
        looks.push([recording.manifest.durationUs / HOUR_US, count]);
        return diagnose(recording);
      },
    });
    for (const minute of [0, 5, 10, 60]) await judge(PROFILE, NOW + minute * MIN_US);
    const [day, month] = [
      [24, 288],
      [720, 720],
    ];
    assert.deepEqual(looks, [day, month, day, day, day, month]);
  });

  test('a finding of the gateway names its route and no member', () => {
    const [change] = step([], judged(findingOf('queue/gateway', 'error', { route: 'gateway' })));
    assert.deepEqual([change?.event?.route, change?.event?.member], [GATEWAY, undefined]);
  });

  test('what the month says of the days to come is given back once an hour, also that it cannot tell', async () => {
    const history = createMemoryHistory();
    const look = createJudging({
      history,
      judge: async (order) => judgeSpan(history, order, { version: '0', diagnose }),
    });
    const { outlook } = await look(PROFILE, NOW, []);
    assert.deepEqual(
      outlook?.filter(({ cause }) => cause === 'change/latency').map(({ state }) => state),
      ['insufficient-data'],
    );
    assert.match(outlook?.[0]?.text ?? '', /^cannot tell: .*to tell more it takes the time that the gateway waits/);
    assert.equal((await look(PROFILE, NOW + 5 * MIN_US, [])).outlook, undefined);
  });
});
