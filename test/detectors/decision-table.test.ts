/** What the table must not say: the guards of its rows, one hostile case each. Rows that apply have fixtures of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../src/detectors/decision.ts';
import { decidedJourneys } from '../../src/detectors/log-decisions.ts';
import { haproxy } from '../../src/gateways/haproxy.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import type { Journey, LogEvidence, MemberView } from '../../src/model/journey.ts';
import type { PlacedEntry } from '../../src/model/log.ts';
import { contextOf, evidenceOf, journeyOf, line, NINE, SEC, said, type Told } from './synthetic-journeys.ts';

const TIMEOUT = said('response/timeout', 0.9, { waitedUs: 30 * SEC });
const AT_30: Told = { startUs: NINE, takenUs: 30 * SEC, status: 502, reading: TIMEOUT };

function decideOne(journey: Journey, more: Partial<LogEvidence> = {}): Decision {
  const [decided] = decidedJourneys(contextOf(evidenceOf([journey], more)));
  assert.ok(decided !== undefined);
  return decided.decision;
}

/** The same journey with its member's side changed. */
function withMember(journey: Journey, more: Partial<MemberView>): Journey {
  return { ...journey, members: journey.members.map((one) => ({ ...one, ...more })) };
}

function absent(told: Told): Journey {
  return withMember(journeyOf(told), { presence: 'absent', access: [] });
}

function kernel(flags: string, more: Partial<PlacedEntry> = {}): PlacedEntry {
  return line({ source: 2, kind: 'kernel', format: 'httperr', atUs: NINE + 30 * SEC, flags, ...more });
}

const UNKNOWN_CLOCKS = [0, 1].map((source) => ({
  source,
  offsetUs: 0,
  errorUs: 2 * SEC,
  basedOn: 0,
  agreeRatio: 0,
  known: false,
}));

test('row 3: a 5xx that the gateway did not send, to a client that it saw go, came from before it', () => {
  const journey = journeyOf({
    startUs: NINE,
    takenUs: 30 * SEC,
    status: 502,
    substatus: 3,
    win32: 64,
    reading: said('response/timeout', 0.45, { waitedUs: 30 * SEC }),
    member: { takenUs: 45 * SEC, win32: 64 },
    client: { seq: 1, status: 504, outcome: '504' },
  });
  const withGateway = (more: Partial<Journey['gateway']>): Journey => ({
    ...journey,
    gateway: { ...journey.gateway, joinedBy: 'probe-id', ...more },
  });
  const { row, cause, confidence, waitedUs } = decideOne(withGateway({}));
  assert.deepEqual([row, cause, confidence, waitedUs], ['3', 'timeout/middlebox', 'confirmed', 30 * SEC]);
  const sent = journey.gateway.access.map((one) => ({ ...one, bytesSent: 312 }));
  const stayed = journey.gateway.access.map((one) => ({ ...one, win32: 12_002 }));
  for (const other of [
    withGateway({ joinedBy: 'time-and-path' }),
    withGateway({ access: sent }),
    withGateway({ access: stayed }),
  ])
    assert.notEqual(decideOne(other).cause, 'timeout/middlebox');
});

test('row 8 needs clocks that agree better than the delay', () => {
  const late = journeyOf({ ...AT_30, member: { takenUs: 6 * SEC, lateUs: 24.5 * SEC } });
  assert.equal(decideOne(late).row, '8');
  const vague = withMember(late, { delayUs: { value: 24.5 * SEC, error: 13 * SEC } });
  assert.deepEqual([decideOne(vague).cause, decideOne(vague).undecided], [undefined, true]);
  const unset = decideOne(late, { clocks: UNKNOWN_CLOCKS });
  assert.deepEqual([unset.cause, unset.undecided], [undefined, true]);
});

test('row 9 needs the line of this very request', () => {
  const quick = journeyOf({ ...AT_30, member: { takenUs: 50_000 } });
  assert.equal(decideOne(quick).row, '9');
  assert.equal(decideOne(withMember(quick, { joinedBy: 'time-and-path' })).row, '7');
  assert.equal(decideOne(withMember(quick, { joinedBy: 'time-and-path' })).confidence, 'likely');
});

