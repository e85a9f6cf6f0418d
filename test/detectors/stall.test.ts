import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stallPause } from '../../src/detectors/stall.ts';
import type { Recording } from '../../src/model/recording.ts';
import {
  type Ask,
  balanced,
  makeRecording,
  plus,
  type Reply,
  type Responder,
  refused,
  replyOf,
  sometimes,
} from '../helpers/make-recording.ts';
import { ALPHA, assertInterval, candidatesOf, detect, NOISES, onlyCandidate } from './candidates.ts';

const MEMBERS = ['web1', 'web2', 'web3'];
type Noise = (typeof NOISES)[number];
type Pauses = { readonly everyUs: number; readonly lengthUs: number };
/** No multiple of the 50 ms between two requests. */
const PAUSES: Pauses = { everyUs: 1_730_000, lengthUs: 320_000 };

/** Nothing ends within a pause, nothing begins: what came before it ends with it, what comes in it is worked on after it. */
function pausing(work: Responder, { everyUs, lengthUs }: Pauses): (ask: Ask) => Reply {
  const outUs = (atUs: number): number => {
    const phase = (atUs + 0.5 * everyUs) % everyUs;
    return phase < lengthUs ? atUs + lengthUs - phase : atUs;
  };
  return (ask) => {
    const reply = replyOf(work, ask);
    return { ...reply, us: Math.round(outUs(outUs(ask.atUs) + reply.us) - ask.atUs), exact: true };
  };
}

/** Work of 20 ms that scatters as `noise` says, and who did it. */
function worker(name: string, noise: Noise, us = 20_000): (ask: Ask) => Reply {
  return ({ random }) => ({
    us: us * Math.exp(noise * 0.03 * (random.next() + random.next() + random.next() - 1.5)),
    exact: true,
    facts: { answeredBy: name },
  });
}

/** Forty runs of it are still quick. */
const HALF_US = 6_000_000;

type FarmOptions = {
  readonly noise?: Noise;
  readonly seed?: number;
  readonly durationUs?: number;
  readonly members?: readonly string[];
};

/** All members work alike, but for those given. */
function farm(
  odd: Readonly<Record<string, Responder>>,
  options: FarmOptions = {},
  gateway?: (through: Responder) => Responder,
): Recording {
  const { noise = 1, seed = 5, durationUs = 12_000_000, members = MEMBERS } = options;
  const member = Object.fromEntries(members.map((name) => [name, odd[name] ?? worker(name, noise)]));
  const through = plus(1_500, balanced(...Object.values(member)));
  return makeRecording({ seed, noise: 0, members })
    .compare({ member, durationUs, gateway: gateway?.(through) ?? through })
    .build();
}

