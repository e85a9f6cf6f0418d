import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { delayedAck } from '../../src/detectors/delayed-ack.ts';
import type { Recording } from '../../src/model/recording.ts';
import { type Ask, balanced, makeRecording, plus, type Reply, type Responder } from '../helpers/make-recording.ts';
import { OK } from '../helpers/synthetic-replies.ts';
import { ALPHA, assertInterval, candidatesOf, detect, NOISES, onlyCandidate } from './candidates.ts';

const MEMBERS = ['web1', 'web2', 'web3'];

/** Work of 12 ms, then `restUs` between the first and the last byte. */
function answer(name: string, noise: number, restUs: number): Reply & object {
  const waitUs = Math.round(12_000 * (1 + 0.03 * noise * (((restUs * 7_919) % 100) / 100)));
  return {
    us: waitUs + 20 + restUs,
    exact: true,
    facts: { answeredBy: name, phasesUs: { send: 20, wait: waitUs, receive: restUs } },
  };
}

/** Pieces wait for an acknowledgement in a share of the answers on reused connections; on new ones it comes at once. */
function pieces(name: string, noise: number, ratio: number, delayUs = 40_000): (ask: Ask) => Reply {
  return ({ connection, random }) => {
    const waits = connection === 'warm' && random.next() < ratio;
    return answer(name, noise, Math.round(waits ? delayUs + 5_000 * random.next() : 300 * random.next()));
  };
}

const whole = (name: string, noise: number): ((ask: Ask) => Reply) => pieces(name, noise, 0);

type FarmOptions = {
  readonly noise?: number;
  readonly seed?: number;
  readonly durationUs?: number;
  readonly newConnectionRatio?: number;
};

function farm(
  odd: Readonly<Record<string, Responder>>,
  { noise = 1, seed = 3, durationUs = 6_000_000, newConnectionRatio = 0.1 }: FarmOptions = {},
  gateway?: Responder,
): Recording {
  const member = Object.fromEntries(MEMBERS.map((name) => [name, odd[name] ?? whole(name, noise)]));
  // The gateway reads the pieces as they come and writes whole answers.
  const through = plus(1_000, balanced(...MEMBERS.map((name) => whole(name, noise))));
  return makeRecording({ seed, noise: 0, members: MEMBERS })
    .compare({ member, durationUs, newConnectionRatio, gateway: gateway ?? through })
    .build();
}

