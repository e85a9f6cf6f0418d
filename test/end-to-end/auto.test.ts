/** Runs that choose their experiments, on the lab: the right verdict, few requests through the gateway, nothing done in secret. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startFarm } from '../../src/lab/farm.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';

type PublicReport = {
  readonly validity: { readonly ok: boolean };
  readonly findings: readonly {
    readonly cause: string;
    readonly severity: string;
    readonly scope: { readonly member?: string };
  }[];
  readonly audit?: { readonly requests: number };
  readonly experiments: readonly { readonly id: string }[];
  readonly trail?: {
    readonly end: string;
    readonly because: string;
    readonly steps: readonly {
      readonly experimentId: string;
      readonly gatewayRequests: number;
      readonly deliberate: number;
    }[];
  };
};

/** `most`: requests through the gateway that are enough; a queue needs a burst, sleep needs silence after silence. */
const CASES: readonly {
  readonly scenario: string;
  readonly found: readonly string[];
  readonly end: string;
  readonly most: number;
}[] = [
  { scenario: 'timeout', found: ['timeout/gateway-response'], end: 'firm', most: 60 },
  { scenario: 'dropped', found: ['connection/dropped-before-response@web3'], end: 'firm', most: 60 },
  { scenario: 'cold-start', found: ['cold-start/idle@web2'], end: 'firm', most: 120 },
  { scenario: 'queue-at-gateway', found: ['queue/gateway'], end: 'firm', most: 600 },
  { scenario: 'healthy', found: [], end: 'nothing-wrong', most: 60 },
];

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-auto-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function onFarm<T>(
  name: string,
  use: (urls: { gateway: string; members: string[]; profile: string }) => Promise<T>,
) {
  const scenario = SCENARIOS[name];
  assert.ok(scenario !== undefined);
  const farm = await startFarm(scenario, { seed: 1 });
  try {
    const profile = join(folder, `${name}.yaml`);
    await writeFile(profile, farm.profileYaml);
    // A farm that falls asleep must have been left alone for a while.
    if (name === 'cold-start') await new Promise((resolve) => setTimeout(resolve, 2_500));
    return await use({ gateway: farm.gatewayUrl, members: farm.members.map(({ url }) => url), profile });
  } finally {
    await farm.stop();
  }
}

function serious(report: PublicReport): string[] {
  return report.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ cause, scope }) => [cause, scope.member].filter(Boolean).join('@'));
}

const TOO_BUSY = 'this machine was too busy to measure, and the run says so';

function runOn(scenario: string, out: string): Promise<CliResult> {
  return onFarm(scenario, ({ profile }) =>
    runCli(['run', '--auto', profile, '--out', out, '--seed', '1', '--json'], { timeoutMs: 180_000 }),
  );
}

function reportOf({ stdout }: CliResult): PublicReport {
  return JSON.parse(stdout) as PublicReport;
}

// They mostly wait: two at a time leave each other room.
describe('run --auto', { concurrency: 2 }, () => {
  for (const { scenario, found, end, most } of CASES) {
    test(`${scenario}: ${found[0] ?? 'nothing'}`, async (context) => {
      const out = join(folder, scenario);
      let result = await runOn(scenario, out);
      // A run that a busy machine spoiled says so; one more is worth a try.
      if (!reportOf(result).validity.ok) {
        await rm(out, { recursive: true, force: true });
        result = await runOn(scenario, out);
      }
      const report = reportOf(result);
      if (!report.validity.ok) return context.skip(TOO_BUSY);
      assert.deepEqual(serious(report), found, result.stderr);
      const { trail } = report;
      assert.ok(trail !== undefined);
      assert.equal(trail.end, end, trail.because);
      const gatewayRequests = trail.steps.reduce((sum, step) => sum + step.gatewayRequests, 0);
      context.diagnostic(`${gatewayRequests} requests through the gateway in ${trail.steps.length} steps`);
      assert.ok(gatewayRequests <= most, `${gatewayRequests} requests through the gateway`);
      // Each step is told before it is taken, and is an experiment of the report.
      assert.equal((result.stderr.match(/^Step \d+: /gm) ?? []).length, trail.steps.length);
      assert.deepEqual(
        trail.steps.map(({ experimentId }) => experimentId),
        report.experiments.map(({ id }) => id),
      );
      const deliberate = trail.steps.reduce((sum, step) => sum + step.deliberate, 0);
      assert.equal(report.audit?.requests ?? 0, deliberate);
      const file = join(out, 'audit.jsonl');
      const lines = existsSync(file) ? (await readFile(file, 'utf8')).trimEnd().split('\n') : [];
      assert.equal(lines.length, deliberate);
      for (const line of lines) assert.match((JSON.parse(line) as { requestId: string }).requestId, /^[0-9a-f]{16}$/);
    });
  }
});

describe('compare', () => {
  test('goes on where a member fails, unless told not to', async (context) => {
    await onFarm('dropped', async ({ gateway, members }) => {
      const args = ['compare', gateway, ...members, '--for', '1s', '--rate', '5/s', '--seed', '1', '--json'];
      const stopped = await runCli([...args, '--no-auto', '--out', join(folder, 'no-auto')]);
      assert.equal((JSON.parse(stopped.stdout) as PublicReport).trail, undefined);
      const followed = await runCli([...args, '--for', '4s', '--out', join(folder, 'compare')]);
      const report = JSON.parse(followed.stdout) as PublicReport;
      if (!report.validity.ok) return context.skip(TOO_BUSY);
      // Either the comparison itself was enough, or direct requests settled it.
      assert.deepEqual(serious(report), [
        `connection/dropped-before-response@127.0.0.1-${new URL(members[2] ?? '').port}`,
      ]);
      for (const { gatewayRequests } of report.trail?.steps ?? []) assert.equal(gatewayRequests, 0);
    });
  });
});

describe('usage', () => {
  const table: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['run'], /which profile\?/],
    [['run', '--gateway', 'http://127.0.0.1:1'], /are for run --auto/],
    [['run', '--auto', '--gateway', 'http://127.0.0.1:1'], /which profile\?/],
    [['run', '--auto', 'shop.yaml', '--gateway', 'http://127.0.0.1:1'], /not both/],
    [['run', '--auto', 'shop.yaml', '--budget', '5'], /--budget: expected/],
  ];
  for (const [args, message] of table) {
    test(`gateprobe ${args.join(' ')}`, async () => {
      const { code, stderr } = await runCli(args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    });
  }
});
