import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coldConnection, coldIdle } from '../../src/detectors/cold-start.ts';
import type { ExchangeTag, PhaseName } from '../../src/model/exchange.ts';
import type { Estimate } from '../../src/model/finding.ts';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../../src/model/route.ts';
import type { Random } from '../../src/model/time.ts';
import {
  fails,
  type IdleOptions,
  type LooseExchange,
  makeRecording,
  type Responder,
  timesOut,
} from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertPresentable,
  assertSilent,
  candidatesOf,
  detect,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MINUTE = 60 * SEC;
const GAPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 21 * MINUTE, 30 * MINUTE];

function farm(seed: number, noise: 0 | 1 | 10, options: IdleOptions, members = ['web1', 'web2']) {
  const answering = typeof options.member === 'number' ? { member: options.member } : {};
  return makeRecording({ seed, noise, members })
    .compare({ durationUs: 60 * SEC, newConnectionRatio: 0.25, ...answering })
    .idle({ gapsUs: GAPS, ...options });
}

for (const noise of NOISES) {
  test(`the member that sleeps after 20 minutes is named, with the bracket and the penalty (noise ${noise})`, () => {
    const isCold: IdleOptions['isCold'] = ({ route, gapUs }) => gapUs > 20 * MINUTE && memberOf(route) !== 'web1';
    const recording = farm(2, noise, { isCold }).build();
    const candidate = onlyCandidate(coldIdle, recording);
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
    assert.equal(candidate.severity, 'warning');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    const threshold = candidate.measured['idleThresholdUs'];
    assertBracket(threshold, 15 * MINUTE, 21 * MINUTE);
    assertNear(threshold, Math.sqrt(15 * 21) * MINUTE, 0.01);
    assertNear(candidate.measured['penaltyUs'], 3 * SEC, noise === 10 ? 0.9 : 0.1);
    assert.equal(candidate.explains.size, 4);
    assertClear(coldConnection, recording);
  });

  test(`members that stay awake are clear (noise ${noise})`, () => {
    const recording = farm(3, noise, {}).build();
    assertClear(coldIdle, recording);
    assertClear(coldConnection, recording);
  });

  test(`a gateway alone starts cold, where the members do not (noise ${noise})`, () => {
    const recording = farm(4, noise, {
      isCold: ({ route, gapUs }) => route === GATEWAY && gapUs > 10 * MINUTE,
    }).build();
    const candidate = onlyCandidate(coldIdle, recording);
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assertBracket(candidate.measured['idleThresholdUs'], 5 * MINUTE, 15 * MINUTE);
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
  });

  test(`only the connection is cold (noise ${noise})`, () => {
    const recording = farm(5, noise, {}).build();
    const slow = farm(5, noise, {})
      .experiment('idle', connectingSlowly(directTo('web1')))
      .build();
    assertClear(coldConnection, recording);
    const candidate = onlyCandidate(coldConnection, slow);
    assertPresentable(candidate);
    assert.equal(candidate.scope.member, 'web1');
    assertNear(candidate.measured['penaltyUs'], 2 * SEC, 0.01);
    assertSilent(coldIdle, slow);
  });
}

/** The silence is what it was, not what was asked for: up to half a second longer in these recordings. */
function assertBracket(estimate: Estimate | undefined, low: number, high: number): void {
  assert.equal(estimate?.low, low);
  const longerUs = (estimate?.high ?? 0) - high;
  assert.ok(longerUs >= 0 && longerUs < SEC / 2, `${estimate?.high}`);
}

/** First requests after an hour that spend 2 s in TLS. */
function connectingSlowly(route: RouteId): LooseExchange[] {
  const phasesUs: Partial<Record<PhaseName, number>> = {
    connect: 400,
    tls: 2 * SEC,
    send: 20,
    wait: 9_000,
    receive: 100,
  };
  return Array.from({ length: 4 }, (_, repeat) => {
    const tag: ExchangeTag = { kind: 'idle', gapUs: 60 * MINUTE, repeat, order: 0 };
    const connection = { id: 5_000 + repeat, isNew: true, ageUs: 0, idleUs: 0 };
    return { route, dueUs: (repeat + 1) * 60 * MINUTE, us: 2 * SEC + 9_520, tag, phasesUs, connection };
  });
}

