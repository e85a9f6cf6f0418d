import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayUnreachable, probeTimeout } from '../../src/detectors/reachability.ts';
import type { ConnectionErrorCode, PhaseName } from '../../src/model/exchange.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import {
  type FullReply,
  fails,
  makeRecording,
  type Responder,
  refused,
  reset,
  sometimes,
  timesOut,
} from '../helpers/make-recording.ts';
import { detect, NOISES, onlyCandidate } from './candidates.ts';

const SEC = 1_000_000;

function farm(gateway: Responder, member: Responder = 10_000, durationUs = 10 * SEC, noise: 0 | 1 | 10 = 1) {
  return makeRecording({ noise }).compare({ gateway, member, durationUs }).build();
}

function failsIn(phase: PhaseName, code: ConnectionErrorCode, detail: string): FullReply {
  return { us: 3_000, outcome: { kind: 'connection-error', phase, code, detail, bytesReceived: 0 } };
}

describe('gateway/unreachable', () => {
  const ways: readonly { reply: FullReply; title: RegExp }[] = [
    { reply: refused(), title: /^The gateway cannot be reached, no connection: ECONNREFUSED\.$/ },
    { reply: timesOut(5 * SEC, 'connect'), title: /no connection: nobody answered within 5 s\.$/ },
    {
      reply: failsIn('dns', 'dns', 'ENOTFOUND gateway.test'),
      title: /its name does not resolve: ENOTFOUND gateway.test\.$/,
    },
    {
      reply: failsIn('tls', 'tls', 'certificate has expired'),
      title: /the TLS handshake fails: certificate has expired\.$/,
    },
  ];
  for (const { reply, title } of ways) {
    for (const noise of NOISES) {
      test(`${title.source}, noise ${noise}`, () => {
        const recording = farm(reply, 10_000, 5 * SEC, noise);
        const candidate = onlyCandidate(gatewayUnreachable, recording);
        assert.match(candidate.title, title);
        assert.equal(candidate.severity, 'critical');
        assert.match(candidate.meaning, /2 of 2 members answer directly \(web1, web2\)/);
        const proxied = recording.exchanges.filter(({ route }) => route === GATEWAY);
        assert.deepEqual(
          [...candidate.explains],
          proxied.map(({ seq }) => seq),
        );
        assert.deepEqual(candidate.affected, { count: 100, of: 100 });
      });
    }
  }

  test('the commonest words stand in the title', () => {
    const gateway: Responder = (ask) => (ask.index < 10 ? timesOut(SEC, 'connect') : refused());
    assert.match(onlyCandidate(gatewayUnreachable, farm(gateway)).title, /ECONNREFUSED/);
  });

  const wordless = [failsIn('connect', 'unreachable', 'connect ENETUNREACH'), timesOut(SEC, 'connect')] as const;
  for (const reply of wordless)
    test(`nobody says a word (${reply.outcome?.kind}): that may be the network of this machine`, () => {
      const { title, confidence } = onlyCandidate(gatewayUnreachable, farm(reply, reply));
      assert.match(title, /^This machine reaches neither the gateway nor any member: look at its own network/);
      assert.equal(confidence, 'possible');
    });

  for (const [name, gateway, member] of [
    ['a refusal', wordless[0], refused()],
    ['a refusal of the gateway', refused(), wordless[0]],
    ['a member that answers', wordless[0], 10_000],
    ['an error of a member', wordless[0], fails(2_000, 500)],
  ] as const)
    test(`${name} shows that this machine has a network`, () => {
      const { title, confidence } = onlyCandidate(gatewayUnreachable, farm(gateway, member));
      assert.match(title, /^The gateway cannot be reached/);
      assert.equal(confidence, 'confirmed');
    });

  test('nobody answers: it says so', () => {
    assert.match(
      onlyCandidate(gatewayUnreachable, farm(refused(), refused())).meaning,
      /No member answers directly either/,
    );
  });

  test('no members to ask', () => {
    const recording = makeRecording({ members: [] }).compare({ gateway: refused(), durationUs: SEC }).build();
    assert.match(onlyCandidate(gatewayUnreachable, recording).meaning, /names no members/);
  });

  const silent: readonly { title: string; gateway: Responder }[] = [
    { title: 'healthy', gateway: 12_000 },
    { title: 'an error is an answer', gateway: fails(2_000, 502) },
    { title: 'one connection of five refused', gateway: sometimes(0.2, refused(), 12_000) },
    { title: 'slow answers are no lack of a connection', gateway: timesOut(5 * SEC, 'headers') },
  ];
  for (const { title, gateway } of silent) {
    test(title, () => assert.equal(detect(gatewayUnreachable, farm(gateway)).state, 'clear'));
  }

  for (const noise of NOISES) {
    test(`every connection is closed without a word, noise ${noise}`, () => {
      const candidate = onlyCandidate(gatewayUnreachable, farm(reset(2_000, 'fin'), 10_000, 5 * SEC, noise));
      assert.match(
        candidate.title,
        /closes them without a word of HTTP: 100 of 100 requests, while members answer directly\.$/,
      );
      assert.deepEqual([candidate.severity, candidate.confidence], ['critical', 'likely']);
      assert.equal(candidate.explains.size, 100);
    });
  }
  const closing: readonly { title: string; gateway: Responder; member: Responder }[] = [
    { title: 'half of the connections', gateway: sometimes(0.5, reset(2_000), 12_000), member: 10_000 },
    { title: 'members do the same', gateway: reset(2_000), member: reset(1_000) },
    { title: 'as late as a timer could', gateway: reset(400_000), member: 10_000 },
  ];
  for (const { title, gateway, member } of closing)
    test(`closed without a word, but ${title}`, () =>
      assert.equal(detect(gatewayUnreachable, farm(gateway, member)).state, 'clear'));
  test('closed without a word, and no member to compare with', () => {
    const recording = makeRecording({ members: [] })
      .compare({ gateway: reset(2_000), durationUs: SEC })
      .build();
    const candidate = onlyCandidate(gatewayUnreachable, recording);
    assert.equal(candidate.confidence, 'possible');
    assert.doesNotMatch(candidate.title, /members/);
  });

  test('two requests are too few', () => {
    assert.deepEqual(detect(gatewayUnreachable, farm(refused(), 10_000, 0.1 * SEC)), {
      state: 'insufficient-data',
      need: '3 requests to the gateway',
      have: '2',
    });
  });
});

