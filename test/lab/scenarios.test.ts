import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { CAUSES } from '../../src/model/causes.ts';
import { hasDelay } from '../../src/model/profile.ts';
import { parseProfile } from '../../src/profile/load.ts';

const NAMES = ['demo', 'healthy', 'timeout', 'queue-at-gateway', 'queue-at-member', 'cold-start', 'keep-alive-race'];
const MORE_NAMES = ['dropped', 'truncated', 'one-down', 'all-down'];

test('all scenarios are there, and only those', () => {
  assert.deepEqual(Object.keys(SCENARIOS), [...NAMES, ...MORE_NAMES]);
});

for (const [key, scenario] of Object.entries(SCENARIOS)) {
  const names = scenario.members.map(({ name }) => name);
  const urls = {
    gateway: 'http://127.0.0.1:40000',
    members: names.map((name, index) => ({ name, url: `http://127.0.0.1:${40_001 + index}` })),
  };

  test(`${key}: names, texts and truth fit together`, () => {
    assert.equal(scenario.name, key);
    assert.match(scenario.summary, /^[^.].*\.$/s);
    assert.doesNotMatch(scenario.summary, /\. [A-Z]/, 'one sentence');
    assert.equal(new Set(names).size, names.length);
    assert.equal(scenario.truth.length === 0, key === 'healthy');
    for (const { cause, member, measured } of scenario.truth) {
      assert.ok(Object.hasOwn(CAUSES, cause), cause);
      if (member !== undefined) assert.ok(names.includes(member), member);
      for (const [name, value] of Object.entries(measured ?? {})) assert.ok(value > 0, name);
    }
  });

  test(`${key}: the profile is valid and names no kind of gateway`, () => {
    const readFile = (path: string): string => assert.fail(`the profile reads ${path}`);
    const profile = parseProfile(scenario.profile(urls), { file: `${key}.yaml`, env: {}, readFile });
    assert.equal(profile.gateway.url, urls.gateway);
    assert.equal(profile.gateway.kind, undefined);
    assert.deepEqual(
      profile.members.map(({ name, url }) => ({ name, url })),
      urls.members,
    );
    assert.deepEqual(profile.memberId, { header: 'X-Member' });
    assert.deepEqual(profile.notes, []);
    assert.equal(profile.experiments[0]?.kind, 'compare');
    for (const experiment of profile.experiments) {
      if (experiment.kind !== 'timeout') continue;
      const request = profile.requests.find(({ name }) => name === experiment.request);
      assert.ok(request !== undefined && hasDelay(request) && request.safe);
      assert.ok(experiment.upToUs > scenario.gateway.timers.responseMs * 1_000 || key === 'healthy');
    }
  });

  test(`${key}: the set values stand on both sides of what the profile tries`, () => {
    const readFile = (): string => '';
    const profile = parseProfile(scenario.profile(urls), { file: `${key}.yaml`, env: {}, readFile });
    for (const { behaviour } of scenario.members) {
      const gaps = profile.experiments.flatMap((spec) => (spec.kind === 'idle' ? spec.gapsUs : []));
      const { coldStart } = behaviour;
      if (coldStart === undefined) continue;
      assert.ok(gaps.some((us) => us < coldStart.idleMs * 1_000));
      assert.ok(gaps.some((us) => us > coldStart.idleMs * 1_000));
    }
  });
}