test('a short time is not outlasted by every answer, and no time by none', () => {
  const short = journeyOf({
    startUs: NINE,
    takenUs: 200_000,
    status: 504,
    reading: said('response/timeout', 0.9, { waitedUs: 200_000 }),
    member: { takenUs: 20_000 },
  });
  assert.notEqual(decideOne(short).confidence, 'confirmed');
  const front = line({ source: 0, atUs: NINE, status: 504, path: '/x' });
  const untimed = journeyOf({ ...AT_30, reading: said('response/timeout'), member: { takenUs: 20_000 } });
  const without = { ...untimed, gateway: { ...untimed.gateway, access: [front] } };
  assert.notEqual(decideOne(without).confidence, 'confirmed');
});

test('row 10 and 11: abandoned requests are the end of a worker where a crash or their number says so', () => {
  const lost = withMember(absent(AT_30), { details: [kernel('Connection_Abandoned_By_ReqQueue', { pool: 'Shop' })] });
  assert.deepEqual([decideOne(lost).row, decideOne(lost).confidence], ['10', 'likely']);
  const crash = line({ source: 1, kind: 'event', code: 'WAS/5011', pool: 'Shop', atUs: NINE + 29 * SEC });
  assert.equal(decideOne(lost, { events: [crash] }).row, '11');
  assert.equal(decideOne(lost, { events: [{ ...crash, pool: 'Other' }] }).row, '10', 'the crash of another pool');
  assert.equal(decideOne(lost, { events: [{ ...crash, source: 0 }] }).row, '10', 'the crash of another host');
  const three = [0, 1, 2].map((index) => ({ ...lost, id: `${index}` }));
  const decided = decidedJourneys(contextOf(evidenceOf(three)));
  assert.deepEqual(
    decided.map(({ decision }) => decision.row),
    ['11', '11', '11'],
  );
});

test('rows 12-15: a missing line proves only what the gateway says in exact words', () => {
  const connect = (sure: number) =>
    decideOne(absent({ ...AT_30, reading: said('connect/timeout', sure, { waitedUs: 21 * SEC }) })).confidence;
  assert.deepEqual([connect(1), connect(0.7), connect(0.6)], ['confirmed', 'likely', 'possible']);
  const hung = (sure: number) => decideOne(absent({ ...AT_30, reading: said('response/timeout', sure) }));
  assert.deepEqual([hung(1).row, hung(1).confidence, hung(0.6).confidence], ['15', 'likely', 'possible']);
});

test('rows 16-19: HTTPERR of another member is not this one’s', () => {
  const dropped = absent({
    startUs: NINE,
    takenUs: SEC,
    status: 502,
    reading: said('response/reset-before-headers', 0.8),
  });
  const own = withMember(dropped, { details: [kernel('Connection_Dropped')] });
  assert.deepEqual([decideOne(own).row, decideOne(own).confidence], ['19', 'confirmed']);
  const [member] = dropped.members;
  assert.ok(member !== undefined);
  const named = { ...dropped.gateway.reading, member: 'web1' };
  const other: Journey = {
    ...dropped,
    gateway: { ...dropped.gateway, reading: { ...said('response/reset-before-headers', 0.8), ...named } },
    members: [member, { ...member, member: 'web2', details: [kernel('Connection_Dropped')] }],
  };
  assert.equal(decideOne(other).confidence, 'likely');
});

test('row 24: only ports are port exhaustion', () => {
  const cause = (because: string) =>
    decideOne(absent({ startUs: NINE, takenUs: 1_000, status: 502, reading: said('gateway/resource', 1, { because }) }))
      .cause;
  assert.equal(
    cause('error log: "connect() failed (99: Cannot assign requested address)"'),
    'connection/port-exhaustion',
  );
  assert.equal(cause('error log: "1024 worker_connections are not enough"'), 'gateway/overloaded');
});

