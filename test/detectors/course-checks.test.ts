import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { courseChecks } from '../../src/detectors/course-checks.ts';
import type { ProbeCheck } from '../../src/model/report.ts';
import {
  type Ask,
  makeRecording,
  type RecordingBuilder,
  type Responder,
  truncated,
} from '../helpers/make-recording.ts';

type Farm = { readonly gateway?: Responder; readonly member?: Responder };

const SECONDS = 60;

function compared(farm: Farm, noise: 0 | 1 | 10 = 1, seed = 1, seconds = SECONDS): RecordingBuilder {
  return makeRecording({ seed, noise, members: ['web1', 'web2'] }).compare({
    ratePerSec: 10,
    durationUs: seconds * 1e6,
    ...farm,
  });
}

const checksOf = (recording: RecordingBuilder): readonly ProbeCheck[] =>
  courseChecks(createMeasures(recording.build()));

function check(id: string, recording: RecordingBuilder): ProbeCheck {
  const found = checksOf(recording).find((one) => one.id === id);
  assert.ok(found !== undefined, id);
  return found;
}

/** 120 ms at first, 20 ms in the end. */
const warming = (settlesUs: number) => (ask: Ask) => 20_000 + 100_000 * Math.exp(-ask.atUs / settlesUs);
const shifting = (atUs: number, ratio: number) => (ask: Ask) => (ask.atUs < atUs ? 20_000 : 20_000 * ratio);
const rising = (ratio: number) => (ask: Ask) => 20_000 * (1 + ((ratio - 1) * ask.atUs) / (SECONDS * 1e6));

test('healthy farms of every noise have nothing: forty seeds', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const noise = ([0, 1, 10] as const)[seed % 3]!;
    const told = checksOf(compared({ gateway: 22_000, member: 20_000 }, noise, seed)).filter(
      ({ state }) => state !== 'good',
    );
    assert.deepEqual(told, [], `seed ${seed}, noise ${noise}`);
  }
});

for (const noise of [0, 1, 10] as const) {
  test(`a gateway that warms up is told with the quantile that counts it, noise ${noise}`, () => {
    const told = check('warm-up', compared({ gateway: warming(2e6), member: 20_000 }, noise));
    assert.equal(told.state, 'caution', told.text);
    assert.match(told.text, /through the gateway the first [\d.]+ s took .* at p50 and what came later (19|2\d)/);
    assert.match(told.text, /so p(9\d) of the whole is [\d.]+ ms and without that beginning [\d.]+ ms/);
    assert.doesNotMatch(told.text, /of web1/);
  });

  test(`a member that becomes slower at one moment is told with that moment, noise ${noise}`, () => {
    const told = check(
      'stationarity',
      compared(
        {
          gateway: 22_000,
          member: (ask) => (ask.route === 'direct:web2' ? shifting(25e6, 2)(ask) : 20_000),
        },
        noise,
      ),
    );
    assert.equal(told.state, 'caution', told.text);
    assert.match(told.text, /p50 of web2 was .* in the first 2[2-8] s and .* afterwards \(\+/);
    assert.doesNotMatch(told.text, /gateway|web1/);
  });

  test(`times that rise all the time are told, noise ${noise}`, () => {
    const told = check('stationarity', compared({ gateway: rising(2.5), member: 20_000 }, noise));
    assert.equal(told.state, 'caution', told.text);
    assert.match(
      told.text,
      /p50 through the gateway was .* afterwards|p50 through the gateway was .* in the first quarter/,
    );
  });
}

test('what all routes share is told where it doubles, and not where it may be a bad day', () => {
  const all = (ratio: number): Farm => ({ gateway: shifting(30e6, ratio), member: shifting(30e6, ratio) });
  assert.equal(check('stationarity', compared(all(1.6))).state, 'good');
  const told = check('stationarity', compared(all(2.5)));
  assert.equal(told.state, 'caution', told.text);
});

test('a rate at which a second has few answers is followed in longer stretches', () => {
  const few = makeRecording({ noise: 1, members: ['web1'] }).compare({
    ratePerSec: 3,
    durationUs: 90e6,
    gateway: shifting(40e6, 2),
    member: 20_000,
  });
  assert.equal(check('stationarity', few).state, 'caution', check('stationarity', few).text);
});

test('a warm-up is no change of the target besides', () => {
  const recording = compared({ gateway: warming(2e6), member: 20_000 });
  assert.equal(check('warm-up', recording).state, 'caution');
  assert.equal(check('stationarity', recording).state, 'good', check('stationarity', recording).text);
});

test('what changes by less than a tenth, or less than 1 ms, is not worth a word', () => {
  assert.equal(check('stationarity', compared({ gateway: shifting(20e6, 1.05) }, 0)).state, 'good');
  const tiny = compared({ gateway: (ask) => (ask.atUs < 20e6 ? 2_000 : 2_800), member: 1_000 }, 0);
  assert.equal(check('stationarity', tiny).state, 'good');
});

test('one slow second in the middle is neither', () => {
  const recording = compared({ gateway: (ask) => (ask.atUs > 15e6 && ask.atUs < 16e6 ? 400_000 : 22_000) });
  assert.deepEqual(
    checksOf(recording).map(({ state }) => state),
    ['good', 'good', 'good'],
  );
});

test('answers that hang together are worth fewer', () => {
  const alone = check('independence', compared({ gateway: 22_000 }));
  assert.equal(alone.state, 'good');
  assert.match(alone.text, /[\d,]+ through the gateway are worth/);
  const together = check(
    'independence',
    compared({ gateway: (ask) => (Math.floor(ask.atUs / 4e6) % 2 === 0 ? 20_000 : 30_000) }, 1),
  );
  const worth = Number(/through the gateway are worth ([\d,]+),/.exec(together.text)?.[1]);
  assert.ok(worth < 150, together.text);
});

test('of two routes, the one is named that moved', () => {
  const told = check(
    'stationarity',
    makeRecording({ noise: 1, members: ['web1'] }).compare({
      ratePerSec: 10,
      durationUs: 40e6,
      gateway: 22_000,
      member: shifting(20e6, 2),
    }),
  );
  assert.match(told.text, /p50 of web1 was/);
});

test('what could not be told is said as such', () => {
  const rows: readonly (readonly [recording: RecordingBuilder, text: RegExp])[] = [
    [compared({}, 1, 1, 15), /no compare had answers .* in 20 stretches/],
    [makeRecording().burst({ ratePerSec: 50, durationUs: 30e6 }), /no compare ran/],
    [compared({ gateway: truncated(20_000), member: truncated(20_000) }), /no compare had answers/],
  ];
  for (const [recording, text] of rows) {
    const [told, ...more] = checksOf(recording);
    assert.equal(told?.state, 'unknown');
    assert.match(told?.text ?? '', text);
    assert.deepEqual(more, []);
  }
});

test('a recording in which nothing was sent has no course', () => {
  const recording = compared({}).build();
  const quality = { ...recording.quality, latenessCount: 0 };
  assert.deepEqual(courseChecks(createMeasures({ ...recording, quality })), []);
});
