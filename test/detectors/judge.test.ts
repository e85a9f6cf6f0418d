import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { cascade } from '../../src/detectors/cascade.ts';
import { coldConnection, coldIdle } from '../../src/detectors/cold-start.ts';
import type { Candidate, Detection, Detector } from '../../src/detectors/detector.ts';
import { type Judgement, judge } from '../../src/detectors/judge.ts';
import { probeSaturated } from '../../src/detectors/probe.ts';
import { gatewayQueue, memberQueue } from '../../src/detectors/queue.ts';
import { rejected } from '../../src/detectors/rejected.ts';
import { overhead } from '../../src/detectors/thresholds.ts';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
import { gatewayConnectTimeout } from '../../src/detectors/timeout-connect.ts';
import { generic } from '../../src/gateways/generic.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import { CAUSES, type CauseId } from '../../src/model/causes.ts';
import type { Recording } from '../../src/model/recording.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { balanced, fails, makeRecording, plus, queueOf, sometimes } from '../helpers/make-recording.ts';
import { SEC } from './expectation.ts';

const DETECTORS: readonly Detector[] = [
  probeSaturated,
  gatewayResponseTimeout,
  gatewayConnectTimeout,
  cascade,
  memberQueue,
  gatewayQueue,
  rejected,
  coldIdle,
  coldConnection,
  overhead,
];

function judged(recording: Recording, detectors = DETECTORS): Judgement {
  return judge(detectors, [nginx], { measures: createMeasures(recording), gateway: generic });
}

function always(cause: CauseId, detection: Detection | (() => never)): Detector {
  return { cause, detect: () => (typeof detection === 'function' ? detection() : detection) };
}

function candidate(cause: CauseId, changes: Partial<Candidate> = {}): Candidate {
  return {
    cause,
    scope: { route: 'gateway' },
    severity: 'warning',
    confidence: 'likely',
    p: 1e-9,
    title: `${cause} it is.`,
    meaning: 'Made up.',
    measured: {},
    exhibits: [],
    rivals: [],
    explains: new Set(),
    ...changes,
  };
}

/** A judgement of made-up candidates, one detector for each cause. */
function judgedOf(...candidates: readonly Candidate[]): Judgement {
  const causes = [...new Set(candidates.map(({ cause }) => cause))];
  return judged(
    makeRecording().compare({ durationUs: SEC }).build(),
    causes.map((cause) =>
      always(cause, { state: 'candidates', candidates: candidates.filter((other) => other.cause === cause) }),
    ),
  );
}

function causesOf({ findings }: Judgement): readonly CauseId[] {
  return findings.map(({ cause }) => cause);
}

function verdictOf({ detectors }: Judgement, cause: CauseId) {
  const found = detectors.find(({ id }) => id === cause);
  assert.ok(found !== undefined, cause);
  assert.equal(found.title, CAUSES[cause].title);
  return found.verdict;
}

const seqs = (from: number, to: number): ReadonlySet<number> =>
  new Set(Array.from({ length: to - from }, (_, i) => from + i));

test('60 healthy farms on quiet and on bad days get no warning', () => {
  for (const noise of [1, 10] as const) {
    for (let seed = 1; seed <= 60; seed++) {
      const recording = makeRecording({ seed, noise })
        .compare({
          durationUs: 15 * SEC,
          ratePerSec: 10,
          newConnectionRatio: 0.25,
          member: sometimes(0.01, 300_000, 10_000),
        })
        .burst({ ratePerSec: 80, durationUs: 3 * SEC, canaryPerSec: 6 })
        .volley({ sizes: [4, 8] })
        .idle({ gapsUs: [60 * SEC, 1_300 * SEC] })
        .timeout({})
        .build();
      const { findings, detectors } = judged(recording);
      const serious = findings.filter(({ severity }) => isAtLeast(severity, 'warning'));
      assert.deepEqual(
        serious.map(({ title }) => title),
        [],
        `noise ${noise}, seed ${seed}`,
      );
      assert.deepEqual(
        detectors.filter(({ verdict }) => verdict.state === 'failed'),
        [],
      );
    }
  }
});

