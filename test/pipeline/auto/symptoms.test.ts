import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../../src/analysis/create-measures.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { memberOf } from '../../../src/model/route.ts';
import { looksWrong, type Symptoms, symptomsOf } from '../../../src/pipeline/auto/symptoms.ts';
import { fails, makeRecording, plus, queueOf, refused, sometimes } from '../../helpers/make-recording.ts';
import { SEC } from './states.ts';

const SHORT = { ratePerSec: 5, durationUs: 8 * SEC, newConnectionRatio: 0.25 } as const;

function of(recording: Recording): Symptoms {
  return symptomsOf(createMeasures(recording));
}

describe('a healthy farm', () => {
  for (const noise of [0, 1, 10] as const) {
    test(`shows no symptom in 40 seeds (noise ${noise})`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const symptoms = of(makeRecording({ seed, noise }).compare(SHORT).build());
        assert.equal(looksWrong(symptoms), false, `seed ${seed}: ${JSON.stringify(symptoms)}`);
      }
    });
  }

  test('counts what it asked', () => {
    const symptoms = of(
      makeRecording({ members: ['web1', 'web2'] })
        .compare(SHORT)
        .build(),
    );
    assert.equal(symptoms.gatewaySent, 40);
    assert.deepEqual(symptoms.members[1], { member: 'web2', sent: 40, failed: 0 });
  });
});

describe('failures', () => {
  for (const noise of [0, 1, 10] as const) {
    test(`slow ones of the gateway have their elapsed time (noise ${noise})`, () => {
      const gateway = sometimes(0.3, { ...fails(1_500_000, 502, 3), exact: true }, 12_000);
      const symptoms = of(
        makeRecording({ seed: 2, noise })
          .compare({ ...SHORT, gateway })
          .build(),
      );
      assert.ok(symptoms.gatewaySlow !== undefined && symptoms.gatewayFast === 0);
      assert.ok(Math.abs(symptoms.gatewaySlow.elapsedUs - 1_500_000) < 5_000, `${symptoms.gatewaySlow.elapsedUs}`);
      assert.deepEqual(symptoms.gatewaySlow.requests, ['home']);
    });
  }

  test('quick ones are no timer', () => {
    const gateway = sometimes(0.3, fails(4_000, 502, 3), 12_000);
    const symptoms = of(
      makeRecording({ seed: 2 })
        .compare({ ...SHORT, gateway })
        .build(),
    );
    assert.ok(symptoms.gatewayFast > 3 && symptoms.gatewaySlow === undefined);
  });

  test('a member that refuses is named', () => {
    const farm = makeRecording({ seed: 2, members: ['web1', 'web2'] });
    const { members } = of(farm.compare({ ...SHORT, member: { web1: 10_000, web2: refused() } }).build());
    assert.deepEqual(
      members.map(({ failed, sent }) => failed === sent),
      [false, true],
    );
  });
});

describe('sleep', () => {
  test('a first request that is far slower than the next ones is a hint', () => {
    const member = ({ index }: { readonly index: number }): number => (index === 0 ? 1_200_000 : 45_000);
    const symptoms = of(
      makeRecording({ seed: 1, members: ['web1'] })
        .compare({ ...SHORT, member: { web1: member } })
        .build(),
    );
    assert.equal(symptoms.coldFirst?.route, 'direct:web1');
    assert.ok((symptoms.coldFirst?.firstUs ?? 0) > 1_000_000);
  });

  test('the first request of a young process, or a slow one in the middle, is none', () => {
    for (const [at, us] of [
      [0, 290_000],
      [5, 1_200_000],
    ] as const) {
      const member = ({ index }: { readonly index: number }): number => (index === at ? us : 45_000);
      const farm = makeRecording({ seed: 1, members: ['web1'] });
      const symptoms = of(farm.compare({ ...SHORT, gateway: 47_000, member: { web1: member } }).build());
      assert.equal(symptoms.coldFirst, undefined, `${at}`);
    }
  });

  test('a slow first request is none where others later take as long: they end at a timer', () => {
    const member = ({ index }: { readonly index: number }): number =>
      index % 4 === 0 ? 1_500_000 - 100 * index : 45_000;
    const farm = makeRecording({ seed: 1, members: ['web1'] });
    const symptoms = of(farm.compare({ ...SHORT, gateway: 47_000, member: { web1: member } }).build());
    assert.equal(symptoms.coldFirst, undefined);
  });

  test('pauses are cold where a first request was, in order of time', () => {
    const recording = makeRecording({ seed: 1, noise: 1, members: ['web1', 'web2'] })
      .compare(SHORT)
      .idle({ gapsUs: [SEC], isCold: () => false, repeats: 1 })
      .idle({ gapsUs: [2 * SEC], isCold: ({ route }) => memberOf(route) === 'web2', repeats: 1 })
      .build();
    assert.deepEqual(of(recording).pauses, [
      { gapUs: SEC, isCold: false },
      { gapUs: 2 * SEC, isCold: true },
    ]);
  });

  test('a slow first request that no pause repeats does not look wrong', () => {
    const symptoms: Symptoms = {
      ...of(makeRecording().compare(SHORT).build()),
      coldFirst: { route: 'direct:web1', firstUs: 1_000_000, usualUs: 10_000 },
    };
    assert.equal(looksWrong(symptoms), true);
    assert.equal(looksWrong({ ...symptoms, pauses: [{ gapUs: SEC, isCold: false }] }), false);
  });
});

