import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { apache } from '../../../src/logs/formats/apache.ts';
import { apacheError } from '../../../src/logs/formats/apache-error.ts';
import { combined } from '../../../src/logs/formats/combined.ts';
import { haproxy } from '../../../src/logs/formats/haproxy.ts';
import { nginx } from '../../../src/logs/formats/nginx.ts';
import { nginxError } from '../../../src/logs/formats/nginx-error.ts';
import type { LogFormatId } from '../../../src/model/log.ts';

const FORMATS = [nginx, nginxError, apache, apacheError, haproxy, combined];
const LAB = new URL('../../fixtures/gateway-lab/', import.meta.url);
const head = (path: string): string => readFileSync(new URL(path, LAB)).subarray(0, 65_536).toString('latin1');
const CLF = '192.0.2.7 - - [20/Nov/2026:17:41:42 +0000] "GET /a?b HTTP/1.1" 502 157';

/** Own log_formats cannot be told without their pattern: nobody claims such a file. */
const FILES: readonly (readonly [why: string, text: string, wanted: LogFormatId | undefined, certainty?: number])[] = [
  ['raw/nginx-access.log', head('raw/nginx-access.log'), undefined],
  ['raw/nginx-error.log', head('raw/nginx-error.log'), 'nginx-error'],
  ['raw/apache-access.log', head('raw/apache-access.log'), 'apache'],
  ['raw/apache-error.log', head('raw/apache-error.log'), 'apache-error'],
  ['raw/haproxy.log', head('raw/haproxy.log'), 'haproxy'],
  ['raw/caddy-access.jsonl', head('raw/caddy-access.jsonl'), undefined],
  ['raw/caddy-error.jsonl', head('raw/caddy-error.jsonl'), undefined],
  ['raw/varnishlog.txt', head('raw/varnishlog.txt'), undefined],
  ['raw/varnishncsa.log', head('raw/varnishncsa.log'), undefined],
  ['conf/nginx.conf', head('conf/nginx.conf'), undefined],
  ['nothing', '', undefined],
  ['common', `${CLF}\n`.repeat(3), 'combined', 0.8],
  ['combined', `${CLF} "-" "x"\r\n`.repeat(3), 'combined', 0.8],
  ['one line without its end', `${CLF} "-" "x"`, 'combined', 0.8],
  ['a torn last line', `${CLF} "-" "x"\n192.0.2.7 - - [20/N`, 'combined', 0.8],
  ['with the virtual host', `a.example:80 ${CLF} "-" "x"\n`.repeat(3), 'combined', 0.8],
  ['combined with keys of nginx', `${CLF} "-" "x" rt=0.001 urt="0.001" us="502"\n`.repeat(3), 'nginx'],
  [
    'ingress-nginx',
    `${CLF} "-" "x" 452 0.000 [a-b-80] [] - - - - 0123456789abcdef0123456789abcdef\n`.repeat(3),
    'nginx',
    0.9,
  ],
  ['combined of whole URLs', `${CLF.replace('/a', 'http://a.example/a')} "-" "x"\n`.repeat(3), undefined],
  ['JSON with keys like those of nginx', '{"status":200,"request_time":0.1,"upstream_addr":"a"}\n', undefined],
];

for (const [why, text, wanted, certainty] of FILES) {
  test(`recognition: ${why} is ${wanted ?? 'none of these'}`, () => {
    const claims = FORMATS.map((format) => ({ id: format.id, sure: format.recognise(text) }));
    assert.deepEqual(
      claims.filter(({ sure }) => sure > 0.5).map(({ id }) => id),
      wanted === undefined ? [] : [wanted],
    );
    for (const { sure } of claims) assert.ok(sure >= 0 && sure <= 1);
    if (certainty !== undefined)
      assert.ok(Math.abs((claims.find(({ id }) => id === wanted)?.sure ?? 0) - certainty) < 1e-9);
  });
}
