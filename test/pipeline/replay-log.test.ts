import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { ExperimentSpec, Profile } from '../../src/model/profile.ts';
import { readReplays } from '../../src/pipeline/replay-log.ts';
import { profileOf, targetOf } from '../traffic/sending-setup.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
after(() => rmSync(folder, { recursive: true }));

const options = { baseFolder: folder, wallMs: () => Date.UTC(2026, 10, 21) };
const SEC = 1_000_000;

function burstOf(log: string, speed = 1): ExperimentSpec {
  const load = { loop: 'open' as const, ratePerSec: 0, replay: { log, speed } };
  return { kind: 'burst', load, durationUs: 10 * SEC, arrival: 'uniform' };
}

const profileWith = (...experiments: readonly ExperimentSpec[]): Profile => ({
  ...profileOf({ gateway: targetOf('http://gateway.test') }),
  experiments,
});

async function read(log: string, speed?: number) {
  const [spec] = (await readReplays(profileWith(burstOf(log, speed)), options)).experiments;
  assert.ok(spec?.kind === 'burst' && spec.load.loop === 'open' && spec.load.replay !== undefined);
  return { ratePerSec: spec.load.ratePerSec, timesUs: spec.load.replay.timesUs ?? [] };
}

const combined = (second: number, agent = 'Mozilla/5.0'): string =>
  `10.0.0.7 - - [21/Nov/2026:10:00:${String(second).padStart(2, '0')} +0000] "GET / HTTP/1.1" 200 512 "-" "${agent}"\n`;

test('moments of a log with whole seconds lie within their seconds, not all at their start', async () => {
  writeFileSync(join(folder, 'access.log'), [0, 0, 0, 0, 5, 9].map((second) => combined(second)).join(''));
  const { timesUs, ratePerSec } = await read('access.log', 2);
  assert.equal(timesUs.length, 6);
  assert.equal(timesUs[0], 0);
  assert.ok(new Set(timesUs).size > 4, `${timesUs}`);
  const last = timesUs.at(-1) ?? 0;
  assert.ok(last > 8 * SEC && last < 10 * SEC, `${last}`);
  assert.ok(timesUs.every((at, i) => i === 0 || at >= (timesUs[i - 1] ?? 0)));
  assert.ok(ratePerSec > 1.1 && ratePerSec < 1.6, `6 in half of ${last} µs: ${ratePerSec}/s`);
  assert.deepEqual((await read('access.log', 2)).timesUs, timesUs, 'read twice, the same');
});

test('requests of the probe itself are nobody else and are left out', async () => {
  const own = 'gateprobe/1.0 (run=01234567; id=0123456789abcdef)';
  const lines = [combined(1), combined(2, own), combined(3), combined(4, own), combined(5)];
  writeFileSync(join(folder, 'mixed.log'), lines.join(''));
  const { timesUs } = await read('mixed.log');
  assert.equal(timesUs.length, 3);
});

test('a profile without a replay stays as it is, and a ramp gets its moments too', async () => {
  const plain = profileWith({ kind: 'ramp', fromPerSec: 1, toPerSec: 2, durationUs: SEC });
  assert.equal(await readReplays(plain, options), plain);
  writeFileSync(join(folder, 'ramp.log'), [0, 3, 4].map((second) => combined(second)).join(''));
  const spec = {
    kind: 'ramp' as const,
    fromPerSec: 1,
    toPerSec: 2,
    durationUs: SEC,
    replay: { log: 'ramp.log', speed: 1 },
  };
  const [read] = (await readReplays(profileWith(spec), options)).experiments;
  assert.equal(read?.kind === 'ramp' ? read.replay?.timesUs?.length : 0, 3);
});

const BAD: readonly (readonly [what: string, text: string | undefined, message: RegExp])[] = [
  ['a log that is not there', undefined, /replay\.log none\.log: /],
  ['a file that is no log', 'once upon a time\nthere was a text\n', /replay\.log none\.log: /],
  ['a log with one request', combined(1), /has one request with a time/],
];

for (const [what, text, message] of BAD) {
  test(`${what} is told to the user`, async () => {
    if (text === undefined) rmSync(join(folder, 'none.log'), { force: true });
    else writeFileSync(join(folder, 'none.log'), text);
    await assert.rejects(read('none.log'), { name: 'UserError', message });
  });
}
