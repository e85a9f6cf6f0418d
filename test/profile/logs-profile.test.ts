import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logsProfile } from '../../src/profile/logs-profile.ts';

test('the profile of logs alone names no address and no member', () => {
  const profile = logsProfile('farm logs');
  assert.equal(profile.name, 'farm logs');
  assert.equal(profile.gateway.url, '');
  assert.deepEqual([profile.members, profile.notes, profile.logs], [[], [], []]);
  assert.equal(profile.failOn, 'warning');
});