test('a member that starts at the beginning of the run blurs nothing', () => {
  // Asked fourteen times in its first 1.2 s: all of them waited for the start.
  const starting: Responder = ({ atUs }) => Math.max(10_000, 1_200_000 - atUs);
  const recording = makeRecording({ seed: 9, noise: 1 })
    .compare({ durationUs: 6 * SEC, ratePerSec: 12, newConnectionRatio: 0.5, member: { web2: starting } })
    .idle({
      gapsUs: [SEC, 3 * SEC],
      repeats: 3,
      coldReply: ({ index }) => (Math.floor(index / 6) % 4 === 1 ? 590_000 : 1_150_000),
      isCold: ({ route, gapUs }) => gapUs > 2 * SEC && memberOf(route) === 'web2',
    })
    .build();
  assertBracket(onlyCandidate(coldIdle, recording).measured['idleThresholdUs'], SEC, 3 * SEC);
});

test('first requests that are slow, but no slower than warm ones at times, bound nothing', () => {
  const member: Responder = ({ index }) => (index % 12 === 3 ? 620_000 : 10_000);
  const recording = makeRecording({ seed: 9, noise: 1 })
    .compare({ durationUs: 20 * SEC, ratePerSec: 5, member: { web2: member } })
    .idle({
      gapsUs: [SEC, 3 * SEC],
      repeats: 3,
      coldReply: ({ index }) => (Math.floor(index / 6) % 4 === 1 ? 590_000 : 950_000),
      isCold: ({ route, gapUs }) => gapUs > 2 * SEC && memberOf(route) === 'web2',
    })
    .build();
  for (const { measured } of candidatesOf(coldIdle, recording))
    assertBracket(measured['idleThresholdUs'], SEC, 3 * SEC);
});

test('two connects after a pause that took as long as a lost attempt may be just that; four are not', () => {
  const lost = (count: number): LooseExchange[] =>
    connectingSlowly(directTo('web1'))
      .slice(0, count)
      .map((one) => ({ ...one, us: 1_019_520, phasesUs: { connect: 1_010_000, send: 20, wait: 9_000, receive: 100 } }));
  const told = (count: number) => onlyCandidate(coldConnection, farm(5, 1, {}).experiment('idle', lost(count)).build());
  const [two, four] = [told(2), told(4)];
  assertPresentable(two);
  assert.deepEqual([two.severity, two.confidence], ['info', 'possible']);
  assert.match(two.meaning, /lost and repeated/);
  assert.deepEqual([four.severity, four.confidence], ['warning', 'confirmed']);
});

test('both members asleep are both named, and the gateway is not on top of them', () => {
  const recording = farm(6, 1, { isCold: ({ gapUs }) => gapUs > 20 * MINUTE }).build();
  assert.deepEqual(
    candidatesOf(coldIdle, recording).map(({ scope }) => scope.member),
    ['web1', 'web2'],
  );
});

test('cold after every pause: the threshold is at most the shortest', () => {
  const candidate = onlyCandidate(coldIdle, farm(7, 1, { isCold: () => true }, ['web1']).build());
  assertBracket(candidate.measured['idleThresholdUs'], 0, MINUTE);
  assert.match(candidate.title, /at most 60\.2 s/);
});

test('less than 100 ms, or less than three times, is not felt', () => {
  const asleep = { isCold: () => true };
  assertClear(coldIdle, farm(8, 1, { ...asleep, coldUs: 80_000 }).build());
  assertClear(coldIdle, farm(8, 1, { ...asleep, coldUs: 500_000, member: 300_000 }).build());
});

