import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keepAlive } from '../../src/experiments/keep-alive.ts';
import { fillsFor, roundChain } from '../../src/experiments/keep-alive-round.ts';
import { CONTROLS, distancesUs, SWEEP_ROUNDS } from '../../src/experiments/keep-alive-sweep.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { KeepAliveSpec } from '../../src/model/profile.ts';
import { memberOf } from '../../src/model/route.ts';
import type { Chain } from '../../src/traffic/protocol.ts';
import type { Shot } from '../../src/traffic/schedule.ts';
import { answered, type Fake, fakeContext, profileOf, type Reply, requestOf } from './fake-context.ts';

const SPEC: KeepAliveSpec = { kind: 'keep-alive', upToUs: 20_000_000 };
const TOLD: KeepAliveSpec = { ...SPEC, connectionHeader: 'X-Connection' };
const POST = requestOf({ name: 'order', method: 'POST', safe: true });
const T = 5_000_000;

/** A farm whose members close after T and whose gateway reuses connections for `poolUs`; what comes within 20 ms before the close is lost. */
function farm(poolUs: number, memberUs: number | null = T): (shot: Shot) => Reply {
  let connection = 0;
  return ({ route, tag }) => {
    if (tag?.kind !== 'keep-alive') return answered();
    if (tag.part === 'hold') {
      const closed = memberOf(route) !== undefined && memberUs !== null;
      const held = closed ? { idleUs: memberUs, closedBy: 'fin' as const } : { idleUs: SPEC.upToUs };
      return { ...answered(), facts: { held } };
    }
    const { gapUs } = tag;
    const isReused = gapUs < Math.min(poolUs, memberUs ?? Number.POSITIVE_INFINITY);
    if (!isReused) connection++;
    if (isReused && memberUs !== null && gapUs > memberUs - 20_000) return answered(502, memberUs - gapUs);
    return { ...answered(200, 30_000), facts: { memberConnection: `c${connection}` } };
  };
}

function partOf({ steps }: Chain): string | undefined {
  const tag = steps[0]?.shape.tag;
  return tag?.kind === 'keep-alive' ? tag.part : undefined;
}

function chainsOf(fake: Fake, part: 'pool' | 'sweep' | 'control'): readonly Chain[] {
  return fake.events.flatMap((event) => (event.type === 'chain' && partOf(event.chain) === part ? [event.chain] : []));
}

function gapsOf(chains: readonly Chain[]): readonly number[] {
  return chains.map(({ steps }) => steps.at(-1)?.after?.gapUs ?? 0);
}

async function run(
  spec: KeepAliveSpec,
  options: Parameters<typeof fakeContext>[0],
): Promise<{ fake: Fake; notes: string }> {
  const fake = fakeContext(options);
  const running = keepAlive.run(keepAlive.plan(spec, fake.context.profile, 'keep-alive-1'), spec, fake.context);
  let done = false;
  running.finally(() => {
    done = true;
  });
  while (!done) await fake.clock.advance(1_000_000);
  const end = await running;
  assert.equal(end.stop, 'completed');
  return { fake, notes: (end.notes ?? []).join('\n') };
}

