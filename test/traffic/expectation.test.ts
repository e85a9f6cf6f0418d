import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../src/model/exchange.ts';
import type { Expectation } from '../../src/model/profile.ts';
import { unmetExpectations } from '../../src/traffic/expectation.ts';

const answered = (status: number): Outcome => ({
  kind: 'response',
  status,
  bodyBytes: 0,
  complete: true,
  bodyDigest: 0,
});
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

type Case = {
  readonly name: string;
  readonly spec: Expectation;
  readonly outcome?: Outcome;
  readonly text?: string;
  readonly serviceUs?: number;
  readonly unmet: readonly string[] | undefined;
};
const CASES: readonly Case[] = [
  { name: 'nothing expected', spec: {}, outcome: answered(500), unmet: undefined },
  { name: 'status met', spec: { status: [200] }, unmet: [] },
  { name: 'one of several statuses', spec: { status: [200, 404] }, outcome: answered(404), unmet: [] },
  { name: 'status not met', spec: { status: [200] }, outcome: answered(302), unmet: ['status'] },
  { name: 'a 503 that is allowed', spec: { status: [200, 503] }, outcome: answered(503), unmet: [] },
  {
    name: 'a 503 with only a text expected',
    spec: { bodyIncludes: 'ok' },
    text: 'ok',
    outcome: answered(503),
    unmet: ['status'],
  },
  { name: 'text found', spec: { bodyIncludes: 'wor' }, text: 'hello world', unmet: [] },
  { name: 'text missing', spec: { bodyIncludes: 'bye' }, text: 'hello', unmet: ['body'] },
  { name: 'no body at all', spec: { bodyIncludes: 'bye' }, unmet: ['body'] },
  { name: 'text beyond ASCII', spec: { bodyIncludes: 'schön €' }, text: latin1('sehr schön €.'), unmet: [] },
  { name: 'text beyond ASCII in another encoding', spec: { bodyIncludes: 'schön' }, text: 'schön', unmet: ['body'] },
  { name: 'in time, to the µs', spec: { maxUs: 1_000 }, serviceUs: 1_000, unmet: [] },
  { name: 'too late', spec: { maxUs: 1_000 }, serviceUs: 1_001, unmet: ['maxMs'] },
  {
    name: 'everything wrong',
    spec: { status: [200], bodyIncludes: 'a', maxUs: 1 },
    outcome: answered(404),
    text: 'b',
    serviceUs: 2,
    unmet: ['status', 'body', 'maxMs'],
  },
  {
    name: 'no answer: the failure speaks for itself',
    spec: { status: [200] },
    outcome: { kind: 'timeout', waitingFor: 'headers', limitUs: 1, bytesReceived: 0 },
    unmet: undefined,
  },
];

describe('unmetExpectations', () => {
  for (const { name, spec, outcome = answered(200), text, serviceUs = 0, unmet } of CASES) {
    test(name, () => assert.deepEqual(unmetExpectations({ spec, text }, outcome, serviceUs), unmet));
  }
});
