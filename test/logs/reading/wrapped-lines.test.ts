import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../../../src/logs/reading/bytes.ts';
import { envelopeOf, unwrapped } from '../../../src/logs/reading/wrapped-lines.ts';

const LINE = '192.0.2.9 - - [21/Nov/2026:08:00:00 +0000] "GET /ä HTTP/1.1" 502 157 "-" "curl/8.0"';
const ERROR = '2026/11/21 08:00:00 [error] 8#8: *19 upstream timed out (110: Connection timed out)';
const TEXT = `${LINE}\n${ERROR}\n`;

function docker(log: string): string {
  return `${JSON.stringify({ log, stream: 'stdout', time: '2026-11-21T08:00:00.815495Z' })}\n`;
}

function inFront(prefix: string): string {
  return `${prefix}${LINE}\n${prefix}${ERROR}\n`;
}

const STAMP = '2026-11-21T08:00:00.123456789Z';

const WRAPPED: readonly (readonly [what: string, text: string])[] = [
  ['Docker’s json-file', docker(`${LINE}\n`) + docker(`${ERROR}\n`)],
  [
    'Docker’s json-file, a line in two parts',
    docker(LINE.slice(0, 40)) + docker(`${LINE.slice(40)}\n`) + docker(`${ERROR}\n`),
  ],
  ['Kubernetes', inFront(`${STAMP} stdout F `)],
  [
    'Kubernetes, a line in two parts',
    `${STAMP} stdout P ${LINE.slice(0, 40)}\n${STAMP} stdout F ${LINE.slice(40)}\n${STAMP} stderr F ${ERROR}\n`,
  ],
  ['with time stamps', inFront(`${STAMP} `)],
  ['docker compose', inFront('gw-nginx-1  | ')],
  ['journalctl', inFront('Nov 21 08:00:00 gw1 nginx[812]: ')],
  ['journalctl -o short-iso', inFront('2026-11-21T08:00:00+0100 gw1 nginx[812]: ')],
  ['syslog with priority', inFront('<190>Nov  1 08:00:00 gw1 nginx: ')],
  ['syslog of RFC 5424', inFront('<190>1 2026-11-21T08:00:00.123+01:00 gw1 nginx 812 - - ')],
];

function bytesOf(pieces: readonly Buffer[]): Bytes {
  const rest = [...pieces];
  return {
    close: async () => undefined,
    fill: async (target, start) => rest.shift()?.copy(target, start) ?? 0,
  };
}

async function textOf(pieces: readonly Buffer[]): Promise<string> {
  const envelope = envelopeOf(Buffer.concat(pieces));
  assert.ok(envelope !== undefined);
  const bytes = unwrapped(bytesOf(pieces.filter(({ length }) => length > 0)), envelope);
  const target = Buffer.alloc(64);
  const parts: Buffer[] = [];
  for (let got = await bytes.fill(target, 3); got > 0; got = await bytes.fill(target, 3))
    parts.push(Buffer.from(target.subarray(3, 3 + got)));
  return Buffer.concat(parts).toString('utf8');
}

for (const [what, text] of WRAPPED)
  test(`envelope of ${what}: the same lines wherever it is split`, async () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at += 7)
      assert.equal(await textOf([bytes.subarray(0, at), bytes.subarray(at)]), TEXT, `split at ${at}`);
  });

test('a line without the envelope stays, and so does half of a record at the end', async () => {
  const begun = `-- Journal begins at Mon 2026-11-16. --\n${inFront('Nov 21 08:00:00 gw1 nginx[812]: ').repeat(5)}Nov 21 08:0`;
  assert.equal(
    await textOf([Buffer.from(begun)]),
    `-- Journal begins at Mon 2026-11-16. --\n${TEXT.repeat(5)}Nov 21 08:0`,
  );
  const half = `${docker(`${LINE}\n`).repeat(9)}{"log":"192.0.2`;
  assert.equal(await textOf([Buffer.from(half)]), `${`${LINE}\n`.repeat(9)}{"log":"192.0.2`);
});

for (const [what, line] of [
  ['an access log', LINE],
  ['an error log', ERROR],
  ['IIS', '2026-11-21 08:00:00 10.0.0.1 GET /a - 80 - 10.0.0.9 curl 200 0 0 15'],
  ['Caddy', '{"level":"info","ts":1763712000.1,"logger":"http.log.access","msg":"handled request"}'],
  ['Envoy', '[2026-11-21T08:00:00.000Z] "GET /a HTTP/1.1" 200 - 0 12 5 4 "-" "curl"'],
  [
    'HAProxy, whose reader knows the header',
    'Nov 21 08:00:00 lb1 haproxy[9]: Server shop/web1 is DOWN, reason: Layer4 timeout',
  ],
  [
    'HAProxy by another name',
    'Nov 21 08:00:00 lb1 front[9]: 192.0.2.9:5000 [21/Nov/2026:08:00:00.100] fe shop/web1 0/0/0/5/5 200 100',
  ],
] as const)
  test(`no envelope: ${what}`, () => {
    assert.equal(envelopeOf(Buffer.from(`${line}\n`.repeat(5))), undefined);
  });
