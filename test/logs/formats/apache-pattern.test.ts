import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileApachePattern } from '../../../src/logs/formats/apache-pattern.ts';

const PROBLEMS: readonly (readonly [why: string, pattern: string, offset: number, expected: RegExp])[] = [
  ['two directives with nothing between', '%t %>s%b', 6, /character between %>s and %b/],
  ['no time', '%h %>s', 0, /%t/],
  ['an unknown directive', '%t %Q', 3, /mod_log_config/],
  ['an unknown conversion of strftime', '%{%Y %Q}t %>s', 0, /strftime/],
  ['a directive with more than two words', 'LogFormat "%t %>s" a b', 21, /LogFormat/],
  ['an open quote', 'LogFormat "%t %>s', 10, /closing "/],
];

for (const [why, pattern, offset, expected] of PROBLEMS) {
  test(`LogFormat: refused for ${why}`, () => {
    const problems = compileApachePattern(pattern);
    assert.ok(!('fields' in problems));
    assert.equal(problems[0]?.offset, offset);
    assert.match(problems[0]?.expected ?? '', expected);
  });
}

const SAME = '%h %l %u %t "%r" %>s %b';
const WRITTEN: readonly (readonly [why: string, pattern: string])[] = [
  ['a nickname', 'common'],
  ['escaped text', '%h %l %u %t \\"%r\\" %>s %b'],
  ['quoted text', '"%h %l %u %t \\"%r\\" %>s %b"'],
  ['a directive', 'LogFormat "%h %l %u %t \\"%r\\" %>s %b" common'],
  ['a directive in single quotes', `LogFormat '${SAME}'`],
  ['with statuses', '%h %l %u %t "%r" %!200,304>s %b'],
];

for (const [why, pattern] of WRITTEN) {
  test(`LogFormat: written as ${why}`, () =>
    assert.deepEqual(compileApachePattern(pattern), compileApachePattern(SAME)));
}

test('LogFormat: text that begins with a quote', () => {
  assert.ok('fields' in compileApachePattern('"%r" %t %>s'));
});
