import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CompareSpec, ExperimentSpec } from '../../../src/model/profile.ts';
import { boundWords, type NextStep, nextStep } from '../../../src/pipeline/auto/next-step.ts';
import { requestOf } from '../../experiments/fake-context.ts';
import { CLEAN, finding, SEC, type StateParts, stateOf } from './states.ts';

const SLOW_FAILURES = {
  gatewayFailed: 4,
  gatewaySlow: { count: 4, elapsedUs: 1_500_000, requests: ['home'] },
} as const;
const FAST_FAILURES = { gatewayFailed: 2, gatewayFast: 2 } as const;
const WEB2_FAILS = {
  members: [
    { member: 'web1', sent: 20, failed: 0 },
    { member: 'web2', sent: 20, failed: 2 },
  ],
} as const;
const COLD = { coldFirst: { route: 'direct:web2', firstUs: 1_200_000, usualUs: 45_000 } } as const;
const ONLY_HOME = { requests: [requestOf()] } as const;
const WAVES = { waves: [{ route: 'gateway', ratePerSec: 80, words: '4 at a time' }] } as const;
const SWEEP = { kind: 'idle', gapsUs: [SEC], repeats: 1 } as const satisfies ExperimentSpec;

/** What is tried, or how it stops. */
function wordOf(step: NextStep): string {
  return step.kind === 'try' ? step.step : step.end;
}

const TABLE: readonly (readonly [name: string, parts: StateParts, word: string])[] = [
  ['nothing is known', { done: [], symptoms: { gatewaySent: 0, members: [] } }, 'baseline'],
  ['a clean baseline', {}, 'volley'],
  ['a fault that was looked at too often to go on', { symptoms: WEB2_FAILS, spent: { looks: 20 } }, 'budget'],
  ['a clean compare, which asks for no more', { isCurious: false }, 'nothing-wrong'],
  ['a clean baseline and volleys', { done: ['baseline', 'volley'] }, 'nothing-wrong'],
  ['slow failures, a request with a delay', { symptoms: SLOW_FAILURES }, 'timeout-proof'],
  ['slow failures after a compare', { symptoms: SLOW_FAILURES, isCurious: false }, 'timeout-proof'],
  ['slow failures, no request with a delay', { symptoms: SLOW_FAILURES, profile: ONLY_HOME }, 'repeat'],
  [
    'slow failures, already proven',
    { symptoms: SLOW_FAILURES, findings: [finding('timeout/gateway-response', { confidence: 'confirmed' })] },
    'firm',
  ],
  [
    'a likely timer is proven',
    { symptoms: SLOW_FAILURES, findings: [finding('timeout/gateway-response')] },
    'timeout-proof',
  ],
  [
    'a proof that did not come out is not tried again',
    { symptoms: SLOW_FAILURES, done: ['baseline', 'timeout-proof'] },
    'undecided',
  ],
  [
    'slow failures of a member that refuses',
    {
      symptoms: { ...SLOW_FAILURES, ...WEB2_FAILS },
      findings: [finding('connection/refused', { scope: { route: 'direct', member: 'web2' } })],
    },
    'firm',
  ],
  ['one member fails a little', { symptoms: WEB2_FAILS }, 'direct'],
  [
    'one member fails, and is found',
    {
      symptoms: WEB2_FAILS,
      findings: [finding('connection/dropped-before-response', { scope: { route: 'direct', member: 'web2' } })],
    },
    'firm',
  ],
  [
    'one member fails, another is found',
    {
      symptoms: WEB2_FAILS,
      findings: [finding('connection/dropped-before-response', { scope: { route: 'direct', member: 'web1' } })],
    },
    'direct',
  ],
  [
    'one member fails, only possible',
    { symptoms: WEB2_FAILS, findings: [finding('member/errors', { confidence: 'possible', severity: 'info' })] },
    'direct',
  ],
  ['fast failures of the gateway alone', { symptoms: FAST_FAILURES }, 'direct'],
  [
    'fast failures, members are clean, no sweep in this version',
    { symptoms: FAST_FAILURES, done: ['baseline', 'direct'] },
    'undecided',
  ],
  [
    'fast failures, members are clean',
    { symptoms: FAST_FAILURES, done: ['baseline', 'direct'], keepAlive: SWEEP },
    'keep-alive',
  ],
  [
    'lost on reused connections only',
    { symptoms: { ...WEB2_FAILS, staleLosses: 2 }, done: ['baseline', 'direct'], keepAlive: SWEEP },
    'keep-alive',
  ],
  ['the first request was slow', { symptoms: COLD }, 'idle'],
  [
    'the first request was slow, and cold starts are found',
    {
      symptoms: { ...COLD, pauses: [{ gapUs: SEC, isCold: true }] },
      findings: [finding('cold-start/idle', { severity: 'warning' })],
    },
    'firm',
  ],
  [
    'one member looks slow',
    { symptoms: { slowMember: { member: 'web2', requestName: 'home', ratio: 2.2 } } },
    'compare-members',
  ],
  [
    'volleys came in waves',
    { symptoms: WAVES, done: ['baseline', 'volley'], profile: { limits: { maxRatePerSec: 200 } } },
    'burst',
  ],
  [
    'a queue is found',
    {
      symptoms: WAVES,
      done: ['baseline', 'volley', 'burst'],
      findings: [finding('queue/gateway', { severity: 'warning' })],
    },
    'firm',
  ],
  [
    'waves, but the limit is too low for a burst',
    { symptoms: WAVES, done: ['baseline', 'volley'], profile: { limits: { maxRatePerSec: 50 } } },
    'undecided',
  ],
  [
    'the probe was the bottleneck',
    { symptoms: SLOW_FAILURES, findings: [finding('probe/saturated', { confidence: 'confirmed' })] },
    'undecided',
  ],
  ['no time is left', { symptoms: WEB2_FAILS, spent: { durationUs: 299 * SEC } }, 'budget'],
  ['no requests are left', { symptoms: WEB2_FAILS, spent: { requests: 1_450 } }, 'budget'],
  [
    'the profile allows no more requests',
    { symptoms: WEB2_FAILS, profile: { limits: { maxRequests: 1_000 } }, spent: { before: 950 } },
    'budget',
  ],
  ['no deliberate failure is left', { symptoms: SLOW_FAILURES, spent: { deliberate: 1 } }, 'budget'],
];

