import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DETECTORS, GATEWAYS } from '../../src/catalog.ts';
import { judge } from '../../src/detectors/judge.ts';
import { decidedJourneys } from '../../src/detectors/log-decisions.ts';
import { loggedCandidates } from '../../src/detectors/logged-candidates.ts';
import { arr } from '../../src/gateways/arr.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Journey, LogEvidence } from '../../src/model/journey.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { classOf, contextOf, evidenceOf, journeyOf, line, NINE, SEC, said, summary } from './synthetic-journeys.ts';

const TIMEOUT = said('response/timeout', 0.65, { because: '502.3 with 12002 after 29.9 s', waitedUs: 29_889_000 });

function timeouts(count: number, more: Partial<Parameters<typeof journeyOf>[0]> = {}): Journey[] {
  return Array.from({ length: count }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: 29_889_000,
      status: 502,
      substatus: 3,
      win32: 12_002,
      path: '/time/',
      reading: TIMEOUT,
      member: { takenUs: 45_208_000, win32: 64 },
      ...more,
    }),
  );
}

function findings(logs: LogEvidence, recording?: Parameters<typeof contextOf>[2]): readonly Finding[] {
  return judge(DETECTORS, GATEWAYS, contextOf(logs, arr, recording)).findings;
}

test('a timer that both sides prove: cause, value, share, times, and what to do', () => {
  const [finding, ...rest] = findings(evidenceOf(timeouts(3)));
  assert.equal(rest.length, 0);
  assert.equal(finding?.cause, 'timeout/gateway-response');
  assert.equal(finding?.confidence, 'confirmed');
  assert.equal(finding?.severity, 'warning', '3 of 1,000 is less than one in a hundred');
  assert.equal(
    finding?.title,
    'The gateway gives up after 30 s, but the members need up to 45.2 s for /time/: 3 requests of 1,000 in the logs.',
  );
  assert.match(finding?.meaning ?? '', /First 2026-03-10 09:00:00, last 2026-03-10 09:00:02 UTC\.$/);
  assert.equal(finding?.measured['timeoutUs']?.value, 30_000_000, 'the default it is');
  assert.equal(finding?.measured['memberLongestUs']?.value, 45_208_000);
  assert.ok(finding.rivals.length > 0);
  assert.match(finding.remedy.steps.join(' '), /make the slow work faster/);
  assert.match(finding.remedy.steps.join(' '), /raise the response timer .* 68 s/);
  assert.deepEqual(
    finding.exhibits.map(({ kind }) => kind),
    ['lines', 'table'],
  );
});

test('one side alone is never proof, and an ambiguous join is none either', () => {
  const alone = timeouts(3).map((journey) => ({ ...journey, members: [] }));
  assert.equal(findings(evidenceOf(alone))[0]?.confidence, 'likely');
  const ambiguous = timeouts(3).map((journey) => ({
    ...journey,
    members: journey.members.map((one) => ({ ...one, ambiguous: 2, joinedBy: 'time-and-path' as const })),
  }));
  const [finding] = findings(evidenceOf(ambiguous));
  assert.equal(finding?.confidence, 'likely');
  assert.equal(finding?.measured['memberLongestUs'], undefined);
});

test('lines that were joined by time say whether they may be another request’s', () => {
  const table = [
    [{}, /^web1, [^,]+, line \d+$/],
    [{ alike: 2 }, /, by path and time: one of 3 alike$/],
    [{ ambiguous: 1 }, /, by path and time: a guess$/],
  ] as const;
  for (const [more, expected] of table) {
    const journeys = timeouts(3).map((journey) => ({
      ...journey,
      members: journey.members.map((one) => ({ ...one, joinedBy: 'time-and-path' as const, ...more })),
    }));
    const [exhibit] = findings(evidenceOf(journeys))[0]?.exhibits ?? [];
    assert.ok(exhibit?.kind === 'lines');
    for (const { lines } of exhibit.rows) {
      assert.match(lines[0]?.source ?? '', /^gateway, [^,]+, line \d+$/);
      assert.match(lines[1]?.source ?? '', expected);
    }
  }
});

