import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlacedEntry } from '../../../src/model/log.ts';
import { client, detail, goodPairs, joinAll, journeyOf, line, NOON, SEC, source } from './lines.ts';

const TIMED_OUT = { status: 502, substatus: 3, win32: 12_002 };
const LATER = NOON + 2_000 * SEC + 300_000;

/** Good requests on both sides and one that failed at the gateway; `member`: lines of the member about it. */
function withFailure(
  failed: Partial<PlacedEntry> & { readonly durationUs?: number },
  member: readonly PlacedEntry[],
  more: Parameters<typeof goodPairs>[1] = {},
) {
  const pairs = goodPairs(60, more);
  const { durationUs = 30 * SEC, ...fields } = failed;
  const own = line(0, LATER, durationUs, fields);
  const { journeys, clocks } = joinAll([
    source(0, undefined, [...pairs.gateway, own]),
    source(1, 'web1', [...pairs.member, ...member]),
  ]);
  return { journeys, clocks, journey: journeyOf(journeys, own), view: journeyOf(journeys, own).members[0] };
}

test('absent is said where clock, reach and good requests allow it', () => {
  const { view, clocks } = withFailure(TIMED_OUT, []);
  assert.equal(clocks[1]?.known, true);
  assert.deepEqual([view?.presence, view?.because], ['absent', undefined]);
});

test('a member that outlasts the gateway is found by path and time', () => {
  const { view } = withFailure(TIMED_OUT, [line(1, LATER + 15 * SEC, 45 * SEC, { win32: 64 })]);
  assert.deepEqual([view?.presence, view?.joinedBy, view?.ambiguous], ['present', 'time-and-path', 0]);
  assert.ok(Math.abs(view?.delayUs?.value ?? 1e9) <= (view?.delayUs?.error ?? 0));
});

test('an ordinary answer beside a failure is taken only where it is alone on its path', () => {
  const fast = { status: 502, substatus: 3, win32: 12_152, durationUs: 100_000, path: '/rare' };
  const at = (offset: number) => line(1, LATER + offset, 50_000, { path: '/rare' });
  assert.deepEqual([withFailure(fast, [at(-10_000)]).view?.ambiguous], [0]);
  const busy = withFailure(fast, [at(-10_000), at(-300_000), at(700_000), at(-1_200_000)]);
  assert.ok((busy.view?.ambiguous ?? 0) > 0);
});

test('a line that starts long after the request is a guess', () => {
  const { view } = withFailure(TIMED_OUT, [line(1, LATER - 10 * SEC, 50_000)]);
  assert.ok(view?.presence === 'present' && view.ambiguous > 0);
});

test('lines that look different are rivals, lines that are alike are not', () => {
  const cut = (more: Partial<PlacedEntry>, durationUs = 45 * SEC) =>
    line(1, LATER + durationUs - 30 * SEC, durationUs, more);
  const alike = withFailure(TIMED_OUT, [cut({ win32: 64 }), cut({ win32: 64 }, 45.1 * SEC)]);
  assert.deepEqual([alike.view?.ambiguous, alike.view?.alike], [0, 1]);
  assert.equal(withFailure(TIMED_OUT, [cut({ win32: 64 })]).view?.alike, undefined, 'one alone is certain');
  const different = withFailure(TIMED_OUT, [cut({ win32: 64 }), cut({ win32: 0 }, 90 * SEC)]);
  assert.equal(different.view?.ambiguous, 1);
});

test('requests that time out together get a line each; one line for two is a guess', () => {
  const pairs = goodPairs(60);
  const both = [0, 100_000].map((more) => line(0, LATER + more, 30 * SEC, TIMED_OUT));
  const lines = [0, 100_000].map((more) => line(1, LATER + 15 * SEC + more, 45 * SEC, { win32: 64 }));
  const viewsWith = (own: readonly PlacedEntry[]) => {
    const { journeys } = joinAll([
      source(0, undefined, [...pairs.gateway, ...both]),
      source(1, 'web1', [...pairs.member, ...own]),
    ]);
    return both.map((one) => journeyOf(journeys, one).members[0]);
  };
  const two = viewsWith(lines);
  assert.deepEqual(
    two.map((view) => [view?.ambiguous, view?.alike]),
    [
      [0, 1],
      [0, 1],
    ],
  );
  assert.notEqual(two[0]?.access[0], two[1]?.access[0]);
  assert.ok(viewsWith(lines.slice(1)).some((view) => (view?.ambiguous ?? 0) > 0));
});

