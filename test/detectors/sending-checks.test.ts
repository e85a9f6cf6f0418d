import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driftChecks, reuseChecks } from '../../src/detectors/sending-checks.ts';
import type { DriftFacts, InstrumentFacts } from '../../src/model/instrument.ts';
import type { ProbeCheck } from '../../src/model/report.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';

const drift = (more: Partial<DriftFacts>): InstrumentFacts => ({
  arrivals: {
    pairs: 1_000,
    together: 0,
    drift: {
      due: 2_000,
      sent: 2_000,
      atUs: 10e6,
      lengthUs: 20e6,
      dueBefore: 1_000,
      sentBefore: 1_000,
      ...more,
    },
  },
});
const reuse = (route: 'gateway' | 'web1', asked: number, afterAnswer: number, idle: number): InstrumentFacts => ({
  reuse: [
    { route: directTo('web2'), asked: 3_000, replacedAfterAnswer: 3, replacedIdle: 2 },
    {
      route: route === 'gateway' ? GATEWAY : directTo(route),
      asked,
      replacedAfterAnswer: afterAnswer,
      replacedIdle: idle,
    },
  ],
});

type Case = readonly [
  what: string,
  checks: (facts: InstrumentFacts) => readonly ProbeCheck[],
  facts: InstrumentFacts,
  state: ProbeCheck['state'] | undefined,
  text: RegExp,
];

const CASES: readonly Case[] = [
  ['a rate as planned', driftChecks, drift({ sentBefore: 1_004 }), 'good', /0\.2 % of requests left in another part/],
  [
    'the later half of the rate fell to 60 %',
    driftChecks,
    drift({ sent: 1_600 }),
    'caution',
    /first 10 s of a firing of 20 s, 100 % left in that time, and 60 % of the later ones after it\. .* at 60 % of the load of the beginning/,
  ],
  [
    'the first half was dropped in part',
    driftChecks,
    drift({ sent: 1_500, sentBefore: 500 }),
    'caution',
    /50 % left in that time, and 100 % .* at the beginning it showed at 50 % of the load of the end/,
  ],
  [
    'a pace that fell behind',
    driftChecks,
    drift({ sentBefore: 800 }),
    'caution',
    /80 % left in that time, and 120 % \(late ones of before among them\)/,
  ],
  [
    'as much, of few requests',
    driftChecks,
    drift({ due: 100, sent: 80, dueBefore: 50, sentBefore: 50 }),
    'good',
    /80 requests/,
  ],
  [
    'a shift that is sure and tiny',
    driftChecks,
    drift({ due: 200_000, sent: 200_000, dueBefore: 100_000, sentBefore: 98_000 }),
    'good',
    /1 % of requests/,
  ],
  ['no even plan', driftChecks, { arrivals: { pairs: 9, together: 0 } }, undefined, /./],
  ['connections that are used again', reuseChecks, reuse('gateway', 2_000, 5, 4), 'good', /14 of 5,000/],
  [
    'a gateway that closes after every answer',
    reuseChecks,
    reuse('gateway', 2_000, 1_990, 0),
    'caution',
    /the gateway closed 1,990 after an answer, so 99\.5 % of 2,000 requests that were to use one at hand had to open one/,
  ],
  [
    'a member that closes idle connections soon',
    reuseChecks,
    reuse('web1', 2_000, 0, 100),
    'caution',
    /web1 closed 100 while idle, so 5 % of 2,000 requests/,
  ],
  ['nine of few', reuseChecks, reuse('web1', 100, 5, 4), 'good', /14 of 3,100/],
  ['no warm connections asked for', reuseChecks, {}, undefined, /./],
];

for (const [what, checks, facts, state, text] of CASES) {
  test(`${what}: ${state ?? 'not said'}`, () => {
    const found = checks(facts);
    assert.equal(found[0]?.state, state, found[0]?.text);
    assert.equal(found.length, state === undefined ? 0 : 1);
    if (found[0] !== undefined) assert.match(found[0].text, text);
  });
}
