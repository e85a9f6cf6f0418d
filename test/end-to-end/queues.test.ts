/** Queues that only a crowd shows, on the lab's own processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../src/detectors/judge.ts';
import { startFarm } from '../../src/lab/farm.ts';
import type { Scenario } from '../../src/lab/scenario.ts';
import { PLAIN_GATEWAY } from '../../src/lab/scenario-demo.ts';
import { HOME, labProfile, REPORT } from '../../src/lab/scenario-profile.ts';
import { diagnose, recordRun } from '../../src/pipeline.ts';
import { parseProfile } from '../../src/profile/load.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';

/** A busy machine makes the probe late; then the run says itself that it is not valid, and tells nothing. */
const ATTEMPTS = 3;

async function judged(scenario: Scenario): Promise<Judgement> {
  for (let attempt = 1; ; attempt++) {
    const judgement = await judgedOnce(scenario);
    if (attempt === ATTEMPTS || !judgement.findings.some(({ cause }) => cause === 'probe/saturated')) return judgement;
  }
}

async function judgedOnce(scenario: Scenario): Promise<Judgement> {
  const farm = await startFarm(scenario, { seed: 1 });
  try {
    const readFile = (): never => assert.fail('the profile names no file');
    const profile = parseProfile(farm.profileYaml, { file: 'queues.yaml', env: {}, readFile });
    const epoch = createEpoch();
    const signal = new AbortController().signal;
    const { recording } = await recordRun({ profile, seed: 1, version: '0', epoch, clock: createClock(epoch), signal });
    return diagnose(recording);
  } finally {
    await farm.stop();
  }
}

const QUICK = { service: { kind: 'constant', ms: 5 }, paths: {} } as const;

const slowToAccept: Scenario = {
  name: 'slow-to-accept',
  title: 'A member accepts slowly',
  summary: 'web2 takes 10 ms for each new connection and lets two wait.',
  truth: [{ cause: 'queue/listen-backlog', member: 'web2' }],
  members: [
    { name: 'web1', behaviour: QUICK },
    { name: 'web2', behaviour: { ...QUICK, slowAccept: { acceptMs: 10, backlog: 2 } } },
  ],
  gateway: PLAIN_GATEWAY,
  profile: (urls) =>
    labProfile(
      {
        name: 'slow-to-accept',
        about: 'A member accepts slowly.',
        requests: [HOME],
        experiments: [
          '{ compare: { rate: 6/s, for: 4s, newConnections: 50% } }',
          '{ volley: { sizes: [12, 24], request: home } }',
        ],
      },
      urls,
    ),
};

test('a member with a full queue of new connections is named by the time to connect', {
  skip: process.platform === 'linux' ? false : 'other systems refuse what does not fit, or round a short backlog up',
}, async () => {
  const { findings } = await judged(slowToAccept);
  const titles = findings.map(({ cause, scope, title }) => `${cause} ${scope.member ?? ''}: ${title}`).join('\n');
  const found = findings.find(({ cause }) => cause === 'queue/listen-backlog');
  assert.ok(found !== undefined, titles);
  assert.equal(found.scope.member, 'web2', titles);
  assert.equal(found.severity, 'warning', titles);
  const { value = 0 } = found.measured['connectUs'] ?? {};
  assert.ok(value >= 900_000 && value <= 5_000_000, `${value} µs`);
  assert.ok(!findings.some(({ cause }) => cause === 'connection/syn-loss'), titles);
});

const SLOW_PAGE = {
  service: { kind: 'constant', ms: 8 },
  paths: { '/report': { kind: 'constant', ms: 400 } },
} as const;

const sharedPool: Scenario = {
  name: 'shared-pool',
  title: 'Slow requests hold up quick ones',
  summary: 'The gateway keeps three requests at a time with each of two members.',
  truth: [{ cause: 'queue/gateway', measured: { concurrencyLimit: 6 } }],
  members: [
    { name: 'web1', behaviour: SLOW_PAGE },
    { name: 'web2', behaviour: SLOW_PAGE },
  ],
  gateway: { ...PLAIN_GATEWAY, maxPerMember: 3 },
  profile: (urls) =>
    labProfile(
      {
        name: 'shared-pool',
        about: 'The gateway lets few requests through at a time.',
        requests: [HOME, REPORT],
        experiments: [
          '{ compare: { rate: 6/s, for: 3s } }',
          '{ volley: { sizes: [3, 12, 18], request: report, beside: home } }',
        ],
      },
      urls,
    ),
};

test('a pool of the gateway that slow requests fill shows in quick ones beside them', async () => {
  const { findings } = await judged(sharedPool);
  const titles = findings.map(({ cause, title }) => `${cause}: ${title}`).join('\n');
  const found = findings.find(({ cause }) => cause === 'queue/gateway');
  assert.ok(found !== undefined, titles);
  assert.match(found.title, /^Slow requests hold up quick ones in the gateway: while report was under way 12 times/);
  const { low = 0, high = 0 } = found.measured['concurrencyLimit'] ?? {};
  assert.ok(low <= 6 && high >= 6, JSON.stringify(found.measured));
});