test('of lines that are alike each request gets the one that lasted as long, and its delay may be that of the others', () => {
  const durations = [90_000, 40_000, 60_000];
  const own = durations.map((us, i) => line(0, LATER + i * 1_000, us + 1_000, { status: 503, path: '/b' }));
  const lines = durations.map((us, i) => line(1, LATER + i * 1_000 - 500, us, { status: 503, path: '/b' })).reverse();
  const pairs = goodPairs(60);
  const viewsOf = (count: number) => {
    const { journeys } = joinAll([
      source(0, undefined, [...pairs.gateway, ...own.slice(0, count)]),
      source(1, 'web1', [...pairs.member, ...lines.slice(-count)]),
    ]);
    return own.slice(0, count).map((one) => journeyOf(journeys, one).members[0]);
  };
  const views = viewsOf(3);
  assert.deepEqual(
    views.map((view) => [view?.access[0]?.durationUs, view?.alike]),
    durations.map((us) => [us, 2]),
  );
  const [alone] = viewsOf(1);
  assert.equal((views[0]?.delayUs?.error ?? 0) - (alone?.delayUs?.error ?? 0), 50_000);
});

test('a request that failed at once did not keep the member at work for a minute', () => {
  const fast = { status: 502, substatus: 3, win32: 12_030, durationUs: 2_000 };
  const cut = (durationUs: number) => [line(1, LATER + durationUs, durationUs, { win32: 64 })];
  assert.ok((withFailure(fast, cut(60 * SEC)).view?.ambiguous ?? 0) > 0);
  assert.equal(withFailure(fast, cut(3_000)).view?.ambiguous, 0);
});

test('ids that contradict exclude a match, however well it fits', () => {
  const { view } = withFailure({ ...TIMED_OUT, ids: { arr: 'x' } }, [
    line(1, LATER + 15 * SEC, 45 * SEC, { win32: 64, ids: { arr: 'y' } }),
  ]);
  assert.equal(view?.presence, 'absent');
});

test('an ARR id that the kernel cache repeats joins only the request that it was given to', () => {
  const pairs = goodPairs(60, { ids: true });
  const ids = { arr: 'cached' };
  const filled = line(0, LATER, 120_000, { ids, path: '/c' });
  const cached = line(0, LATER + 40 * SEC, 0, { ids, path: '/c' });
  const own = line(1, LATER, 109_000, { ids, path: '/c' });
  const { journeys } = joinAll([
    source(0, undefined, [...pairs.gateway, filled, cached]),
    source(1, 'web1', [...pairs.member, own]),
  ]);
  assert.deepEqual(journeyOf(journeys, filled).members[0]?.access, [own]);
  assert.equal(journeyOf(journeys, filled).members[0]?.joinedBy, 'arr-log-id');
  assert.deepEqual(journeyOf(journeys, cached).members[0]?.access, []);
});

test('two lines of one id are both kept: the request was sent twice', () => {
  const ids = { arr: 'again' };
  const { view } = withFailure({ ...TIMED_OUT, ids }, [
    line(1, LATER - 15 * SEC, 15 * SEC, { ids }),
    line(1, LATER, 15 * SEC, { ids }),
  ]);
  assert.deepEqual([view?.access.length, view?.ambiguous, view?.joinedBy], [2, 0, 'arr-log-id']);
});

test('a trace id that many requests share does not tell them apart', () => {
  const ids = { trace: 'f'.repeat(32) };
  const { view } = withFailure({ ...TIMED_OUT, ids }, [
    line(1, LATER + 15 * SEC, 45 * SEC, { ids, win32: 64 }),
    line(1, LATER - 20 * SEC, 50_000, { ids }),
  ]);
  assert.ok((view?.ambiguous ?? 0) > 0);
});

