import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { combined } from '../../src/logs/formats/combined.ts';
import { freb } from '../../src/logs/formats/freb.ts';
import { httperr } from '../../src/logs/formats/httperr.ts';
import { iisW3c } from '../../src/logs/formats/iis-w3c.ts';
import { type ReadLogsOptions, readLogs } from '../../src/logs/read-logs.ts';
import { createRandom, exponential } from '../../src/model/random.ts';
import { lineReader } from '../../src/pipeline/explain.ts';

const FIXTURES = 'test/fixtures/logs/iis';
const NOON_MS = Date.UTC(2026, 10, 20, 12);
const HEADER =
  '#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\n';

function options(baseFolder: string, files: readonly string[], more: Partial<ReadLogsOptions> = {}): ReadLogsOptions {
  return {
    specs: files.map((file) => ({ files: [file] })),
    baseFolder,
    formats: [iisW3c, httperr, freb],
    memberNames: [],
    mask: (text) => text,
    wallMs: () => NOON_MS + 86_400_000,
    random: createRandom(1),
    read: lineReader(undefined),
    ...more,
  };
}

function row(endMs: number, ip: string, query: string, agent: string, rest: string): string {
  const [date, time] = new Date(endMs).toISOString().slice(0, 19).split('T');
  return `${date} ${time} ${ip} GET /a ${query} 80 10.0.0.9 ${agent} ${rest}\n`;
}

/** A gateway with one timeout among good requests, and its member whose clock is `offsetMs` ahead. */
function twoLogs(offsetMs: number, count = 900): { readonly gateway: string; readonly member: string } {
  const random = createRandom(5);
  let gateway = HEADER;
  let member = HEADER;
  let at = NOON_MS;
  for (let i = 0; i < count; i++) {
    at += 200 + Math.round(exponential(random, 6_000));
    const query = `X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=00000000-0000-0000-0000-${String(i).padStart(12, '0')}`;
    const isBad = i === count - 20;
    gateway += row(
      at,
      '10.0.0.1',
      isBad ? query : `${query}&SERVER-STATUS=200`,
      'x',
      isBad ? '502 3 12002 30000' : '200 0 0 60',
    );
    if (isBad) {
      member += row(at + 15_000 + offsetMs, '10.0.0.2', '-', 'x', '200 0 64 45000');
      at += 20_000;
    } else member += row(at + offsetMs, '10.0.0.2', '-', 'x', '200 0 0 50');
  }
  return { gateway, member };
}

async function inFolder(files: Readonly<Record<string, string>>, work: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateprobe-logs-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await writeFile(path.join(folder, name), text);
      await utimes(path.join(folder, name), NOON_MS / 1000, NOON_MS / 1000);
    }
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a timeout: gateway, member and both traces are one request, joined by the id of the traces', async () => {
  const { evidence, problems } = await readLogs(options(FIXTURES, ['seed-timeout/*']));
  assert.deepEqual(problems, []);
  const failed = evidence.journeys.find(({ gateway }) => gateway.access[0]?.status === 502);
  const [member] = failed?.members ?? [];
  assert.equal(failed?.gateway.reading?.outcome, 'response/timeout');
  assert.deepEqual([member?.joinedBy, member?.ambiguous, member?.access[0]?.durationUs], ['arr-log-id', 0, 45_208_000]);
  assert.deepEqual([failed?.gateway.details.length, member?.details.length], [1, 1]);
  assert.ok(evidence.preflight.some(({ command }) => command.includes('X-ARR-LOG-ID')));
  assert.ok(evidence.preflight.some(({ what }) => what.includes('cs(User-Agent)')));
});

test('a dropped request: HTTPERR of the member is found, and without its access log nothing is absent', async () => {
  const { evidence } = await readLogs(options(FIXTURES, ['seed-dropped/*']));
  const member = evidence.journeys[0]?.members[0];
  assert.equal(evidence.journeys.length, 1);
  assert.deepEqual([member?.presence, member?.because], ['unknown', 'no access log of it was given']);
  assert.deepEqual(
    member?.details.map(({ flags }) => flags),
    ['Connection_Dropped'],
  );
  assert.equal(evidence.idleCloses.length, 1);
});

for (const hours of [0, 2, -5.5])
  test(`a member in a zone ${hours} h away is read again at the right seconds`, async () => {
    const { gateway, member } = twoLogs(hours * 3_600_000);
    await inFolder({ 'arr.log': gateway, 'member.log': member }, async (folder) => {
      const { evidence, problems } = await readLogs(options(folder, ['arr.log', 'member.log']));
      assert.deepEqual(problems, []);
      const failed = evidence.journeys.find(({ gateway: view }) => view.access[0]?.status === 502);
      assert.equal(failed?.members[0]?.access[0]?.win32, 64, JSON.stringify(evidence.clocks));
      assert.equal(failed?.members[0]?.ambiguous, 0);
      const zone = evidence.preflight.filter(({ what }) => what.includes('from the others'));
      assert.equal(zone.length, hours === 0 ? 0 : 1, JSON.stringify(evidence.preflight));
    });
  });

test('a header block within a file is told of the request behind it, that of a new day is not', async () => {
  const at = (second: number, ms: number) => row(NOON_MS + second * 1000, '10.0.0.2', '-', 'x', `200 0 0 ${ms}`);
  const first = HEADER + at(0, 20) + at(2, 20) + HEADER + at(9, 5_000) + at(10, 20);
  const second = HEADER + at(12, 20) + at(2_000, 20) + HEADER + at(4_000, 8_000);
  await inFolder({ 'u_ex1.log': first, 'u_ex2.log': second }, async (folder) => {
    const { evidence } = await readLogs(options(folder, ['u_ex1.log', 'u_ex2.log']));
    assert.deepEqual(
      evidence.afterGaps.map(({ durationUs, isNewBlock }) => [durationUs, isNewBlock]),
      [
        [5_000_000, true],
        [20_000, undefined],
        [8_000_000, true],
      ],
    );
  });
});

