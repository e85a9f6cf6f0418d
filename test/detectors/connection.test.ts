import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  connectionRefused,
  connectionUnreachable,
  droppedBeforeResponse,
  droppedMidResponse,
} from '../../src/detectors/connection.ts';
import type { Detector } from '../../src/detectors/detector.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import { type ConnectionErrorCode, outcomeKey } from '../../src/model/exchange.ts';
import type { Recording } from '../../src/model/recording.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  type FullReply,
  fails,
  makeRecording,
  OK,
  type Responder,
  refused,
  reset,
  sometimes,
  timesOut,
  truncated,
} from '../helpers/make-recording.ts';
import { ALPHA, assertInterval, candidatesOf, detect, NOISES, onlyCandidate } from './candidates.ts';

const ALL: readonly Detector[] = [connectionRefused, connectionUnreachable, droppedBeforeResponse, droppedMidResponse];
const MEMBERS = ['web1', 'web2', 'web3'];

function farm(
  member: Readonly<Record<string, Responder>>,
  gateway?: Responder,
  seed = 7,
  noise: 0 | 1 | 10 = 1,
): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member, ...(gateway === undefined ? {} : { gateway }) })
    .build();
}

function fails502(recording: Recording): readonly number[] {
  return recording.exchanges
    .filter(({ route, outcome }) => route === GATEWAY && outcomeKey(outcome) === '502')
    .map(({ seq }) => seq);
}

function connectError(code: ConnectionErrorCode): FullReply {
  return { us: 2_000, outcome: { kind: 'connection-error', phase: 'connect', code, detail: code, bytesReceived: 0 } };
}

describe('a member that fails', () => {
  type Case = {
    readonly title: string;
    readonly detector: Detector;
    readonly responder: Responder;
    readonly ratio: number;
    readonly confidence: string;
  };
  const cases: readonly Case[] = [
    { title: 'refuses', detector: connectionRefused, responder: refused(), ratio: 1, confidence: 'confirmed' },
    {
      title: 'has no route',
      detector: connectionUnreachable,
      responder: connectError('unreachable'),
      ratio: 1,
      confidence: 'confirmed',
    },
    {
      title: 'drops before the answer',
      detector: droppedBeforeResponse,
      responder: sometimes(0.15, reset(8_000), 10_000),
      ratio: 0.15,
      confidence: 'confirmed',
    },
    {
      title: 'closes before the answer, rarely',
      detector: droppedBeforeResponse,
      responder: sometimes(0.02, reset(8_000, 'fin'), 10_000),
      ratio: 0.02,
      confidence: 'confirmed',
    },
    {
      title: 'cuts answers off',
      detector: droppedMidResponse,
      responder: sometimes(0.15, truncated(8_000), 10_000),
      ratio: 0.15,
      confidence: 'confirmed',
    },
  ];
  for (const { title, detector, responder, ratio, confidence } of cases) {
    for (const noise of NOISES) {
      test(`${title}, noise ${noise}`, () => {
        const recording = farm({ web2: responder }, undefined, 7, noise);
        const candidate = onlyCandidate(detector, recording);
        assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
        assert.equal(candidate.severity, 'error');
        assert.equal(candidate.confidence, confidence);
        assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
        assert.match(candidate.title, /^web2 /);
        assertInterval(candidate, 'errorRatio', ratio);
        const failed = recording.exchanges.filter(({ outcome }) => outcomeKey(outcome) !== '200');
        assert.equal(candidate.explains.size, failed.length);
        for (const other of ALL) {
          if (other !== detector) assert.equal(detect(other, recording).state, 'clear', other.cause);
        }
      });
    }
  }
});

