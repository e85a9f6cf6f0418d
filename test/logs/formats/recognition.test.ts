import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { LogFormat } from '../../../src/logs/format.ts';
import { awsAlb } from '../../../src/logs/formats/aws-alb.ts';
import { azureApplicationGateway } from '../../../src/logs/formats/azure-application-gateway.ts';
import { caddy } from '../../../src/logs/formats/caddy.ts';
import { combined } from '../../../src/logs/formats/combined.ts';
import { envoy } from '../../../src/logs/formats/envoy.ts';
import { gcp } from '../../../src/logs/formats/gcp.ts';
import { traefik } from '../../../src/logs/formats/traefik.ts';
import { varnish } from '../../../src/logs/formats/varnish.ts';
import { varnishlog } from '../../../src/logs/formats/varnishlog.ts';

const FORMATS: readonly LogFormat[] = [
  envoy,
  caddy,
  traefik,
  varnish,
  varnishlog,
  awsAlb,
  azureApplicationGateway,
  gcp,
  combined,
];
const FIXTURES = new URL('../../fixtures/', import.meta.url);

/** Folder and files, and who must know them; undefined: none of these formats. */
const EXPECTED: Readonly<Record<string, (file: string) => string | undefined>> = {
  'logs/envoy/': () => 'envoy',
  'logs/caddy/': () => 'caddy',
  'logs/traefik/': () => 'traefik',
  // A format of the operator's own is known by its pattern only.
  'logs/varnish/': (file) =>
    file === 'varnishlog.txt' ? 'varnishlog' : file === 'ncsa-default.log' ? 'varnish' : undefined,
  'logs/aws-alb/': (file) => (file === 'access.log' ? 'aws-alb' : undefined),
  'logs/azure-application-gateway/': () => 'azure-application-gateway',
  'logs/gcp/': () => 'gcp',
  'gateway-lab/raw/': (file) => /^(caddy|varnishlog|varnish)/.exec(file)?.[1],
};

test('only the right format is sure of a file', () => {
  let files = 0;
  for (const [folder, expected] of Object.entries(EXPECTED)) {
    for (const file of readdirSync(new URL(folder, FIXTURES))) {
      const head = readFileSync(new URL(folder + file, FIXTURES)).toString('latin1', 0, 65_536);
      const sure = FORMATS.filter((format) => format.recognise(head) > 0.5).map(({ id }) => id);
      const wanted = expected(file);
      assert.deepEqual(sure, wanted === undefined ? [] : [wanted], folder + file);
      files++;
    }
  }
  assert.ok(files >= 24, `${files} files`);
});

test('nothing, noise and JSON of others are of no format', () => {
  for (const head of [
    '',
    '\n\n',
    'hello\n',
    '{}\n',
    '[]',
    '[1,2]',
    '{"level":"info","ts":1795196689.2,"msg":"started"}\n',
    '{"time":"2026-11-20T17:44:49Z","status":200,"method":"GET","path":"/"}\n',
    `${'['.repeat(60_000)}\n`,
    '\0'.repeat(1_000),
    '"'.repeat(60_000),
  ])
    for (const format of FORMATS)
      assert.ok(format.recognise(head) <= 0.5, `${format.id}: ${JSON.stringify(head.slice(0, 60))}`);
});