describe('stall/pause', () => {
  for (const noise of NOISES) {
    test(`one member pauses, noise ${noise}`, () => {
      const candidate = onlyCandidate(stallPause, farm({ web2: pausing(worker('web2', noise), PAUSES) }, { noise }));
      assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
      assert.equal(candidate.severity, 'warning');
      assert.equal(candidate.confidence, 'confirmed');
      assert.ok(candidate.p < ALPHA, `${candidate.p}`);
      assertInterval(candidate, 'pauseUs', 320_000);
      const period = candidate.measured['periodUs']?.value ?? 0;
      assert.ok(Math.abs(period - 1_730_000) < 60_000, `${period}`);
      assert.match(
        candidate.title,
        /^web2 stands still for about 3\d\d ms, at least [5-7] times in 12 s, every 1\.7\d s: [\d.]+ % of its requests waited for it to go on\.$/,
      );
    });

    test(`the gateway pauses, noise ${noise}`, () => {
      const candidate = onlyCandidate(
        stallPause,
        farm({}, { noise }, (through) => pausing(through, PAUSES)),
      );
      assert.deepEqual(candidate.scope, { route: 'gateway' });
      assert.equal(candidate.confidence, 'likely');
      assert.ok(candidate.p < ALPHA);
      assertInterval(candidate, 'pauseUs', 320_000);
      assert.match(
        candidate.title,
        /^The gateway stands still for about 3\d\d ms, .* of requests through it waited for it to go on\.$/,
      );
    });

    test(`everything pauses at once: the probe may be the one, noise ${noise}`, () => {
      const web = (name: string): Responder => pausing(worker(name, noise), PAUSES);
      const all = farm({ web1: web('web1'), web2: web('web2'), web3: web('web3') }, { noise });
      const detection = detect(stallPause, all);
      assert.equal(detection.state, 'insufficient-data', JSON.stringify(detection));
      assert.match(detection.state === 'insufficient-data' ? detection.need : '', /a probe on another machine/);
    });
  }

  test('two members that pause at different times are both named', () => {
    const other = { everyUs: 2_110_000, lengthUs: 260_000 };
    const recording = farm(
      { web1: pausing(worker('web1', 1), PAUSES), web3: pausing(worker('web3', 1), other) },
      { durationUs: 20_000_000 },
    );
    assert.deepEqual(
      candidatesOf(detect(stallPause, recording)).map(({ scope }) => scope.member),
      ['web1', 'web3'],
    );
  });

  test('who answers is not known: found from direct requests, not confirmed', () => {
    const nameless: Responder = (ask) => ({ ...replyOf(pausing(worker('web2', 1), PAUSES), ask), facts: {} });
    const recording = farm({ web1: 20_000, web2: nameless, web3: 20_000 }, { durationUs: 20_000_000 });
    const candidate = onlyCandidate(stallPause, recording);
    assert.equal(candidate.scope.member, 'web2');
    assert.equal(candidate.confidence, 'likely');
  });

  test('one pause is an incident: told, not warned of', () => {
    const once = pausing(worker('web2', 1), { everyUs: 16_000_000, lengthUs: 700_000 });
    for (const candidate of candidatesOf(detect(stallPause, farm({ web2: once }))))
      assert.equal(candidate.severity, 'info');
  });

  const silent: readonly { readonly title: string; readonly recording: (seed: number) => Recording }[] = [
    { title: 'healthy, noise 0', recording: (seed) => farm({}, { seed, noise: 0, durationUs: HALF_US }) },
    { title: 'healthy, noise 1', recording: (seed) => farm({}, { seed, noise: 1, durationUs: HALF_US }) },
    { title: 'healthy, noise 10', recording: (seed) => farm({}, { seed, noise: 10, durationUs: HALF_US }) },
    {
      title: 'healthy, with drift',
      recording: (seed) =>
        makeRecording({ seed, noise: 10, members: MEMBERS }).compare({ durationUs: 12_000_000 }).build(),
    },
    {
      title: 'slow answers',
      recording: (seed) =>
        farm(
          { web2: sometimes(0.2, (ask) => 50_000 + 500_000 * ask.random.next(), 20_000) },
          { seed, durationUs: HALF_US },
        ),
    },
    { title: 'one slow member', recording: (seed) => farm({ web2: 220_000 }, { seed, durationUs: HALF_US }) },
    { title: 'a member that is down', recording: (seed) => farm({ web2: refused() }, { seed, durationUs: HALF_US }) },
    {
      title: 'pauses too short to hold three requests',
      recording: (seed) =>
        farm(
          { web2: pausing(worker('web2', 1), { everyUs: 1_730_000, lengthUs: 60_000 }) },
          { seed, durationUs: HALF_US },
        ),
    },
    {
      title: 'batches: it always works so',
      recording: (seed) =>
        farm(
          { web2: pausing(worker('web2', 1), { everyUs: 410_000, lengthUs: 400_000 }) },
          { seed, durationUs: HALF_US },
        ),
    },
  ];
  for (const { title, recording } of silent) {
    test(`nothing in 40 runs: ${title}`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const detection = detect(stallPause, recording(seed));
        assert.ok(
          ['clear', 'insufficient-data'].includes(detection.state),
          `seed ${seed}: ${JSON.stringify(detection)}`,
        );
      }
    });
  }

  test('a queue in a burst is no pause: only steady, low rates are looked at', () => {
    const recording = makeRecording({ members: MEMBERS }).burst().build();
    assert.deepEqual(detect(stallPause, recording), {
      state: 'insufficient-data',
      need: '30 requests of a compare on one route',
      have: '0',
    });
  });

  test('too few requests; what would be seen is said', () => {
    assert.equal(detect(stallPause, farm({}, { durationUs: 1_000_000 })).state, 'insufficient-data');
    const detection = detect(stallPause, farm({}));
    assert.match(detection.state === 'clear' ? detection.checked : '', /pauses from about 250 ms on would be seen/);
  });

  test('one member: told, but nothing bears witness that it is not the network', () => {
    const recording = farm({ web1: pausing(worker('web1', 1), PAUSES) }, { members: ['web1'] });
    const candidate = onlyCandidate(stallPause, recording);
    assert.deepEqual([candidate.scope.member, candidate.severity, candidate.confidence], ['web1', 'info', 'possible']);
    assert.match(candidate.meaning, /no other member/);
  });
});
