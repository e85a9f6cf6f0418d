/** Queues that only a crowd shows, on the lab's own processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../src/detectors/judge.ts';
import { startFarm } from '../../src/lab/farm.ts';
import type { Scenario } from '../../src/lab/scenario.ts';
import { PLAIN_GATEWAY } from '../../src/lab/scenario-demo.ts';
import { HOME, labProfile } from '../../src/lab/scenario-profile.ts';
import { diagnose, recordRun } from '../../src/pipeline.ts';
import { parseProfile } from '../../src/profile/load.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';

async function judged(scenario: Scenario): Promise<Judgement> {
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