test('one slow request is chance, and slow ones in no order of pauses are not idleness', () => {
  assertClear(coldIdle, farm(9, 1, { isCold: ({ gapUs, repeat }) => gapUs === 30 * MINUTE && repeat === 0 }).build());
  assertClear(coldIdle, farm(9, 1, { isCold: ({ gapUs }) => gapUs === MINUTE }).build());
});

test('a first request that fails after a pause is no cold start, through the gateway or directly', () => {
  const isFirst = (tag?: ExchangeTag, fromUs = 0) => tag?.kind === 'idle' && tag.order === 0 && tag.gapUs > fromUs;
  const failing: Responder = ({ tag }) => (isFirst(tag, 10 * MINUTE) ? fails(2 * SEC, 502) : 12_000);
  assertClear(coldIdle, farm(10, 1, { gateway: failing }).build());
  assertClear(coldIdle, farm(10, 1, { member: failing }).build());
  const hanging: Responder = ({ tag }) => (isFirst(tag, 10 * MINUTE) ? timesOut(5 * SEC) : 12_000);
  assertClear(coldIdle, farm(10, 1, { gateway: hanging }).build());
  // The slow ones that succeed are still found, and the failures are not counted to them.
  const mixed: Responder = ({ tag }) =>
    isFirst(tag, 10 * MINUTE) ? (tag?.kind === 'idle' && tag.repeat === 0 ? fails(SEC, 503) : 3 * SEC) : 12_000;
  const [candidate] = candidatesOf(coldIdle, farm(10, 1, { member: mixed }).build());
  assert.equal(candidate?.explains.size, 3);
  assert.match(candidate?.meaning ?? '', /3 more failed/);
});

test('waits of the gateway alone that are equal like a timer are only possible', () => {
  const slow =
    (us: (random: Random) => number): Responder =>
    ({ tag, random }) =>
      tag?.kind === 'idle' && tag.order === 0 && tag.gapUs > 10 * MINUTE ? { us: us(random), exact: true } : 12_000;
  const of = (gateway: Responder) => onlyCandidate(coldIdle, farm(13, 1, { gateway }).build());
  const timer = of(slow(() => 2 * SEC));
  assert.equal(timer.confidence, 'possible');
  assert.match(timer.meaning, /connection that was gone/);
  assert.equal(of(slow((random) => (1.5 + random.next()) * SEC)).confidence, 'confirmed');
});

test('rests that take turns with the waits are those of a timer that runs on a resting connection', () => {
  const gateway: Responder = ({ tag, random }) =>
    tag?.kind === 'idle' && tag.order === 0 && tag.gapUs > 2 * SEC
      ? { us: 9 * SEC - tag.gapUs + Math.round(random.next() * 5_000), exact: true }
      : 12_000;
  const gapsUs = [SEC, 3 * SEC, 5 * SEC, 7 * SEC];
  const candidate = onlyCandidate(coldIdle, farm(14, 0, { gateway, gapsUs }).build());
  assert.equal(candidate.confidence, 'possible');
  assert.match(candidate.meaning, /connection that was gone/);
});

test('requests sent while the application still starts are not taken for warm ones', () => {
  // 300 ms of start, five requests 60 ms apart: all of them wait for it, as they do at a real member.
  const waiting = [2_600, 700, 2_600, 700].flatMap((gapMs, rung) =>
    Array.from({ length: 6 }, (_, order): LooseExchange => {
      const dueUs = rung * 10 * SEC + gapMs * 1_000 + order * 60_000;
      const us = 30_000 + (gapMs > 2_000 ? Math.max(0, 900_000 - order * 60_000) : 0) + 100 * order;
      const tag: ExchangeTag = { kind: 'idle', gapUs: gapMs * 1_000, repeat: rung >> 1, order };
      return {
        route: directTo('web1'),
        dueUs,
        us,
        tag,
        connection: { id: 9_000 + rung * 6 + order, isNew: true, ageUs: 0, idleUs: 0 },
      };
    }),
  );
  const recording = makeRecording({ seed: 14, noise: 0, members: ['web1'] })
    .compare({ durationUs: 10 * SEC, member: 30_000 })
    .experiment('idle', waiting)
    .build();
  const candidate = onlyCandidate(coldIdle, recording);
  assertNear(candidate.measured['penaltyUs'], 900_000, 0.01);
  assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
});

