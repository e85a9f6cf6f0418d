/** Error lines of real gateways: each has a meaning, in the table of its own product. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Vocabulary } from '../../../src/gateways/codes/code.ts';
import { decode } from '../../../src/gateways/codes/decode.ts';
import { matchMessage } from '../../../src/gateways/codes/messages.ts';

const RAW = new URL('../../fixtures/gateway-lab/raw/', import.meta.url);

function linesOf(file: string): readonly string[] {
  return readFileSync(new URL(file, RAW), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Lines that decode to nothing of this product. */
function lost(lines: readonly string[], vocabulary: Vocabulary): readonly string[] {
  return lines.filter((line) => {
    const { readings } = decode(line);
    return (
      readings.length === 0 ||
      readings.some((reading) => reading.vocabulary !== vocabulary && reading.vocabulary !== 'http')
    );
  });
}

test('nginx: every line of warn and above, and every line about a request', () => {
  const lines = linesOf('nginx-error.log').filter((line) => !line.includes('[notice]'));
  assert.ok(lines.length > 60);
  assert.deepEqual(lost(lines, 'nginx'), []);
  assert.deepEqual(
    lines.filter((line) => matchMessage('nginx', line) === undefined),
    [],
  );
});

test('Apache: every line', () => {
  const lines = linesOf('apache-error.log');
  assert.ok(lines.length > 150);
  assert.deepEqual(lost(lines, 'apache'), []);
  assert.deepEqual(
    lines.filter((line) => matchMessage('apache', line) === undefined),
    [],
  );
});

test('HAProxy: every line', () => {
  const lines = linesOf('haproxy.log');
  assert.ok(lines.length > 100);
  assert.deepEqual(lost(lines, 'haproxy'), []);
});

test('Caddy: every error, by its message', () => {
  const lines = linesOf('caddy-error.jsonl').filter((line) => line.includes('"level":"error"'));
  assert.ok(lines.length > 40);
  assert.deepEqual(lost(lines, 'caddy'), []);
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.deepEqual(
    messages.filter((message) => matchMessage('caddy', message) === undefined),
    [],
  );
});

test('Varnish: every FetchError', () => {
  const lines = linesOf('varnishlog.txt').filter((line) => line.includes('FetchError'));
  assert.ok(lines.length > 30);
  assert.deepEqual(lost(lines, 'varnish'), []);
  const texts = lines.map((line) => line.replace(/^.*FetchError\s+/, ''));
  assert.deepEqual(
    texts.filter((text) => matchMessage('varnish', text) === undefined),
    [],
  );
});