describe('keep-alive', () => {
  test('the plan holds five connections per route, and counts no more than is sent', async () => {
    const { fake } = await run(TOLD, { reply: farm(60_000_000) });
    const planned = keepAlive.plan(TOLD, fake.context.profile, 'keep-alive-1');
    assert.equal(planned.requestsPerRoute['direct:web1'], 5);
    const viaGateway = fake.context.live.ofExperiment('keep-alive-1').filter(({ route }) => route === 'gateway').length;
    assert.ok(viaGateway <= (planned.requestsPerRoute.gateway ?? 0));
    assert.ok(fake.clock.nowUs() <= planned.durationUs, `${fake.clock.nowUs()} of ${planned.durationUs}`);
    assert.match(planned.describe.join(' '), /X-Connection/);
    const held = fake.shots();
    assert.equal(held.length, 15);
    assert.ok(held.every(({ connection, holdUs }) => connection === 'new' && holdUs === SPEC.upToUs));
  });

  test('three losses end the sweep, with controls before and after it', async () => {
    const { fake, notes } = await run(SPEC, { reply: farm(60_000_000) });
    assert.match(notes, /3 met the close/);
    const lost = fake.context.live
      .ofExperiment('keep-alive-1')
      .filter(({ outcome }) => 'status' in outcome && outcome.status === 502);
    assert.equal(lost.length, 3);
    assert.deepEqual(chainsOf(fake, 'pool'), []);
    const controls = chainsOf(fake, 'control');
    assert.equal(controls.length, 2);
    for (const { steps: all, endsAtFailure } of controls) {
      const steps = all.filter(({ shape }) => shape.tag?.kind === 'keep-alive' && shape.tag.step === 'probe');
      assert.equal(steps.length, CONTROLS / 2);
      assert.deepEqual(all.slice(2), steps, 'one for each member goes before them');
      assert.equal(endsAtFailure, false);
      assert.equal(steps.filter(({ shape }) => shape.connection === 'new').length, CONTROLS / 4);
    }
    const parts = fake.events.flatMap((event) => (event.type === 'chain' ? (partOf(event.chain) ?? []) : []));
    assert.deepEqual([parts[0], parts[1], parts.at(-1)], ['control', 'sweep', 'control']);
    for (const gapUs of gapsOf(chainsOf(fake, 'sweep'))) assert.ok(gapUs < T && gapUs > T / 2, `${gapUs}`);
  });

  test('a gateway that gives connections up first is bracketed, and nothing is sent around the close', async () => {
    const { fake, notes } = await run(TOLD, { reply: farm(2_000_000) });
    assert.deepEqual(chainsOf(fake, 'sweep'), []);
    assert.match(notes, /reused connections after 1\.9\d s, and no longer after 2(\.0\d)? s/);
    assert.match(notes, /no request was sent at that moment/);
  });

  test('members that keep connections longer than is waited leave nothing to sweep', async () => {
    const { fake, notes } = await run(SPEC, { reply: farm(2_000_000, null) });
    assert.deepEqual(chainsOf(fake, 'sweep'), []);
    assert.match(notes, /no member closed two idle connections within 20 s/);
  });

  test('what gateways repeat by themselves is sent only where nothing else is marked safe', async () => {
    const swept = async (requests: readonly (typeof POST)[], spec = SPEC): Promise<readonly string[]> => {
      const { fake } = await run(spec, { profile: profileOf({ requests }), reply: farm(60_000_000) });
      return [...new Set(chainsOf(fake, 'sweep').flatMap(({ steps }) => steps.map(({ shape }) => shape.request)))];
    };
    assert.deepEqual(await swept([requestOf()]), ['home']);
    assert.deepEqual(await swept([requestOf(), POST]), ['order']);
    assert.deepEqual(await swept([requestOf(), { ...POST, safe: false }]), ['home']);
    assert.deepEqual(await swept([requestOf(), POST], { ...SPEC, request: 'home' }), ['home']);
  });

  test('after a loss it waits for members that the gateway takes out', async () => {
    const timeOf = async (slowRequest: 'never' | 'all-members', members: number): Promise<number> => {
      const guard = { slowRequest, holdUs: 10_000_000 };
      const profile = profileOf({ members, requests: [POST] });
      const { fake } = await run(SPEC, { profile, reply: farm(60_000_000), guard });
      return fake.clock.nowUs();
    };
    const quickUs = await timeOf('never', 2);
    assert.ok((await timeOf('all-members', 2)) >= quickUs + 20_000_000);
    assert.ok((await timeOf('all-members', 1)) < quickUs + 10_000_000);
  });

  test('where a failure takes a member out for all, only a request that is marked safe is sent then', async () => {
    for (const slowRequest of ['all-members', 'one-member', 'unknown'] as const) {
      const guarded = { reply: farm(60_000_000), guard: { slowRequest, because: 'It ejects.', holdUs: 0 } };
      const { fake, notes } = await run(SPEC, { profile: profileOf({ requests: [requestOf()] }), ...guarded });
      assert.deepEqual([...chainsOf(fake, 'sweep'), ...chainsOf(fake, 'control')], []);
      assert.match(notes, /no request was sent at the moment .* It ejects\. Mark request home with safe: true/);
      const allowed = await run(SPEC, { profile: profileOf({ requests: [requestOf({ safe: true })] }), ...guarded });
      assert.notEqual(chainsOf(allowed.fake, 'sweep').length, 0);
      const alone = await run(SPEC, { profile: profileOf({ members: 1, requests: [requestOf()] }), ...guarded });
      assert.notEqual(chainsOf(alone.fake, 'sweep').length, 0);
    }
  });

  test('where all members are out when it begins, it waits for them once', async () => {
    let asked = 0;
    const outAtFirst: (shot: Shot) => Reply = (shot) =>
      shot.tag?.kind === 'keep-alive' && shot.tag.part === 'control' && asked++ < CONTROLS / 2 + 2
        ? answered(502, 1_000)
        : farm(60_000_000)(shot);
    const guard = { slowRequest: 'all-members' as const, holdUs: 10_000_000 };
    const { fake, notes } = await run(SPEC, { profile: profileOf({ requests: [POST] }), reply: outAtFirst, guard });
    assert.match(notes, /: 3 met the close/);
    const [first, second] = fake.events.filter((event) => event.type === 'chain');
    assert.ok((second?.atUs ?? 0) - (first?.atUs ?? 0) >= 10_000_000);
  });

  test('a pause whose first request failed is tried again, and not without end', async () => {
    let fills = 0;
    const stumbling: (shot: Shot) => Reply = (shot) =>
      shot.tag?.kind === 'keep-alive' && shot.tag.part === 'sweep' && shot.tag.step === 'fill' && fills++ === 0
        ? answered(502, 1_000)
        : farm(60_000_000)(shot);
    const { fake, notes } = await run(SPEC, { reply: stumbling });
    const [first, second] = gapsOf(chainsOf(fake, 'sweep'));
    assert.equal(first, second);
    assert.match(notes, /: 3 met the close/);
    const broken: (shot: Shot) => Reply = (shot) =>
      shot.tag?.kind === 'keep-alive' && shot.tag.part === 'sweep' ? answered(502, 1_000) : farm(60_000_000)(shot);
    assert.ok(chainsOf((await run(SPEC, { reply: broken })).fake, 'sweep').length <= SWEEP_ROUNDS);
  });

  test('a pause that the gateway asks for is waited out; what it still keeps from being sent ends the sweep', async () => {
    const asking = (seconds: string): ((shot: Shot) => Reply) => {
      const plain = farm(60_000_000);
      const answer = { status: 503, headers: { 'retry-after': seconds } };
      return (shot) => {
        const reply = plain(shot);
        const isLost = reply.outcome.kind === 'response' && reply.outcome.status === 502;
        return isLost ? { ...reply, outcome: { ...reply.outcome, status: 503 }, facts: { answer } } : reply;
      };
    };
    const quick = await run(SPEC, { reply: asking('0') });
    const polite = await run(SPEC, { reply: asking('5') });
    assert.ok(polite.fake.clock.nowUs() >= quick.fake.clock.nowUs() + 15_000_000);
    assert.match(polite.notes, /: 3 met the close/);
    const refuse: (shot: Shot) => Reply = (shot) =>
      shot.tag?.kind === 'keep-alive' && shot.tag.part === 'sweep'
        ? { outcome: { kind: 'not-sent', reason: 'retry-after' }, serviceUs: 0 }
        : farm(60_000_000)(shot);
    assert.equal(chainsOf((await run(SPEC, { reply: refuse })).fake, 'sweep').length, 1);
  });

  test('an interruption ends it after the waiting', async () => {
    const fake = fakeContext({ reply: farm(60_000_000) });
    const running = keepAlive.run(keepAlive.plan(SPEC, fake.context.profile, 'keep-alive-1'), SPEC, fake.context);
    fake.interrupt();
    assert.equal((await fake.finish(running)).stop, 'interrupted');
    assert.deepEqual(chainsOf(fake, 'sweep'), []);
  });
});

