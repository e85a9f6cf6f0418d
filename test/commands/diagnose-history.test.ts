import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openHistory } from '../../src/store/history.ts';
import { runCli } from '../helpers/cli.ts';
import { FAILED, MINUTE_US, OK, roundOf, routesOf } from '../store/rounds.ts';

let folder = '';
let profile = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-diagnose-'));
  profile = join(folder, 'shop.yaml');
  const members = ['web1', 'web2'].map((name, i) => `  - { name: ${name}, url: 'http://192.0.2.1${i + 1}' }`);
  const head = ['name: shop', "gateway: { url: 'http://192.0.2.1' }", 'members:'];
  const tail = ['requests:', '  - { name: home, path: / }'];
  await writeFile(profile, [...head, ...members, ...tail].join('\n'));
  const history = openHistory(folder);
  const nowAtUs = Date.now() * 1_000;
  for (let minute = 600; minute > 1; minute--) {
    const answers = routesOf(2).map((route) => ({
      route,
      elapsedUs: 20_000 + ((minute * 7_919) % 1_000),
      outcome: route === 'direct:web2' && minute % 3 === 0 ? FAILED : OK,
    }));
    const round = roundOf(nowAtUs - minute * MINUTE_US, answers);
    const kept = round.exchanges
      .filter(({ outcome }) => outcome === FAILED)
      .map((exchange) => ({
        profile: 'shop',
        atUs: round.startedAtUs + exchange.dueUs,
        reason: 'failure' as const,
        exchange: { ...exchange, tag: { kind: 'slot' as const, arm: 'warm' as const } },
      }));
    assert.equal(history.append(round, kept), undefined);
  }
  history.maintain(nowAtUs);
  history.close();
});
after(() => rm(folder, { recursive: true, force: true }));

test('a day of history is judged and reported like a run', async () => {
  const out = join(folder, 'report');
  const args = ['diagnose', '--history', profile, '--data', folder, '--since', '24h', '--out', out, '--json'];
  const result = await runCli(args);
  assert.equal(result.code, 1, result.stderr);
  const { findings } = JSON.parse(result.stdout) as {
    findings: { cause: string; scope: { member?: string }; affected?: { count: number } }[];
  };
  const errors = findings.find(({ cause }) => cause === 'member/errors');
  assert.equal(errors?.scope.member, 'web2', JSON.stringify(findings.map(({ cause }) => cause)));
  assert.ok((await stat(join(out, 'report.html'))).size > 10_000);
});

test('what is missing is said', async () => {
  for (const [args, expected] of [
    [['diagnose'], /needs a recording or --history/],
    [['diagnose', '--history', profile], /no history in gateprobe-data[\s\S]*--data/],
    [['diagnose', '--history', profile, '--data', join(folder, 'nowhere')], /nowhere/],
    [['diagnose', '--history', profile, '--data', folder, '--since', 'soon'], /--since/],
    [['diagnose', '--history', profile, '--data', folder, '--since', '1s'], /nothing of shop was kept/],
  ] as const) {
    const result = await runCli([...args]);
    assert.equal(result.code, 2, args.join(' '));
    assert.match(result.stderr, expected);
  }
});