test('60 farms with rare failures of an ordinary kind get no warning from detectors of timers, queues and cold starts', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const gateway = sometimes(0.01, fails(4_000, 502), sometimes(0.005, fails(2_000, 503), 12_000));
    const recording = makeRecording({ seed, noise: seed % 2 === 0 ? 1 : 10 })
      .compare({ durationUs: 15 * SEC, ratePerSec: 10, gateway })
      .burst({ ratePerSec: 80, durationUs: 3 * SEC, canaryPerSec: 6, gateway })
      .build();
    const serious = judged(recording).findings.filter(({ severity }) => isAtLeast(severity, 'warning'));
    assert.deepEqual(
      serious.map(({ title }) => title),
      [],
      `seed ${seed}`,
    );
  }
});

for (const noise of [0, 1, 10] as const) {
  test(`several faults at once are each named, worst first, with a remedy (noise ${noise})`, () => {
    const queue = queueOf({ servers: 1, serviceUs: 25_000 });
    const recording = makeRecording({ seed: 2, noise })
      .compare({ durationUs: 20 * SEC, newConnectionRatio: 0.25, member: 25_000 })
      .burst({
        ratePerSec: 140,
        durationUs: 4 * SEC,
        canaryPerSec: 10,
        gateway: balanced(12_000, plus(2_000, queue)),
        member: { web1: 25_000, web2: queue },
      })
      .idle({
        gapsUs: [60 * SEC, 1_300 * SEC, 1_800 * SEC],
        isCold: ({ route, gapUs }) => route === 'direct:web1' && gapUs > 1_200 * SEC,
      })
      .timeout({ gatewayTimeoutUs: 30 * SEC })
      .build();
    const judgement = judged(recording);
    assert.deepEqual(causesOf(judgement), ['timeout/gateway-response', 'cold-start/idle', 'queue/member']);
    assert.deepEqual(
      judgement.findings.map(({ scope }) => scope.member),
      [undefined, 'web1', 'web2'],
    );
    for (const { remedy, exhibits, cause } of judgement.findings) {
      assert.ok(remedy.steps.length > 0 && remedy.howToVerify.length > 0, cause);
      assert.ok(exhibits.length > 0, cause);
      assert.deepEqual(verdictOf(judgement, cause), { state: 'found', count: 1 });
    }
    assert.equal(verdictOf(judgement, 'queue/gateway').state, 'clear');
    assert.equal(verdictOf(judgement, 'timeout/gateway-connect').state, 'not-applicable');
  });
}

test('findings carry nothing of the judging', () => {
  const [finding] = judgedOf(
    candidate('queue/member', { suggestedUs: 1, requestPath: '/', explains: seqs(0, 3) }),
  ).findings;
  for (const key of ['p', 'explains', 'suggestedUs', 'requestPath'])
    assert.ok(finding !== undefined && !(key in finding), key);
});

test('what chance makes too easily is shown as information', () => {
  for (const [p, severity] of [
    [1e-4, 'warning'],
    [2e-4, 'info'],
  ] as const) {
    const [finding] = judgedOf(candidate('queue/member', { p })).findings;
    assert.equal(finding?.severity, severity);
  }
  assert.equal(judgedOf(candidate('queue/member', { p: 0.5 })).findings[0]?.confidence, 'possible');
});

test('a saturated probe silences everybody else', () => {
  const recording = makeRecording({ quality: { busyRatio: 0.99 } })
    .compare({ gateway: sometimes(0.5, fails(30 * SEC, 504), 12_000), member: 40 * SEC })
    .build();
  const judgement = judged(recording);
  assert.deepEqual(causesOf(judgement), ['probe/saturated']);
  for (const { id, verdict } of judgement.detectors)
    assert.equal(verdict.state, id === 'probe/saturated' ? 'found' : 'not-applicable', id);
});

