import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listenBacklog } from '../../src/detectors/listen-backlog.ts';
import { synLoss } from '../../src/detectors/syn-loss.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Recording } from '../../src/model/recording.ts';
import { type Ask, makeRecording, type Reply, type Responder } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertPresentable,
  assertSilent,
  candidatesOf,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

type Noise = (typeof NOISES)[number];
/** Time to connect (µs) of an attempt with so many ahead of it. */
type Connecting = (ahead: number, ask: Ask) => number;

const QUICK: Connecting = (_ahead, { random }) => 300 + Math.round(200 * random.next());
/** So many are let in at once, the others by the attempts after 1 and 3 s. */
const backlogOf =
  (room: number): Connecting =>
  (ahead, ask) => {
    const tries = Math.floor(ahead / room);
    return QUICK(ahead, ask) + (tries === 0 ? 0 : tries === 1 ? 1_010_000 : 3_030_000);
  };

/** Volleys go out on connections that were opened together just before, as the probe prepares them. */
function connecting(time: Connecting, workUs: (connectUs: number) => number = () => 10_000): Responder {
  let volley = '';
  let ahead = 0;
  return (ask): Reply => {
    if (ask.tag?.kind === 'volley') {
      const key = `${ask.tag.size} ${ask.tag.round}`;
      ahead = key === volley ? ahead + 1 : 0;
      volley = key;
      const connectUs = time(ahead, ask);
      const connection: Exchange['connection'] = {
        id: 5_000 + ahead,
        isNew: false,
        ageUs: 1_000,
        idleUs: 1_000,
        opening: { connectUs, ahead },
      };
      return { us: workUs(connectUs), facts: { connection } };
    }
    if (ask.connection !== 'new') return 10_000;
    const connect = time(0, ask);
    return {
      us: 10_000 + connect,
      exact: true,
      facts: {
        phasesUs: { connect, send: 20, wait: 9_800, receive: 100 },
        connection: {
          id: 9_000 + ask.index,
          isNew: true,
          ageUs: 0,
          idleUs: 0,
          opening: { connectUs: connect, ahead: 0 },
        },
      },
    };
  };
}

type Given = {
  readonly web2: Responder;
  readonly seed?: number;
  readonly noise?: Noise;
  readonly sizes?: readonly number[];
  readonly quietSec?: number;
  readonly others?: Connecting;
};

function farm({ web2, seed = 3, noise = 1, sizes = [8, 16], quietSec = 20, others = QUICK }: Given): Recording {
  const member = { web1: connecting(others), web2 };
  const gateway = connecting(others);
  return makeRecording({ seed, noise, members: ['web1', 'web2'] })
    .compare({ durationUs: quietSec * SEC, ratePerSec: 4, newConnectionRatio: 0.5, member, gateway })
    .volley({ sizes, rounds: 2, member, gateway })
    .build();
}

describe('connections that wait to be accepted', () => {
  for (const noise of NOISES)
    test(`name the member, and how many it lets in at once (noise ${noise})`, () => {
      const candidate = onlyCandidate(listenBacklog, farm({ web2: connecting(backlogOf(4)), noise }));
      assertPresentable(candidate);
      assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
      assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assert.deepEqual(candidate.measured['acceptedAtOnce'], { value: 4, low: 4, high: 4 });
      // 4 of 8 and 12 of 16, twice; the first of each volley was alone.
      assert.deepEqual(candidate.affected, { count: 32, of: 44 });
      assert.match(candidate.meaning, /tried again after a second/);
      assert.equal(candidate.rivals[0]?.cause, 'connection/syn-loss');
      assert.match(candidate.rivals[0]?.whyNot ?? '', /the gateway, web1 took as many at once without/);
    });

  test('a wait that grows with every one ahead is found as well, and not called a repeated attempt', () => {
    const growing: Connecting = (ahead, ask) => QUICK(ahead, ask) + 90_000 * ahead;
    const candidate = onlyCandidate(listenBacklog, farm({ web2: connecting(growing) }));
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assert.match(candidate.meaning, /the longest took/);
  });

  test('on every route, something on the way that limits connections is not excluded', () => {
    const all = farm({ web2: connecting(backlogOf(4)), others: backlogOf(4) });
    const candidates = candidatesOf(listenBacklog, all);
    assert.deepEqual(
      candidates.map(({ confidence }) => confidence),
      ['possible', 'possible', 'possible'],
    );
    assert.match(candidates[0]?.rivals[0]?.whyNot ?? '', /not excluded is a device on the way/);
  });
});

describe('nothing is said', () => {
  test('about 40 healthy farms', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const noise = NOISES[seed % 3] as Noise;
      assertClear(listenBacklog, farm({ web2: connecting(QUICK), seed, noise, quietSec: 10 }), `seed ${seed}`);
    }
  });

  test('about packets that are lost at any load, which are another cause', () => {
    const lossy: Connecting = (ahead, ask) => QUICK(ahead, ask) + (ask.random.next() < 0.15 ? 1_010_000 : 0);
    for (let seed = 1; seed <= 20; seed++) {
      const recording = farm({ web2: connecting(lossy), seed, quietSec: 60 });
      assertSilent(listenBacklog, recording, `seed ${seed}`);
    }
    assert.equal(onlyCandidate(synLoss, farm({ web2: connecting(lossy), quietSec: 60 })).scope.member, 'web2');
  });

  test('when the probe connects a little slower in a crowd', () => {
    const busy: Connecting = (ahead, ask) => QUICK(ahead, ask) + 10_000 * ahead;
    assertClear(listenBacklog, farm({ web2: connecting(busy) }));
  });

  test('when answers are as late as the connections: then the member is busy', () => {
    const busy = connecting(backlogOf(4), (connectUs) => (connectUs > 500_000 ? 2 * SEC : 10_000));
    assertClear(listenBacklog, farm({ web2: busy }));
  });

  test('about two slow connections, which prove nothing', () => {
    let left = 2;
    const twice: Connecting = (ahead, ask) => QUICK(ahead, ask) + (ahead > 3 && left-- > 0 ? 1_010_000 : 0);
    assertClear(listenBacklog, farm({ web2: connecting(twice) }));
  });
});

describe('too little to tell', () => {
  test('without several at once', () => {
    const recording = farm({ web2: connecting(backlogOf(2)), sizes: [2, 4] });
    assertInsufficient(listenBacklog, recording, /6 connections opened at once/, /at most 4 at once/);
  });

  test('without a quiet level', () => {
    const recording = farm({ web2: connecting(backlogOf(4)), quietSec: 1, sizes: [8] });
    assertInsufficient(listenBacklog, recording, /5 opened alone/, /fewer than 5 alone/);
  });
});