describe('the next step', () => {
  for (const [name, parts, word] of TABLE)
    test(`${name}: ${word}`, () => assert.equal(wordOf(nextStep(stateOf(parts))), word));

  test('is the same for the same state', () => {
    const state = stateOf({ symptoms: { ...SLOW_FAILURES, ...WEB2_FAILS } });
    assert.deepEqual(nextStep(state), nextStep(state));
  });
});

describe('other users of the gateway', () => {
  for (const slowRequest of ['one-member', 'all-members', 'unknown'] as const) {
    for (const profile of [{}, ONLY_HOME, { members: 0 }]) {
      test(`nothing slow or failing is sent on purpose where ${slowRequest} may be taken out (${JSON.stringify(profile)})`, () => {
        const step = nextStep(stateOf({ symptoms: SLOW_FAILURES, slowRequest, profile }));
        assert.equal(step.kind, 'stop');
        assert.match(step.kind === 'stop' ? (step.forgone[0]?.why ?? '') : '', /takes members out/);
      });
    }
    test(`with one member there is nobody to take out (${slowRequest})`, () => {
      const members = [{ member: 'web1', sent: 32, failed: 0 }];
      const step = nextStep(stateOf({ symptoms: { ...SLOW_FAILURES, members }, slowRequest, profile: { members: 1 } }));
      assert.equal(wordOf(step), 'timeout-proof');
    });
  }
});

describe('parameters', () => {
  function specOf(parts: StateParts): ExperimentSpec {
    const step = nextStep(stateOf(parts));
    assert.equal(step.kind, 'try');
    return step.kind === 'try' ? step.spec : assert.fail();
  }

  test('a proof goes beyond twice the time of the failures', () => {
    assert.deepEqual(specOf({ symptoms: SLOW_FAILURES }), { kind: 'timeout', request: 'slow', upToUs: 4_000_000 });
  });

  test('the delay keeps the limit of the profile', () => {
    const spec = specOf({ symptoms: SLOW_FAILURES, profile: { limits: { requestTimeoutUs: 2 * SEC } } });
    assert.ok(spec.kind === 'timeout' && spec.upToUs < 2 * SEC);
  });

  test('direct requests go to the failing member and one clean peer, not through the gateway', () => {
    const spec = specOf({ symptoms: WEB2_FAILS }) as CompareSpec;
    assert.deepEqual(spec.chosen, { until: 'evidence', routes: ['direct:web2', 'direct:web1'] });
  });

  test('a burst brings a third more than what volleys show, and a member its share', () => {
    const limits = { maxRatePerSec: 500 };
    const gateway = specOf({ symptoms: WAVES, done: ['baseline', 'volley'], profile: { limits } });
    assert.deepEqual(gateway.kind === 'burst' && gateway.load, { loop: 'open', ratePerSec: 108 });
    const waves = [{ route: 'direct:web2', ratePerSec: 80, words: '4 at a time' }] as const;
    const member = specOf({ symptoms: { waves }, done: ['baseline', 'volley'], profile: { limits } });
    assert.deepEqual(member.kind === 'burst' && member.load, { loop: 'open', ratePerSec: 216 });
  });

  test('a silence that would take more than a third of the budget is not waited for', () => {
    const symptoms = { ...COLD, pauses: [{ gapUs: 64 * SEC, isCold: false }] };
    const step = nextStep(stateOf({ symptoms, done: ['baseline', 'idle', 'volley'] }));
    assert.equal(wordOf(step), 'nothing-wrong');
    assert.match(step.kind === 'stop' ? (step.forgone[0]?.why ?? '') : '', /third of --budget/);
  });
});

describe('the end in words', () => {
  test('the bound is the rule of three', () => {
    assert.match(boundWords(60), /fewer than 5 %/);
    assert.equal(boundWords(3), '');
  });

  test('names what failed where no verdict is firm', () => {
    const step = nextStep(stateOf({ symptoms: { ...FAST_FAILURES, gatewaySent: 40 }, done: ['baseline', 'direct'] }));
    assert.match(step.kind === 'stop' ? step.because : '', /2 of 40 ordinary requests/);
  });

  test('a clean run says how many requests it rests on', () => {
    const step = nextStep(stateOf({ symptoms: CLEAN, isCurious: false }));
    assert.match(step.kind === 'stop' ? step.because : '', /in 32 ordinary requests.*fewer than 9.38 %/);
  });
});
