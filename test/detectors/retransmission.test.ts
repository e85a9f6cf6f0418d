import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retransmission } from '../../src/detectors/retransmission.ts';
import type { Recording } from '../../src/model/recording.ts';
import { balanced, makeRecording, plus, type Responder } from '../helpers/make-recording.ts';
import { ALPHA, assertInterval, candidatesOf, detect, onlyCandidate } from './candidates.ts';

const MEMBERS = ['web1', 'web2'];

/** Each packet is lost with this probability and sent again after 200 ms, then 400 ms, then 800 ms. */
function lossy(ratio: number, usUs = 12_000): Responder {
  return ({ random }) => {
    let us = usUs + 2_000 * random.next();
    for (let timerUs = 200_000; random.next() < ratio && timerUs < 1_600_000; timerUs *= 2)
      us += timerUs + 4_000 * random.next();
    return { us: Math.round(us), exact: true };
  };
}
const clean = lossy(0);

type FarmOptions = { readonly seed?: number; readonly durationUs?: number; readonly gateway?: Responder };

function farm(
  odd: Readonly<Record<string, Responder>>,
  { seed = 2, durationUs = 60_000_000, gateway }: FarmOptions = {},
): Recording {
  const member = { web1: odd['web1'] ?? clean, web2: odd['web2'] ?? clean };
  return makeRecording({ seed, noise: 0, members: MEMBERS })
    .compare({ member, durationUs, gateway: gateway ?? plus(1_000, balanced(clean)) })
    .build();
}

describe('path/retransmission, measured', () => {
  test('loss on the way through the gateway, doubled timers seen', () => {
    const candidate = onlyCandidate(retransmission, farm({}, { gateway: lossy(0.08, 13_000) }));
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
    assert.ok(candidate.p < ALPHA);
    assertInterval(candidate, 'affectedRatio', 0.08);
    assert.match(
      candidate.title,
      /^[\d.]+ % of answers through the gateway come 200 ms or 600 ms late, as after a lost packet before or behind the gateway: asked directly, members do not\.$/,
    );
  });

  test('loss between the probe and a member', () => {
    const candidate = onlyCandidate(retransmission, farm({ web2: lossy(0.08) }));
    assert.equal(candidate.scope.member, 'web2');
    assert.match(candidate.title, /between the probe and it\.$/);
  });

  test('one step without its doubling may be a timer of the application', () => {
    const step: Responder = ({ random }) => ({ us: random.next() < 0.05 ? 214_000 : 12_000, exact: true });
    const candidate = onlyCandidate(retransmission, farm({ web2: step }));
    assert.deepEqual([candidate.severity, candidate.confidence], ['info', 'possible']);
    assert.match(candidate.meaning, /may be a timer of the application/);
  });

  test('one step and slow answers of all lengths: answers beside the doubled steps show that it is not doubled', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const step: Responder = ({ random }) => {
        const at = random.next();
        return { us: at < 0.05 ? 214_000 : at < 0.08 ? 500_000 + 400_000 * random.next() : 12_000, exact: true };
      };
      for (const { severity } of candidatesOf(detect(retransmission, farm({ web2: step }, { seed }))))
        assert.equal(severity, 'info', `seed ${seed}`);
    }
  });

  test('a step that all routes share, as of a cache, is not laid at one of them', () => {
    const step: Responder = ({ random }) => ({ us: random.next() < 0.05 ? 214_000 : 12_000, exact: true });
    const detection = detect(retransmission, farm({ web1: step, web2: step }, { gateway: step }));
    assert.match(detection.state === 'insufficient-data' ? detection.need : '', /all routes share/);
  });

  const silent: readonly { readonly title: string; readonly make: (seed: number) => Recording }[] = [
    { title: 'healthy', make: (seed) => farm({}, { seed, durationUs: 12_000_000 }) },
    {
      title: 'noise',
      make: (seed) => makeRecording({ seed, noise: 10, members: MEMBERS }).compare({ durationUs: 12_000_000 }).build(),
    },
    {
      title: 'slow answers of all lengths',
      make: (seed) =>
        farm(
          { web2: ({ random }) => ({ us: 12_000 + (random.next() < 0.1 ? 900_000 * random.next() : 0), exact: true }) },
          { seed, durationUs: 12_000_000 },
        ),
    },
    {
      title: 'half of the work takes 200 ms more',
      make: (seed) =>
        farm(
          { web2: ({ random }) => ({ us: random.next() < 0.45 ? 212_000 : 12_000, exact: true }) },
          { seed, durationUs: 12_000_000 },
        ),
    },
  ];
  for (const { title, make } of silent) {
    test(`no warning in 40 runs: ${title}`, () => {
      for (let seed = 1; seed <= 40; seed++)
        for (const { severity, title: said } of candidatesOf(detect(retransmission, make(seed))))
          assert.equal(severity, 'info', `seed ${seed}: ${said}`);
    });
  }

  test('too few answers; answers that scatter too much', () => {
    assert.equal(detect(retransmission, farm({}, { durationUs: 3_000_000 })).state, 'insufficient-data');
    const wide: Responder = ({ random }) => ({ us: 20_000 + 80_000 * random.next(), exact: true });
    const detection = detect(retransmission, farm({ web1: wide, web2: wide }, { gateway: wide }));
    assert.match(detection.state === 'insufficient-data' ? detection.need : '', /scatter by less than 10 ms/);
  });
});
