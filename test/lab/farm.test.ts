import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Farm, startFarm } from '../../src/lab/farm.ts';
import type { Behaviour, Scenario } from '../../src/lab/scenario.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { ask } from './member-talk.ts';

const begun: Farm[] = [];
after(() => Promise.all(begun.map((farm) => farm.stop())));

async function begin(scenario: Scenario, logFolder?: string): Promise<Farm> {
  const farm = await startFarm(scenario, { seed: 1, ...(logFolder === undefined ? {} : { logFolder }) });
  begun.push(farm);
  return farm;
}

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS[name];
  assert.ok(scenario !== undefined, name);
  return scenario;
}

/** The scenario with the first member changed. */
function withFirst(scenario: Scenario, change: Partial<Behaviour>): Scenario {
  const [first, ...others] = scenario.members;
  assert.ok(first !== undefined);
  return { ...scenario, members: [{ ...first, behaviour: { ...first.behaviour, ...change } }, ...others] };
}

function pidsOf(farm: Farm): number[] {
  return [farm.gatewayPid, ...farm.members.flatMap(({ pid }) => pid ?? [])];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Nobody has this pid.
    return false;
  }
}

const ownChildren = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;

/** Node gives a handle back some turns after its process has ended; children of an earlier test may be gone by now as well. */
async function noMoreChildrenThan(before: number): Promise<void> {
  for (const deadline = Date.now() + 10_000; ownChildren() > before && Date.now() < deadline; ) await setImmediate();
  assert.ok(ownChildren() <= before, `${ownChildren()} children, ${before} before`);
}

const portOf = (url: string): number => Number(new URL(url).port);

test('a farm answers through its gateway and directly, writes logs, and leaves no process behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-farm-'));
  try {
    const farm = await begin(scenarioOf('timeout'), folder);
    assert.deepEqual(
      farm.members.map(({ name }) => name),
      ['web1', 'web2'],
    );
    assert.equal(new Set(pidsOf(farm)).size, 3);
    const proxied = await ask(portOf(farm.gatewayUrl), '/');
    assert.equal(proxied.status, 200);
    assert.match(String(proxied.headers['x-member']), /^web[12]$/);
    for (const member of farm.members) {
      const direct = await ask(portOf(member.url), '/');
      assert.equal(direct.headers['x-member'], member.name);
      assert.equal(direct.body, proxied.body);
    }
    assert.ok(farm.profileYaml.includes(farm.gatewayUrl));
    assert.ok(pidsOf(farm).every(isAlive));
    await Promise.all([farm.stop(), farm.stop()]);
    assert.deepEqual(pidsOf(farm).filter(isAlive), []);
    assert.deepEqual((await readdir(folder)).sort(), ['gateway', 'web1', 'web2']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('nothing answers at the port of a closed member, and the gateway says so', async () => {
  const farm = await begin(scenarioOf('one-down'));
  const [, , closed] = farm.members;
  assert.ok(closed !== undefined);
  assert.equal(closed.pid, undefined);
  await assert.rejects(ask(portOf(closed.url), '/'), { code: 'ECONNREFUSED' });
  const statuses = await Promise.all([1, 2, 3].map(async () => (await ask(portOf(farm.gatewayUrl), '/')).status));
  assert.deepEqual(statuses.sort(), [200, 200, 502]);
  await farm.stop();
});

test('a farm of which one process cannot start is not started at all', async () => {
  const children = ownChildren();
  // No member can be told this by its type; it is what a damaged option would be.
  const broken = withFirst(scenarioOf('timeout'), { stall: null as never });
  await assert.rejects(startFarm(broken, { seed: 1 }), /^Error: the lab's web1 did not start: .*null/);
  await noMoreChildrenThan(children);
});

test('a log folder that cannot be made is told at the start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-farm-'));
  const children = ownChildren();
  try {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await assert.rejects(startFarm(scenarioOf('timeout'), { seed: 1, logFolder: join(file, 'logs') }), {
      code: /^(ENOTDIR|EEXIST|ENOENT)$/,
    });
    // Children of the test before may still be counted at the start, and be gone by now; none may have been added.
    await noMoreChildrenThan(children);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the end of a process is told, and the rest can still be stopped', async () => {
  const farm = await begin(scenarioOf('timeout'));
  const [first] = farm.members;
  assert.ok(first?.pid !== undefined);
  process.kill(first.pid, 'SIGKILL');
  assert.match((await farm.failed).message, /^the lab's web1 ended by itself/);
  await farm.stop();
  assert.deepEqual(pidsOf(farm).filter(isAlive), []);
});

test('a process that does not react is killed', async () => {
  const farm = await begin(withFirst(scenarioOf('timeout'), { stall: { everyMs: 1, lengthMs: 600_000 } }));
  await farm.stop();
  assert.deepEqual(pidsOf(farm).filter(isAlive), []);
});
