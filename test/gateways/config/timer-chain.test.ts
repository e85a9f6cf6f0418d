import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditTimers } from '../../../src/gateways/config/timer-chain.ts';
import { isDeclared, type MeasuredTimers, type TimerProblemId } from '../../../src/gateways/config/timer-problem.ts';
import type { DeclaredConfig, PlacedConfig } from '../../../src/model/declared.ts';
import { fromFixture, fromMemory } from './memory-files.ts';

function nginx(text: string): DeclaredConfig {
  return fromMemory({ 'nginx.conf': `http { ${text} }` }, 'nginx.conf');
}

function farm(protocol: string, health = '', rest = ''): DeclaredConfig {
  const text = `<configuration>${rest}<webFarms><webFarm name="F"><server address="10.0.0.1"/><applicationRequestRouting>
    <protocol ${protocol}/>${health}</applicationRequestRouting></webFarm></webFarms></configuration>`;
  return fromMemory({ 'applicationHost.config': text }, 'applicationHost.config');
}

function member(module: string): DeclaredConfig {
  const text = `<configuration><system.webServer><aspNetCore ${module}/></system.webServer></configuration>`;
  return fromMemory({ 'web.config': text }, 'web.config');
}

function pool(attributes: string, inner = ''): DeclaredConfig {
  const text = `<configuration><system.applicationHost><applicationPools><add name="P" ${attributes}>${inner}</add></applicationPools></system.applicationHost></configuration>`;
  return fromMemory({ 'applicationHost.config': text }, 'applicationHost.config');
}

const PASS = 'server { location / { proxy_pass http://app; } }';
const QUIET = 'proxy_connect_timeout 3s; proxy_next_upstream error;';
const idle = (valueUs: number): MeasuredTimers => ({
  memberIdle: [{ what: `web1 closes after ${valueUs} µs`, valueUs, member: '10.0.0.1' }],
});
const kept = (seconds: number) =>
  nginx(
    `${QUIET} proxy_http_version 1.1; upstream app { server 10.0.0.1; keepalive 8; keepalive_timeout ${seconds}s; } ${PASS}`,
  );
const three = 'upstream app { server 10.0.0.1; server 10.0.0.2; server 10.0.0.3; }';

