import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applicationError, applicationSlow } from '../../src/detectors/application.ts';
import { memberErrors } from '../../src/detectors/member.ts';
import type { Expectation, Threshold } from '../../src/model/profile.ts';
import { fails, makeRecording, type Responder, sometimes } from '../helpers/make-recording.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import { ALPHA, assertInterval, candidatesOf, detect, NOISES, onlyCandidate } from './candidates.ts';

const MEMBERS = ['web1', 'web2'];

describe('application/error', () => {
  const bad = sometimes(0.05, fails(5_000, 500), 10_000);
  for (const noise of NOISES) {
    test(`5 % on every member, noise ${noise}`, () => {
      const recording = makeRecording({ seed: 4, noise }).compare({ member: bad }).build();
      const candidate = onlyCandidate(applicationError, recording);
      assert.deepEqual(candidate.scope, { route: 'direct', requestName: 'home' });
      assert.equal(candidate.severity, 'error');
      assert.equal(candidate.confidence, 'confirmed');
      assert.ok(candidate.p < ALPHA);
      assertInterval(candidate, 'errorRatio', 0.05);
      assert.match(candidate.title, /with errors \(500\), on all 2 members: home\.$/);
      assert.equal(detect(memberErrors, recording).state, 'clear');
      const failed = recording.exchanges.filter(({ outcome }) => outcome.kind === 'response' && outcome.status === 500);
      assert.equal(candidate.explains.size, failed.length);
    });
  }

  test('the only member', () => {
    const recording = makeRecording({ members: ['web1'] })
      .compare({ member: bad, gateway: 12_000 })
      .build();
    const candidate = onlyCandidate(applicationError, recording);
    assert.equal(candidate.confidence, 'likely');
    assert.match(candidate.title, /on its only member: home\.$/);
  });

  test('one request of two', () => {
    const member: Responder = (ask) => (ask.requestName === 'report' ? fails(5_000, 503) : 10_000);
    const recording = makeRecording()
      .compare({ member, requests: ['home', 'report'] })
      .build();
    const candidate = onlyCandidate(applicationError, recording);
    assert.equal(candidate.scope.requestName, 'report');
    assertInterval(candidate, 'errorRatio', 0.5);
  });

  const silent: readonly { title: string; member: Responder | Readonly<Record<string, Responder>> }[] = [
    { title: 'healthy', member: 10_000 },
    { title: 'one member only', member: { web1: bad } },
    {
      title: 'one member much worse than the other',
      member: { web1: sometimes(0.3, fails(5_000, 500), 10_000), web2: sometimes(0.03, fails(5_000, 500), 10_000) },
    },
    { title: '404', member: fails(5_000, 404) },
    { title: 'below the floor', member: (ask) => (ask.index % 300 === 7 ? fails(5_000, 500) : 10_000) },
  ];
  for (const { title, member } of silent) {
    test(title, () => {
      assert.equal(detect(applicationError, makeRecording({ seed: 4 }).compare({ member }).build()).state, 'clear');
    });
  }

  test('an expected 503 is no error', () => {
    const member = { ...fails(5_000, 503), facts: { unmet: [] } };
    assert.equal(detect(applicationError, makeRecording().compare({ member }).build()).state, 'clear');
  });

  test('too little, and nobody to ask', () => {
    const few = makeRecording().compare({ durationUs: 100_000 }).build();
    assert.deepEqual(detect(applicationError, few), {
      state: 'insufficient-data',
      need: '5 direct requests',
      have: '4',
    });
    assert.equal(detect(applicationError, makeRecording({ members: [] }).compare().build()).state, 'not-applicable');
  });
});