test('row 26b: members that are down are no cascade, nor is one member, nor a gateway that takes none out', () => {
  const upstream = ['10.0.0.11:80', '10.0.0.12:80'].map((address) => ({ address }));
  const tried = (outcome: 'response/timeout' | 'connect/refused', tries = upstream): Journey => {
    const journey = journeyOf({
      startUs: NINE,
      takenUs: 2 * SEC,
      status: 504,
      path: '/slow',
      reading: said(outcome, 1, { failedTries: 1 }),
    });
    const access = journey.gateway.access.map((one) => ({ ...one, upstream: tries }));
    return { ...journey, gateway: { ...journey.gateway, access } };
  };
  const rowAfter = (first: Journey, atSec: number, gateway = nginx): string | undefined => {
    const next = journeyOf({ startUs: NINE + atSec * SEC, takenUs: 0, status: 502, reading: said('pool/none', 1) });
    return decidedJourneys(contextOf(evidenceOf([first, next]), gateway))[1]?.decision.row;
  };
  assert.equal(rowAfter(tried('response/timeout'), 5), '26b');
  assert.equal(rowAfter(tried('connect/refused'), 5), '27');
  assert.equal(rowAfter(tried('response/timeout'), 60), '27', 'long after');
  assert.equal(rowAfter(tried('response/timeout', upstream.slice(0, 1)), 5), '27', 'one member');
  assert.equal(rowAfter(tried('response/timeout'), 5, haproxy), '27', 'HAProxy does not');
});

test('row 28: an error that the member’s log does not have is not called the application’s', () => {
  const passed: Told = { startUs: NINE, takenUs: 5_000, status: 503, reading: said('member/status') };
  assert.equal(decideOne(absent(passed)).undecided, true);
  assert.deepEqual([decideOne(journeyOf(passed)).row, decideOne(journeyOf(passed)).confidence], ['28', 'likely']);
  const own = decideOne(journeyOf({ ...passed, member: { takenUs: 3_000, status: 503 } }));
  assert.deepEqual([own.row, own.confidence], ['28', 'confirmed']);
});

test('row 31: the same status is one hop further only where the member’s own server says so', () => {
  const passed = journeyOf({
    startUs: NINE,
    takenUs: 120 * SEC,
    status: 502,
    reading: said('member/status'),
    member: { takenUs: 120 * SEC, status: 502 },
  });
  const inner = withMember(passed, {
    access: passed.members.flatMap(({ access }) => access.map((one) => ({ ...one, substatus: 3, win32: 12_002 }))),
  });
  assert.equal(decideOne(passed).row, '28');
  assert.deepEqual([decideOne(inner).row, decideOne(inner).cause], ['31', 'timeout/member']);
});

test('row 5: an abort that is only guessed hides no timeout', () => {
  const guessed = said('client/abort', 0.35, { rivals: ['response/timeout'] });
  const told: Told = { ...AT_30, reading: guessed, member: { takenUs: 45 * SEC, win32: 64 } };
  assert.deepEqual(
    [decideOne(journeyOf(told)).row, decideOne(journeyOf(told)).cause],
    ['7', 'timeout/gateway-response'],
  );
  const alone = decideOne(journeyOf({ ...AT_30, reading: guessed }));
  assert.deepEqual([alone.cause, alone.undecided], [undefined, true]);
});

test('row 5: clients that leave each at a time of their own are no timer', () => {
  const guessed = said('client/abort', 0.35, { rivals: ['response/timeout'] });
  const left = (takenUs: number, index: number): Journey =>
    journeyOf({
      ...AT_30,
      takenUs,
      startUs: NINE + index * 60 * SEC,
      reading: guessed,
      member: { takenUs: 90 * SEC, win32: 64 },
    });
  const causes = (times: readonly number[]) =>
    decidedJourneys(contextOf(evidenceOf(times.map(left)))).map(({ decision }) => decision.cause);
  const nobody = [undefined, undefined, undefined, undefined];
  assert.deepEqual(causes([4 * SEC, 6 * SEC, 9 * SEC, 14 * SEC]), nobody);
  assert.deepEqual(
    causes([45 * SEC, 45.1 * SEC, 45 * SEC, 7 * SEC]).map((cause) => cause !== undefined),
    [true, true, true, false],
  );
  const [alone] = decidedJourneys(contextOf(evidenceOf([left(45 * SEC, 0)])));
  assert.deepEqual([alone?.decision.cause, alone?.decision.confidence], ['timeout/gateway-response', 'possible']);
});