test('distances double from half a millisecond and fill the time of an ordinary request', () => {
  const distances = distancesUs(20_000);
  assert.equal(Math.max(...distances), 25_000);
  assert.equal(Math.min(...distances), 500);
  assert.ok(distances.filter((us) => us >= 3_125 && us <= 25_000).length >= 8);
  assert.equal(new Set(distances).size, distances.length);
});

test('a round: one request after the other on one connection, each met again after the pause', () => {
  const chain = roundChain({ id: 'x', request: 'home', part: 'sweep', gapUs: 7_000, number: 3, fills: 2 }, 5_000);
  assert.deepEqual(
    chain.steps.map(({ shape, after }) => [(shape.tag as { step: string }).step, after?.step, after?.gapUs]),
    [
      ['fill', undefined, undefined],
      ['fill', 0, 5_000],
      ['probe', 0, 7_000],
      ['probe', 1, 7_000],
    ],
  );
  assert.ok(chain.endsAtFailure);
});

test('one request fills where the gateway has always sent to one member', () => {
  const seen = (names: readonly string[]): readonly Exchange[] =>
    names.map((answeredBy) => ({
      ...({} as Exchange),
      answeredBy,
      tag: { kind: 'keep-alive', part: 'pool', step: 'fill', gapUs: 0, round: 0 },
    }));
  assert.equal(fillsFor(2, []), 2);
  assert.equal(fillsFor(2, seen(['a', 'b', 'a', 'b'])), 2);
  assert.equal(fillsFor(2, seen(['a', 'a', 'a', 'a'])), 1);
  assert.equal(fillsFor(2, seen(['a', 'a'])), 2);
});
