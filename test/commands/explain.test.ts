import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../helpers/cli.ts';

const SEED = join(import.meta.dirname, '..', 'fixtures', 'logs', 'iis', 'seed-timeout');

type Answer = {
  readonly findings: readonly {
    readonly cause: string;
    readonly confidence: string;
    readonly measured: Readonly<Record<string, { readonly value: number }>>;
    readonly exhibits: readonly { readonly kind: string; readonly rows: readonly { readonly row?: string }[] }[];
    readonly remedy: { readonly steps: readonly string[]; readonly commands: readonly { readonly text: string }[] };
    readonly declared?: readonly { readonly citation: string; readonly agrees?: boolean }[];
  }[];
  readonly routes: readonly { readonly route: string; readonly outcomes: Readonly<Record<string, number>> }[];
};

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-explain-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function explain(args: readonly string[], stdin?: string) {
  const result = await runCli(['explain', ...args, '--json', '--out', join(folder, 'out')], {
    cwd: folder,
    ...(stdin === undefined ? {} : { stdin }),
  });
  return { ...result, answer: result.stdout === '' ? undefined : (JSON.parse(result.stdout) as Answer) };
}

test('the line pairs of the article: the gateway’s timer of 30 s, proved, with both remedies and the line to change', async () => {
  await writeFile(
    join(folder, 'applicationHost.config'),
    `<configuration>
 <webFarms>
  <webFarm name="shop" enabled="true">
   <server address="192.0.2.216" enabled="true" />
   <applicationRequestRouting><protocol timeout="00:00:30" /></applicationRequestRouting>
  </webFarm>
 </webFarms>
</configuration>
`,
  );
  const { code, answer } = await explain([SEED, '--config', 'applicationHost.config']);
  assert.equal(code, 1);
  const [finding, ...more] = answer?.findings ?? [];
  assert.deepEqual(
    [finding?.cause, finding?.confidence, finding?.measured['timeoutMs']?.value, more.length],
    ['timeout/gateway-response', 'confirmed', 30_000, 0],
  );
  const rows = finding?.exhibits.find(({ kind }) => kind === 'lines')?.rows.map(({ row }) => row);
  assert.deepEqual(rows, ['7']);
  const steps = finding?.remedy.steps.join(' ') ?? '';
  assert.match(steps, /make the slow work faster/);
  assert.match(steps, /raise the response timer/);
  assert.match(steps, /The line to change is applicationHost\.config:5/);
  assert.match(finding?.remedy.commands[0]?.text ?? '', /protocol\.timeout/);
  assert.deepEqual(
    finding?.declared?.map(({ agrees }) => agrees),
    [true],
  );
  assert.equal(answer?.routes.find(({ route }) => route === 'gateway')?.outcomes['502.3'], 1);
});

test('standard input, roles by option, and a time from which on', async () => {
  const gateway = readFileSync(join(SEED, 'arr.log'), 'utf8');
  const piped = await explain(['--gateway', '-', '--member', `web1=${join(SEED, 'member.log')}`], gateway);
  assert.deepEqual(
    piped.answer?.findings.map(({ cause, confidence }) => [cause, confidence]),
    [['timeout/gateway-response', 'confirmed']],
  );
  const later = await explain([SEED, '--since', '2030-01-01T00:00Z']);
  assert.deepEqual([later.code, later.answer?.findings.length], [0, 0]);
});

test('the gateway’s side alone is no proof', async () => {
  const { answer } = await explain([join(SEED, 'arr.log')]);
  assert.deepEqual(
    answer?.findings.map(({ cause, confidence }) => [cause, confidence]),
    [['timeout/gateway-response', 'likely']],
  );
});

test('what cannot be read is told, all of it, with exit code 2', async () => {
  await writeFile(join(folder, 'poem.txt'), 'Rose is a rose\nis a rose is a rose\n');
  const { code, stdout, stderr } = await runCli(['explain', 'missing.log', 'poem.txt'], { cwd: folder });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /missing\.log: there is no such file/);
  assert.match(stderr, /poem\.txt: is of no format that is known/);
  const none = await runCli(['explain'], { cwd: folder });
  assert.deepEqual([none.code, /No log was named/.test(none.stderr)], [2, true]);
});

for (const [pattern, hint] of [
  ['$time_iso8601|$status', /Add --format nginx\. That is what/],
  ['%t %>s', /Add --format apache or --format varnish\./],
] as const)
  test(`a pattern without its format is refused, with the one to name: ${pattern}`, async () => {
    const { code, stderr } = await explain([SEED, '--pattern', pattern]);
    assert.equal(code, 2);
    assert.match(stderr, /--pattern needs --format/);
    assert.match(stderr, hint);
  });
