import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientRequest } from '../../../src/logs/join/journeys.ts';
import type { HopReading } from '../../../src/model/hop.ts';
import type { PlacedEntry } from '../../../src/model/log.ts';
import { client, detail, goodPairs, joinAll, journeyOf, line, NOON, SEC, source } from './lines.ts';

const LATER = NOON + 2_000 * SEC + 300_000;

test('HTTPERR: one line, one request, the nearest; idle closes are nobody’s; the port decides', () => {
  const kernel = (atUs: number, more: Partial<PlacedEntry> = {}) =>
    detail(2, atUs, { format: 'httperr', kind: 'kernel', flags: 'Connection_Dropped', ...more });
  const pairs = goodPairs(60);
  const dropped = { status: 502, substatus: 3, win32: 12_030 };
  const first = line(0, LATER, SEC, dropped);
  const second = line(0, LATER + 20 * SEC, SEC, dropped);
  const own = [kernel(LATER + 19.7 * SEC), kernel(LATER, { flags: 'Timer_ConnectionIdle', extra: { normal: 'yes' } })];
  const { journeys } = joinAll([
    source(0, undefined, [...pairs.gateway, first, second]),
    source(1, 'web1', pairs.member),
    source(2, 'web1', own),
  ]);
  assert.deepEqual(journeyOf(journeys, first).members[0]?.details, []);
  assert.deepEqual(journeyOf(journeys, second).members[0]?.details, [own[0]]);
  const request = (localPort: number): ClientRequest => ({
    ...client('0123456789abcdef', LATER, SEC, { isFailure: true, direct: 'web1' }),
    localPort,
  });
  const at = kernel(LATER + SEC, { clientPort: 5_000 });
  const found = (port: number) =>
    joinAll([source(2, 'web1', [at])], { requests: [request(port)] }).journeys[0]?.members[0]?.details.length;
  assert.deepEqual([found(5_000), found(5_001)], [1, 0]);
});

test('a kernel line of the gateway that no access line has is a request of its own', () => {
  const full = detail(3, LATER, { format: 'httperr', kind: 'kernel', flags: 'QueueFull', status: 503, path: '/a' });
  const reading: HopReading = { outcome: 'gateway/saturated', madeBy: 'gateway', sure: 1, because: 'QueueFull' };
  const { journeys } = joinAll([source(0, undefined, goodPairs(60).gateway), source(3, undefined, [full])], {
    read: ({ kind }) => (kind === 'kernel' ? reading : undefined),
  });
  const own = journeys.find(({ gateway }) => gateway.details.includes(full));
  assert.deepEqual([own?.gateway.presence, own?.gateway.reading?.outcome], ['absent', 'gateway/saturated']);
});

test('error lines of a connection that is kept alive go to the request that failed then', () => {
  const local = { local: '*7' };
  const good = line(0, LATER, 100_000, { format: 'nginx', ids: local });
  const failed = line(0, LATER + SEC, SEC, { format: 'nginx', ids: local, status: 504 });
  const other = line(0, LATER + SEC, SEC, { format: 'nginx', ids: { local: '*8' }, status: 504 });
  const error = detail(1, LATER + SEC - 300_000, { ids: local, message: 'upstream timed out' });
  const { journeys } = joinAll([
    source(0, undefined, [...goodPairs(20).gateway, good, failed, other]),
    source(1, undefined, [error], { format: 'nginx-error' }),
  ]);
  assert.deepEqual(
    [good, failed, other].map((one) => journeyOf(journeys, one).gateway.details.length),
    [0, 1, 0],
  );
});

test('an error log in local time is found by the requests that it shares with its neighbour', () => {
  const failed = [0, 40, 95].map((sec, i) =>
    line(0, LATER + sec * SEC, SEC, { format: 'nginx', status: 504, ids: { local: `*${i}` } }),
  );
  const errors = failed.map(({ atUs, ids }) => detail(1, atUs + 3_600 * SEC, { ids, message: 'upstream timed out' }));
  const { journeys, clocks } = joinAll([
    source(0, undefined, [...goodPairs(20).gateway, ...failed]),
    source(1, undefined, errors, { format: 'nginx-error' }),
  ]);
  assert.equal(clocks[1]?.offsetUs, 3_600 * SEC);
  assert.match(clocks[1]?.note ?? '', /another zone/);
  assert.deepEqual(
    failed.map((one) => journeyOf(journeys, one).gateway.details.length),
    [1, 1, 1],
  );
});

const apacheLine = (endUs: number, durationUs: number, more: Partial<PlacedEntry> = {}): PlacedEntry =>
  line(0, endUs, durationUs, { format: 'apache', atUs: endUs, resolutionUs: 1, durationResolutionUs: 1, ...more });
