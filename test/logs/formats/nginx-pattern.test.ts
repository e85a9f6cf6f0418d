import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileNginxPattern } from '../../../src/logs/formats/nginx-pattern.ts';

const PROBLEMS: readonly (readonly [why: string, pattern: string, offset: number, expected: RegExp])[] = [
  [
    'two variables with nothing between',
    '$msec $status$request_time',
    13,
    /character between \$status and \$request_time/,
  ],
  ['no time', '$status $request', 0, /\$msec/],
  ['no variable', 'hello', 0, /variables/],
  ['a dollar alone', '$msec $ $status', 6, /name of a variable/],
  ['an open quote', "log_format x '$msec $status;", 13, /closing '/],
  ['an unknown escape', "log_format x escape=xml '$msec';", 13, /escape=json/],
  ['two formats', "log_format x '$msec'; log_format y '$status';", 20, /one log_format/],
];

for (const [why, pattern, offset, expected] of PROBLEMS) {
  test(`log_format: refused for ${why}`, () => {
    const problems = compileNginxPattern(pattern);
    assert.ok(!('fields' in problems));
    assert.equal(problems[0]?.offset, offset);
    assert.match(problems[0]?.expected ?? '', expected);
  });
}

const SAME = '$remote_addr [$time_local] "$request" $status';
const WRITTEN: readonly (readonly [why: string, pattern: string])[] = [
  ['text', SAME],
  ['quoted text', `'${SAME}'`],
  ['a directive', `log_format main '${SAME}';`],
  ['several pieces', `log_format main '$remote_addr [$time_local]'\n   ' "$request" $status';`],
  ['an escape by name', `log_format main escape=default '${SAME}';`],
  ['double quotes', `log_format main "$remote_addr [$time_local] \\"$request\\" $status";`],
  ['braces', `'\${remote_addr} [\${time_local}] "\${request}" \${status}'`],
];

for (const [why, pattern] of WRITTEN) {
  test(`log_format: written as ${why}`, () =>
    assert.deepEqual(compileNginxPattern(pattern), compileNginxPattern(SAME)));
}

test('log_format: a field of one width needs nothing behind it', () => {
  assert.ok('fields' in compileNginxPattern('$time_iso8601$status'));
});
