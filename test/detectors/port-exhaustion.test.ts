import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { DETECTORS, GATEWAYS } from '../../src/catalog.ts';
import { judge } from '../../src/detectors/judge.ts';
import { portExhaustion } from '../../src/detectors/port-exhaustion.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import { haproxy } from '../../src/gateways/haproxy.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import type { Recording } from '../../src/model/recording.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { fails, makeRecording, OK, queueOf, type Reply, type Responder, sometimes } from '../helpers/make-recording.ts';
import { assertNear, assertPresentable, detect, NOISES, SEC } from './expectation.ts';

const WELL: Reply = { us: 12_000, outcome: OK };
const REFUSED = fails(2_000, 502);

/** A gateway with so many ports, each of which is free again `keptUs` after its request. */
function ports(count: number, keptUs: number, refused: Reply = REFUSED): Responder {
  let taken: number[] = [];
  return ({ dueUs }) => {
    taken = taken.filter((atUs) => atUs + keptUs > dueUs);
    if (taken.length >= count) return refused;
    taken.push(dueUs);
    return WELL;
  };
}

/** Fails from the first failure of a load on for `holdUs`, as one that takes its members out. */
function ejecting(afterCount: number, holdUs: number): Responder {
  let asked = 0;
  let untilUs = 0;
  return ({ dueUs, tag }) => {
    if (tag?.kind === 'load' && ++asked === afterCount) untilUs = dueUs + holdUs;
    return dueUs < untilUs ? REFUSED : WELL;
  };
}

type RunOptions = {
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly loadSec?: number;
  readonly afterSec?: number;
  readonly member?: Responder;
};

function run(gateway: Responder, options: RunOptions = {}): Recording {
  const { seed = 7, noise = 1, loadSec = 6, afterSec = 90, member = 10_000 } = options;
  const recording = makeRecording({ seed, noise }).burst({
    ratePerSec: 50,
    durationUs: loadSec * SEC,
    gateway,
    member,
  });
  return afterSec === 0
    ? recording.build()
    : recording.compare({ ratePerSec: 1, durationUs: afterSec * SEC, gateway, member }).build();
}

function only(recording: Recording, gateway: Gateway = haproxy) {
  const detection = detect(portExhaustion, recording, gateway);
  if (detection.state !== 'candidates') assert.fail(JSON.stringify(detection));
  const [candidate, ...more] = detection.candidates;
  assert.ok(candidate !== undefined && more.length === 0);
  return candidate;
}

function stateOf(recording: Recording, gateway: Gateway = haproxy): string {
  return detect(portExhaustion, recording, gateway).state;
}

describe('ports that are used up', () => {
  for (const noise of NOISES)
    test(`are told by how long the refusals outlast the load (noise ${noise})`, () => {
      const candidate = only(run(ports(250, 60 * SEC), { noise }));
      assertPresentable(candidate);
      assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
      assertNear(candidate.measured['recoveryUs'], 60 * SEC, 0.05);
      assertNear(candidate.measured['ratePerSec'], 50, 0.05);
      assert.ok(candidate.p < 1e-9);
    });

  test('also where they are kept for two or four minutes', () => {
    for (const sec of [120, 240]) {
      const candidate = only(run(ports(250, sec * SEC), { afterSec: sec + 30 }));
      assertNear(candidate.measured['recoveryUs'], sec * SEC, 0.03);
    }
  });

  test('stand before the members that seem to be gone meanwhile', () => {
    const recording = run(ports(250, 60 * SEC));
    const { findings } = judge(DETECTORS, GATEWAYS, { measures: createMeasures(recording), gateway: haproxy });
    assert.deepEqual(
      findings.filter(({ severity }) => isAtLeast(severity, 'warning')).map(({ cause }) => cause),
      ['connection/port-exhaustion'],
    );
  });
});

test('ports that this machine ran out of are the fault of the probe, and nothing else is said', () => {
  const gateway = ports(250, 60 * SEC);
  const recording = makeRecording({ seed: 7, quality: { portShortages: 3 } })
    .burst({ ratePerSec: 50, durationUs: 6 * SEC, gateway })
    .compare({ ratePerSec: 1, durationUs: 90 * SEC, gateway })
    .build();
  const { findings } = judge(DETECTORS, GATEWAYS, { measures: createMeasures(recording), gateway: haproxy });
  assert.deepEqual(
    findings.map(({ cause }) => cause),
    ['probe/saturated'],
  );
});

describe('what looks alike', () => {
  test('a gateway that is not known may take members out for as long: information only', () => {
    const candidate = only(run(ports(250, 60 * SEC)), generic);
    assert.deepEqual([candidate.severity, candidate.confidence], ['info', 'possible']);
    assert.match(candidate.meaning, /10048/);
  });

  test('members taken out for 60 s, after a second of load, are not told apart', () => {
    const candidate = only(run(ejecting(60, 60 * SEC)), haproxy);
    assert.deepEqual([candidate.severity, candidate.confidence], ['info', 'possible']);
  });

  const TABLE: readonly (readonly [name: string, recording: () => Recording, state: string])[] = [
    ['members taken out for 10 s', () => run(ejecting(250, 10 * SEC)), 'clear'],
    ['members taken out for 60 s, after five seconds of load', () => run(ejecting(250, 60 * SEC)), 'clear'],
    ['members taken out for 30 s', () => run(ejecting(250, 30 * SEC)), 'clear'],
    [
      'a full queue, which takes requests again when the load is gone',
      () => run(queueOf({ servers: 2, serviceUs: 50_000, maxWaiting: 100 })),
      'clear',
    ],
    ['a gateway that fails from the start', () => run(REFUSED), 'clear'],
    [
      'members that fail as well',
      () => run(ports(250, 60 * SEC), { member: sometimes(0.3, REFUSED, 10_000) }),
      'clear',
    ],
    ['nobody asks after the load', () => run(ports(250, 60 * SEC), { afterSec: 0 }), 'insufficient-data'],
    ['nobody asks for long enough', () => run(ports(250, 60 * SEC), { afterSec: 30 }), 'insufficient-data'],
    ['a load that does not use them up', () => run(ports(400, 60 * SEC)), 'clear'],
    ['a few errors at any time', () => run(sometimes(0.05, REFUSED, WELL)), 'clear'],
    ['no load', () => makeRecording().compare().build(), 'not-applicable'],
    ['no members to ask', () => makeRecording({ members: [] }).burst({ gateway: WELL }).build(), 'not-applicable'],
  ];
  for (const [name, recording, state] of TABLE) test(name, () => assert.equal(stateOf(recording(), nginx), state));
});

test('40 healthy runs', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const noise = seed % 2 === 0 ? 10 : 1;
    const healthy = run(sometimes(0.001, REFUSED, WELL), { seed, noise, afterSec: 20 });
    assert.equal(stateOf(healthy), 'clear', `seed ${seed}`);
  }
});