describe('nothing to say', () => {
  test('40 healthy runs', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const recording = makeRecording({ seed, noise: seed % 2 === 0 ? 1 : 10 })
        .compare({ durationUs: 20_000_000 })
        .build();
      for (const detector of ALL) assert.equal(detect(detector, recording).state, 'clear', `${detector.cause} ${seed}`);
    }
  });

  test('no members', () => {
    const recording = makeRecording({ members: [] }).compare().build();
    for (const detector of ALL) assert.equal(detect(detector, recording).state, 'not-applicable');
  });

  test('too few direct requests', () => {
    const recording = makeRecording().compare({ durationUs: 200_000, member: refused() }).build();
    for (const detector of ALL) {
      assert.deepEqual(detect(detector, recording), {
        state: 'insufficient-data',
        need: '5 direct requests to a member',
        have: '4',
      });
    }
  });

  test('two drops are one incident', () => {
    const exchanges = Array.from({ length: 200 }, (_, i) => ({
      route: directTo('web1'),
      dueUs: i * 50_000,
      tag: { kind: 'slot', arm: 'new' } as const,
      ...(i === 50 || i === 60 ? { outcome: reset(1).outcome ?? OK } : {}),
    }));
    const recording = makeRecording().experiment('compare', exchanges).build();
    assert.equal(detect(droppedBeforeResponse, recording).state, 'clear');
  });

  test('few drops among very many requests stay below the floor', () => {
    const recording = makeRecording({ noise: 0 })
      .compare({ durationUs: 200_000_000, member: { web2: (ask) => (ask.index % 1_300 === 0 ? reset(5_000) : 9_000) } })
      .build();
    assert.equal(detect(droppedBeforeResponse, recording).state, 'clear');
  });

  test('requests that were slow on purpose are no evidence', () => {
    const recording = makeRecording()
      .compare({ durationUs: 5_000_000 })
      .experiment(
        'timeout',
        Array.from({ length: 10 }, (_, i) => ({
          route: directTo('web1'),
          dueUs: i * 1_000,
          tag: { kind: 'delay', delayUs: 1_000, purpose: 'direct' } as const,
          outcome: reset(1).outcome ?? OK,
        })),
      )
      .build();
    assert.equal(detect(droppedBeforeResponse, recording).state, 'clear');
  });
});

describe('the race of our own keep-alive', () => {
  const race = (ask: { connection: string; random: { next(): number } }): FullReply | number =>
    ask.connection === 'warm' && ask.random.next() < 0.1 ? reset(500) : 10_000;

  test('drops on connections that were idle for long are left out', () => {
    const recording = makeRecording()
      .compare({ ratePerSec: 0.5, durationUs: 400_000_000, newConnectionRatio: 0, member: { web1: race } })
      .build();
    assert.equal(detect(droppedBeforeResponse, recording).state, 'clear');
  });

  test('drops on reused connections only are left out when enough new ones were tried', () => {
    const recording = makeRecording({ seed: 3 })
      .compare({ newConnectionRatio: 0.5, member: { web1: race } })
      .build();
    assert.equal(detect(droppedBeforeResponse, recording).state, 'clear');
  });

  test('with hardly any new connection the drops stand, and the rival is named', () => {
    const recording = makeRecording({ seed: 3 })
      .compare({ newConnectionRatio: 0, member: { web1: race } })
      .build();
    const candidate = onlyCandidate(droppedBeforeResponse, recording);
    assert.ok(candidate.rivals.some(({ cause }) => cause === 'connection/keep-alive-race'));
  });
});