test('the printed interval holds the threshold, also when the probe wakes late', () => {
  let held = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(seed);
    const thresholdUs = (7 + 13 * random.next()) * MINUTE;
    // A busy machine: some pauses are up to twice as long as asked for.
    const gaps = GAPS.flatMap((gapUs) => [gapUs, gapUs]);
    let atUs = 0;
    const rungs = gaps.flatMap((gapUs, rung) => {
      const silenceUs = Math.round(gapUs * (random.next() < 0.3 ? 1 + random.next() : 1));
      atUs += silenceUs;
      const isCold = silenceUs > thresholdUs;
      const tag = (order: number): ExchangeTag => ({ kind: 'idle', gapUs, repeat: rung % 2, order });
      const connection = { id: 9_000 + rung, isNew: true, ageUs: 0, idleUs: 0 };
      const one = { route: directTo('web1'), connection };
      const firstUs = isCold ? 2 * SEC : 10_000;
      const made: LooseExchange[] = [{ ...one, dueUs: atUs, us: firstUs, tag: tag(0) }];
      atUs += firstUs + 60_000;
      made.push({ ...one, dueUs: atUs, us: 10_000, tag: tag(1) });
      atUs += 10_000;
      return made;
    });
    const recording = makeRecording({ seed, noise: 1, members: ['web1'] })
      .compare({})
      .experiment('idle', rungs)
      .build();
    const { low = 0, high = 0 } = onlyCandidate(coldIdle, recording).measured['idleThresholdUs'] ?? {};
    if (low <= thresholdUs && thresholdUs <= high) held++;
  }
  assert.equal(held, 40);
});

test('40 healthy farms: nothing', () => {
  for (let seed = 100; seed < 140; seed++) {
    const noise = ([0, 1, 10] as const)[seed % 3] ?? 1;
    const recording = farm(seed, noise, {}).build();
    assertClear(coldIdle, recording, `seed ${seed}`);
    assertClear(coldConnection, recording, `seed ${seed}`);
  }
});

test('answers that are slow anyway, to a third or at any length, make no step of a ladder: 40 seeds', () => {
  const cached: Responder = ({ random }) => (random.next() < 0.7 ? 5_000 : 120_000);
  const long: Responder = ({ random }) =>
    20_000 * Math.exp(Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()));
  for (const member of [cached, long])
    for (let seed = 1; seed <= 40; seed++) {
      const recording = makeRecording({ seed, noise: 1 })
        .compare({ durationUs: 10 * SEC, newConnectionRatio: 0.25, member })
        .idle({ gapsUs: [30 * SEC, 5 * MINUTE, 21 * MINUTE], member });
      const detection = detect(coldIdle, recording.build());
      const p = detection.state === 'candidates' ? detection.candidates.map((one) => one.p) : [];
      assert.ok(Math.min(1, ...p) > ALPHA, `seed ${seed}: p ${p.join(', ')}`);
    }
});

test('no ladder, or nothing warm on a new connection to compare with', () => {
  const compare = makeRecording({ seed: 11 }).compare({ durationUs: 10 * SEC });
  for (const detector of [coldIdle, coldConnection])
    assertInsufficient(detector, compare.build(), /idle ladder/, /none in this run/);
  const alone = makeRecording({ seed: 12 }).idle({ isCold: () => true, warm: 0, repeats: 1 });
  assertSilent(coldIdle, alone.build());
});
