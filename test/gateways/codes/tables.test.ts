import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VOCABULARIES } from '../../../src/gateways/codes/code.ts';
import { decode } from '../../../src/gateways/codes/decode.ts';
import { haproxyTermination } from '../../../src/gateways/codes/haproxy.ts';
import { httperrMeanings, httperrReason } from '../../../src/gateways/codes/httperr.ts';
import { matchMessage, messagePatterns } from '../../../src/gateways/codes/messages.ts';
import { codeMeanings } from '../../../src/gateways/codes/tables.ts';
import { isReadInLogs, win32Meaning, win32Names } from '../../../src/gateways/codes/win32.ts';
import { winhttpMeanings, winhttpName } from '../../../src/gateways/codes/winhttp.ts';
import { HOP_OUTCOMES } from '../../../src/model/hop.ts';

const known = (input: string, vocabulary: string, code: string): boolean =>
  decode(input).readings.some((reading) => reading.vocabulary === vocabulary && reading.code === code);

test('every code of every table decodes to itself', () => {
  const lost = codeMeanings().filter(({ vocabulary, code }) => !known(code, vocabulary, code));
  assert.deepEqual(
    lost.map(({ vocabulary, code }) => `${vocabulary}: ${code}`),
    [],
  );
});

test('every code of every table is told in full', () => {
  const thin = codeMeanings().filter(
    ({ meaning, outcome, inALog, next, code }) =>
      code === '' ||
      !/[.…)]$/.test(meaning) ||
      (outcome !== undefined && !HOP_OUTCOMES.includes(outcome)) ||
      (outcome !== undefined && inALog === '') ||
      (outcome !== undefined && outcome !== 'ok' && next.length === 0),
  );
  assert.deepEqual(
    thin.map(({ vocabulary, code }) => `${vocabulary}: ${code}`),
    [],
  );
});

test('every vocabulary has codes', () => {
  const used = new Set(codeMeanings().map(({ vocabulary }) => vocabulary));
  // Plain Windows errors are read when they are needed, and stand in no table.
  assert.deepEqual(
    Object.keys(VOCABULARIES).filter((id) => id !== 'win32' && !used.has(id as 'nginx')),
    [],
  );
});

test('all forms of every WinHTTP error mean that error', () => {
  const rows = winhttpMeanings();
  assert.equal(rows.length, 56);
  for (const { code, name, forms } of rows) {
    assert.equal(winhttpName(Number(code)), name);
    for (const form of [
      code,
      name ?? '',
      ...forms.filter(({ label }) => !label.startsWith('text')).map(({ text }) => text),
    ])
      assert.ok(known(form, 'winhttp', code), `${code} as ${form}`);
  }
});

test('all reasons of HTTPERR are found, in any case of letters', () => {
  const rows = httperrMeanings();
  assert.equal(rows.length, 40);
  for (const { code } of rows) {
    assert.equal(httperrReason(code.toUpperCase())?.code, code);
    assert.ok(known(code.toLowerCase(), 'httperr', code), code);
  }
});

test('Windows errors: all numbers have names, and those that are read in logs a reading of their own', () => {
  const names = win32Names();
  assert.equal(names.size, 2743);
  assert.equal(names.get(64), 'ERROR_NETNAME_DELETED');
  for (const [code, name] of names) {
    const meaning = win32Meaning(code);
    assert.equal(meaning?.name, name);
    assert.equal(meaning?.meaning.startsWith('The name says it'), !isReadInLogs(code), name);
  }
  for (const code of [64, 121, 258, 995, 1229, 1236, 1460, 10054, 10060, 10061, 11001]) assert.ok(isReadInLogs(code));
});

test('a sample of Windows errors decodes by number, by name and by HRESULT', () => {
  for (const [code, name] of [...win32Names()].filter((_, i) => i % 37 === 0)) {
    assert.ok(known(String(code), 'win32', String(code)), String(code));
    assert.ok(known(name, 'win32', String(code)), name);
    if (code > 0) assert.ok(known(`0x${(0x80070000 + code).toString(16)}`, 'win32', String(code)), name);
  }
});

test('every message is found alone and in the middle of a line', () => {
  for (const { pattern, meaning } of messagePatterns()) {
    const { vocabulary, code } = meaning;
    assert.match(code, pattern);
    assert.equal(matchMessage(vocabulary, code)?.code, code, `${vocabulary}: an earlier pattern takes ${code}`);
  }
});

test('termination states: pairs, cookies, combinations that are not documented, and what is none', () => {
  assert.equal(haproxyTermination('sH--')?.outcome, 'response/timeout');
  assert.equal(haproxyTermination('SH')?.outcome, 'response/reset-before-headers');
  assert.match(haproxyTermination('SHVN')?.beside?.[0]?.text ?? '', /valid/);
  assert.equal(haproxyTermination('KC')?.outcome, 'gateway/shutdown');
  for (const none of ['', 'X', 'xy', 'sH-', 'sH---', 'HTTP', '-H'])
    assert.equal(haproxyTermination(none), undefined, none);
});
