/** Whose fault it is, and how many requests it is, where lines were joined by a guess or kept for being slow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DETECTORS, GATEWAYS } from '../../src/catalog.ts';
import { judge } from '../../src/detectors/judge.ts';
import { arr } from '../../src/gateways/arr.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Journey, LogEvidence } from '../../src/model/journey.ts';
import { classOf, contextOf, evidenceOf, journeyOf, line, NINE, SEC, said, summary } from './synthetic-journeys.ts';

function findings(logs: LogEvidence): readonly Finding[] {
  return judge(DETECTORS, GATEWAYS, contextOf(logs, arr)).findings;
}

/** A 500 that ARR passed on, with what two members have at that time; `erring`: the one whose line is the error's. */
function passedOn(index: number, erring: 'web1' | 'web2', more: { readonly substatus?: number } = {}): Journey {
  const startUs = NINE + index * SEC;
  const journey = journeyOf({ startUs, takenUs: 5_000, status: 500, path: '/cart', reading: said('member/status') });
  const viewOf = (member: string, source: number, status: number) => ({
    member,
    presence: 'present' as const,
    joinedBy: 'time-and-path' as const,
    ambiguous: 2,
    details: [],
    access: [line({ source, atUs: startUs, status, durationUs: 4_000, path: '/cart', ...(status < 500 ? {} : more) })],
  });
  const statusOf = (member: string): number => (member === erring ? 500 : 200);
  return { ...journey, members: [viewOf('web1', 1, statusOf('web1')), viewOf('web2', 2, statusOf('web2'))] };
}

function twoMembers(journeys: readonly Journey[], failed: readonly [number, number]): LogEvidence {
  const [web1, web2] = failed.map((count, at) => [classOf({ source: at + 1, status: 500, count, kept: count })]);
  return evidenceOf(journeys, {
    sources: [
      summary({ index: 0 }),
      summary({ index: 1, classes: web1 ?? [] }),
      summary({ index: 2, member: 'web2', classes: web2 ?? [] }),
    ],
  });
}

test('an error whose line is a guess is still the member’s that alone has it', () => {
  const sick = Array.from({ length: 60 }, (_, index) => passedOn(index, 'web2'));
  const found = findings(twoMembers(sick, [0, 60]));
  assert.deepEqual(
    found.map(({ cause, scope }) => [cause, scope.member]),
    [['member/errors', 'web2']],
  );
});

test('what fails behind every member is no single member’s: none is to be taken out', () => {
  const broken = (of: (index: number) => 'web1' | 'web2'): Journey[] =>
    Array.from({ length: 60 }, (_, index) => passedOn(index, of(index), { substatus: 30 }));
  const all = findings(
    twoMembers(
      broken((index) => (index % 2 === 0 ? 'web1' : 'web2')),
      [30, 30],
    ),
  );
  assert.deepEqual(
    all.map(({ cause, scope }) => [cause, scope.member]),
    [['application/error', undefined]],
  );
  const one = findings(
    twoMembers(
      broken(() => 'web2'),
      [0, 60],
    ),
  );
  assert.deepEqual(
    one.map(({ cause, scope }) => [cause, scope.member]),
    [['member/errors', 'web2']],
  );
});

test('slow answers count as what they are: the slowest lines are all kept and stand for no quick ones', () => {
  const slow = Array.from({ length: 12 }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: 9 * SEC,
      status: 200,
      reading: said('ok'),
      member: { takenUs: 9 * SEC },
    }),
  );
  const sources = [
    summary({ index: 0, classes: [classOf({ status: 200, count: 6_000, kept: 12 })] }),
    summary({ index: 1 }),
  ];
  const [found] = findings(evidenceOf(slow, { sources }));
  assert.deepEqual([found?.cause, found?.affected?.count], ['application/slow', 12]);
});

test('what the gateway’s own kernel says is said in the title, and that a stopped pool is to be started', () => {
  const refused = Array.from({ length: 20 }, (_, index): Journey => {
    const journey = journeyOf({ startUs: NINE + index * SEC, takenUs: 0, status: 503, path: '/cart' });
    const kernel = line({
      source: 0,
      atUs: NINE + index * SEC,
      format: 'httperr',
      kind: 'kernel',
      status: 503,
      flags: 'AppOffline',
    });
    return { ...journey, gateway: { presence: 'unknown', ambiguous: 0, access: [], details: [kernel] } };
  });
  const [found] = findings(evidenceOf(refused));
  assert.match(
    found?.title ?? '',
    /^The gateway itself refuses: its application pool is stopped \(HTTPERR AppOffline\) for \/cart: 20 /,
  );
  assert.match(found?.remedy.steps[0] ?? '', /until it is started/);
});
