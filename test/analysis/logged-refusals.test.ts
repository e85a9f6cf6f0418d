import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loggedRefusals } from '../../src/analysis/logged-refusals.ts';
import type { LogClass, LogSourceSummary } from '../../src/model/journey.ts';
import { classOf, summary } from '../detectors/synthetic-journeys.ts';

type Counts = Readonly<Record<string, number>>;

/** `401.2` is a status and its substatus. */
function classesOf(counts: Counts): LogClass[] {
  return Object.entries(counts).map(([code, count]) => {
    const [status = 0, substatus] = code.split('.').map(Number);
    return classOf({ status, count, kept: 0, ...(substatus === undefined ? {} : { substatus }) });
  });
}

function sourcesOf(...members: readonly Counts[]): LogSourceSummary[] {
  return members.map((counts, at) =>
    summary({ index: at + 1, member: `web${at + 1}`, format: 'iis-w3c', classes: classesOf(counts) }),
  );
}

const HEALTHY = { 200: 950, 404: 50 };

const CASES: readonly [what: string, members: readonly Counts[], expected: readonly string[]][] = [
  ['a member refuses since its release', [HEALTHY, { 200: 700, '401.2': 300 }], ['web2 401.2 300/1000 0/1000']],
  ['a member sends everybody to the login', [HEALTHY, HEALTHY, { 302: 1_000 }], ['web3 302 1000/1000 0/2000']],
  [
    'peers that do it now and then',
    [
      { 200: 980, 403: 20 },
      { 200: 700, 403: 300 },
    ],
    ['web2 403 300/1000 20/1000'],
  ],
  [
    'all refuse alike',
    [
      { 200: 500, 401: 500 },
      { 200: 480, 401: 520 },
    ],
    [],
  ],
  ['noise of bots, a little more of it on one', [HEALTHY, { 200: 900, 404: 100 }], []],
  ['a handful', [HEALTHY, { 200: 100, 413: 19 }], []],
  ['a small share', [HEALTHY, { 200: 9_600, 413: 400 }], []],
  ['a cache of browsers, clients that left, errors', [HEALTHY, { 200: 100, 304: 300, 499: 300, 503: 300 }], []],
  ['a peer that was hardly asked', [{ 200: 10 }, { 200: 700, 401: 300 }], []],
  ['no peer', [{ 200: 700, 401: 300 }], []],
];

for (const [what, members, expected] of CASES)
  test(what, () => {
    const found = loggedRefusals({ sources: sourcesOf(...members) });
    assert.deepEqual(
      found.map(({ member, status, substatus, count, of, peersCount, peersOf }) => {
        const code = substatus === undefined ? status : `${status}.${substatus}`;
        return `${member} ${code} ${count}/${of} ${peersCount}/${peersOf}`;
      }),
      expected,
    );
  });

test('files of one member are one log; what only tells of requests of another log counts for nothing', () => {
  const [first, second] = sourcesOf(HEALTHY, { 200: 350, 401: 150 });
  const more = summary({ index: 3, member: 'web2', classes: classesOf({ 200: 350, 401: 150 }) });
  const errors = summary({ index: 4, member: 'web1', format: 'httperr', classes: classesOf({ 400: 900 }) });
  const found = loggedRefusals({ sources: [first, second, more, errors].flatMap((source) => source ?? []) });
  assert.deepEqual(
    found.map(({ member, count, of, peersOf }) => [member, count, of, peersOf]),
    [['web2', 300, 1_000, 1_000]],
  );
});