test('a class of which a sample was kept counts in full, and its share is as uncertain as the sample is small', () => {
  const kept = [
    ...timeouts(30),
    ...Array.from({ length: 10 }, (_, index) =>
      journeyOf({
        startUs: NINE + index * SEC,
        takenUs: 21 * SEC,
        status: 502,
        substatus: 3,
        win32: 12_002,
        reading: said('connect/timeout', 0.9, { waitedUs: 21 * SEC }),
      }),
    ),
  ];
  const classes = [classOf({ status: 502, substatus: 3, win32: 12_002, count: 4_000, kept: 40 })];
  const minutes = [{ atUs: NINE, count: 100_000, failed: 4_000 }];
  const logs = evidenceOf(kept, { sources: [summary({ index: 0, classes, minutes }), summary({ index: 1 })] });
  const found = findings(logs);
  const response = found.find(({ cause }) => cause === 'timeout/gateway-response');
  assert.deepEqual(response?.affected, { count: 3_000, of: 100_000 });
  const share = response?.measured['errorRatio'];
  assert.ok((share?.low ?? 1) < 0.026 && (share?.high ?? 0) > 0.033, JSON.stringify(share));
  assert.deepEqual(found.find(({ cause }) => cause === 'timeout/gateway-connect')?.affected?.count, 1_000);
});

test('the slowest ordinary lines stand for themselves, however many there are of their class', () => {
  const slow = Array.from({ length: 6 }, (_, index) =>
    journeyOf({
      startUs: NINE + index * 60 * SEC,
      takenUs: 9 * SEC,
      status: 200,
      reading: said('ok', 0.65),
      member: { takenUs: 40_000, lateUs: 8_900_000 },
    }),
  );
  const classes = [classOf({ status: 200, count: 900_000, kept: 0 })];
  const ordinary = Array.from({ length: 9 }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: 40_000,
      status: 200,
      reading: said('ok', 0.65),
      member: { takenUs: 30_000 },
      isSample: true,
    }),
  );
  const logs = evidenceOf([...slow, ...ordinary], { sources: [summary({ index: 0, classes }), summary({ index: 1 })] });
  const [finding, ...rest] = findings(logs);
  assert.equal(rest.length, 0);
  assert.equal(finding?.cause, 'queue/gateway');
  assert.equal(finding?.affected?.count, 6);
  assert.match(finding?.title ?? '', /for about 8\.89 s/);
});

test('ordinary traffic is no finding, with members’ logs and without', () => {
  const ordinary = Array.from({ length: 200 }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: 40_000 + (index % 7) * 30_000,
      status: index % 50 === 0 ? 404 : 200,
      reading: said(index % 50 === 0 ? 'member/status' : 'ok', 0.65),
      ...(index % 3 === 0 ? {} : { member: { takenUs: 30_000 } }),
      isSample: true,
    }),
  );
  assert.deepEqual(findings(evidenceOf(ordinary)), []);
});

test('a healthy run gets no finding at warning or above from its logs', () => {
  const recording = makeRecording({ seed: 3 }).compare().build();
  const journeys = recording.exchanges.map(({ seq, sentUs = 0 }) =>
    journeyOf({
      startUs: NINE + sentUs,
      takenUs: 12_000,
      status: 200,
      reading: said('ok', 0.65),
      member: { takenUs: 9_000 },
      client: { seq, outcome: '200', isFailure: false },
    }),
  );
  const gap = { source: 1, line: 1, atUs: NINE, gapUs: 1_400 * SEC, durationUs: 9 * SEC, nextUs: 20_000 };
  const afterGaps = Array.from({ length: 5 }, (_, index) => ({
    ...gap,
    line: index,
    atUs: NINE + index * 3_000 * SEC,
  }));
  const found = findings(evidenceOf(journeys, { afterGaps }), recording);
  assert.deepEqual(
    found.filter(({ severity }) => isAtLeast(severity, 'warning')),
    [],
  );
});

test('several causes in one log stand beside each other, the strongest first', () => {
  const refused = Array.from({ length: 20 }, (_, index) =>
    journeyOf({ startUs: NINE + index * SEC, takenUs: 1_031_000, status: 502, reading: said('connect/refused', 0.95) }),
  );
  const own = Array.from({ length: 20 }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: 20_000,
      status: 500,
      reading: said('member/status'),
      member: { takenUs: 15_000, status: 500 },
    }),
  );
  const causes = findings(evidenceOf([...timeouts(20), ...own, ...refused])).map(({ cause }) => cause);
  assert.deepEqual(causes, ['connection/refused', 'timeout/gateway-response', 'application/error']);
});

test('members’ own errors at one time are their timer', () => {
  const journeys = Array.from({ length: 8 }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: 20_010_000 + index * 3_000,
      status: 500,
      reading: said('member/status'),
      member: { takenUs: 20_000_000 + index * 3_000, status: 500 },
    }),
  );
  assert.equal(findings(evidenceOf(journeys))[0]?.cause, 'timeout/member');
});

