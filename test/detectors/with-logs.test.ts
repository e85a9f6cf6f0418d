import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate, Detector } from '../../src/detectors/detector.ts';
import { fromLogs, withLogs } from '../../src/detectors/with-logs.ts';
import type { HopReading } from '../../src/model/hop.ts';
import type { Journey } from '../../src/model/journey.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { contextOf, evidenceOf, journeyOf, NINE, SEC, said } from './synthetic-journeys.ts';

const RUN = makeRecording({ seed: 5 }).compare().build();

function measured(count: number, more: Partial<Candidate> = {}): Detector {
  return {
    cause: 'timeout/gateway-response',
    detect: () => ({
      state: 'candidates',
      candidates: [
        {
          cause: 'timeout/gateway-response',
          scope: { route: 'gateway' },
          severity: 'error',
          confidence: 'likely',
          p: 1e-6,
          title: 'It gives up.',
          meaning: 'Because.',
          measured: {},
          exhibits: [],
          rivals: [],
          explains: new Set(Array.from({ length: count }, (_, seq) => seq)),
          ...more,
        },
      ],
    }),
  };
}

/** Requests of the run with what was logged about them. */
function logged(
  count: number,
  reading: HopReading | undefined,
  member?: { takenUs: number; win32?: number },
): Journey[] {
  return Array.from({ length: count }, (_, seq) =>
    journeyOf({
      startUs: NINE + seq * SEC,
      takenUs: 30 * SEC,
      status: 502,
      client: { seq },
      ...(reading === undefined ? {} : { reading }),
      ...(member === undefined ? {} : { member }),
    }),
  );
}

function detect(detector: Detector, journeys: readonly Journey[]) {
  return withLogs(detector).detect(contextOf(evidenceOf(journeys), undefined, RUN));
}

function only(detector: Detector, journeys: readonly Journey[]): Candidate {
  const detection = detect(detector, journeys);
  assert.ok(detection.state === 'candidates', JSON.stringify(detection));
  assert.equal(detection.candidates.length, 1);
  return detection.candidates[0] as Candidate;
}

const TIMEOUT = said('response/timeout', 0.9, { waitedUs: 30 * SEC });

test('logs that prove the cause make it confirmed, and show their lines', () => {
  const candidate = only(measured(10), logged(10, TIMEOUT, { takenUs: 45 * SEC, win32: 64 }));
  assert.equal(candidate.confidence, 'confirmed');
  assert.equal(candidate.p, 0);
  assert.equal(candidate.exhibits[0]?.kind, 'lines');
  assert.match(candidate.meaning, /logs of both sides prove it/);
});

test('logs that agree without proof support it and change nothing else', () => {
  const candidate = only(measured(10), logged(10, TIMEOUT));
  assert.equal(candidate.confidence, 'likely');
  assert.equal(candidate.exhibits.length, 1);
});

test('logs that say nothing never weaken it', () => {
  for (const journeys of [[], logged(10, said('unknown', 0)), logged(10, undefined)]) {
    const candidate = only(measured(10), journeys);
    assert.equal(candidate.confidence, 'likely');
    assert.equal(candidate.p, 1e-6);
    assert.equal(candidate.severity, 'error');
  }
});

test('logs that prove another cause for nearly all of its requests take it back', () => {
  const refused = logged(10, said('connect/refused')).map((journey) => ({
    ...journey,
    members: journey.members.map((one) => ({ ...one, presence: 'absent' as const, access: [] })),
  }));
  const detection = detect(measured(10), refused);
  assert.equal(detection.state, 'clear');
  assert.equal(only(measured(10), refused.slice(0, 4)).confidence, 'likely', 'too few lines');
  assert.equal(only(measured(30), refused).confidence, 'likely', 'of most requests the logs say nothing');
});

test('one proof among many agreeing lines does not prove all', () => {
  const journeys = [...logged(1, TIMEOUT, { takenUs: 45 * SEC, win32: 64 }), ...logged(30, TIMEOUT).slice(1)];
  assert.equal(only(measured(30), journeys).confidence, 'likely');
});

test('a queue in the gateway, measured, is proved by what both sides logged about the same requests', () => {
  const journeys = Array.from({ length: 10 }, (_, seq) =>
    journeyOf({
      startUs: NINE + seq * SEC,
      takenUs: 2 * SEC,
      status: 200,
      client: { seq },
      reading: said('ok', 0.65),
      member: { takenUs: 50_000 },
    }),
  );
  const queue = measured(10, { cause: 'queue/gateway' });
  assert.equal(only({ ...queue, cause: 'queue/gateway' }, journeys).confidence, 'confirmed');
  const guessed = journeys.map((journey) => ({
    ...journey,
    members: journey.members.map((one) => ({ ...one, joinedBy: 'time-and-path' as const })),
  }));
  assert.equal(only({ ...queue, cause: 'queue/gateway' }, guessed).confidence, 'likely', 'perhaps other requests');
});

test('without logs the detector speaks for itself; causes of logs alone do not apply', () => {
  const context = contextOf(evidenceOf([]), undefined, RUN);
  const { logs: _logs, ...without } = context.measures;
  const bare = { ...context, measures: without };
  assert.equal(withLogs(measured(3)).detect(bare).state, 'candidates');
  assert.equal(fromLogs('connection/keep-alive-race').detect(bare).state, 'not-applicable');
  assert.equal(fromLogs('connection/keep-alive-race').detect(context).state, 'clear');
});