test('a detector that throws is shown as failed and takes nobody with it', () => {
  const broken = always('member/slow', () => {
    throw new Error('division by cucumber');
  });
  const other = always('queue/member', { state: 'candidates', candidates: [candidate('queue/member')] });
  const judgement = judged(makeRecording().build(), [broken, other]);
  assert.deepEqual(verdictOf(judgement, 'member/slow'), { state: 'failed', error: 'division by cucumber' });
  assert.deepEqual(causesOf(judgement), ['queue/member']);
});

test('a stronger cause of the same requests explains a weaker one away, from 80 % on', () => {
  const strong = candidate('timeout/gateway-response', { severity: 'error', explains: seqs(0, 80) });
  const weak = (to: number) => candidate('application/error', { explains: seqs(0, to) });
  const explained = judgedOf(weak(100), strong);
  assert.deepEqual(causesOf(explained), ['timeout/gateway-response']);
  assert.deepEqual(
    explained.findings[0]?.rivals.map(({ cause }) => cause),
    ['application/error'],
  );
  const verdict = verdictOf(explained, 'application/error');
  assert.match(verdict.state === 'clear' ? verdict.checked : '', /explained by timeout\/gateway-response/);
  assert.equal(judgedOf(weak(110), strong).findings.length, 2);
});

test('a stronger cause that is mere information explains nothing', () => {
  const doubtful = candidate('timeout/gateway-response', { p: 0.01, explains: seqs(0, 100) });
  const weak = candidate('application/error', { explains: seqs(0, 100) });
  assert.deepEqual(causesOf(judgedOf(doubtful, weak)), ['application/error', 'timeout/gateway-response']);
});

test('rules between causes: of the same member only where they say so', () => {
  const at = (member: string) => ({ scope: { route: 'direct', member } }) as const;
  const slow = candidate('member/slow', at('web1'));
  assert.deepEqual(causesOf(judgedOf(slow, candidate('queue/member', at('web1')))), ['queue/member']);
  assert.equal(judgedOf(slow, candidate('queue/member', at('web2'))).findings.length, 2);
  const behind = judgedOf(candidate('queue/gateway'), candidate('queue/member', at('web2')));
  assert.deepEqual(causesOf(behind), ['queue/member']);
});

test('drops that only the gateway writes down are the race, where the race was measured', () => {
  const measured = { memberIdleTimeoutUs: { value: 5 * SEC } };
  const race = candidate('connection/keep-alive-race', { measured });
  const dropped = (changes: Partial<Candidate> = {}) => candidate('connection/dropped-before-response', changes);
  const both: readonly CauseId[] = ['connection/keep-alive-race', 'connection/dropped-before-response'];
  assert.deepEqual(causesOf(judgedOf(race, dropped())), ['connection/keep-alive-race']);
  const logged = candidate('connection/keep-alive-race');
  assert.deepEqual(causesOf(judgedOf(logged, dropped())), both, 'a race that is only logged explains its own requests');
  const direct = dropped({ scope: { route: 'direct', member: 'web3' } });
  assert.deepEqual(causesOf(judgedOf(race, direct)), both, 'seen directly as well');
  assert.deepEqual(causesOf(judgedOf(race, dropped({ confidence: 'confirmed' }))), both, 'proved by a crash');
  const possible = candidate('connection/keep-alive-race', { measured, severity: 'info', confidence: 'possible' });
  assert.equal(causesOf(judgedOf(possible, dropped())).length, 2, 'only possible');
});

test('findings are sorted by severity, then by strength', () => {
  const judgement = judgedOf(
    candidate('application/slow', { severity: 'info' }),
    candidate('gateway/overhead'),
    candidate('cold-start/idle'),
    candidate('gateway/cascade', { severity: 'critical' }),
    candidate('queue/rejected', { severity: 'error' }),
  );
  assert.deepEqual(causesOf(judgement), [
    'gateway/cascade',
    'queue/rejected',
    'cold-start/idle',
    'gateway/overhead',
    'application/slow',
  ]);
});