test('a lone log that may be a gateway’s is said to be taken as a member’s; beside a gateway’s it is not', async () => {
  const { gateway, member } = twoLogs(0, 30);
  await inFolder({ 'arr.log': gateway, 'b.log': member }, async (folder) => {
    const alone = await readLogs(options(folder, ['b.log']));
    assert.match(alone.evidence.problems.join(), /b\.log: taken as the log of a member .* say --gateway/);
    for (const more of [
      options(folder, ['arr.log', 'b.log']),
      options(folder, [], { specs: [{ from: 'web1', files: ['b.log'] }] }),
    ])
      assert.doesNotMatch((await readLogs(more)).evidence.problems.join(), /taken as/);
  });
});

test('what cannot be read is a problem, the rest is read', async () => {
  await inFolder({ 'arr.log': twoLogs(0, 30).gateway, 'x.log': 'nothing that is known\n' }, async (folder) => {
    const { evidence, problems } = await readLogs(options(folder, ['arr.log', 'x.log', 'missing.log']));
    assert.equal(evidence.sources.length, 1);
    assert.deepEqual(problems.map(({ path: name }) => name).sort(), ['missing.log', 'x.log']);
  });
});

test('standard input is read once, and no file at all is no fault', async () => {
  const stdin = Readable.from([twoLogs(0, 30).gateway]);
  const { evidence } = await readLogs(options('.', ['-'], { stdin }));
  assert.equal(evidence.sources[0]?.entries, 30);
  assert.deepEqual((await readLogs(options('.', []))).evidence.journeys, []);
});

test('an aborted reading ends early and keeps quiet about the rest', async () => {
  const { gateway, member } = twoLogs(0, 30);
  await inFolder({ 'arr.log': gateway, 'member.log': member }, async (folder) => {
    const { evidence } = await readLogs(
      options(folder, ['arr.log', 'member.log'], { signal: AbortSignal.abort(), stdin: Readable.from([]) }),
    );
    assert.ok(evidence.journeys.every(({ members }) => members.every(({ presence }) => presence !== 'absent')));
  });
});

test('health checks are set apart, failed ones are not', async () => {
  const check = (status: string) => row(NOON_MS, '10.0.0.2', '-', 'kube-probe/1.29', status);
  await inFolder({ 'a.log': `${HEADER}${check('200 0 0 5').repeat(4)}${check('503 0 0 5')}` }, async (folder) => {
    const { evidence } = await readLogs(options(folder, ['a.log']));
    assert.deepEqual([evidence.sources[0]?.healthChecks, evidence.journeys.length], [4, 1]);
  });
});

test('a time that is asked for limits what is counted and what is absent', async () => {
  const { gateway, member } = twoLogs(0);
  await inFolder({ 'arr.log': gateway, 'member.log': member }, async (folder) => {
    const untilUs = (NOON_MS + 600_000) * 1000;
    const { evidence } = await readLogs(
      options(folder, ['arr.log', 'member.log'], { sinceUs: NOON_MS * 1000, untilUs }),
    );
    assert.ok(evidence.sources.every(({ minutes }) => minutes.length <= 11 && minutes.length > 8));
    assert.ok(evidence.sources.every(({ watermarkUs = 0 }) => watermarkUs <= untilUs));
  });
});

test('memory stays flat over a log of 60 MB', { timeout: 120_000 }, async () => {
  const line = row(
    NOON_MS,
    '10.0.0.1',
    'X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=7b1f6d1e-3c53-4b0a-9d0e-8f4c25a0e101',
    'Mozilla/5.0',
    '502 3 12002 30000',
  );
  const times = Math.ceil(60e6 / line.length);
  await inFolder({ 'a.log': HEADER + line.repeat(times) }, async (folder) => {
    const script = `
      import { readLogs } from './src/logs/read-logs.ts';
      import { iisW3c } from './src/logs/formats/iis-w3c.ts';
      import { createRandom } from './src/model/random.ts';
      const { evidence } = await readLogs({ specs: [{ files: ['a.log'] }], baseFolder: process.argv[1], formats: [iisW3c],
        memberNames: [], mask: (text) => text, wallMs: () => Date.now(), random: createRandom(1), read: () => undefined });
      console.log(JSON.stringify({ count: evidence.sources[0].classes[0].count, kb: process.resourceUsage().maxRSS }));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const piece of child.stdout) text += piece;
    const { count, kb } = JSON.parse(text) as { count: number; kb: number };
    assert.equal(count, times);
    assert.ok(kb < 200_000, `${kb} kB`);
  });
});

for (const [status, role] of [
  [504, 'gateway'],
  [503, 'member'],
] as const)
  test(`a lone access log whose first ${status} comes late is of a ${role}`, async () => {
    const line = (code: number) =>
      `192.0.2.9 - - [20/Nov/2026:12:00:00 +0000] "GET /a HTTP/1.1" ${code} 512 "-" "curl/8.0"\n`;
    await inFolder({ 'access.log': line(200).repeat(3_000) + line(status) }, async (folder) => {
      const { evidence } = await readLogs({ ...options(folder, ['access.log']), formats: [combined] });
      assert.deepEqual(
        evidence.sources.map((source) => [source.role, source.member]),
        [[role, role === 'gateway' ? undefined : 'access']],
      );
      assert.equal(
        evidence.journeys.filter(({ gateway }) => gateway.access[0]?.status === status).length,
        role === 'gateway' ? 1 : 0,
      );
    });
  });
