import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestIdOf } from '../../../src/model/exchange.ts';
import { GATEWAY } from '../../../src/model/route.ts';
import { createEpoch } from '../../../src/traffic/clock.ts';
import type { RouteTarget, SenderSetup } from '../../../src/traffic/protocol.ts';
import { createNumbered, putId } from '../../../src/traffic/wire/numbered-request.ts';
import { type Templates, writeRequest } from '../../../src/traffic/wire/request-template.ts';
import { LIMITS, RUN_ID, requestOf, targetOf } from '../sending-setup.ts';

const TARGET: RouteTarget = {
  route: GATEWAY,
  target: targetOf('http://web.invalid'),
  hostname: 'web.invalid',
  port: 80,
  secure: false,
};
const SETUP: SenderSetup = {
  epoch: createEpoch(),
  runId: RUN_ID,
  userAgent: 'gateprobe/0',
  routes: [TARGET],
  requests: [],
  limits: LIMITS,
  headers: {},
  trusted: [],
};
const SHAPE = { route: GATEWAY, request: 'home', connection: 'warm' } as const;

describe('a numbered request', () => {
  for (const [name, spec] of Object.entries({
    'without a body': requestOf(),
    'with a body, and headers beyond ASCII': requestOf({ method: 'POST', body: 'grüße', headers: { 'X-Name': 'ü' } }),
    'with a long body': requestOf({ method: 'PUT', body: 'x'.repeat(20_000) }),
  })) {
    test(`${name} is byte for byte what is written for one request`, () => {
      const numbered = createNumbered(spec, TARGET, SETUP, SHAPE, 'a=b');
      const templates: Templates = new Map();
      for (const seq of [0, 9, 255, 0xabcdef, 99_999_999, 1]) {
        putId(numbered, seq);
        const { bytes } = writeRequest(templates, spec, TARGET, SETUP, requestIdOf(RUN_ID, seq), SHAPE, 'a=b');
        assert.deepEqual(numbered.bytes, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      }
      assert.equal(numbered.isShort, (spec.body?.length ?? 0) < 16_000);
    });
  }

  test('says why it cannot be sent', () => {
    const spec = requestOf({ headers: { 'X-Bad': 'a\nb' } });
    assert.match(createNumbered(spec, TARGET, SETUP, SHAPE, '').problem ?? '', /X-Bad/);
  });
});