describe('path/delayed-ack', () => {
  for (const noise of NOISES) {
    for (const ratio of [0.25, 1]) {
      test(`a member's answers in pieces, ${ratio} of them wait, noise ${noise}`, () => {
        const candidate = onlyCandidate(delayedAck, farm({ web2: pieces('web2', noise, ratio) }, { noise }));
        assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
        assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
        assert.ok(candidate.p < ALPHA);
        assertInterval(candidate, 'affectedRatio', ratio);
        assert.match(
          candidate.title,
          /^web2 sends answers in small pieces and waits in between: \d+(?:\.\d)? % of answers on reused connections pause for 4[0-5](?:\.\d)? ms until the first piece is acknowledged\.$/,
        );
      });
    }
  }

  test('Windows waits for 200 ms', () => {
    const candidate = onlyCandidate(delayedAck, farm({ web1: pieces('web1', 1, 0.4, 200_000) }));
    assert.match(candidate.meaning, /Windows/);
    assert.equal(candidate.scope.member, 'web1');
  });

  test('the gateway itself', () => {
    const candidate = onlyCandidate(delayedAck, farm({}, {}, pieces('web1', 1, 0.5)));
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.match(candidate.title, /^The gateway sends answers in small pieces/);
  });

  test('an application that pauses for 40 ms does so on every way: possible, not a warning', () => {
    const pausing: Responder = ({ random }) => answer('web2', 1, 40_000 + Math.round(3_000 * random.next()));
    const gateway = balanced(whole('web1', 1), pausing, whole('web3', 1));
    const candidates = candidatesOf(detect(delayedAck, farm({ web2: pausing }, {}, gateway)));
    assert.ok(candidates.length > 0);
    for (const { severity, confidence, meaning, scope } of candidates.filter(
      ({ scope }) => scope.member !== undefined,
    )) {
      assert.deepEqual([scope.member, severity, confidence], ['web2', 'info', 'possible']);
      assert.match(meaning, /is not excluded/);
    }
  });

  const spread =
    (lowUs: number, highUs: number): Responder =>
    (ask) =>
      answer(ask.member ?? 'web1', 1, Math.round(lowUs + (highUs - lowUs) * ask.random.next()));
  const silent: readonly { readonly title: string; readonly make: (seed: number) => Recording }[] = [
    { title: 'healthy, noise 0', make: (seed) => farm({}, { seed, noise: 0 }) },
    { title: 'healthy, noise 10', make: (seed) => farm({}, { seed, noise: 10 }) },
    { title: 'large answers that take 0 to 100 ms', make: (seed) => farm({ web2: spread(0, 100_000) }, { seed }) },
    { title: 'large answers that take 20 to 60 ms', make: (seed) => farm({ web2: spread(20_000, 60_000) }, { seed }) },
    { title: 'another timer', make: (seed) => farm({ web2: pieces('web2', 1, 0.5, 60_000) }, { seed }) },
    { title: 'two answers that waited', make: (seed) => farm({ web2: pieces('web2', 1, 0.01) }, { seed }) },
  ];
  for (const { title, make } of silent) {
    test(`no warning in 40 runs: ${title}`, () => {
      for (let seed = 1; seed <= 40; seed++)
        for (const { p, severity, title: said } of candidatesOf(detect(delayedAck, make(seed))))
          assert.ok(p > ALPHA || severity === 'info', `seed ${seed}: ${said} ${p}`);
    });
  }

  test('too few answers, no compare', () => {
    assert.equal(detect(delayedAck, farm({}, { durationUs: 500_000 })).state, 'insufficient-data');
    assert.equal(detect(delayedAck, makeRecording({ members: MEMBERS }).burst().build()).state, 'insufficient-data');
    assert.equal(detect(delayedAck, farm({}, { newConnectionRatio: 1 })).state, 'insufficient-data');
  });

  describe('far away', () => {
    const RTT_US = 41_000;
    /** Connecting takes a round trip; bodies of `bodyBytes` take `restUs` from the first byte to the last. */
    const far =
      (bodyBytes: number, restUs: (ask: Ask) => number): Responder =>
      (ask) => {
        const receive = Math.round(restUs(ask));
        const connect = ask.connection === 'new' ? RTT_US + Math.round(300 * ask.random.next()) : undefined;
        const wait = 12_000 + RTT_US;
        return {
          us: (connect ?? 0) + 20 + wait + receive,
          exact: true,
          outcome: { ...OK, bodyBytes },
          facts: { phasesUs: { ...(connect === undefined ? {} : { connect }), send: 20, wait, receive } },
        };
      };

    test('the rest of a large answer comes a round trip later: that is the way', () => {
      const large = far(40_000, ({ random }) => RTT_US + 1_000 * random.next());
      const recording = farm({ web1: large, web2: large, web3: large }, { newConnectionRatio: 0.3 }, large);
      assert.notEqual(detect(delayedAck, recording).state, 'candidates');
    });

    test('small answers in pieces take the timer and a round trip', () => {
      const small = far(2_000, ({ random }) => 300 * random.next());
      const waits = far(2_000, ({ connection, random }) =>
        connection === 'warm' && random.next() < 0.5 ? 40_000 + RTT_US + 3_000 * random.next() : 300 * random.next(),
      );
      const candidate = onlyCandidate(
        delayedAck,
        farm({ web1: small, web2: waits, web3: small }, { newConnectionRatio: 0.3, durationUs: 12_000_000 }, small),
      );
      assert.equal(candidate.scope.member, 'web2');
      assert.match(candidate.meaning, /a constant 40 ms and a round trip of 41/);
    });
  });
});
