import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXPERIMENTS } from '../../../src/catalog.ts';
import type { AutoState } from '../../../src/pipeline/auto/next-step.ts';
import { type AutoPreview, previewOf } from '../../../src/pipeline/auto/preview.ts';
import { type ProfileParts, profileOf, requestOf } from '../../experiments/fake-context.ts';
import { SEC } from './states.ts';

type Parts = ProfileParts & {
  readonly slowRequest?: AutoState['guard']['slowRequest'];
  readonly requestsBudget?: number;
};

function previewFor({ slowRequest = 'never', requestsBudget = 1_500, ...parts }: Parts = {}): AutoPreview {
  const profile = profileOf(parts);
  return previewOf(profile, {
    budget: { durationUs: 300 * SEC, requests: requestsBudget, deliberate: 4 },
    guard: { slowRequest, because: 'It takes members out.', gatewayTitle: 'a gateway' },
    keepAlive: { kind: 'keep-alive', upToUs: 2 * SEC },
    plan: (spec) => EXPERIMENTS[spec.kind].plan(spec, profile, spec.kind),
  });
}

const wordsOf = ({ steps }: AutoPreview): string => steps.map(({ step }) => step).join(' ');

describe('what a run that chooses might send', () => {
  const TABLE: readonly (readonly [name: string, parts: Parts, steps: string])[] = [
    [
      'with a request that has a delay',
      {},
      'baseline direct timeout-proof keep-alive idle compare-members volley burst',
    ],
    ['without one', { requests: [requestOf()] }, 'baseline direct repeat keep-alive idle compare-members volley burst'],
    [
      'where slow requests take members out',
      { slowRequest: 'all-members' },
      'baseline direct keep-alive idle compare-members volley burst',
    ],
    ['without members', { members: 0, slowRequest: 'unknown' }, 'baseline idle volley burst'],
    [
      'of one member, which has no peer',
      { members: 1, slowRequest: 'unknown' },
      'baseline direct timeout-proof keep-alive idle volley burst',
    ],
    ['with hardly any budget', { requestsBudget: 20 }, 'timeout-proof idle'],
  ];
  for (const [name, parts, steps] of TABLE) test(name, () => assert.equal(wordsOf(previewFor(parts)), steps));
});

test('the most of all is within the budget, the limits and what the steps themselves may send', () => {
  const { most, steps } = previewFor({ limits: { maxRequests: 900 } });
  assert.deepEqual(most, { requests: 900, durationUs: 300 * SEC, deliberate: 4, peakRatePerSec: most.peakRatePerSec });
  assert.ok(most.peakRatePerSec <= 100, `${most.peakRatePerSec}`);
  for (const { what, gatewayRequests, directRequests } of steps)
    assert.ok(gatewayRequests + directRequests <= 900, what);
  const burst = steps.find(({ step }) => step === 'burst');
  assert.ok(burst !== undefined && burst.peakRatePerSec > 90, 'the fastest burst that is allowed');
});

test('deliberate failures are told where they are allowed, with the reason where they are not', () => {
  const allowed = previewFor();
  assert.deepEqual(
    allowed.steps.filter(({ deliberate }) => deliberate > 0).map(({ step, deliberate }) => [step, deliberate]),
    [['timeout-proof', 4]],
  );
  const forbidden = previewFor({ slowRequest: 'all-members' });
  assert.equal(forbidden.most.deliberate, 0);
  assert.deepEqual(
    forbidden.notSent.map(({ why }) => why),
    ['It takes members out. A run that chooses by itself does not risk it.'],
  );
});