const apacheError = (atUs: number, more: Partial<PlacedEntry>): PlacedEntry => {
  const {
    path: _path,
    method: _method,
    ...nameless
  } = detail(1, atUs, { format: 'apache-error', atUs, resolutionUs: 1 });
  return { ...nameless, ...more };
};

/** Numbers of the error lines that each access line got. */
function ownersOf(access: readonly PlacedEntry[], errors: readonly PlacedEntry[], isWhole = true): number[][] {
  const { journeys } = joinAll([
    source(0, undefined, access, { covers: () => isWhole }),
    source(1, undefined, errors, { format: errors[0]?.format ?? 'apache-error', covers: () => isWhole }),
  ]);
  return access.map((one) => journeyOf(journeys, one).gateway.details.map((own) => errors.indexOf(own)));
}

test('error lines that name no request: exact stamps tell failures apart that are close together', () => {
  const failed = [0, 300_000, 600_000].map((us) => apacheLine(LATER + us, 1_000, { status: 503 }));
  const errors = failed.map(({ atUs }) => apacheError(atUs - 200, { code: 'AH00957', extra: { module: 'proxy' } }));
  assert.deepEqual(ownersOf(failed, errors), [[0], [1], [2]]);
  const slow = apacheLine(LATER + 5 * SEC, 5 * SEC, { status: 502 });
  const first = apacheError(LATER + SEC, { code: 'AH00957', extra: { module: 'proxy' } });
  assert.deepEqual(ownersOf([slow], [first]), [[0]], 'of the only one that was under way');
  const other = apacheLine(LATER + 4 * SEC, 4 * SEC, { status: 502 });
  assert.deepEqual(ownersOf([slow, other], [first]), [[], []], 'of two nobody knows');
});

/** As Apache writes by default: when the request began, in whole seconds, and not how long it took. */
function startLine(startUs: number, clientIp: string, status = 502): PlacedEntry {
  const { durationUs: _none, durationResolutionUs: _no, ...base } = line(0, startUs, 0);
  return { ...base, format: 'apache', stamp: 'start', clientIp, status, line: Math.round((startUs - NOON) / SEC) };
}

test('a start without a duration: the error of the same client and path, a minute later', () => {
  const error = (atUs: number, clientIp: string) =>
    apacheError(atUs, { code: 'AH00898', path: '/a', clientIp, extra: { module: 'proxy' } });
  const mine = startLine(LATER, '192.0.2.1');
  const theirs = startLine(LATER + 2 * SEC, '192.0.2.2');
  // A good answer to somebody else, just when the first error is written.
  const passing = startLine(LATER + 60 * SEC, '192.0.2.3', 200);
  const errors = [error(LATER + 60 * SEC, '192.0.2.1'), error(LATER + 62 * SEC, '192.0.2.2')];
  assert.deepEqual(ownersOf([mine, theirs, passing], errors), [[0], [1], []]);
  assert.deepEqual(ownersOf([startLine(LATER, '192.0.2.9')], errors), [[]], 'of another client it is not');
  assert.deepEqual(ownersOf([mine], [error(LATER - 60 * SEC, '192.0.2.1')]), [[]], 'not before it began');
  assert.deepEqual(ownersOf([mine], [error(LATER + 400 * SEC, '192.0.2.1')]), [[]], 'nor so much later');
});

test('error lines that name no request: as many failures as failed requests of a second, in the order of the logs', () => {
  const clientIp = '192.0.2.1';
  /** Apache's three lines about a member that it could not connect to, by one process. */
  const refusal = (us: number, clientPort: number): PlacedEntry[] => [
    apacheError(LATER + us, { code: 'AH00957', processId: 7, extra: { module: 'proxy' } }),
    apacheError(LATER + us + 200, { code: 'AH00959', processId: 7, extra: { module: 'proxy' } }),
    apacheError(LATER + us + 210, {
      code: 'AH01114',
      processId: 7,
      clientIp,
      clientPort,
      extra: { module: 'proxy_http' },
    }),
  ];
  const failed = [0, 1, 2].map((at) => ({ ...startLine(LATER, clientIp, 503), line: at }));
  const good = { ...startLine(LATER, clientIp, 200), line: 3 };
  const errors = [...refusal(100_000, 5001), ...refusal(300_000, 5002), ...refusal(700_000, 5003)];
  assert.deepEqual(ownersOf([...failed, good], errors), [[0, 1, 2], [3, 4, 5], [6, 7, 8], []]);
  const close = [...refusal(100_000, 5001), ...refusal(101_000, 5002), ...refusal(102_000, 5003)];
  assert.deepEqual(
    ownersOf(failed, close),
    [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ],
    'a client’s port ends the lines of a failure',
  );
  const fewer = errors.slice(0, 6);
  assert.deepEqual(
    ownersOf(failed, fewer),
    [[], [], []],
    'the third may have failed otherwise: nobody knows which it is',
  );
  assert.deepEqual(ownersOf(failed.slice(0, 2), errors), [[], []], 'one of them may be an attempt that was repeated');
});