test('a member that takes twice as long is named, with the request', () => {
  const farm = makeRecording({ seed: 1, noise: 1, members: ['web1', 'web2', 'web3'] });
  const member = { web1: 40_000, web2: 40_000, web3: 90_000 };
  const { slowMember } = of(farm.compare({ ...SHORT, member }).build());
  assert.deepEqual([slowMember?.member, slowMember?.requestName], ['web3', 'home']);
});

test('volleys in waves give a limit and a capacity, for the route where they are', () => {
  const gateway = plus(2_000, queueOf({ servers: 4, serviceUs: 50_000 }));
  const recording = makeRecording({ seed: 1, members: ['web1', 'web2'] })
    .compare({ ...SHORT, gateway: 52_000, member: 50_000 })
    .volley({ sizes: [2, 4, 8], rounds: 2, gateway, member: 50_000 })
    .build();
  const { waves } = of(recording);
  assert.equal(waves.length, 1);
  assert.equal(waves[0]?.route, 'gateway');
  assert.match(waves[0]?.words ?? '', /^4 at a time, each for about (49|5\d)(\.\d)? ms$/);
  assert.ok(Math.abs((waves[0]?.ratePerSec ?? 0) - 80) < 8);
});

test('requests lost on reused connections only are counted; one on a new connection makes them another matter', () => {
  const lost = (isNew: boolean) => ({
    us: 1_000,
    outcome: { kind: 'connection-error', phase: 'wait', code: 'closed', detail: 'closed', bytesReceived: 0 } as const,
    facts: { connection: { id: 1, isNew, ageUs: 0, idleUs: 0 } },
  });
  const farm = (isNewLost: boolean) =>
    makeRecording({ seed: 3, members: ['web1'] })
      .compare({
        ...SHORT,
        gateway: 12_000,
        member: ({ index, connection }) => {
          if (connection === 'new') return isNewLost && index === 0 ? lost(true) : 10_000;
          return index % 7 === 3 ? lost(false) : 10_000;
        },
      })
      .build();
  assert.ok(of(farm(false)).staleLosses > 0);
  const first = makeRecording({ seed: 3, members: ['web1'] }).compare({
    ...SHORT,
    gateway: 12_000,
    member: () => lost(true),
  });
  assert.equal(of(first.build()).staleLosses, 0);
});

for (const noise of [1, 10] as const) {
  test(`volleys that wait are seen also where their waves are ragged, and others are not (noise ${noise})`, () => {
    let seen = 0;
    let wrong = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const uneven = ({ index }: { readonly index: number }): number => 40_000 + ((index * 7_919 * seed) % 25_000);
      const farm = (isLimited: boolean) =>
        of(
          makeRecording({ seed, noise, members: ['web1', 'web2'] })
            .compare(SHORT)
            .volley({
              sizes: [2, 4, 8],
              rounds: 2,
              gateway: isLimited ? queueOf({ servers: 3, serviceUs: 50_000 }) : uneven,
              member: uneven,
            })
            .build(),
        );
      if (farm(true).waves.some(({ route }) => route === 'gateway')) seen++;
      if (farm(false).waves.length > 0) wrong++;
    }
    assert.ok(seen >= 19, `${seen} of 20 seen`);
    // A wrong hint costs a burst within the limits, and no wrong verdict.
    assert.ok(wrong <= (noise === 1 ? 0 : 6), `${wrong} of 20 wrong`);
  });
}
