import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { planRun } from '../../src/pipeline.ts';
import { FIXTURES, loadFixture, parseWith } from './fixture-profiles.ts';

const SLOW = 'requests: [{ name: home, path: / }, { name: slow, path: "/slow?ms={delayMs}" }]';
const DEFAULTS =
  'limits is left out: the defaults apply, maxRate 20/s, maxRequests 5000, maxInFlight 50, maxNewConnections 20/s, requestTimeout 1m5s, connectTimeout 10s, maxBody 10MB';

/** Notes on a profile with the gateway and one member: two routes. */
function notesOn(experiments: string, limits: string, more = SLOW): readonly string[] {
  return parseWith(`${more}\nexperiments: [${experiments}]\nlimits: { ${limits} }`).notes;
}

describe('an experiment above the limits is a note: what was asked, the limit, what is done, how to change it', () => {
  for (const [experiments, limits, ...expected] of [
    ['{ burst: { rate: 200/s, for: 5s } }', 'maxRate: 200/s'],
    [
      '{ burst: { rate: 300/s, for: 5s } }',
      'maxRate: 200/s',
      'experiments[0].burst.rate 300/s is above limits.maxRate 200/s: no more than that is sent; raise limits.maxRate or lower the rate',
    ],
    [
      '{ burst: { rate: 300/min, for: 5s } }, { burst: { rate: 21/s, for: 5s } }',
      'maxInFlight: 50',
      'experiments[1].burst.rate 21/s is above the default limits.maxRate 20/s: no more than that is sent; set limits.maxRate or lower the rate',
    ],
    [
      '{ ramp: { from: 30/s, to: 40/s, for: 5s } }',
      'maxRate: 20/s',
      'experiments[0].ramp.from 30/s is above limits.maxRate 20/s: no more than that is sent; raise limits.maxRate or lower the rate',
      'experiments[0].ramp.to 40/s is above limits.maxRate 20/s: no more than that is sent; raise limits.maxRate or lower the rate',
    ],
    ['{ compare: { rate: 10/s, for: 5s } }', 'maxRate: 20/s'],
    [
      '{ compare: { rate: 11/s, for: 5s } }',
      'maxRate: 20/s',
      'experiments[0].compare.rate 11/s asks for 22/s on 2 routes together, above limits.maxRate 20/s: it is lowered to that; raise limits.maxRate or lower the rate',
    ],
    [
      '{ compare: { rate: 10/s, for: 5s, newConnections: 100% } }',
      'maxNewConnections: 5/s',
      'experiments[0].compare.newConnections 100 % asks for 20/s on 2 routes together, above limits.maxNewConnections 5/s: the share is lowered to that; raise limits.maxNewConnections, or lower rate or newConnections',
    ],
    // Nobody asked for the default share.
    ['{ compare: { rate: 10/s, for: 5s } }', 'maxNewConnections: 5/s'],
    [
      '{ burst: { connections: 100, for: 5s } }',
      'maxInFlight: 50, maxRate: 60/s',
      'experiments[0].burst.connections 100 is above limits.maxInFlight 50: 50 are used; raise limits.maxInFlight or lower the number',
    ],
    [
      '{ burst: { connections: 30, for: 5s } }',
      'maxInFlight: 50',
      'experiments[0].burst.connections 30 is above the default limits.maxRate 20/s: 20 are used; set limits.maxRate or lower the number',
    ],
    [
      '{ burst: { connections: 15, for: 5s } }',
      'maxRequests: 10',
      'experiments[0].burst.connections 15 is above limits.maxRequests 10: 10 are used; raise limits.maxRequests or lower the number',
    ],
    [
      '{ volley: { sizes: [2, 30, 64, 128] } }',
      'maxInFlight: 50',
      'experiments[0].volley.sizes 64, 128 are above limits.maxInFlight 50: left out; raise limits.maxInFlight or lower the numbers',
      'experiments[0].volley.sizes 30 is above the default limits.maxRate 20/s: left out; set limits.maxRate or lower the numbers',
    ],
    [
      '{ volley: { sizes: [64] } }',
      'maxInFlight: 50',
      'experiments[0].volley.sizes 64 is above limits.maxInFlight 50: no size is left, and the experiment is not run; raise limits.maxInFlight or lower the numbers',
    ],
    ['{ timeout: { upTo: 50s } }', 'requestTimeout: 60s'],
    [
      '{ timeout: { upTo: 150s } }',
      'requestTimeout: 60s',
      'experiments[0].timeout.upTo 2m30s leaves no room below limits.requestTimeout 1m: it is lowered to 50s; raise limits.requestTimeout to 3m or leave it out',
    ],
    [
      '{ compare: { rate: 10/s, for: 60s } }',
      'maxRequests: 1000',
      'experiments[0].compare asks for about 1200 requests, above limits.maxRequests 1000: it ends when about as many as that were due; raise limits.maxRequests, or lower rate or time',
    ],
    [
      '{ compare: { rate: 10/s, for: 3m } }, { ramp: { from: 5/s, to: 15/s, for: 3m } }',
      'maxRate: 20/s',
      'experiments: together they ask for about 5400 requests or more, above the default limits.maxRequests 5000: no more than that are sent, what is due afterwards is recorded as not sent; set limits.maxRequests, or lower rate or time',
    ],
  ] as const) {
    test(`${experiments} with ${limits}`, () => assert.deepEqual(notesOn(experiments, limits), expected));
  }

  test('a timeout experiment that sends nothing is not told of', () => {
    assert.deepEqual(notesOn('{ timeout: { upTo: 150s } }', 'requestTimeout: 60s', ''), []);
  });
});