describe('the side of the gateway', () => {
  test('hidden by retries: a warning that says that redundancy is lost', () => {
    const candidate = onlyCandidate(connectionRefused, farm({ web2: refused() }, 12_000));
    assert.equal(candidate.severity, 'warning');
    assert.equal(candidate.confidence, 'confirmed');
    assert.match(candidate.title, /refuses connections.*The gateway hides it so far: redundancy is lost\.$/);
  });

  test('refuses sometimes: likely, and a full sentence without lost redundancy', () => {
    const candidate = onlyCandidate(connectionRefused, farm({ web2: sometimes(0.3, refused(), 10_000) }, 12_000));
    assert.equal(candidate.confidence, 'likely');
    assert.doesNotMatch(candidate.title, /redundancy/);
    assertInterval(candidate, 'errorRatio', 0.3 / 0.37);
  });

  test('many more failures than the member could cause are not explained by it', () => {
    const gateway = sometimes(0.5, fails(4_000, 502), 12_000);
    const recording = farm({ web2: sometimes(0.05, reset(8_000), 10_000) }, gateway);
    const candidate = onlyCandidate(droppedBeforeResponse, recording);
    assert.equal(candidate.confidence, 'likely');
    for (const seq of fails502(recording)) assert.ok(!candidate.explains.has(seq));
  });

  test('failures of a timer are not explained by it', () => {
    const gateway = sometimes(0.05, fails(30_000_000, 502), 12_000);
    const recording = farm({ web2: sometimes(0.15, reset(8_000), 10_000) }, gateway);
    const candidate = onlyCandidate(droppedBeforeResponse, recording);
    for (const seq of fails502(recording)) assert.ok(!candidate.explains.has(seq));
  });

  test('errors that the application wrote are not explained by it', () => {
    const own = { ...fails(4_000, 503), answer: { status: 503, headers: {}, bodyStart: 'maintenance' } };
    const recording = farm({ web2: sometimes(0.15, reset(8_000), 10_000) }, sometimes(0.05, own, 12_000));
    const byMember = whoWrote(false);
    const candidate = onlyCandidate(droppedBeforeResponse, recording, byMember);
    assert.match(candidate.title, /The gateway hides it so far\.$/);
    assert.match(onlyCandidate(droppedBeforeResponse, recording).meaning, /requests failed in a way that fits/);
  });

  test('an answer that names another member is not explained by it', () => {
    const named = { ...fails(4_000, 502), facts: { answeredBy: 'web3' } };
    const recording = farm({ web2: sometimes(0.15, reset(8_000), 10_000) }, sometimes(0.05, named, 12_000));
    for (const seq of fails502(recording))
      assert.ok(!onlyCandidate(droppedBeforeResponse, recording).explains.has(seq));
  });

  test('all members closed: one each, and the gateway side is left to member/none-available', () => {
    const recording = makeRecording({ members: MEMBERS, noise: 1 })
      .compare({ member: refused(), gateway: fails(1_000, 502) })
      .build();
    const candidates = candidatesOf(detect(connectionRefused, recording));
    assert.deepEqual(
      candidates.map(({ scope }) => scope.member),
      MEMBERS,
    );
    for (const { severity, explains } of candidates) {
      assert.equal(severity, 'error');
      for (const seq of fails502(recording)) assert.ok(!explains.has(seq));
    }
  });

  test('a connect timer of the gateway is left to its own cause, but it is not called hidden', () => {
    const recording = farm({ web2: timesOut(10_000_000, 'connect') }, sometimes(0.3, fails(5_000_000, 502), 12_000));
    const candidate = onlyCandidate(connectionUnreachable, recording);
    assert.equal(candidate.severity, 'error');
    for (const seq of fails502(recording)) assert.ok(!candidate.explains.has(seq));
  });
});

function whoWrote(wrote: boolean): Gateway {
  return { ...generic, wroteIt: () => wrote };
}

describe('answers cut off', () => {
  test('through the gateway only, at different times', () => {
    const gateway: Responder = (ask) =>
      ask.random.next() < 0.05 ? truncated(500_000 + 800_000 * ask.random.next()) : 12_000;
    const candidate = onlyCandidate(droppedMidResponse, farm({}, gateway));
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.equal(candidate.confidence, 'possible');
    assertInterval(candidate, 'errorRatio', 0.05);
  });

  test('through the gateway only, at one time: a timer, which is another cause', () => {
    const recording = farm({}, sometimes(0.05, { ...truncated(2_000_000), exact: true }, 12_000));
    assert.equal(detect(droppedMidResponse, recording).state, 'clear');
  });

  test('laundered by the gateway: an error although nothing fails', () => {
    const short: FullReply = { us: 12_000, outcome: { ...OK, bodyBytes: 60, bodyDigest: 9 } };
    const recording = farm({ web2: sometimes(0.1, truncated(8_000), 10_000) }, sometimes(0.03, short, 12_000));
    const candidate = onlyCandidate(droppedMidResponse, recording);
    assert.equal(candidate.severity, 'error');
    assert.match(candidate.meaning, /look complete but are shorter/);
  });

  test('pages that change are not taken for laundered ones', () => {
    const changing = (ask: { random: { next(): number } }): FullReply => {
      const bodyBytes = 50 + Math.floor(100 * ask.random.next());
      return { us: 10_000, outcome: { ...OK, bodyBytes, bodyDigest: bodyBytes } };
    };
    const recording = farm(
      { web1: changing, web2: sometimes(0.1, truncated(8_000), changing), web3: changing },
      changing,
    );
    assert.doesNotMatch(onlyCandidate(droppedMidResponse, recording).meaning, /look complete/);
  });
});
