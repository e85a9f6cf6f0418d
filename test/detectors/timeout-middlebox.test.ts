import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { emitterOf } from '../../src/detectors/emitter.ts';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
import { middleboxTimeout } from '../../src/detectors/timeout-middlebox.ts';
import { caddy } from '../../src/gateways/caddy.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import { haproxy } from '../../src/gateways/haproxy.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import type { Recording } from '../../src/model/recording.ts';
import {
  type FullReply,
  fails,
  makeRecording,
  OK,
  type Responder,
  reset,
  sometimes,
  timesOut,
} from '../helpers/make-recording.ts';
import { onlyCandidate as candidateOf } from './candidates.ts';
import { ALPHA, assertNear, assertNotApplicable, assertPresentable, assertSilent, NOISES, SEC } from './expectation.ts';

const PAGE = '<hr><center>nginx/1.22.1</center>';

/** The timer of whoever it is, 2 ms of way included. */
function cut(headers: Readonly<Record<string, string>>, bodyStart = ''): FullReply {
  return { ...fails(30 * SEC + 2_000, 504, undefined, { status: 504, headers, bodyStart }), exact: true };
}

const edge = cut({ server: 'edge' }, 'edge: origin timeout\n');
const own = cut({ server: 'nginx/1.22.1' }, PAGE);
const bare: FullReply = { ...reset(30 * SEC + 2_000, 'fin'), exact: true };

/** One in fifty takes 45 s; the gateway puts its name on everything that it passes on. */
function farm(
  timer: Responder,
  {
    seed = 2,
    noise = 0,
    kind = 'nginx',
    certainty = 0.95,
    member = sometimes(0.02, 45 * SEC, 10_000),
  }: {
    seed?: number;
    noise?: 0 | 1 | 10;
    kind?: 'nginx' | 'haproxy' | 'caddy' | 'unknown';
    certainty?: number;
    member?: Responder;
  } = {},
): Recording {
  const answer = { status: 200, headers: kind === 'nginx' ? { server: 'nginx/1.22.1' } : {} };
  const passed: Responder = { us: 12_000, outcome: OK, answer };
  return makeRecording({ seed, noise, recognised: { kind, certainty } })
    .compare({ member, gateway: sometimes(0.02, timer, passed) })
    .build();
}

describe('a timer whose answers are not the gateway’s', () => {
  for (const noise of NOISES)
    test(`is a middlebox's by the name on them, noise ${noise}`, () => {
      const recording = farm(edge, { noise });
      const candidate = candidateOf(middleboxTimeout, recording, nginx);
      assertPresentable(candidate);
      assert.deepEqual([candidate.severity, candidate.confidence], ['error', 'likely']);
      assert.match(candidate.title, /other than the gateway \(nginx\) gives up after 30(\.\d)? s.*"edge"/);
      assertNear(candidate.measured['timeoutUs'], 30 * SEC, 0.005);
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assertSilent(gatewayResponseTimeout, recording, 'gateway-response');
    });

  test('is a middlebox’s where a gateway that writes no Server header has one on them', () => {
    const candidate = candidateOf(middleboxTimeout, farm(edge, { kind: 'haproxy', certainty: 1 }), haproxy);
    assert.equal(candidate.confidence, 'likely');
  });

  test('stays with the gateway, as possible, where nobody knows what the gateway is', () => {
    const recording = farm(edge, { kind: 'unknown', certainty: 0 });
    assertSilent(middleboxTimeout, recording);
    const candidate = candidateOf(gatewayResponseTimeout, recording, generic);
    assert.equal(candidate.confidence, 'possible');
    assert.match(candidate.meaning, /"edge"/);
    assertPresentable(candidate);
  });

  test('is the gateway’s where its own mark is on them', () => {
    const recording = farm(own);
    const candidate = candidateOf(gatewayResponseTimeout, recording, nginx);
    assert.equal(candidate.confidence, 'likely');
    assertNothing(recording, nginx);
  });

  test('is the gateway’s where they say nothing', () => {
    assertNothing(farm(cut({})), nginx);
    assert.equal(candidateOf(gatewayResponseTimeout, farm(cut({})), nginx).confidence, 'likely');
  });

  test('is the gateway’s where a member has the same name on its answers', () => {
    const answer = { status: 200, headers: { server: 'edge' } };
    const member = sometimes(0.02, 45 * SEC, { us: 10_000, outcome: OK, answer });
    assertNothing(farm(edge, { member }), nginx);
  });
});

describe('connections that end at one time without an answer', () => {
  for (const [kind, gateway, confidence] of [
    ['nginx', nginx, 'likely'],
    ['caddy', caddy, 'possible'],
    ['unknown', generic, 'possible'],
  ] as const)
    test(`behind ${kind}: ${confidence}`, () => {
      const recording = farm(bare, { kind });
      const candidate = candidateOf(middleboxTimeout, recording, gateway);
      assertPresentable(candidate);
      assert.equal(candidate.confidence, confidence);
      assert.match(candidate.title, /closed without an answer/);
      assertSilent(gatewayResponseTimeout, recording, 'gateway-response');
    });

  test('are passed on where members close so as well', () => {
    const member = sometimes(0.04, sometimes(0.5, { ...reset(30 * SEC), exact: true }, 45 * SEC), 10_000);
    assertNothing(farm(bare, { member }), nginx);
  });
});

function assertNothing(recording: Recording, gateway: Gateway): void {
  const detection = middleboxTimeout.detect({ measures: createMeasures(recording), gateway });
  assert.notEqual(detection.state, 'candidates', JSON.stringify(detection).slice(0, 500));
}

describe('nothing is said', () => {
  test('of healthy farms, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++) assertNothing(farm(12_000, { seed, noise: 10, member: 10_000 }), nginx);
  });
  test('of closes at different times', () =>
    assertNothing(
      farm(({ random }) => reset(SEC + random.next() * 50 * SEC)),
      nginx,
    ));
  test("of the probe's own limit", () => assertNothing(farm(timesOut(30 * SEC)), nginx));
  test('without requests through the gateway', () =>
    assertNotApplicable(middleboxTimeout, makeRecording().experiment('compare', []).build(), /nothing was sent/));
});

test('nearly all failures must carry the foreign name, and the same', () => {
  const recording = farm(sometimes(0.5, edge, own));
  const failures = recording.exchanges.filter(({ outcome }) => outcome.kind === 'response' && outcome.status === 504);
  const context = { measures: createMeasures(recording), gateway: nginx };
  assert.equal(emitterOf(failures, context).kind, 'gateway');
  const named = failures.filter(({ answer }) => answer?.headers['server'] === 'edge');
  assert.deepEqual(emitterOf(named, context), { kind: 'foreign', name: 'edge', isCertain: true });
});
