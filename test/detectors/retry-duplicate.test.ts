import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retryDuplicate } from '../../src/detectors/retry-duplicate.ts';
import type { Recording } from '../../src/model/recording.ts';
import {
  type Ask,
  fails,
  makeRecording,
  OK,
  type Reply,
  type Responder,
  refused,
  replyOf,
  sometimes,
} from '../helpers/make-recording.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import {
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  assertSilent,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];
const BAD = fails(8_000, 500);

function named(member: string, reply: Reply = 10_000): Reply {
  const full = typeof reply === 'number' ? { us: reply } : reply;
  return { ...full, outcome: full.outcome ?? OK, facts: { ...full.facts, answeredBy: member } };
}

/** Round robin; what fails at a member is asked of the next one where `retries`. */
function gateway(members: Readonly<Record<string, Responder>>, retries: boolean, isNamed = true): Responder {
  let turn = 0;
  return (ask: Ask) => {
    for (let attempt = 0; ; attempt++) {
      const member = MEMBERS[turn++ % MEMBERS.length] as string;
      const reply = replyOf(members[member] ?? 10_000, ask);
      const isBad = reply.outcome !== undefined && !(reply.outcome.kind === 'response' && reply.outcome.status < 500);
      if (!isBad) return isNamed ? named(member, reply) : reply;
      if (!retries || attempt > 0) return fails(9_000, 502);
    }
  };
}

type FarmOptions = {
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly retries?: boolean;
  readonly isNamed?: boolean;
  readonly ratio?: number;
  readonly bad?: Reply;
  readonly method?: string;
  readonly seconds?: number;
};

/** web3 fails now and then. */
function farm(options: FarmOptions = {}): Recording {
  const {
    seed = 7,
    noise = 1,
    retries = true,
    isNamed = true,
    ratio = 0.15,
    bad = BAD,
    method,
    seconds = 40,
  } = options;
  const member: Record<string, Responder> = { web1: 10_000, web2: 10_000, web3: sometimes(ratio, bad, 10_000) };
  const { requests } = syntheticProfile(MEMBERS, 'home');
  const profile = method === undefined ? {} : { requests: requests.map((request) => ({ ...request, method })) };
  return makeRecording({ seed, noise, members: MEMBERS, profile })
    .compare({
      ratePerSec: 10,
      durationUs: seconds * SEC,
      newConnectionRatio: 0.5,
      member,
      gateway: gateway(member, retries, isNamed),
    })
    .build();
}

describe('a gateway that repeats', () => {
  for (const noise of NOISES)
    test(`hides the failures of a member that is in use (noise ${noise})`, () => {
      const candidate = onlyCandidate(retryDuplicate, farm({ noise }));
      assertPresentable(candidate);
      assert.deepEqual([candidate.severity, candidate.scope.member], ['info', 'web3']);
      assertNear(candidate.measured['errorRatio'], 0.15, 0.35);
      assert.ok(candidate.p < 1e-4, `${candidate.p}`);
    });

  test('says the share that fails as it is, failures in a row included', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const recording = farm({ seed, ratio: 0.4 });
      const direct = recording.exchanges.filter(({ route }) => route === 'direct:web3');
      const failed = direct.filter(({ outcome }) => outcome.kind === 'response' && outcome.status === 500);
      const candidate = onlyCandidate(retryDuplicate, recording);
      assert.equal(candidate.measured['errorRatio']?.value, failed.length / direct.length, `seed ${seed}`);
    }
  });

  test('what must not be done twice is a warning', () => {
    const candidate = onlyCandidate(retryDuplicate, farm({ method: 'POST' }));
    assert.equal(candidate.severity, 'warning');
    assert.match(candidate.meaning, /POST/);
  });

  test('says so itself: a list of members, by name or address, or a count of attempts', () => {
    for (const answeredBy of ['web1, web2', 'web1.test:8080, web2.test:8080']) {
      const some = sometimes(0.1, { us: 20_000, outcome: OK, facts: { answeredBy } }, named('web1'));
      const recording = makeRecording({ seed: 3, members: MEMBERS }).compare({ gateway: some }).build();
      const candidate = onlyCandidate(retryDuplicate, recording);
      assertPresentable(candidate);
      assert.match(candidate.title, /more than once \(web1, web2\)/);
      assertNear(candidate.measured['repeatedRatio'], 0.1, 0.3);
    }
    const counted = { us: 20_000, outcome: OK, answer: { status: 200, headers: { 'x-envoy-attempt-count': '2' } } };
    const recording = makeRecording({ members: MEMBERS }).compare({ gateway: counted }).build();
    assert.match(
      onlyCandidate(retryDuplicate, recording).title,
      /^The gateway sent 1200 of 1200 requests more than once\.$/,
    );
  });
});

describe('nothing is said', () => {
  test('of a gateway that passes failures on, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++)
      assertClear(retryDuplicate, farm({ seed, retries: false, noise: 10 }), `seed ${seed}`);
  });
  test('of members that do not fail, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertClear(retryDuplicate, farm({ seed, ratio: 0 }), `seed ${seed}`);
  });
  test('of too few failures', () => assertSilent(retryDuplicate, farm({ ratio: 0.03, seconds: 10 })));
  test('of a member that is down for a while, which a health test takes out', () => {
    const isDown = (atUs: number): boolean => atUs > 10 * SEC && atUs < 20 * SEC;
    const recording = makeRecording({ seed: 5, noise: 1, members: MEMBERS })
      .compare({
        member: { web1: 10_000, web2: 10_000, web3: ({ atUs }) => (isDown(atUs) ? refused() : 10_000) },
        gateway: ({ atUs, index }) => named(isDown(atUs) ? 'web1' : (MEMBERS[index % 3] as string)),
      })
      .build();
    assertClear(retryDuplicate, recording);
  });
  test('of losses on connections that the probe reused', () => {
    const lost: Reply = {
      us: 300,
      outcome: { kind: 'connection-error', phase: 'wait', code: 'reset', detail: '', bytesReceived: 0 },
    };
    const web3: Responder = ({ connection, random }) => (connection === 'warm' && random.next() < 0.2 ? lost : 10_000);
    const recording = makeRecording({ seed: 5, members: MEMBERS })
      .compare({
        member: { web1: 10_000, web2: 10_000, web3 },
        gateway: ({ index }) => named(MEMBERS[index % 3] as string),
      })
      .build();
    assertClear(retryDuplicate, recording);
  });
  test('where a cache may hide failures', () => {
    const cached = { us: 2_000, outcome: OK, answer: { status: 200, headers: { age: '12' } } };
    const recording = makeRecording({ seed: 5, members: MEMBERS })
      .compare({ member: { web1: 10_000, web2: 10_000, web3: sometimes(0.2, BAD, 10_000) }, gateway: cached })
      .build();
    assertInsufficient(retryDuplicate, recording, /made anew/, /cache/);
  });
  test('where answers do not name their member: what is missing is told', () =>
    assertInsufficient(retryDuplicate, farm({ isNamed: false }), /memberId/, /web3 failed directly/));
  test('of a single member', () =>
    assertNotApplicable(
      retryDuplicate,
      makeRecording({ members: ['web1'] })
        .compare()
        .build(),
      /two members/,
    ));
});