test('a repeated POST is a warning, a repeated GET a note', () => {
  const repeated = (method: string): Journey => {
    const journey = journeyOf({
      startUs: NINE,
      takenUs: SEC,
      status: 200,
      method,
      reading: said('ok/retried'),
      member: { takenUs: 900_000 },
    });
    const [member] = journey.members;
    return member === undefined
      ? journey
      : {
          ...journey,
          members: [member, { ...member, member: 'web2', access: member.access.map((one) => ({ ...one, source: 2 })) }],
        };
  };
  const [post] = findings(evidenceOf([repeated('POST')]));
  assert.deepEqual([post?.cause, post?.severity], ['gateway/retry-duplicate', 'warning']);
  const [get] = findings(evidenceOf([repeated('GET')]));
  assert.deepEqual([get?.cause, get?.severity], ['gateway/retry-duplicate', 'info']);
});

test('two logs of one member are one execution, and a trace id of other requests is none', () => {
  const journey = journeyOf({
    startUs: NINE,
    takenUs: SEC,
    status: 200,
    reading: said('ok'),
    member: { takenUs: SEC },
  });
  const [member] = journey.members;
  assert.ok(member !== undefined);
  const [own] = member.access;
  assert.ok(own !== undefined);
  const twice = { ...member, access: [own, { ...own, source: 3 }] };
  const traced = { ...member, joinedBy: 'trace-id' as const, access: [own, { ...own, path: '/inner' }] };
  for (const members of [[twice], [traced]]) {
    const [decided] = decidedJourneys(contextOf(evidenceOf([{ ...journey, members }])));
    assert.equal(decided?.facts.executions, 1);
  }
});

test('pauses: slow first requests of a member, proved by the event that ended its worker', () => {
  const gaps = [1_300, 1_400, 1_500, 2_000].map((sec, index) => ({
    source: 1,
    line: 10 + index,
    atUs: NINE + (index + 1) * 4_000 * SEC,
    gapUs: sec * SEC,
    durationUs: 9 * SEC,
    nextUs: 20_000,
  }));
  const quick = [300, 600, 900].map((sec, index) => ({
    source: 1,
    line: 100 + index,
    atUs: NINE + index * SEC,
    gapUs: sec * SEC,
    durationUs: 20_000,
    nextUs: 20_000,
  }));
  const okDurationUs = { count: 900, p50: 20_000, p90: 30_000, p99: 60_000, max: 9 * SEC };
  const sources = [summary({ index: 0 }), summary({ index: 1, okDurationUs })];
  const afterGaps = [...gaps, ...quick, ...gaps.map((gap) => ({ ...gap, source: 0 }))];
  const cold = (more: Partial<LogEvidence>) =>
    loggedCandidates('cold-start/idle', contextOf(evidenceOf([], { sources, afterGaps, ...more })));
  const [found, ...rest] = cold({});
  assert.equal(rest.length, 0, 'the gateway sees the same pauses');
  assert.deepEqual([found?.scope.member, found?.confidence], ['web1', 'likely']);
  assert.deepEqual(found?.measured['idleThresholdUs'], { value: 1_300 * SEC, low: 900 * SEC, high: 1_300 * SEC });
  const ended = line({ source: 1, kind: 'event', code: 'WAS/5186', atUs: NINE + 4_000 * SEC - 60 * SEC });
  assert.equal(cold({ events: [ended] })[0]?.confidence, 'confirmed');
  assert.equal(cold({ events: [{ ...ended, source: 0 }] })[0]?.confidence, 'likely', 'the worker of another host');
});

test('slow requests every 29 h are recycling, also with others between; at any other time they are not', () => {
  const slow = (hours: readonly number[]): Journey[] =>
    hours.map((hour) =>
      journeyOf({
        startUs: NINE + Math.round(hour * 3_600) * SEC,
        takenUs: 8 * SEC,
        status: 200,
        reading: said('ok', 0.65),
        member: { takenUs: 7_990_000 },
      }),
    );
  const found = (hours: readonly number[]) =>
    loggedCandidates('cold-start/recycle', contextOf(evidenceOf(slow(hours))));
  const [candidate] = found([0, 29, 33.3, 58, 87, 116.02]);
  assert.equal(candidate?.confidence, 'likely');
  assert.match(candidate?.title ?? '', /web1 is slow 5 times/);
  assert.ok((candidate?.p ?? 1) < 1e-4);
  assert.deepEqual(found([0, 24, 48, 72, 96]), [], 'every day');
  assert.deepEqual(found([0, 29]), [], 'twice');
});

test('without a log that counts requests there is no share', () => {
  const sources = [summary({ index: 0, minutes: [] }), summary({ index: 1, minutes: [] })];
  const [finding] = findings(evidenceOf(timeouts(3), { sources }));
  assert.match(finding?.title ?? '', /: 3 requests in the logs\.$/);
  assert.equal(finding?.measured['errorRatio'], undefined);
  assert.equal(finding?.affected, undefined);
});
