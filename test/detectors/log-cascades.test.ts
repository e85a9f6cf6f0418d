import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidedJourneys } from '../../src/detectors/log-decisions.ts';
import { loggedCandidates } from '../../src/detectors/logged-candidates.ts';
import { haproxy } from '../../src/gateways/haproxy.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import type { Journey } from '../../src/model/journey.ts';
import { contextOf, evidenceOf, journeyOf, line, NINE, SEC, said } from './synthetic-journeys.ts';

test('row 26b: failures of several requests, one at each member, take them out as well', () => {
  const attempt = (address: string, sec: number, message: string, path = '/slow'): Journey => {
    const journey = journeyOf({
      startUs: NINE + sec * SEC,
      takenUs: SEC,
      status: 504,
      path,
      reading: said('response/timeout', 1),
    });
    const upstream = [{ address }];
    const detail = line({
      source: 2,
      atUs: journey.endAtUs,
      kind: 'error',
      format: 'nginx-error',
      path,
      message,
      upstream,
    });
    return { ...journey, gateway: { ...journey.gateway, details: [detail] } };
  };
  const slow = 'upstream timed out (110: Connection timed out) while reading response header from upstream';
  const both = (message: string): Journey[] => [
    attempt('10.0.0.11:80', 0, message),
    attempt('10.0.0.12:80', 3, message),
  ];
  const home = journeyOf({ startUs: NINE + SEC, takenUs: 1_000, status: 200, path: '/', isSample: true });
  const told = (before: readonly Journey[], atSec: number, gateway = nginx) => {
    const next = journeyOf({
      startUs: NINE + atSec * SEC,
      takenUs: 0,
      status: 502,
      path: '/',
      reading: said('pool/none', 1),
    });
    return decidedJourneys(contextOf(evidenceOf([...before, next]), gateway)).at(-1)?.decision;
  };
  const decision = told([...both(slow), home], 6);
  assert.deepEqual([decision?.row, decision?.confidence], ['26b', 'likely']);
  assert.match(decision?.because ?? '', /attempts for \/slow had failed at 2 members and taken them out$/);
  assert.equal(
    told([...both('upstream sent too big header while reading response header from upstream'), home], 6)?.row,
    '26b',
  );
  const table: readonly (readonly [string, readonly Journey[], number, typeof nginx])[] = [
    ['long after', [...both(slow), home], 60, nginx],
    ['one member twice', [attempt('10.0.0.11:80', 0, slow), attempt('10.0.0.11:80', 3, slow), home], 6, nginx],
    [
      'longer apart than a member is held',
      [attempt('10.0.0.11:80', -20, slow), attempt('10.0.0.12:80', 3, slow), home],
      6,
      nginx,
    ],
    [
      'members that are down',
      [...both('connect() failed (111: Connection refused) while connecting to upstream'), home],
      6,
      nginx,
    ],
    ['nothing else was answered', both(slow), 6, nginx],
    ['another path failed as well', [...both(slow), attempt('10.0.0.13:80', 2, slow, '/other'), home], 6, nginx],
    [
      'a member was down as well',
      [
        ...both(slow),
        attempt('10.0.0.13:80', 2, 'connect() failed (111: Connection refused) while connecting to upstream'),
        home,
      ],
      6,
      nginx,
    ],
    ['the same path was answered, nothing else', [...both(slow), { ...home, path: '/slow' }], 6, nginx],
    ['a gateway that takes none out', [...both(slow), home], 6, haproxy],
  ];
  for (const [what, before, atSec, gateway] of table) assert.equal(told(before, atSec, gateway)?.row, '27', what);
});

test('row 44: requests that the probe held back are missing in no log', () => {
  const asked = (count: number, outcome: string, front: 'present' | 'absent'): Journey[] =>
    Array.from({ length: count }, (_, seq) => {
      const journey = journeyOf({
        startUs: NINE + seq * SEC,
        takenUs: 1_000,
        status: 200,
        client: { seq, outcome, isFailure: outcome === 'error:closed' },
      });
      return { ...journey, gateway: { presence: front, ambiguous: 0, access: [], details: [] }, members: [] };
    });
  const rowOf = (others: string): string | undefined =>
    decidedJourneys(
      contextOf(
        evidenceOf([
          ...asked(10, '200', 'present'),
          ...asked(40, others, 'absent'),
          ...asked(2, 'error:closed', 'absent'),
        ]),
        nginx,
      ),
    ).at(-1)?.decision.row;
  assert.equal(rowOf('200'), '44');
  assert.notEqual(rowOf('not-sent:aborted'), '44');
});

test('what is told of an outage: what took the members out, or what had failed just before', () => {
  const attempt = (address: string, atUs: number): Journey => {
    const failed = journeyOf({
      startUs: atUs,
      takenUs: 0,
      status: 502,
      path: '/account',
      reading: said('response/headers-too-large'),
    });
    const message = 'upstream sent too big header while reading response header from upstream';
    const upstream = [{ address }];
    const detail = line({ source: 2, atUs, kind: 'error', format: 'nginx-error', path: '/account', message, upstream });
    return { ...failed, gateway: { ...failed.gateway, details: [detail] } };
  };
  const refused = Array.from({ length: 5 }, (_, index) =>
    journeyOf({ startUs: NINE + (5 + index) * SEC, takenUs: 0, status: 502, path: '/', reading: said('pool/none', 1) }),
  );
  const titleOf = (
    cause: 'member/none-available' | 'gateway/cascade',
    before: readonly Journey[],
  ): string | undefined => loggedCandidates(cause, contextOf(evidenceOf([...before, ...refused]), nginx))[0]?.title;
  const one = [attempt('10.0.0.11:80', NINE + SEC)];
  const both = [...one, attempt('10.0.0.12:80', NINE + 2 * SEC)];
  const home = journeyOf({ startUs: NINE, takenUs: 1_000, status: 200, path: '/', isSample: true });
  const none = 'The gateway has no member to send to for /: 5 requests of 1,000 in the logs.';
  const said1 = '“upstream sent too big header while reading response header from upstream”.';
  assert.equal(titleOf('member/none-available', []), none);
  assert.equal(
    titleOf('member/none-available', one),
    `${none} Just before, an attempt at 10.0.0.11:80 for /account failed: ${said1}`,
  );
  assert.equal(
    titleOf('member/none-available', both),
    `${none} Just before, attempts at 2 members for /account failed: ${said1}`,
  );
  assert.equal(titleOf('member/none-available', [attempt('10.0.0.11:80', NINE - 60 * SEC)]), none, 'long before');
  assert.equal(
    titleOf('gateway/cascade', [...both, home]),
    'The gateway had no member left for /, because attempts for /account had failed at 2 members and taken them out: 5 requests of 1,000 in the logs.',
  );
});
