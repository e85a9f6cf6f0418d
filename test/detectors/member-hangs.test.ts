import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast } from '../../src/model/severity.ts';
import { alarmsOf, judged } from '../helpers/judged.ts';
import { type Ask, fails, makeRecording, type Reply, type Responder, timesOut } from '../helpers/make-recording.ts';

const SEC = 1_000_000;
const MEMBERS = ['web1', 'web2', 'web3'];
const HANGS = timesOut(8 * SEC);

/** Two pages; `home` always takes 10 ms. */
const page =
  (report: Reply): Responder =>
  ({ requestName }: Ask) =>
    requestName === 'report' ? report : 10_000;

/** Every third request for the report meets web2. */
const inTurn =
  (unlucky: Reply): Responder =>
  ({ requestName, index }: Ask) =>
    requestName === 'report' && Math.floor(index / 2) % 3 === 0 ? unlucky : 12_000;

type Shape = {
  readonly gateway?: Responder;
  readonly web1?: Responder;
  readonly web2?: Responder;
  readonly web3?: Responder;
  readonly seconds?: number;
};

function farm(
  { gateway = 12_000, web1 = 10_000, web2 = 10_000, web3 = 10_000, seconds = 40 }: Shape,
  seed = 1,
  noise: 0 | 1 | 10 = 1,
) {
  const options = { seed, noise, members: MEMBERS };
  const [home] = makeRecording(options).compare({ durationUs: SEC }).build().manifest.profile.requests;
  assert.ok(home !== undefined);
  return makeRecording({ ...options, profile: { requests: [home, { ...home, name: 'report', path: '/report' }] } })
    .compare({
      ratePerSec: 2,
      durationUs: seconds * SEC,
      requests: ['home', 'report'],
      gateway,
      member: { web1, web2, web3 },
    })
    .build();
}

for (const noise of [0, 1, 10] as const)
  test(`a page that hangs on one member only, noise ${noise}: that member is named, not the probe's limit`, () => {
    const judgement = judged(farm({ web2: page(HANGS) }, 3, noise));
    assert.deepEqual(alarmsOf(judgement), ['member/slow@web2']);
    const [finding] = judgement.findings.filter(({ severity }) => isAtLeast(severity, 'warning'));
    assert.match(
      finding?.title ?? '',
      /^web2 leaves report without an answer: 40 of 40 direct requests hung until the probe gave up after 8 s, while web1 and web3 answer in 1\d(?:\.\d+)? ms\.$/,
    );
    assert.equal(finding?.scope.requestName, 'report');
  });

test('it hangs through the gateway as well: the same finding has those requests', () => {
  const [finding, ...rest] = judged(farm({ gateway: inTurn(HANGS), web2: page(HANGS) })).findings.filter(
    ({ severity }) => isAtLeast(severity, 'warning'),
  );
  assert.deepEqual([finding?.cause, finding?.scope.member, rest.length], ['member/slow', 'web2', 0]);
  assert.match(finding?.meaning ?? '', /Through the gateway 1[34] requests for it hung as well/);
});

for (const [what, shape] of [
  ['all members hang', { web1: page(HANGS), web2: page(HANGS), web3: page(HANGS) }],
  ['the peers are hardly faster than the limit', { web1: page(7 * SEC), web2: page(HANGS), web3: page(7 * SEC) }],
  ['two hung requests', { web2: page(HANGS), seconds: 2 }],
] as const satisfies readonly (readonly [string, Shape])[])
  test(`the probe's limit stays the answer: ${what}`, () => {
    assert.deepEqual(
      alarmsOf(judged(farm(shape))).filter((alarm) => /probe|slow/.test(alarm)),
      ['timeout/probe@probe'],
    );
  });

test('healthy members hang nowhere, 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++) assert.deepEqual(alarmsOf(judged(farm({ seconds: 20 }, seed))), []);
});

test('a gateway that gives up on the hanging member is no gateway that gives up too early', () => {
  const { findings } = judged(farm({ gateway: inTurn(fails(2 * SEC, 504)), web2: page(HANGS) }));
  const [finding, ...rest] = findings.filter(({ severity }) => isAtLeast(severity, 'warning'));
  assert.deepEqual([finding?.cause, finding?.scope.member, rest.length], ['member/slow', 'web2', 0]);
  assert.match(
    finding?.meaning ?? '',
    /Through the gateway 1[34] requests for it hung as well, or were given up by it/,
  );
});
