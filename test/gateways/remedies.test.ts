import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asTimeSpan, timerSeconds } from '../../src/gateways/advice.ts';
import type { RemedyContext } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import { memberOrigin } from '../../src/gateways/member-address.ts';
import { remedyFor } from '../../src/gateways/remedies.ts';
import type { CauseId } from '../../src/model/causes.ts';
import { CAUSES } from '../../src/model/causes.ts';
import { GATEWAY_KINDS } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';

const ALL_CAUSES = Object.keys(CAUSES) as readonly CauseId[];

/** Causes that a change at the gateway, or a look at it, helps against. */
const AT_THE_GATEWAY: readonly CauseId[] = [
  'timeout/gateway-response',
  'timeout/gateway-connect',
  'queue/gateway',
  'queue/member',
  'queue/rejected',
  'cold-start/idle',
  'cold-start/connection',
  'connection/refused',
  'connection/unreachable',
  'member/none-available',
  'member/slow',
  'member/errors',
  'gateway/cascade',
  'gateway/unreachable',
  'gateway/overhead',
];
/** Causes for which some line helps, at the gateway or at the member. */
const SOMEWHERE: readonly CauseId[] = [
  ...AT_THE_GATEWAY,
  'connection/dropped-before-response',
  'connection/dropped-mid-response',
  'application/error',
  'application/slow',
];

function context(cause: CauseId, more: Partial<RemedyContext> = {}): RemedyContext {
  return { cause, measured: {}, ...more };
}

const FULL: Partial<RemedyContext> = {
  member: 'web1',
  memberUrl: 'http://192.0.2.11:8080',
  requestPath: '/report',
  measured: { timeoutUs: { value: 30_000_000, low: 29_900_000, high: 30_100_000 } },
  suggestedUs: 75_000_000,
};

