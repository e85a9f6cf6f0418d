import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memberErrors, memberSlow } from '../../src/detectors/member.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { balanced, fails, makeRecording, plus, type Responder, refused, sometimes } from '../helpers/make-recording.ts';
import { ALPHA, assertInterval, candidatesOf, detect, NOISES, onlyCandidate } from './candidates.ts';

const MEMBERS = ['web1', 'web2', 'web3'];

function farm(
  member: Readonly<Record<string, Responder>>,
  { seed = 7, noise = 1, durationUs = 60_000_000, members = MEMBERS }: FarmOptions = {},
): Recording {
  return makeRecording({ seed, noise, members }).compare({ member, durationUs }).build();
}

type FarmOptions = {
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly durationUs?: number;
  readonly members?: readonly string[];
};

describe('member/slow', () => {
  for (const noise of NOISES) {
    test(`one of three takes four times as long, noise ${noise}`, () => {
      const candidate = onlyCandidate(memberSlow, farm({ web2: 40_000 }, { noise }));
      assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2', requestName: 'home' });
      assert.equal(candidate.severity, 'warning');
      assert.ok(candidate.p < ALPHA);
      assertInterval(candidate, 'ratio', 4);
      assert.match(candidate.title, /^web2 takes [\d.]+ times as long as the other members: .* for home\.$/);
    });
  }

  test('with two members it says which one is slower, and than which', () => {
    const candidate = onlyCandidate(memberSlow, farm({ web1: 50_000 }, { members: ['web1', 'web2'], noise: 0 }));
    assert.equal(candidate.title, 'web1 takes 5 times as long as web2: 50 ms instead of 10 ms for home.');
  });

  const borders = [
    { title: 'a little less than twice', web2: 18_500, base: 10_000, found: false },
    { title: 'more than twice, but by less than anybody feels', web2: 6_000, base: 2_000, found: false },
    { title: 'a little more than twice', web2: 23_000, base: 10_000, found: true },
    {
      title: 'slow for a third of its answers only',
      web2: sometimes(0.33, 90_000, 10_000),
      base: 10_000,
      found: false,
    },
  ];
  for (const { title, web2, base, found } of borders) {
    test(title, () => {
      const recording = farm({ web1: base, web2, web3: base });
      assert.equal(detect(memberSlow, recording).state, found ? 'candidates' : 'clear');
    });
  }

  test('a slow request is compared with the same request on the others', () => {
    const byName: Responder = (ask) => (ask.requestName === 'report' ? 80_000 : 10_000);
    const recording = makeRecording({ noise: 1, members: MEMBERS })
      .compare({ requests: ['home', 'report'], member: byName })
      .build();
    assert.equal(detect(memberSlow, recording).state, 'clear');
  });

  test('too few answers', () => {
    assert.deepEqual(detect(memberSlow, farm({ web2: 40_000 }, { durationUs: 1_000_000 })), {
      state: 'insufficient-data',
      need: '20 warm answers of two members',
      have: '18, 18, 18 of web1, web2, web3',
    });
    const oneDown = farm({ web1: refused(), web3: 40_000 });
    assert.match(onlyCandidate(memberSlow, oneDown).title, /^web3 takes [\d.]+ times as long as web2: /);
  });

  test('no compare, one member', () => {
    const burst = makeRecording({ members: MEMBERS }).burst().build();
    assert.equal(detect(memberSlow, burst).state, 'insufficient-data');
    assert.equal(detect(memberSlow, farm({}, { members: ['web1'] })).state, 'not-applicable');
  });
});