test('a path that the gateway rewrites: cannot tell, with the reason', () => {
  const { view } = withFailure({ ...TIMED_OUT, path: '/app/a' }, [], { path: '/app/a', memberPath: '/a', ids: false });
  assert.equal(view?.presence, 'unknown');
  assert.match(view?.because ?? '', /clock|rewritten/);
  const withIds = withFailure({ ...TIMED_OUT, path: '/x' }, [], { path: '/app/a', memberPath: '/a', ids: true });
  assert.equal(withIds.view?.presence, 'absent', 'found by id all the same');
});

test('with the log of one of two members only, a missing line proves nothing', () => {
  const pairs = goodPairs(60, { memberOf: (i) => 1 + (i % 2) });
  const failed = line(0, LATER, 30 * SEC, TIMED_OUT);
  const of = (own: number) => pairs.member.filter((one) => one.source === own);
  const one = joinAll([source(0, undefined, [...pairs.gateway, failed]), source(1, 'web1', of(1))]);
  const view = journeyOf(one.journeys, failed).members[0];
  assert.equal(view?.presence, 'unknown');
  assert.match(view?.because ?? '', /of 60 good requests .* were found/);
  const both = joinAll([
    source(0, undefined, [...pairs.gateway, failed]),
    source(1, 'web1', of(1)),
    source(2, 'web2', of(2)),
  ]);
  assert.deepEqual(
    journeyOf(both.journeys, failed).members.map(({ presence }) => presence),
    ['absent', 'absent'],
  );
});

test('a member that the gateway names and whose log is not given makes nothing absent', () => {
  const pairs = goodPairs(60);
  const named = (address: string) => ({ ...TIMED_OUT, upstream: [{ address }] });
  const failed = line(0, LATER, 30 * SEC, named('10.0.0.9:80'));
  const own = pairs.member.map((entry) => ({ ...entry, serverIp: '10.0.0.1', serverPort: 80 }));
  const { journeys } = joinAll([
    source(0, undefined, [
      ...pairs.gateway.map((entry) => ({ ...entry, upstream: [{ address: '10.0.0.1:80' }] })),
      failed,
    ]),
    source(1, 'web1', own),
  ]);
  const view = journeyOf(journeys, failed).members[0];
  assert.deepEqual([view?.presence, /10\.0\.0\.9:80/.test(view?.because ?? '')], ['unknown', true]);
});

test('found at two members by time alone is found at none for certain', () => {
  const pairs = goodPairs(60, { memberOf: (i) => 1 + (i % 2) });
  const failed = line(0, LATER, 30 * SEC, TIMED_OUT);
  const cut = (own: number) => line(own, LATER + 15 * SEC, 45 * SEC, { win32: 64 });
  const { journeys } = joinAll([
    source(0, undefined, [...pairs.gateway, failed]),
    source(1, 'web1', [...pairs.member.filter((one) => one.source === 1), cut(1)]),
    source(2, 'web2', [...pairs.member.filter((one) => one.source === 2), cut(2)]),
  ]);
  assert.deepEqual(
    journeyOf(journeys, failed).members.map(({ ambiguous }) => ambiguous),
    [1, 1],
  );
});

test('absence needs reach, no gap, and lines that were kept', () => {
  const pairs = goodPairs(60);
  const failed = line(0, LATER, 30 * SEC, TIMED_OUT);
  const because = (more: Parameters<typeof source>[3]) => {
    const { journeys } = joinAll([
      source(0, undefined, [...pairs.gateway, failed]),
      source(1, 'web1', pairs.member, more),
    ]);
    const view = journeyOf(journeys, failed).members[0];
    assert.equal(view?.presence, 'unknown');
    return view?.because ?? '';
  };
  const before = { fromUs: NOON - SEC, toUs: LATER - 60 * SEC };
  const after = { fromUs: LATER + 900 * SEC, toUs: LATER + 9_000 * SEC };
  assert.match(because({ ranges: [before] }), /does not reach/);
  assert.match(because({ ranges: [after] }), /begins later/);
  assert.match(because({ ranges: [before, after] }), /gap/);
  assert.match(because({ covers: () => false }), /more lines/);
  assert.match(because({ ranges: [{ fromUs: NOON, toUs: LATER + 20 * SEC }] }), /does not reach/, 'still at work');
});

