import assert from 'node:assert/strict';
import { test } from 'node:test';
import { naiveFindings } from './naive.ts';

const CASES: readonly {
  readonly name: string;
  readonly gateway: Record<string, number>;
  readonly direct: Record<string, number>;
  readonly want: readonly string[];
}[] = [
  { name: 'nothing', gateway: { '200': 9 }, direct: { '200': 9 }, want: [] },
  { name: '504', gateway: { '504': 1 }, direct: { '200': 9 }, want: ['timeout/gateway-response'] },
  { name: '503', gateway: { '503': 1 }, direct: { '200': 9 }, want: ['member/none-available'] },
  { name: '502', gateway: { '502': 1 }, direct: { '200': 9 }, want: ['connection/dropped-before-response'] },
  { name: 'a count of none', gateway: { '502': 0 }, direct: {}, want: [] },
  { name: 'the same 5xx directly', gateway: { '504': 1 }, direct: { '504': 2 }, want: ['application/error'] },
  {
    name: 'two statuses of the application are one finding',
    gateway: { '500': 1, '502': 1 },
    direct: { '500': 1, '502': 1 },
    want: ['application/error'],
  },
  { name: 'refused directly', gateway: { '200': 9 }, direct: { 'error:refused': 9 }, want: ['connection/refused'] },
  {
    name: 'cut short',
    gateway: { '200:truncated': 1 },
    direct: { '200': 9 },
    want: ['connection/dropped-mid-response'],
  },
];

for (const { name, gateway, direct, want } of CASES) {
  test(`status codes alone: ${name}`, () => {
    const found = naiveFindings([
      { route: 'gateway', outcomes: gateway },
      { route: 'direct:web1', outcomes: direct },
    ]);
    assert.deepEqual(
      found.map(({ cause }) => cause),
      want,
    );
  });
}