type Case = readonly [string, readonly PlacedConfig[], MeasuredTimers, TimerProblemId, 'fault' | 'note' | 'none'];
const cases: readonly Case[] = [
  ['ARR 30 s before ANCM 120 s', [farm(''), member('')], {}, 'gateway-shorter-than-application', 'fault'],
  ['ARR above ANCM', [farm('timeout="00:02:30"'), member('')], {}, 'gateway-shorter-than-application', 'none'],
  ['equal is not longer', [farm('timeout="00:02:00"'), member('')], {}, 'gateway-shorter-than-application', 'fault'],
  ['one µs of difference', [farm('timeout="00:02:01"'), member('')], {}, 'gateway-shorter-than-application', 'none'],
  [
    'in process there is no such limit',
    [farm(''), member('hostingModel="inprocess"')],
    {},
    'gateway-shorter-than-application',
    'none',
  ],
  [
    'a member of another address',
    [farm(''), { ...member(''), member: '10.9.9.9' }],
    {},
    'gateway-shorter-than-application',
    'none',
  ],
  [
    'clients leave first',
    [farm('')],
    { client: { what: 'clients', valueUs: 20_000_000 } },
    'client-shorter-than-gateway',
    'fault',
  ],
  [
    'clients stay',
    [farm('')],
    { client: { what: 'clients', valueUs: 31_000_000 } },
    'client-shorter-than-gateway',
    'none',
  ],
  [
    'nginx before ARR',
    [nginx(`${QUIET} proxy_read_timeout 10s; ${PASS}`), farm('')],
    {},
    'gateway-shorter-than-next',
    'fault',
  ],
  ['nginx longer than ARR', [nginx(`${QUIET} ${PASS}`), farm('')], {}, 'gateway-shorter-than-next', 'none'],
  [
    'work that takes longer',
    [farm('')],
    { memberWork: [{ what: 'report', valueUs: 42_000_000 }] },
    'gateway-shorter-than-work',
    'fault',
  ],
  ['keep-alive 60 s on a member of 5 s', [kept(60)], idle(5_000_000), 'keep-alive-race', 'fault'],
  ['keep-alive 4 s on a member of 5 s', [kept(4)], idle(5_000_000), 'keep-alive-race', 'none'],
  ['equal times race too', [kept(5)], idle(5_000_000), 'keep-alive-race', 'fault'],
  [
    'another member',
    [kept(60)],
    { memberIdle: [{ what: 'x', valueUs: 1, member: '10.9.9.9' }] },
    'keep-alive-race',
    'none',
  ],
  [
    'before 1.29.7 nothing is kept without HTTP/1.1',
    [nginx(`${QUIET} upstream app { server 10.0.0.1; keepalive 8; } ${PASS}`)],
    idle(5_000_000),
    'keep-alive-race',
    'note',
  ],
  [
    'a member’s own configuration',
    [kept(120), { ...nginx('keepalive_timeout 30s; server { listen 80; }'), role: 'member' }],
    {},
    'keep-alive-race',
    'fault',
  ],
  [
    'Apache has no idle time',
    [fromFixture('config/apache/apache2.conf')],
    idle(5_000_000),
    'keep-alive-without-limit',
    'none',
  ],
  [
    'Apache without ttl',
    [fromMemory({ 'httpd.conf': 'ProxyPass / http://10.0.0.1/' }, 'httpd.conf')],
    idle(5_000_000),
    'keep-alive-without-limit',
    'note',
  ],
  ['three members', [nginx(`proxy_connect_timeout 3s; ${three} ${PASS}`)], {}, 'repeated-timeouts', 'note'],
  [
    'three members and clients of 100 s',
    [nginx(`proxy_connect_timeout 3s; ${three} ${PASS}`)],
    { client: { what: 'clients', valueUs: 100_000_000 } },
    'repeated-timeouts',
    'fault',
  ],
  ['without timeout in next_upstream', [nginx(`${QUIET} ${three} ${PASS}`)], {}, 'repeated-timeouts', 'none'],
  ['one try', [nginx(`proxy_next_upstream_tries 1; ${three} ${PASS}`)], {}, 'repeated-timeouts', 'none'],
  [
    'HAProxy without timeout server',
    [fromMemory({ 'haproxy.cfg': 'backend b\n server s 10.0.0.1:80' }, 'haproxy.cfg')],
    {},
    'no-response-timeout',
    'note',
  ],
  ['nginx’s 60 s to connect', [nginx(PASS)], {}, 'slow-connect-timeout', 'note'],
  ['3 s to connect', [nginx(`${QUIET} ${PASS}`)], {}, 'slow-connect-timeout', 'none'],
  [
    'ARR’s default health times',
    [farm('', '<healthCheck url="http://F/h" minServers="1"/>')],
    {},
    'health-overlap',
    'note',
  ],
  [
    'a shorter health timeout',
    [farm('', '<healthCheck url="http://F/h" timeout="00:00:05"/>')],
    {},
    'health-overlap',
    'none',
  ],
  ['minServers 0', [farm('', '<healthCheck url="http://F/h"/>')], {}, 'health-may-remove-all', 'fault'],
  ['minServers 1', [farm('', '<healthCheck url="http://F/h" minServers="1"/>')], {}, 'health-may-remove-all', 'none'],
  ['no health test', [farm('')], {}, 'health-may-remove-all', 'none'],
  [
    'live traffic takes out too',
    [farm('', '<healthCheck liveTrafficFailurePeriod="00:00:10"/>')],
    {},
    'health-may-remove-all',
    'fault',
  ],
  [
    'two proxy timeouts',
    [farm('', '', '<system.webServer><proxy enabled="true" timeout="00:05:00"/></system.webServer>')],
    {},
    'two-proxy-timeouts',
    'note',
  ],
  ['a pool that sleeps', [pool('')], {}, 'idle-pool-stops', 'note'],
  ['a pool that does not', [pool('', '<processModel idleTimeout="00:00:00"/>')], {}, 'idle-pool-stops', 'none'],
  ['29 h', [pool('')], {}, 'recycle-drifts', 'note'],
  ['every 12 h', [pool('', '<recycling><periodicRestart time="12:00:00"/></recycling>')], {}, 'recycle-drifts', 'none'],
  ['off', [pool('', '<recycling><periodicRestart time="00:00:00"/></recycling>')], {}, 'recycle-drifts', 'none'],
  ['a queue behind a farm', [farm(''), pool('queueLength="1000"')], {}, 'queue-longer-than-timeout', 'note'],
];

for (const [name, configs, measured, id, level] of cases)
  test(`${name}: ${id} ${level}`, () => {
    const found = auditTimers(configs, measured).filter((one) => one.id === id);
    assert.equal(found[0]?.level ?? 'none', level);
    assert.ok(found.length <= 1, 'said once');
  });

test('a problem cites file, line and value of what to change', () => {
  const [problem] = auditTimers([
    fromFixture('config/arr/applicationHost.config'),
    fromFixture('config/member/web.config'),
  ]);
  assert.ok(
    problem !== undefined && isDeclared(problem.outer) && problem.inner !== undefined && isDeclared(problem.inner),
  );
  assert.equal(problem.id, 'gateway-shorter-than-application');
  assert.equal(problem.problem, 'The gateway waits 45 s, the application may work for 2 min.');
  assert.equal(problem.outer.line, 57);
  assert.match(problem.fix, /applicationHost\.config:57 .*protocol timeout 00:00:45 \(farm ShopFarm\) above 2 min\./);
  assert.equal(problem.inner.isDefault, true);
});

test('faults stand before notes', () => {
  const levels = auditTimers([fromFixture('config/arr/applicationHost.config')]).map(({ level }) => level);
  assert.deepEqual(levels, [...levels].sort());
  assert.ok(levels.includes('fault') && levels.includes('note'));
});

test('without configuration there is nothing to say', () => {
  assert.deepEqual(auditTimers([]), []);
});