test('of two clients in one second the error goes to the one that it names', () => {
  const ends = ['192.0.2.1', '192.0.2.2'].map((clientIp, at) =>
    line(0, LATER, 100_000, { format: 'nginx', clientIp, status: 502, line: at }),
  );
  const error = detail(1, LATER, { clientIp: '192.0.2.2', message: 'connect() failed' });
  const { journeys } = joinAll([source(0, undefined, ends), source(1, undefined, [error])]);
  assert.deepEqual(
    ends.map((one) => journeyOf(journeys, one).gateway.details.length),
    [0, 1],
  );
});

test('error lines that name no request: what Apache says of itself belongs to none', () => {
  const failed = apacheLine(LATER, 1_000, { status: 502 });
  const init = apacheError(LATER - 100, { code: 'AH01883', level: 'info', extra: { module: 'ssl' } });
  const workers = apacheError(LATER - 100, { code: 'AH00484', level: 'error', extra: { module: 'mpm_event' } });
  assert.deepEqual(ownersOf([failed], [init, workers]), [[]]);
});

test('an error in the middle of an answer is of the request that ended just then, if all of them are known', () => {
  const whole = apacheLine(LATER - 50_000, 1_000);
  const cut = apacheLine(LATER, 100_000);
  const error = apacheError(LATER - 100, { code: 'AH01110', clientIp: '192.0.2.1' });
  assert.deepEqual(ownersOf([whole, cut], [error]), [[], [0]]);
  assert.deepEqual(ownersOf([whole, cut], [error], false), [[], []], 'lines were left out');
  const same = apacheLine(LATER + 100, 200_000);
  assert.deepEqual(ownersOf([same, cut], [error]), [[], []], 'two ended at once');
  const logged = apacheLine(LATER + 100, 200_000, { ids: { local: 'awCGVk' } });
  assert.deepEqual(ownersOf([logged, cut], [error]), [[0], []], '%L is of one that was logged');
});

test('the same of Caddy, whose entries about a cut answer name no request', () => {
  const caddy = { format: 'caddy' as const, ids: { local: '0.1' } };
  const cut = apacheLine(LATER, 100_000, caddy);
  const whole = apacheLine(LATER + 30_000, 100_000, caddy);
  const error = apacheError(LATER - 100, { format: 'caddy', stamp: 'end', message: 'reading from backend' });
  assert.deepEqual(ownersOf([cut, whole], [error]), [[0], []]);
});

test('stamps of whole seconds: a line with the path brings those of the same client and failure', () => {
  const failed = ['/a', '/b'].map((path) => line(0, LATER, 1_000, { format: 'apache', path, status: 502 }));
  const errors = [5_000, 5_001].flatMap((clientPort, i) => [
    apacheError(LATER + i, { code: 'AH01102', clientIp: '192.0.2.1', clientPort }),
    apacheError(LATER + i + 50, { code: 'AH00898', clientIp: '192.0.2.1', clientPort, path: i === 0 ? '/a' : '/b' }),
  ]);
  assert.deepEqual(ownersOf(failed, errors), [
    [0, 1],
    [2, 3],
  ]);
});

test('stamps of whole seconds: a line beside one that names another path is not of the only failure nearby', () => {
  const failed = line(0, LATER, 1_000, { format: 'apache', path: '/b', status: 502 });
  const errors = ['/a', undefined].map((path) =>
    apacheError(LATER - 500_000, { code: 'AH10404', clientIp: '192.0.2.1', clientPort: 5_000, ...(path && { path }) }),
  );
  assert.deepEqual(ownersOf([failed], errors), [[]]);
  assert.deepEqual(ownersOf([failed], errors.slice(1)), [[0]], 'alone it is');
});

test('Varnish: both logs of one request are one journey, by the transaction number', () => {
  const ids = { local: '32770' };
  const transaction = line(0, LATER, SEC, { format: 'varnishlog', ids });
  const ncsa = line(1, LATER, SEC, { format: 'varnish', ids });
  const other = line(1, LATER, SEC, { format: 'varnish', ids: { local: '5' } });
  const later = line(1, LATER + 600 * SEC, SEC, { format: 'varnish', ids });
  const { journeys } = joinAll([
    source(0, undefined, [transaction]),
    source(1, undefined, [ncsa, other, later], { format: 'varnish' }),
  ]);
  assert.equal(journeys.length, 3);
  assert.deepEqual(journeyOf(journeys, transaction).gateway.access, [transaction, ncsa]);
});