describe('timeout/probe', () => {
  for (const noise of NOISES) {
    test(`a limit shorter than the answer, noise ${noise}`, () => {
      const slow: Responder = sometimes(0.05, timesOut(2 * SEC), 10_000);
      const recording = farm(slow, slow, 10 * SEC, noise);
      const candidate = onlyCandidate(probeTimeout, recording);
      assert.equal(candidate.severity, 'warning');
      assert.deepEqual(candidate.scope, { route: 'probe' });
      assert.equal(candidate.measured['timeoutUs']?.value, 2 * SEC);
      assert.match(candidate.title, /gave up after 2 s on \d+ of 600 requests .*limits\.requestTimeout is shorter/);
      const ended = recording.exchanges.filter(({ outcome }) => outcome.kind === 'timeout');
      assert.equal(candidate.explains.size, ended.length);
    });

    test(`only the gateway hangs, noise ${noise}`, () => {
      const candidate = onlyCandidate(
        probeTimeout,
        farm(sometimes(0.2, timesOut(5 * SEC), 12_000), 10_000, 10 * SEC, noise),
      );
      assert.equal(candidate.severity, 'error');
      assert.deepEqual(candidate.scope, { route: 'gateway' });
      assert.match(
        candidate.title,
        /through the gateway had no answer after 5 s.*members answer the same requests directly/,
      );
      assert.doesNotMatch(candidate.title, /requestTimeout is shorter/);
    });
  }

  test('members that are nearly as slow do not put it on the gateway', () => {
    const candidate = onlyCandidate(probeTimeout, farm(sometimes(0.2, timesOut(5 * SEC), 12_000), 4 * SEC));
    assert.equal(candidate.severity, 'warning');
  });

  test('one request is enough, in the middle of the body too', () => {
    const recording = farm((ask) => (ask.index === 3 ? timesOut(3 * SEC, 'body') : 12_000));
    assert.deepEqual(onlyCandidate(probeTimeout, recording).affected, { count: 1, of: 600 });
  });

  test('requests that were slow on purpose, and attempts to connect, are not counted', () => {
    const slow = (route: RouteId, dueUs: number) => ({
      route,
      dueUs,
      tag: { kind: 'delay', delayUs: SEC, purpose: 'beyond' } as const,
      outcome: { kind: 'timeout', waitingFor: 'headers', limitUs: SEC, bytesReceived: 0 } as const,
    });
    const recording = makeRecording()
      .compare({ durationUs: 5 * SEC, member: { web1: timesOut(SEC, 'connect') }, gateway: 12_000 })
      .experiment('timeout', [slow(GATEWAY, 0), slow(directTo('web1'), 10)])
      .build();
    assert.equal(detect(probeTimeout, recording).state, 'clear');
  });

  test('nothing was sent', () => {
    assert.equal(detect(probeTimeout, makeRecording().build()).state, 'insufficient-data');
  });
});

test('40 healthy runs', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const recording = makeRecording({ seed, noise: seed % 2 === 0 ? 1 : 10 })
      .compare({ durationUs: 10 * SEC })
      .build();
    for (const detector of [gatewayUnreachable, probeTimeout])
      assert.equal(detect(detector, recording).state, 'clear', `${detector.cause} ${seed}`);
  }
});