describe('member/errors', () => {
  for (const noise of NOISES) {
    test(`one of three answers 500 for a tenth of requests, noise ${noise}`, () => {
      const recording = farm({ web3: sometimes(0.1, fails(5_000, 500), 10_000) }, { noise });
      const candidate = onlyCandidate(memberErrors, recording);
      assert.deepEqual(candidate.scope, { route: 'direct', member: 'web3' });
      assert.equal(candidate.severity, 'error');
      assert.equal(candidate.confidence, 'confirmed');
      assert.ok(candidate.p < ALPHA);
      assertInterval(candidate, 'errorRatio', 0.1);
      assert.match(candidate.title, /^web3 answers .* web1, web2 do not\.$/);
      const failed = recording.exchanges.filter(({ outcome }) => outcome.kind === 'response' && outcome.status === 500);
      assert.equal(candidate.explains.size, failed.length);
    });
  }

  test('two bad ones of three are both named', () => {
    const bad = sometimes(0.2, fails(5_000, 503), 10_000);
    const candidates = candidatesOf(detect(memberErrors, farm({ web1: bad, web2: bad })));
    assert.deepEqual(
      candidates.map(({ scope }) => scope.member),
      ['web1', 'web2'],
    );
  });

  test('what the gateway wrote itself is not passed on by it', () => {
    const gateway = balanced(12_000, sometimes(0.1, { ...fails(2_000, 502), facts: { answeredBy: 'web1' } }, 12_000));
    const member = { web2: sometimes(0.1, fails(5_000, 502), 10_000) };
    const recording = makeRecording({ seed: 5, members: MEMBERS, noise: 1 }).compare({ member, gateway }).build();
    const candidate = onlyCandidate(memberErrors, recording);
    assert.equal(candidate.confidence, 'likely');
    const proxied = recording.exchanges.filter(({ route, seq }) => route === GATEWAY && candidate.explains.has(seq));
    assert.equal(proxied.length, 0);
    const through = farm({ web2: sometimes(0.1, fails(5_000, 502), 10_000) });
    assert.equal(onlyCandidate(memberErrors, through).confidence, 'confirmed');
    assert.equal(onlyCandidate(memberErrors, through, { ...generic, wroteIt: () => true }).confidence, 'likely');
  });

  const silent: readonly { title: string; member: Readonly<Record<string, Responder>> }[] = [
    { title: '4xx are no errors of the farm', member: { web2: sometimes(0.3, fails(5_000, 404), 10_000) } },
    {
      title: 'errors on every member are another cause',
      member: Object.fromEntries(MEMBERS.map((name) => [name, sometimes(0.1, fails(5_000, 500), 10_000)])),
    },
    {
      title: 'three times the errors of the others is no fault of its own',
      member: {
        web1: sometimes(0.3, fails(5_000, 500), 10_000),
        web2: sometimes(0.1, fails(5_000, 500), 10_000),
        web3: sometimes(0.1, fails(5_000, 500), 10_000),
      },
    },
    {
      title: 'two errors are one incident',
      member: { web2: (ask) => (ask.index % 700 === 9 ? fails(1, 500) : 9_000) },
    },
    {
      title: 'below the floor of 1 %',
      member: { web2: (ask) => (ask.index % 200 === 9 ? fails(5_000, 500) : 10_000) },
    },
  ];
  for (const { title, member } of silent) {
    test(title, () => assert.equal(detect(memberErrors, farm(member)).state, 'clear'));
  }

  test('a few errors on a few requests are weak evidence, and say so in p', () => {
    const member = { web2: plus(0, (ask) => (ask.index < 3 ? fails(5_000, 500) : 10_000)) };
    for (const { p } of candidatesOf(detect(memberErrors, farm(member, { durationUs: 2_000_000 }))))
      assert.ok(p > ALPHA);
  });

  test('too few requests, one member', () => {
    assert.equal(detect(memberErrors, farm({}, { durationUs: 500_000 })).state, 'insufficient-data');
    assert.equal(detect(memberErrors, farm({}, { members: ['web1'] })).state, 'not-applicable');
  });
});

test('40 healthy runs', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const recording = farm({}, { seed, noise: seed % 2 === 0 ? 1 : 10, durationUs: 20_000_000 });
    for (const detector of [memberSlow, memberErrors])
      assert.equal(detect(detector, recording).state, 'clear', `${detector.cause} ${seed}`);
  }
});
