import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestIdOf } from '../../../src/model/exchange.ts';
import type { RequestSpec } from '../../../src/model/profile.ts';
import { GATEWAY } from '../../../src/model/route.ts';
import { createEpoch } from '../../../src/traffic/clock.ts';
import type { RouteTarget, SenderSetup } from '../../../src/traffic/protocol.ts';
import { prepareRequest } from '../../../src/traffic/request.ts';
import { writtenRequest } from '../../../src/traffic/wire/request-bytes.ts';
import { type Templates, writeRequest } from '../../../src/traffic/wire/request-template.ts';
import { LIMITS, RUN_ID, requestOf, targetOf } from '../sending-setup.ts';

const ROUTE: RouteTarget = {
  route: GATEWAY,
  target: targetOf('http://192.0.2.7:8080', { host: 'shop.example' }),
  hostname: '192.0.2.7',
  port: 8080,
  secure: false,
};
const SETUP: SenderSetup = {
  epoch: createEpoch(),
  runId: RUN_ID,
  userAgent: 'gateprobe/1.2.3',
  routes: [ROUTE],
  requests: [],
  limits: LIMITS,
  headers: { Authorization: 'Bearer x' },
  memberId: { header: 'X-Member' },
  connectionHeader: 'X-Connection',
  trusted: [],
};

type Shape = { readonly connection: 'warm'; readonly delayMs?: number; readonly limitUs?: number };

function write(
  templates: Templates,
  spec: RequestSpec,
  seq: number,
  shape: Omit<Shape, 'connection'> = {},
  cookie = '',
) {
  return writeRequest(
    templates,
    spec,
    ROUTE,
    SETUP,
    requestIdOf(RUN_ID, seq),
    { connection: 'warm', ...shape },
    cookie,
  );
}

/** What is written without a template. */
function plainly(spec: RequestSpec, seq: number, shape: Omit<Shape, 'connection'> = {}, cookie = '') {
  const id = requestIdOf(RUN_ID, seq);
  return writtenRequest(prepareRequest(spec, ROUTE, SETUP, SETUP, id, { connection: 'warm', ...shape }, cookie)).bytes;
}

describe('a request from a template', () => {
  const SPECS: readonly RequestSpec[] = [
    requestOf(),
    requestOf({ path: '/slow?ms={delayMs}' }),
    requestOf({ method: 'POST', headers: { 'X-Own': '1' }, body: 'k=ä' }),
    requestOf({ headers: { 'User-Agent': 'own' } }),
  ];
  for (const spec of SPECS) {
    test(`${spec.method} ${spec.path} is what it would be without, again and again`, () => {
      const templates: Templates = new Map();
      // Cookie and delay change and come back.
      for (const [seq, delayMs, cookie] of [
        [1, undefined, ''],
        [2, undefined, ''],
        [3, 250, ''],
        [4, 250, 's=1'],
        [5, undefined, ''],
      ] as const) {
        const shape = delayMs === undefined ? {} : { delayMs };
        assert.deepEqual(write(templates, spec, seq, shape, cookie).bytes, plainly(spec, seq, shape, cookie));
      }
    });
  }

  test('carries what is to be done with the answer; the limit is that of the shot', () => {
    const templates: Templates = new Map();
    const spec = requestOf({ method: 'HEAD' });
    const { bytes: _bytes, ...asked } = write(templates, spec, 1, { limitUs: 5_000 });
    assert.deepEqual(asked, {
      method: 'HEAD',
      limitUs: 5_000,
      maxBodyBytes: LIMITS.maxBodyBytes,
      spec,
      memberId: SETUP.memberId,
      connectionHeader: 'X-Connection',
      problem: undefined,
    });
    assert.equal(write(templates, spec, 2).limitUs, LIMITS.requestTimeoutUs);
  });

  test('what cannot be sent says why, also where it would hit the place of the id', () => {
    assert.match(write(new Map(), requestOf({ headers: { X: 'a\0id\0b' } }), 1).problem ?? '', /header X/);
    assert.match(write(new Map(), requestOf({ path: '/a b' }), 1).problem ?? '', /path/);
  });
});
