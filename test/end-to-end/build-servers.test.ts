/** The action for GitHub and the template for Azure: read as a build server reads them, their scripts run with the command of this checkout. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..');
const HAS_BASH = spawnSync('bash', ['-c', 'exit 0']).status === 0;
const skip = HAS_BASH ? false : 'bash is not installed';
/** A script beside the profiles: the words of a command are split at spaces, which paths may have. */
const COMMAND = 'bash ./gateprobe.sh';
const WRAPPER = `exec "${process.execPath}" "${join(ROOT, 'src', 'cli.ts')}" "$@"\n`.replaceAll('\\', '/');

type Values = Readonly<Record<string, string>>;
type Step = {
  readonly run?: string;
  readonly bash?: string;
  readonly shell?: string;
  readonly env?: Values;
  readonly inputs?: Values;
  readonly publish?: string;
  readonly task?: string;
};
type Action = {
  readonly inputs: Readonly<
    Record<string, { readonly required?: boolean; readonly default?: string; readonly description: string }>
  >;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};
type Template = {
  readonly parameters: readonly { readonly name: string; readonly type: string; readonly default?: string }[];
  readonly steps: readonly Step[];
};

const action = parse(readFileSync(join(ROOT, 'docs', 'build-servers', 'github', 'action.yml'), 'utf8')) as Action;
const template = parse(readFileSync(join(ROOT, 'docs', 'build-servers', 'azure', 'gateprobe.yml'), 'utf8')) as Template;

const folder = mkdtempSync(join(tmpdir(), 'gateprobe-build-server-'));
const servers: Server[] = [];

