import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  declaredLength,
  headerLine,
  headerValues,
  isBodyless,
  lastVia,
  serverProduct,
} from '../../src/gateways/answer.ts';

const of = (headers: Record<string, string | readonly string[]>, bodyStart?: string) => ({
  status: 200,
  headers,
  ...(bodyStart === undefined ? {} : { bodyStart }),
});

test('headers are found whatever their case, in order', () => {
  const answer = of({ 'X-Powered-By': ['ASP.NET', 'ARR/3.0'] });
  assert.deepEqual(headerValues(answer, 'x-powered-by'), ['ASP.NET', 'ARR/3.0']);
  assert.equal(headerLine(answer, 'X-POWERED-BY'), 'ASP.NET, ARR/3.0');
  assert.equal(headerLine(answer, 'server'), undefined);
  assert.equal(serverProduct(of({ server: ['Caddy', 'member'] })), 'Caddy');
});

const VIAS = [
  ['1.1 varnish (Varnish/7.1)', 'varnish (Varnish/7.1)'],
  ['1.1 varnish, 1.1 Caddy', 'Caddy'],
  ['HTTP/1.1 edge (a, b)', 'edge (a, b)'],
  ['1.1 google', 'google'],
  ['2.0 Caddy', 'Caddy'],
] as const;
for (const [line, expected] of VIAS) {
  test(`the last proxy of Via: ${line}`, () => assert.equal(lastVia(of({ via: line })), expected));
}

test('length and emptiness', () => {
  assert.equal(declaredLength(of({ 'content-length': '1477' })), 1477);
  assert.equal(declaredLength(of({ 'content-length': '6, 9' })), undefined);
  assert.equal(isBodyless(of({ 'content-length': '0' })), true);
  assert.equal(isBodyless(of({ 'content-length': '0' }, 'x')), false);
  assert.equal(isBodyless(of({})), false);
});