describe('application/slow', () => {
  const threshold = (changes: Partial<Threshold> = {}): Threshold => ({
    text: 'gateway p95 < 200ms',
    subject: { kind: 'gateway' },
    metric: { kind: 'quantile', p: 0.95 },
    comparison: '<',
    limit: 200_000,
    ...changes,
  });

  function run(
    member: Responder | Readonly<Record<string, Responder>>,
    thresholds: readonly Threshold[],
    { noise = 1, seed = 6, gateway, expect = {}, durationUs }: Options = {},
  ) {
    const profile = syntheticProfile(MEMBERS, 'home');
    const requests = profile.requests.map((spec) => (spec.name === 'home' ? { ...spec, expect } : spec));
    return makeRecording({ seed, noise, members: MEMBERS, profile: { thresholds, requests } })
      .compare({
        member,
        ...(gateway === undefined ? {} : { gateway }),
        ...(durationUs === undefined ? {} : { durationUs }),
      })
      .build();
  }
  type Options = {
    readonly noise?: 0 | 1 | 10;
    readonly seed?: number;
    readonly gateway?: Responder;
    readonly expect?: Expectation;
    readonly durationUs?: number;
  };

  for (const noise of NOISES) {
    test(`twice as slow as agreed on every member, noise ${noise}`, () => {
      const candidate = onlyCandidate(applicationSlow, run(400_000, [threshold()], { noise }));
      assert.equal(candidate.severity, 'warning');
      assert.equal(candidate.expected, 'gateway p95 < 200ms');
      assert.ok(candidate.p < ALPHA);
      if (noise < 10) assert.ok(Math.abs((candidate.measured['latencyUs']?.value ?? 0) / 400_000 - 1) < 0.15);
      assert.match(candidate.title, /5 % of direct answers take .* or longer; agreed was gateway p95 < 200ms\.$/);
    });
  }

  test('a tenth of the answers beyond a p95', () => {
    const candidate = onlyCandidate(applicationSlow, run(sometimes(0.15, 500_000, 10_000), [threshold()]));
    assert.ok(candidate.p < ALPHA, String(candidate.p));
  });

  test('by expect.maxMs of a request', () => {
    const candidate = onlyCandidate(applicationSlow, run(400_000, [], { expect: { maxUs: 300_000 } }));
    assert.equal(candidate.scope.requestName, 'home');
    assert.match(candidate.title, /half of direct answers .* agreed was expect\.maxMs of home \(300 ms\)\.$/);
  });

  test('two thresholds on the same requests are one finding', () => {
    const p50 = threshold({ text: 'gateway p50 < 10ms', metric: { kind: 'quantile', p: 0.5 }, limit: 10_000 });
    assert.equal(onlyCandidate(applicationSlow, run(400_000, [threshold(), p50])).expected, 'gateway p50 < 10ms');
  });

  const silent: readonly {
    title: string;
    member: Responder | Readonly<Record<string, Responder>>;
    options?: Options;
  }[] = [
    { title: 'fast enough', member: 50_000 },
    {
      title: 'the first member is fast enough',
      member: { web1: 50_000, web2: 400_000 },
      options: { gateway: 400_000 },
    },
    { title: 'the last member is fast enough', member: { web1: 400_000, web2: 50_000 }, options: { gateway: 400_000 } },
    { title: 'only through the gateway', member: 50_000, options: { gateway: 400_000 } },
    { title: 'a cache in the gateway keeps the word', member: 400_000, options: { gateway: 5_000 } },
    { title: 'just at the limit', member: 199_000, options: { noise: 0 } },
  ];
  for (const { title, member, options } of silent) {
    test(title, () => assert.equal(detect(applicationSlow, run(member, [threshold()], options)).state, 'clear'));
  }

  test('nothing declared, or nothing that a direct answer can miss', () => {
    assert.equal(detect(applicationSlow, run(9_000_000, [])).state, 'not-applicable');
    const others = [
      threshold({ subject: { kind: 'overhead' } }),
      threshold({ metric: { kind: 'errors' }, limit: 0.01 }),
      threshold({ comparison: '>' }),
    ];
    assert.equal(detect(applicationSlow, run(9_000_000, others)).state, 'not-applicable');
  });

  test('too few answers for the quantile', () => {
    const recording = run(400_000, [threshold()], { durationUs: 1_000_000 });
    assert.equal(detect(applicationSlow, recording).state, 'insufficient-data');
  });
});

test('40 healthy runs', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const limit: Threshold = {
      text: 'direct p50 < 20ms',
      subject: { kind: 'direct' },
      metric: { kind: 'quantile', p: 0.5 },
      comparison: '<',
      limit: 20_000,
    };
    const recording = makeRecording({ seed, noise: seed % 2 === 0 ? 1 : 10, profile: { thresholds: [limit] } })
      .compare({ durationUs: 20_000_000 })
      .build();
    for (const detector of [applicationError, applicationSlow])
      assert.deepEqual(candidatesOf(detect(detector, recording)), [], `${detector.cause} ${seed}`);
  }
});
