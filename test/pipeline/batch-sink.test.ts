import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateFacts, Exchange } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createBatchSink } from '../../src/pipeline/batch-sink.ts';
import { createRecorder } from '../../src/recording/recorder.ts';
import { LOGIN_EXPERIMENT } from '../../src/traffic/login.ts';
import { profileOf, targetOf } from '../traffic/sending-setup.ts';

const SECRET = 'hunter2-hunter2';

function sink() {
  const profile = { ...profileOf({ gateway: targetOf('http://127.0.0.1:1') }), secrets: [SECRET] };
  return createBatchSink(profile, createRecorder({ seed: 1, isOpenLoop: () => true }));
}

function failed(changes: Partial<Exchange> = {}): Exchange {
  return {
    seq: 0,
    requestId: '0000000000000000',
    experimentId: 'compare-1',
    route: GATEWAY,
    requestName: 'home',
    dueUs: 0,
    sentUs: 10,
    endUs: 1_000,
    outcome: {
      kind: 'connection-error',
      phase: 'receive',
      code: 'parse',
      detail: `it began with "${SECRET}"`,
      bytesReceived: 0,
    },
    ...changes,
  };
}

test('what a failure quotes is masked, with and without an answer beside it', () => {
  const one = sink();
  const answer = { status: 200, headers: { 'x-echo': SECRET }, bodyStart: SECRET };
  one.take([failed(), failed({ seq: 1, answer })]);
  const { exchanges } = one.finish();
  assert.equal(exchanges.length, 2);
  assert.doesNotMatch(JSON.stringify(exchanges), new RegExp(SECRET));
  assert.match(JSON.stringify(exchanges), /it began with/);
});

test('a secret that the end of a kept body cuts off is hidden as far as it is there', () => {
  const one = sink();
  one.take([failed({ answer: { status: 500, headers: {}, bodyStart: `your key is ${SECRET.slice(0, 10)}` } })]);
  assert.equal(one.finish().exchanges[0]?.answer?.bodyStart, 'your key is ***');
});

test('a session that a login began is hidden in what comes after, and in the answer that sets it', () => {
  const one = sink();
  const login = { status: 302, headers: { 'set-cookie': ['sid=session-one; Path=/', 'ARRAffinity=member-one'] } };
  one.take([failed({ experimentId: LOGIN_EXPERIMENT, answer: login })]);
  const headers = { 'set-cookie': 'sid=session-two; Path=/', 'x-session': 'session-two' };
  one.take([failed({ seq: 1, answer: { status: 500, headers, bodyStart: 'session-one session-two member-one' } })]);
  const answer = one.finish().exchanges[0]?.answer;
  assert.deepEqual(answer?.headers, { 'set-cookie': 'sid=***; Path=/', 'x-session': '***' });
  assert.equal(answer?.bodyStart, '*** *** member-one');
  assert.deepEqual(one.sessionSecrets(), ['session-one']);
});

test('headers that hand out credentials are hidden by their names; those that ask for them are shown', () => {
  const one = sink();
  const shown = { 'www-authenticate': 'Negotiate', 'access-control-allow-credentials': 'true', server: 'nginx' };
  const headers = { ...shown, 'x-auth-token': 'fresh-one', 'x-csrf-token': ['a', 'b'] };
  one.take([failed({ answer: { status: 401, headers } })]);
  const expected = { ...shown, 'x-auth-token': '***', 'x-csrf-token': ['***', '***'] };
  assert.deepEqual(one.finish().exchanges[0]?.answer?.headers, expected);
});

test('certificates are remembered per route, also those of a login', () => {
  const one = sink();
  const certificate: CertificateFacts = {
    subject: 'a',
    issuer: 'b',
    validFromAt: '2026-01-01T00:00:00.000Z',
    validToAt: '2027-01-01T00:00:00.000Z',
    names: [],
    fingerprint: 'aa',
  };
  one.take([failed({ experimentId: 'login', certificate })]);
  one.take([failed({ certificate: { ...certificate, fingerprint: 'bb' } })]);
  // Another sending thread has seen it as well.
  one.take([failed({ certificate })]);
  assert.deepEqual(
    one.certificates.get(GATEWAY)?.map(({ fingerprint }) => fingerprint),
    ['aa', 'bb'],
  );
});
