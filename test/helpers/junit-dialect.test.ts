import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialectFaults } from './junit-dialect.ts';

const suite = (inside: string, more = '') =>
  `<testsuites><testsuite name="a" tests="1" failures="0" errors="0"${more}>${inside}</testsuite></testsuites>`;

const CASES: readonly (readonly [name: string, xml: string, faults: readonly string[]])[] = [
  ['a plain file', suite('<testcase name="x" time="0"><failure message="m" type="t">text</failure></testcase>'), []],
  ['a count that the root may not have', '<testsuites skipped="1"/>', ['<testsuites> with skipped']],
  ['a case without a name', suite('<testcase/>'), ['<testcase> without name']],
  ['a result outside a case', suite('<failure/>'), ['<failure> in <testsuite>']],
  ['text between cases', suite('text'), ['text in <testsuite>']],
  ['an unknown element', suite('<note/>'), ['<note> in <testsuite>']],
  ['a time in words', suite('', ' time="2 s"'), ['time="2 s"']],
  ['another root', '<report/>', ['<report> in <nothing>']],
];
for (const [name, xml, faults] of CASES) test(name, () => assert.deepEqual(dialectFaults(xml), faults));

test('what is not XML', () => assert.ok(dialectFaults('<testsuites><a></testsuites>').length > 0));
