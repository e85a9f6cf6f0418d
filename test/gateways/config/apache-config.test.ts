import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, fromFixture, fromMemory } from './memory-files.ts';

const config = fromFixture('config/apache/apache2.conf');

test('members of balancers and locations, continued lines and names in any case', () => {
  assert.equal(config.kind, 'apache');
  assert.deepEqual(config.problems, []);
  assert.deepEqual(
    config.members.map(({ address, name, line }) => [address, name, line]),
    [
      ['192.0.2.11:8080', 'w1', 5],
      ['web2.example.net:8080', 'w2', 7],
      ['192.0.2.50:9000', undefined, 13],
      ['192.0.2.60:80', undefined, 18],
    ],
  );
});

test('only the sections of the loaded multi-processing module hold', () => {
  assert.deepEqual(find(config, 'MaxRequestWorkers'), ['apache2.conf:9 400 | main server']);
});

/** The timer of a member may stand on the worker, in ProxyTimeout or in Timeout. */
const chain: readonly (readonly ['response-timeout' | 'connect-timeout', string, string, number | undefined])[] = [
  ['response-timeout', '192.0.2.11:8080', 'timeout', 30_000_000],
  ['connect-timeout', '192.0.2.11:8080', 'timeout', 30_000_000],
  ['response-timeout', 'web2.example.net:8080', 'ProxyTimeout', 60_000_000],
  ['connect-timeout', 'web2.example.net:8080', 'ProxyTimeout', 60_000_000],
  ['response-timeout', '192.0.2.50:9000', 'ProxyTimeout', 60_000_000],
  ['connect-timeout', '192.0.2.50:9000', 'connectiontimeout', 250_000],
  // A variable is kept as it is and has no number.
  ['response-timeout', '192.0.2.60:80', 'timeout', undefined],
];
for (const [meaning, member, directive, valueUs] of chain)
  test(`${meaning} of ${member} comes from ${directive}`, () => {
    const found = config.settings.filter((one) => one.meaning === meaning && one.members?.includes(member));
    assert.deepEqual(
      found.map((one) => [one.directive, one.valueUs]),
      [[directive, valueUs]],
    );
  });

test('without any of them the 60 s of Timeout hold', () => {
  const bare = fromMemory({ 'httpd.conf': 'ProxyPass / http://m:81/\nTimeout 9' }, 'httpd.conf');
  assert.deepEqual(find(bare, 'Timeout', 'm:81'), [
    'httpd.conf:2 9 | main server',
    'httpd.conf:2 9 | main server',
    'httpd.conf:2 9 | main server',
  ]);
  const none = fromMemory({ 'httpd.conf': 'ProxyPass / http://m:81/' }, 'httpd.conf');
  assert.equal(none.settings.find(({ meaning }) => meaning === 'response-timeout')?.valueUs, 60_000_000);
});

test('acquire is milliseconds, ttl seconds, and no idle time where nothing is used again', () => {
  const of = (meaning: string, member: string) =>
    config.settings.filter((one) => one.meaning === meaning && one.members?.includes(member)).map((one) => one.valueUs);
  assert.deepEqual(of('queue-timeout', 'web2.example.net:8080'), [500_000, 0]);
  assert.deepEqual(of('keep-alive-member', '192.0.2.11:8080'), [4_000_000]);
  assert.deepEqual(of('keep-alive-member', '192.0.2.50:9000'), []);
});

test('the lab’s own configuration', () => {
  const lab = fromFixture('gateway-lab/conf/apache.conf');
  assert.deepEqual(lab.problems, []);
  assert.equal(lab.members.length, 16);
  assert.deepEqual(find(lab, 'acquire', '127.0.0.1:18011'), ['apache.conf:44 500 | ProxyPass /max/']);
});

const broken: readonly (readonly [string, string, number, string])[] = [
  ['a section that is not closed', '<VirtualHost *:80>\n', 1, '</virtualhost>'],
  ['a section that was not opened', 'Timeout 5\n</Proxy>\n', 2, 'no section to close'],
  ['an Include that is not there', 'Timeout 5\nInclude gone.conf', 2, 'the included file'],
  ['an Include of itself', 'Timeout 5\nInclude httpd.conf', 2, 'files that do not include each other'],
];
for (const [name, text, line, expected] of broken)
  test(`${name} is a problem`, () => {
    const [problem] = fromMemory({ '/etc/httpd/httpd.conf': text }, '/etc/httpd/httpd.conf').problems;
    assert.deepEqual([problem?.line, problem?.expected], [line, expected]);
  });