test('requests of the probe are found by id on both hosts, with the clock of each', () => {
  const id = (i: number): string => `abcdef01${String(i).padStart(8, '0')}`;
  const requests = Array.from({ length: 40 }, (_, i) => client(id(i), NOON + i * 3_300_000, 80_000));
  const failed = client(id(99), LATER, 200_000, { isFailure: true });
  const lines = (own: number, offsetUs: number) =>
    requests.map(({ requestId, sentAtUs = 0 }) =>
      line(own, sentAtUs + 70_000, 60_000, { offsetUs, ids: { probe: requestId } }),
    );
  const { journeys, clocks } = joinAll(
    [source(0, undefined, lines(0, 5 * SEC)), source(1, 'web1', lines(1, -3_600 * SEC))],
    { requests: [...requests, failed] },
  );
  const [first] = journeys;
  assert.deepEqual([first?.gateway.joinedBy, first?.members[0]?.joinedBy], ['probe-id', 'probe-id']);
  for (const [index, offset] of [5 * SEC, -3_600 * SEC].entries()) {
    const clock = clocks[index];
    assert.ok(clock?.known && Math.abs(clock.offsetUs - offset) <= clock.errorUs + 1, JSON.stringify(clock));
  }
  const last = journeys.at(-1);
  assert.deepEqual([last?.gateway.presence, last?.members[0]?.presence], ['absent', 'absent']);
});

test('a gateway log without the probe’s requests is the wrong log, not proof of absence', () => {
  const requests = Array.from({ length: 20 }, (_, i) => client(`abcdef01${i + 1e7}`, NOON + i * SEC, 80_000));
  const { journeys } = joinAll(
    [
      source(
        0,
        undefined,
        goodPairs(50).gateway.map((e) => ({ ...e, path: '/z' })),
      ),
    ],
    {
      requests,
    },
  );
  assert.ok(journeys.every(({ gateway }) => gateway.presence === 'unknown' && gateway.because !== undefined));
});

test('events are told of hosts that the request touched', () => {
  const crash = (own: number) => detail(own, LATER, { format: 'windows-events', kind: 'event', code: 'WAS/5011' });
  const pairs = goodPairs(60);
  const failed = line(0, LATER, 30 * SEC, TIMED_OUT);
  const { journeys } = joinAll([
    source(0, undefined, [...pairs.gateway, failed]),
    source(1, 'web1', [...pairs.member, line(1, LATER + 15 * SEC, 45 * SEC, { win32: 64 }), crash(1)]),
    source(2, 'web2', [crash(2)], { format: 'windows-events' }),
  ]);
  assert.deepEqual(
    journeyOf(journeys, failed).events.map((event) => event.source),
    [1],
  );
});

test('ordinary lines of a member are no journeys beside a gateway; failed ones that the gateway has not are', () => {
  const pairs = goodPairs(60);
  const ordinary = line(1, LATER, 20_000, { path: '/direct' });
  const failed = line(1, LATER, 20_000, { path: '/direct', status: 500 });
  const { journeys } = joinAll([
    source(0, undefined, pairs.gateway),
    source(1, 'web1', [...pairs.member, ordinary, failed]),
  ]);
  const own = journeys.filter(({ gateway }) => gateway.access.length === 0);
  assert.deepEqual(
    own.map(({ members, gateway }) => [members[0]?.access[0], gateway.presence]),
    [[failed, 'absent']],
  );
});

test('what ARR says that the member answered rules out lines with another status', () => {
  const fast = { status: 503, durationUs: 4_000, path: '/rare' };
  const ok = line(1, LATER, 3_000, { path: '/rare' });
  const viewOf = (served: string, lines: readonly PlacedEntry[]) =>
    withFailure({ ...fast, extra: { 'server-status': served } }, lines).view;
  assert.equal(viewOf('503', [ok])?.presence, 'absent', 'its kernel answered: the line with 200 is another request');
  assert.equal(viewOf('200', [ok])?.presence, 'present', 'what ARR made of a good answer is its own');
  const own = { ...ok, status: 503 };
  assert.deepEqual(viewOf('503', [ok, own])?.access, [own]);
  assert.equal(withFailure(fast, [ok]).view?.presence, 'present', 'without it nothing tells them apart');
});