for (const [what, limits, expected] of [
  ['are left out', '', [DEFAULTS]],
  ['are empty', 'limits: {}', [DEFAULTS]],
  ['are given in part', 'limits: { maxInFlight: 50 }', []],
] as const) {
  test(`the defaults are told where limits ${what}`, () => assert.deepEqual(parseWith(limits).notes, expected));
}

test('the defaults that are told follow the experiments', () => {
  const { notes } = parseWith(`${SLOW}\nexperiments: [{ timeout: { upTo: 150s } }]`);
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', / requestTimeout 3m, /);
});

test("the design's example loads; its run keeps the limits, and the line that asks for more is told", async () => {
  const profile = await loadFixture(join(FIXTURES, 'valid'), 'design-example.yaml');
  assert.deepEqual(profile.notes, [
    'experiments[2].burst.rate 300/s is above limits.maxRate 200/s: no more than that is sent; raise limits.maxRate or lower the rate',
  ]);
  assert.equal(profile.limits.requestTimeoutUs, 180_000_000);
  const plan = planRun(profile, 1);
  assert.equal(plan.experiments.length, 8);
  assert.ok(plan.totalRequests < profile.limits.maxRequests, `${plan.totalRequests}`);
  for (const { id, refused, peakRatePerSec, peakInFlight } of plan.experiments) {
    assert.equal(refused, undefined, id);
    assert.ok(peakRatePerSec <= 200 && peakInFlight <= 400, `${id}: ${peakRatePerSec}/s, ${peakInFlight} in flight`);
  }
});

/** What a plan says where limits lower an experiment. */
const LOWERED = /limits\.\w+ .*(?:lower|begin|end)s |left out$/;
test('what the run lowers by itself is what the notes tell, also at the very limit', () => {
  for (const rate of [19, 20, 21, 1_000])
    for (const [kind, text, asked] of [
      ['ramp', `{ ramp: { from: 1/s, to: ${rate}/s, for: 5s } }`, rate],
      ['compare', `{ compare: { rate: ${rate}/s, for: 1s, newConnections: 0% } }`, 2 * rate],
      ['connections', `{ burst: { connections: ${rate}, for: 1s } }`, rate],
      ['volley', `{ volley: { sizes: [1, ${rate}] } }`, rate],
      ['timeout', `{ timeout: { upTo: ${rate}s } }`, rate],
    ] as const) {
      const profile = parseWith(`${SLOW}\nexperiments: [${text}]\nlimits: { maxRate: 20/s, requestTimeout: 24s }`);
      const isLowered = planRun(profile, 1).experiments[0]?.describe.some((line) => LOWERED.test(line));
      assert.equal(isLowered, asked > 20, `${kind} ${rate}`);
      assert.equal(profile.notes.length > 0, isLowered, `${kind} ${rate}: ${profile.notes}`);
    }
});
