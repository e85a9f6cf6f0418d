/** What logs and configuration tell of a place changes what a remedy says: nobody gets commands for another machine, or a page that is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyContext } from '../../src/gateways/gateway.ts';
import { remedyFor } from '../../src/gateways/remedies.ts';
import type { CauseId } from '../../src/model/causes.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';

function commands(kind: GatewayKind, cause: CauseId, more: Partial<RemedyContext> = {}): string {
  return remedyFor(GATEWAYS, kind, { cause, measured: {}, ...more })
    .commands.map(({ title, text }) => `${title}\n${text}`)
    .join('\n');
}

test('members that log as IIS does get commands of Windows, whatever stands before them', () => {
  for (const cause of ['member/errors', 'cold-start/idle', 'application/slow', 'connection/refused'] as const) {
    assert.doesNotMatch(commands('unknown', cause, { isMemberOnIis: true }), /Linux|journalctl|crontab|vmstat/, cause);
    assert.match(commands('unknown', cause), /Linux|journalctl|crontab|vmstat/, cause);
  }
});

test('the farm is called by its name where the configuration has only one', () => {
  const named = commands('arr', 'timeout/gateway-response', { farm: 'Shop Farm' });
  assert.match(named, /\[name='Shop Farm'\]\.applicationRequestRouting\.protocol\.timeout/);
  assert.doesNotMatch(named, /<farm>/);
  assert.match(commands('arr', 'timeout/gateway-response', { farm: 'a\'b" & del' }), /<farm>/, 'nothing to be run');
});

test('a health test that is configured is not replaced by another page', () => {
  const healthUrl = 'http://ShopFarm/health.aspx';
  const kept = commands('arr', 'member/none-available', { healthUrl });
  assert.match(kept, /healthCheck\.minServers:1/);
  assert.doesNotMatch(kept, /healthCheck\.url/);
  assert.match(commands('arr', 'member/none-available'), /healthCheck\.url:http:\/\/<farm>\/<health page>/);
  const { steps } = remedyFor(GATEWAYS, 'arr', { cause: 'member/none-available', measured: {}, healthUrl });
  assert.match(steps.join(' '), /Look for \/health\.aspx in the members' logs/);
});

test('what is wrong at a member is not mended at the pool of the controller', () => {
  for (const cause of ['queue/rejected', 'cold-start/recycle'] as const) {
    assert.doesNotMatch(commands('arr', cause, { member: 'web1' }), /controller-pool/, cause);
    assert.match(commands('arr', cause), /controller-pool/, cause);
  }
});

test('a stopped pool of the gateway is started, and no limit raised', () => {
  const stopped = remedyFor(GATEWAYS, 'arr', { cause: 'gateway/overloaded', measured: {}, refusedBy: 'AppOffline' });
  assert.match(stopped.steps[0] ?? '', /pool of the gateway itself is stopped \(AppOffline/);
  assert.match(stopped.commands.map(({ text }) => text).join('\n'), /start apppool/);
  const full = remedyFor(GATEWAYS, 'arr', { cause: 'gateway/overloaded', measured: {}, refusedBy: 'QueueFull' });
  assert.match(full.commands.map(({ text }) => text).join('\n'), /queueLength/);
});
