import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../src/model/random.ts';
import { planRun } from '../../../src/pipeline.ts';
import { parseProfile } from '../../../src/profile/load.ts';
import { caseId } from './running.ts';
import { FAMILIES, type GatewayName, isNegative, type Scenario } from './scenario.ts';
import { ALL_SCENARIOS, chooseCases } from './scenarios.ts';
import { profileYaml } from './stage.ts';

/** So many negatives that a program that always finds something is seen (methods of the benchmark). */
const LEAST_NEGATIVES = 0.35;
const FULL = { seed: 1, runs: 5, isShort: false, only: [] };
const SHORT = { ...FULL, isShort: true };

function draw(scenario: Scenario, gateway: GatewayName, seed: number) {
  return scenario.draw(createRandom(seed).fork(`${scenario.id} ${gateway}`), gateway);
}

test('each scenario has an id of its own that begins with its family', () => {
  assert.equal(new Set(ALL_SCENARIOS.map(({ id }) => id)).size, ALL_SCENARIOS.length);
  for (const { id, family } of ALL_SCENARIOS) assert.ok(id.startsWith(family), id);
  assert.deepEqual([...new Set(ALL_SCENARIOS.map(({ family }) => family))].sort(), [...FAMILIES].sort());
});

for (const [name, choice] of Object.entries({ full: FULL, short: SHORT })) {
  test(`the ${name} form has enough cases with nothing to find`, () => {
    const cases = chooseCases(choice);
    const share = cases.filter(({ scenario }) => isNegative(scenario)).length / cases.length;
    assert.ok(share >= LEAST_NEGATIVES, `${share}`);
    assert.equal(new Set(cases.map(caseId)).size, cases.length);
  });
}

test('the full form has each scenario at least five times and with each of its gateways', () => {
  const cases = chooseCases(FULL);
  for (const scenario of ALL_SCENARIOS) {
    const own = cases.filter((one) => one.scenario === scenario);
    assert.ok(own.length >= 5, scenario.id);
    assert.deepEqual(new Set(own.map(({ gateway }) => gateway)), new Set(scenario.gateways), scenario.id);
  }
});

test('the short form has all six gateways, and gateways that the scenarios know', () => {
  const cases = chooseCases(SHORT);
  assert.equal(new Set(cases.map(({ gateway }) => gateway)).size, 6);
  for (const { scenario, gateway } of cases) assert.ok(scenario.gateways.includes(gateway), scenario.id);
});

test('cases are chosen by scenario, by gateway, or one alone', () => {
  const ids = (only: readonly string[], more: { gateway?: GatewayName } = {}) =>
    chooseCases({ ...FULL, ...more, only }).map(caseId);
  assert.deepEqual(ids(['M4-stale-ejection-arr-77']), ['M4-stale-ejection-arr-77']);
  assert.equal(ids(['M4']).length, 5);
  assert.ok(ids([], { gateway: 'caddy' }).every((id) => id.includes('-caddy-')));
  assert.deepEqual(ids(['no such scenario']), []);
});

for (const scenario of ALL_SCENARIOS) {
  test(`${scenario.id}: seeds repeat, profiles load, the truth can be found`, () => {
    for (const [index, gateway] of scenario.gateways.entries()) {
      const setting = draw(scenario, gateway, index + 1);
      assert.deepEqual(draw(scenario, gateway, index + 1), setting);
      const { stage, truth, parameters } = setting;
      assert.ok(!Object.values(parameters).some((value) => Number.isNaN(value)), scenario.id);
      assert.equal(truth.length === 0, isNegative(scenario));
      const names = stage.members.map(({ name }) => name);
      for (const { member } of truth) assert.ok(member === undefined || names.includes(member));
      const members = names.map((name) => ({ name, url: 'http://127.0.0.1:8080' }));
      const text = profileYaml(stage, { name: scenario.id, logs: false, gateway }, 'http://127.0.0.1:8000', members, {
        logs: [],
      });
      const profile = parseProfile(text, { file: 'case.yaml', env: {}, readFile: () => '' });
      const plan = planRun(profile, 1);
      for (const { id, refused } of plan.experiments) assert.equal(refused, undefined, `${scenario.id} ${id}`);
      // The short form must end within five minutes. A sweep around idle timeouts is planned for the worst case and ends sooner.
      const mostUs = scenario.family === 'K' ? 90_000_000 : 60_000_000;
      assert.ok(plan.durationUs <= mostUs, `${scenario.id} takes ${plan.durationUs / 1e6} s`);
    }
  });
}