async function startServer(): Promise<string> {
  const server = createServer((_, response) => response.end('ok'));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

before(async () => {
  const [gateway, member] = [await startServer(), await startServer()];
  writeFileSync(join(folder, 'gateprobe.sh'), WRAPPER);
  for (const [name, limit] of [
    ['kept', '30s'],
    ['broken', '1us'],
  ]) {
    writeFileSync(
      join(folder, `${name}.yaml`),
      `name: shop\ngateway: { url: "${gateway}" }\nmembers: [{ name: web1, url: "${member}" }]\n` +
        `experiments:\n  - compare: { rate: 50/s, for: 3s, newConnections: 0% }\nthresholds:\n  - gateway p50 < ${limit}\n` +
        'failOn: never\nlimits: { maxRate: 200/s }\n',
    );
  }
});
after(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Replaces `${{ <scope>.name }}`; a name that is not given is left, and found by the tests. */
function expand(text: string, scope: string, values: Values): string {
  return text.replace(/\$\{\{ *([\w-]+)\.([\w-]+) *\}\}/g, (whole, from: string, name: string) =>
    from === scope ? (values[name] ?? whole) : whole,
  );
}

type Done = { readonly code: number; readonly stdout: string; readonly stderr: string };

function runScript(script: string, env: Values): Promise<Done> {
  return new Promise((done) => {
    // As the runner does it: stop at the first command that fails.
    execFile(
      'bash',
      ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', script],
      { cwd: folder, env: { ...process.env, ...env } },
      (error, stdout, stderr) => done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

function runAction(given: Values, outputs: string, summary: string): Promise<Done> {
  const values = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, given[name] ?? input.default ?? '']),
  );
  const [step] = action.runs.steps;
  assert.ok(step?.run !== undefined && step.shell === 'bash');
  const env = Object.fromEntries(
    Object.entries(step.env ?? {}).map(([name, text]) => [name, expand(text, 'inputs', values)]),
  );
  return runScript(step.run, { ...env, GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary });
}

function runTemplate(given: Values): Promise<Done> {
  const values = Object.fromEntries(template.parameters.map((one) => [one.name, given[one.name] ?? one.default ?? '']));
  const [step] = template.steps;
  assert.ok(step?.bash !== undefined);
  const env = Object.fromEntries(
    Object.entries(step.env ?? {}).map(([name, text]) => [name, expand(text, 'parameters', values)]),
  );
  return runScript(step.bash, env);
}

test('the action: what it takes is used, its scripts hold no expression, its outputs come from a step', () => {
  assert.equal(action.runs.using, 'composite');
  const used = action.runs.steps.flatMap(({ env = {} }) => Object.values(env));
  for (const [name, { description }] of Object.entries(action.inputs)) {
    assert.ok(description.length > 0 && used.includes(`\${{ inputs.${name} }}`), name);
  }
  for (const { run } of action.runs.steps) assert.doesNotMatch(run ?? '', /\$\{\{/);
  for (const [name, { value }] of Object.entries(action.outputs)) {
    assert.equal(value, `\${{ steps.run.outputs.${name} }}`);
    assert.match(action.runs.steps[0]?.run ?? '', new RegExp(`echo "${name}=`));
  }
});

test('the template: what it takes is used, its scripts hold no expression', () => {
  const text = JSON.stringify(template.steps);
  for (const { name } of template.parameters) assert.ok(text.includes(`\${{ parameters.${name} }}`), name);
  for (const { bash } of template.steps) assert.doesNotMatch(bash ?? '', /\$\{\{/);
  const [, results, report] = template.steps;
  assert.equal(results?.task, 'PublishTestResults@2');
  assert.equal(results?.inputs?.['testResultsFiles'], `\${{ parameters.out }}/junit.xml`);
  assert.equal(report?.publish, `\${{ parameters.out }}`);
});

test('the action runs, annotates the line of the threshold, and ends with the exit code', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const [outputs, summary] = [join(folder, 'outputs'), join(folder, 'summary.md')];
  writeFileSync(outputs, '');
  writeFileSync(summary, '');
  const given = { profile: 'broken.yaml', out: 'report of action', command: COMMAND };
  const done = await runAction(given, outputs, summary);
  assert.match(readFileSync(outputs, 'utf8'), new RegExp(`^report=report of action\nexit-code=${done.code}\n$`));
  readFileSync(join(folder, 'report of action', 'junit.xml'));
  // Whether a busy machine makes a valid run is not the question here.
  if (done.code === 3) return t.skip('the machine is too busy for a valid run');
  assert.equal(done.code, 1, done.stdout + done.stderr);
  assert.match(done.stdout, /^::error file=.*broken\.yaml,line=7,col=5,title=Threshold broken%3A gateway p50 < 1us::/m);
  assert.ok(readFileSync(summary, 'utf8').includes('gateway p50 < 1us'));
});

test('the action: what a caller passes is no script', { skip, timeout: 60_000 }, async () => {
  const outputs = join(folder, 'outputs-2');
  writeFileSync(outputs, '');
  const profile = '$(touch owned); "; touch owned';
  const done = await runAction({ profile, against: '; touch owned', command: COMMAND }, outputs, '');
  assert.equal(done.code, 2, done.stderr);
  assert.throws(() => readFileSync(join(folder, 'owned')));
  assert.match(readFileSync(outputs, 'utf8'), /exit-code=2/);
});

test('the template runs, and holds a run against an earlier one', { skip, timeout: 120_000 }, async (t) => {
  const first = await runTemplate({ profile: 'kept.yaml', out: 'first', command: COMMAND });
  if (first.code === 3) return t.skip('the machine is too busy for a valid run');
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /##vso\[task\.uploadsummary\].*report\.md$/m);
  const given = { profile: 'broken.yaml', out: 'second', against: 'first', failOn: 'never', command: COMMAND };
  const second = await runTemplate(given);
  if (second.code === 3) return t.skip('the machine is too busy for a valid run');
  assert.equal(second.code, 1, second.stdout + second.stderr);
  assert.match(
    second.stdout,
    /##vso\[task\.logissue type=error;sourcepath=.*broken\.yaml;linenumber=7;columnnumber=5;\]/,
  );
  assert.match(second.stdout, /Against first: /);
  readFileSync(join(folder, 'second', 'comparison.md'));
});