for (const kind of GATEWAY_KINDS) {
  test(`every cause has a remedy behind ${kind}`, () => {
    for (const cause of ALL_CAUSES) {
      for (const more of [{}, FULL]) {
        const remedy = remedyFor(GATEWAYS, kind, context(cause, more));
        const where = `${kind} ${cause}`;
        assert.ok(remedy.steps.length >= 1, where);
        assert.ok(remedy.howToVerify.length > 10, where);
        for (const step of [...remedy.steps, remedy.howToVerify]) {
          assert.ok(step.trim() === step && step.length > 15, `${where}: ${step}`);
          assert.doesNotMatch(step, /undefined|NaN|\[object/, where);
        }
        for (const command of remedy.commands) {
          assert.ok(command.gateway === kind || command.gateway === 'member', where);
          assert.ok(command.title.length > 3 && command.text.length > 3, where);
          assert.doesNotMatch(command.text, /undefined|NaN|\[object/, `${where}: ${command.text}`);
        }
      }
    }
  });
}

for (const gateway of GATEWAYS) {
  test(`${gateway.kind} has lines of its own, and they come first`, () => {
    for (const cause of AT_THE_GATEWAY) {
      const [first] = remedyFor(GATEWAYS, gateway.kind, context(cause, FULL)).commands;
      assert.equal(first?.gateway, gateway.kind, cause);
    }
    for (const cause of SOMEWHERE) {
      assert.ok(remedyFor(GATEWAYS, gateway.kind, context(cause, FULL)).commands.length >= 1, cause);
    }
  });
}

const TIMERS: readonly (readonly [string, string])[] = [
  ['arr', "[name='<farm>'].applicationRequestRouting.protocol.timeout:00:01:15"],
  [
    'arr',
    "-Filter \"webFarms/webFarm[@name='<farm>']/applicationRequestRouting/protocol\" -Name timeout -Value '00:01:15'",
  ],
  ['arr', 'set config -section:system.webServer/proxy /timeout:00:02:00 /commit:apphost'],
  ['nginx', 'proxy_read_timeout 75s;'],
  ['haproxy', 'timeout server 75s'],
  ['apache', 'timeout=75'],
  ['varnish', '.first_byte_timeout = 75s;'],
  ['caddy', 'response_header_timeout 75s'],
  ['envoy', 'timeout: 75s'],
  ['traefik', 'responseHeaderTimeout: 75s'],
  ['yarp', '"ActivityTimeout": "00:01:15"'],
  ['iis', 'requestTimeout="00:01:15"'],
  ['iis', '-section:system.webServer/aspNetCore /requestTimeout:00:01:15'],
  [
    'aws-alb',
    'aws elbv2 modify-load-balancer-attributes --load-balancer-arn <alb-arn> --attributes Key=idle_timeout.timeout_seconds,Value=75',
  ],
  ['azure-application-gateway', '--name <backend-settings> --timeout 75'],
  ['gcp-load-balancer', 'gcloud compute backend-services update <backend-service> --global --timeout=75s'],
  ['cloudflare', '/settings/proxy_read_timeout" -H "Authorization: Bearer <token>" --json \'{"value": 75}\''],
];
for (const [kind, line] of TIMERS) {
  test(`the suggested time stands in the line of ${kind}: ${line}`, () => {
    const gateway = GATEWAYS.find((candidate) => candidate.kind === kind);
    const remedy = gateway?.remedy(context('timeout/gateway-response', FULL));
    assert.ok(remedy?.commands.some((command) => command.text.includes(line)));
  });
}

test('the timer of ARR without a farm is never set below its default, and follows a longer suggestion', () => {
  const remedy = remedyFor(GATEWAYS, 'arr', context('timeout/gateway-response', { suggestedUs: 300_000_000 }));
  const timers = remedy.commands.flatMap((command) => command.text.match(/\d\d:\d\d:\d\d/g) ?? []);
  assert.deepEqual(timers, ['00:05:00', '00:05:00', '00:05:00', '00:05:00']);
});

test('a longer timer is not the first advice against a slow request', () => {
  for (const kind of GATEWAY_KINDS) {
    const [first] = remedyFor(GATEWAYS, kind, context('timeout/gateway-response', FULL)).steps;
    assert.match(first ?? '', /requests to \/report are meant to take longer than the gateway's timer of 30 s/);
  }
});

test('behind ARR and IIS the members are IIS, and Application Initialization is kept off the controller', () => {
  for (const kind of ['arr', 'iis'] as const) {
    const remedy = remedyFor(GATEWAYS, kind, context('cold-start/idle'));
    const member = remedy.commands.filter((command) => command.gateway === 'member').map((command) => command.text);
    for (const part of ['startMode:AlwaysRunning', 'preloadEnabled:true', 'idleTimeout:00:00:00']) {
      assert.ok(
        member.some((text) => text.includes(part)),
        part,
      );
    }
    assert.match(remedy.steps.join(' '), /members only.*not to work together with ARR/);
    const controller = remedy.commands.filter((command) => command.gateway === 'arr').map((command) => command.text);
    assert.ok(!controller.some((text) => /preload|AlwaysRunning/.test(text)));
  }
  const elsewhere = remedyFor(GATEWAYS, 'nginx', context('cold-start/idle')).commands;
  assert.ok(!elsewhere.some((command) => command.text.includes('appcmd')));
});

test('an unknown kind gets general advice', () => {
  const remedy = remedyFor(GATEWAYS, 'unknown', context('connection/refused', FULL));
  assert.deepEqual(remedy, { ...generic.remedy(context('connection/refused', FULL)) });
  assert.match(remedy.howToVerify, /gateprobe compare <gateway-url> http:\/\/192\.0\.2\.11:8080/);
});

test('a timer is the suggestion, else twice what was measured, else twice the default; rounded up to seconds', () => {
  const cause = 'timeout/gateway-response';
  assert.equal(timerSeconds(context(cause, { suggestedUs: 45_000_001 }), 1), 46);
  assert.equal(timerSeconds(context(cause, { measured: { timeoutUs: { value: 30_000_000 } } }), 1), 60);
  assert.equal(timerSeconds(context(cause), 15_000_000), 30);
  assert.equal(timerSeconds(context(cause, { suggestedUs: 0 }), 1), 1);
});

test('time spans of .NET and IIS', () => {
  assert.deepEqual([5, 75, 3_600, 86_399, 1_000_000].map(asTimeSpan), [
    '00:00:05',
    '00:01:15',
    '01:00:00',
    '23:59:59',
    '23:59:59',
  ]);
});

const ADDRESSES: readonly (readonly [string | undefined, string])[] = [
  [undefined, 'http://<member>:<port>'],
  ['http://192.0.2.11:8080', 'http://192.0.2.11:8080'],
  ['http://web1/', 'http://web1:80'],
  ['https://web1', 'https://web1:443'],
  ['http://[2001:db8::1]:81', 'http://[2001:db8::1]:81'],
  ['not a url', 'http://<member>:<port>'],
  ['http://web1";reboot;"/', 'http://<member>:<port>'],
];
for (const [memberUrl, expected] of ADDRESSES) {
  test(`address of the member ${memberUrl}: ${expected}`, () => {
    const more = memberUrl === undefined ? {} : { memberUrl };
    assert.equal(memberOrigin(context('connection/refused', more)), expected);
  });
}

test('nothing of a hostile member URL gets into a command', () => {
  const memberUrl = `http://web1";reboot;"/`;
  for (const gateway of GATEWAYS) {
    for (const cause of ALL_CAUSES) {
      const remedy = remedyFor(GATEWAYS, gateway.kind, context(cause, { memberUrl }));
      for (const command of remedy.commands) assert.doesNotMatch(command.text, /reboot/, `${gateway.kind} ${cause}`);
      assert.doesNotMatch(remedy.howToVerify, /reboot/);
    }
  }
});
