import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missedFloors } from './floor.ts';
import { renderPage } from './page.ts';
import type { CaseResult } from './running.ts';
import { lineOf, summarise } from './summary.ts';
import { renderText } from './text.ts';

const RIGHT: CaseResult = {
  ...{ id: 'F1-response-arr-1', scenario: 'F1-response', title: 'A <timer> & more', family: 'F', gateway: 'arr' },
  ...{ seed: 1, isNegative: false, isEjecting: false, parameters: { timeoutMs: 2_000 } },
  truth: [{ cause: 'timeout/gateway-response', measured: { timeoutMs: 2_000 } }],
  tolerated: [],
  state: 'judged',
  found: [
    {
      ...{ cause: 'timeout/gateway-response', severity: 'error', confidence: 'confirmed' },
      measured: { timeoutMs: { value: 2_002, low: 1_995, high: 2_010 } },
    },
  ],
  naive: [],
  requests: { gateway: 40, direct: 80 },
  durationMs: 12_000,
  attempts: 1,
  ejections: 2,
};
const NEGATIVE: CaseResult = {
  ...RIGHT,
  ...{ id: 'Z1-quiet-nginx-1', scenario: 'Z1-quiet', family: 'Z', gateway: 'nginx' },
  ...{ isNegative: true, truth: [], found: [], ejections: 0 },
};
const FALSE_ALARM: CaseResult = {
  ...NEGATIVE,
  id: 'Z1-quiet-nginx-2',
  found: [{ cause: 'member/slow', member: 'web2', severity: 'warning', confidence: 'likely', measured: {} }],
};
const NOT_VALID: CaseResult = { ...RIGHT, id: 'F1-response-arr-2', state: 'not-valid', because: 'late', found: [] };
const BROKEN: CaseResult = { ...NOT_VALID, id: 'F1-response-arr-3', state: 'broken', because: 'no port\nat line' };
const FORM = { seed: 1, isShort: true, logs: false };

test('what is not valid is missed, what is broken is told and not scored', () => {
  const summary = summarise([RIGHT, NEGATIVE, FALSE_ALARM, NOT_VALID, BROKEN], FORM, 1_000);
  assert.deepEqual(summary.states, { judged: 3, notValid: 1, broken: 1 });
  assert.equal(summary.gateprobe.cases, 4);
  assert.deepEqual(
    [summary.gateprobe.overall.right, summary.gateprobe.overall.wrong, summary.gateprobe.overall.missed],
    [1, 1, 1],
  );
  assert.equal(summary.naive.overall.right, 0);
  assert.equal(summary.cost.inducedEjections, 4);
  assert.deepEqual(summary.parameters, [
    {
      ...{ cause: 'timeout/gateway-response', name: 'timeoutMs', count: 1, withoutValue: 0 },
      ...{ medianErrorRatio: 0.001, worstErrorRatio: 0.001, covered: 1, withInterval: 1 },
    },
  ]);
  assert.deepEqual(
    summary.cases.map(({ isExact }) => isExact),
    [true, true, false, false, false],
  );
});

test('each case is one line', () => {
  const lines = summarise([RIGHT, FALSE_ALARM, NOT_VALID, BROKEN], FORM, 0).cases.map(lineOf);
  assert.match(lines[0] ?? '', /^right .*timeoutMs 2002 for 2000 \(0\.1 %\)/);
  assert.match(lines[1] ?? '', /^WRONG .*member\/slow@web2; wanted nothing/);
  assert.match(lines[2] ?? '', /^NOT VALID .*late/);
  assert.match(lines[3] ?? '', /^BROKEN .*no port$/);
});

test('the page escapes what it shows and loads nothing', () => {
  const page = renderPage(summarise([RIGHT, FALSE_ALARM], FORM, 0));
  assert.ok(page.includes('A &#60;timer&#62; &#38; more'));
  assert.doesNotMatch(page, /<script|src=|https?:/);
});

test('the text has the rule beside gateprobe', () => {
  assert.match(renderText(summarise([RIGHT, FALSE_ALARM], FORM, 0)), /recall +100\.0 % +0\.0 %/);
});

test('floors are held or told', () => {
  const floor = { f1: 0.9, exactRatio: 0.9, falsePer100Negatives: 5, notValidRatio: 0.2 };
  assert.deepEqual(missedFloors(summarise([RIGHT, NEGATIVE], FORM, 0), floor), []);
  assert.equal(missedFloors(summarise([RIGHT, FALSE_ALARM, NOT_VALID], FORM, 0), floor).length, 4);
  assert.equal(missedFloors(summarise([], FORM, 0), floor).length, 2);
});