test('row 34: a slow reader is no queue', () => {
  const slow: Told = { startUs: NINE, takenUs: 8 * SEC, status: 200, reading: said('ok'), member: { takenUs: 40_000 } };
  const withUpstream = (headerUs: number): Journey => {
    const journey = journeyOf(slow);
    const upstream = [{ address: '10.0.0.11:80', status: 200, connectUs: 1_000, headerUs }];
    return {
      ...journey,
      gateway: { ...journey.gateway, access: journey.gateway.access.map((one) => ({ ...one, upstream })) },
    };
  };
  assert.deepEqual([decideOne(withUpstream(50_000)).row, decideOne(withUpstream(50_000)).cause], ['35', undefined]);
  assert.equal(decideOne(withUpstream(7_900_000)).cause, 'queue/member', 'the gateway waited for the first byte');
  assert.equal(decideOne(withMember(journeyOf(slow), { ambiguous: 1, joinedBy: 'time-and-path' })).cause, undefined);
});

test('row 34: without the size of the answer a slow reader and a wait in the gateway look the same', () => {
  const told: Told = { startUs: NINE, takenUs: 8 * SEC, status: 200, reading: said('ok'), member: { takenUs: 40_000 } };
  const sized = (bytesSent: number | undefined): Decision => {
    const journey = journeyOf(told);
    const access = journey.gateway.access.map((one) => ({ ...one, ...(bytesSent === undefined ? {} : { bytesSent }) }));
    return decideOne({ ...journey, gateway: { ...journey.gateway, access } });
  };
  assert.deepEqual([sized(undefined).cause, sized(undefined).undecided], [undefined, true]);
  assert.match(sized(undefined).because, /without the size of the answer \(sc-bytes\)/);
  assert.equal(sized(2_000).cause, 'queue/gateway');
  assert.deepEqual([sized(9_000_000).cause, sized(9_000_000).row], [undefined, '35']);
});

test('a member that the gateway names but whose log was not given is not silent', () => {
  const journey = absent({ ...AT_30, reading: { ...TIMEOUT, member: 'web2' } });
  const base = contextOf(evidenceOf([journey]));
  const [web1] = base.measures.profile.members;
  assert.ok(web1 !== undefined);
  const members = [web1, { ...web1, name: 'web2', url: 'http://10.0.0.12' }];
  const profile = { ...base.measures.profile, members };
  const [decided] = decidedJourneys({ ...base, measures: { ...base.measures, profile } });
  assert.deepEqual([decided?.decision.row, decided?.decision.confidence], ['7', 'likely']);
});

test('direct requests: the probe’s own timeout is no drop of the member', () => {
  const direct = (outcome: string): Decision => {
    const journey = journeyOf({
      startUs: NINE,
      takenUs: SEC,
      status: 0,
      client: { seq: 1, outcome, isFailure: true, direct: 'web1' },
    });
    const members = journey.members.map((one) => ({ ...one, access: [], details: [kernel('Connection_Dropped')] }));
    return decideOne({ ...journey, members });
  };
  assert.equal(direct('error:closed').cause, 'connection/dropped-before-response');
  assert.equal(direct('timeout:headers').undecided, true);
});

test('a request that was never sent has no line at a member, however well path and time fit', () => {
  const failed = journeyOf({
    startUs: NINE,
    takenUs: 6_000,
    status: 502,
    substatus: 3,
    win32: 12_175,
    reading: said('tls/verify', 0.65, { rivals: ['tls/handshake'] }),
    member: { takenUs: 4_000 },
  });
  const guessed = withMember(failed, { joinedBy: 'time-and-path' });
  const two = { ...guessed, members: [...guessed.members, { ...guessed.members[0]!, member: 'web2', access: [] }] };
  assert.deepEqual([decideOne(two).row, decideOne(two).cause, decideOne(two).member], ['26', 'tls/failed', undefined]);
});

test('row 24: a code that means refused or no local port means the latter where the gateway’s events say so', () => {
  const reading = said('connect/refused', 0.7, { rivals: ['gateway/resource', 'connect/unreachable'] });
  const failed = journeyOf({ startUs: NINE, takenUs: 3_000, status: 502, substatus: 3, win32: 12_029, reading });
  const event = (source: number) =>
    line({ source, atUs: NINE + SEC, format: 'windows-events', kind: 'event', code: 'Tcpip/4231' });
  const decided = (source: number): Decision => decideOne({ ...failed, events: [event(source)] });
  assert.deepEqual(
    [decided(0).row, decided(0).cause, decided(0).confidence],
    ['24', 'connection/port-exhaustion', 'likely'],
  );
  assert.equal(decided(1).cause, 'connection/refused', 'a member’s own ports are another matter');
  assert.equal(decideOne(failed).cause, 'connection/refused');
});
