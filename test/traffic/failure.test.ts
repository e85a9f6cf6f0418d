import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errors } from 'undici';
import type { ConnectionErrorCode, PhaseName } from '../../src/model/exchange.ts';
import { failureOutcome, forwardProxyError } from '../../src/traffic/failure.ts';

const withCode = (code: unknown, message = 'it failed'): Error => Object.assign(new Error(message), { code });

type Case = {
  readonly error: unknown;
  readonly phase?: PhaseName;
  readonly closedBy?: 'fin' | 'rst';
  readonly code: ConnectionErrorCode;
};
const CASES: Readonly<Record<string, Case>> = {
  'connection refused': { error: withCode('ECONNREFUSED'), phase: 'connect', code: 'refused' },
  'a reset': { error: withCode('ECONNRESET'), code: 'reset' },
  'a reset on which the socket saw a FIN first': { error: withCode('ECONNRESET'), closedBy: 'fin', code: 'closed' },
  'a write to a closed connection': { error: withCode('EPIPE'), code: 'reset' },
  'an abort by the local stack (Windows)': { error: withCode('ECONNABORTED'), code: 'reset' },
  'undici: other side closed': { error: new errors.SocketError('other side closed'), code: 'closed' },
  'undici: other side closed, but by RST': { error: new errors.SocketError('x'), closedBy: 'rst', code: 'reset' },
  'a reset during the handshake': { error: withCode('ECONNRESET'), phase: 'tls', closedBy: 'rst', code: 'tls' },
  'a FIN during the handshake': { error: withCode('UND_ERR_SOCKET'), phase: 'tls', code: 'tls' },
  'a certificate nobody trusts': { error: withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), phase: 'tls', code: 'tls' },
  'an SSL error after the handshake': { error: withCode('ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'), code: 'tls' },
  'a name that the certificate lacks': { error: withCode('ERR_TLS_CERT_ALTNAME_INVALID'), code: 'tls' },
  'no route to the host': { error: withCode('EHOSTUNREACH'), phase: 'connect', code: 'unreachable' },
  'no route to the network': { error: withCode('ENETUNREACH'), phase: 'connect', code: 'unreachable' },
  'a timeout of the system': { error: withCode('ETIMEDOUT'), phase: 'connect', code: 'unreachable' },
  'no local port': { error: withCode('EADDRNOTAVAIL'), phase: 'connect', code: 'ports' },
  'local port in use': { error: withCode('EADDRINUSE'), phase: 'connect', code: 'ports' },
  'no file descriptor': { error: withCode('EMFILE'), phase: 'connect', code: 'ports' },
  'a name that does not exist': { error: withCode('ENOTFOUND'), phase: 'dns', code: 'dns' },
  'a resolver that does not answer': { error: withCode('EAI_AGAIN'), phase: 'dns', code: 'dns' },
  'undici: headers too large': { error: new errors.HeadersOverflowError(), code: 'header-too-large' },
  'undici: body too large': { error: withCode('UND_ERR_RES_EXCEEDED_MAX_SIZE'), code: 'too-large' },
  'the parser: headers too large': { error: withCode('HPE_HEADER_OVERFLOW'), code: 'header-too-large' },
  'the parser with a code': { error: withCode('HPE_INVALID_CONSTANT'), code: 'parse' },
  'the parser without a code': { error: new errors.HTTPParserError('bad', undefined), code: 'parse' },
  'the forward proxy refuses': { error: forwardProxyError('no'), phase: 'connect', code: 'proxy' },
  'something unheard of': { error: withCode('E_NEW'), code: 'other' },
  'an error without a code': { error: new Error('odd'), code: 'other' },
  'a code that is a number': { error: withCode(7), code: 'other' },
  'a thrown text': { error: 'plain text', code: 'other' },
  'nothing at all': { error: undefined, code: 'other' },
  null: { error: null, code: 'other' },
  'an object that is no error': { error: { code: 'ECONNRESET' }, code: 'other' },
};

describe('failureOutcome', () => {
  for (const [name, { error, phase = 'wait', closedBy, code }] of Object.entries(CASES)) {
    test(`${name} is ${code}`, () => {
      const context = { phase, bytesReceived: 12, ...(closedBy === undefined ? {} : { closedBy }) };
      const outcome = failureOutcome(error, context);
      assert.equal(outcome.kind, 'connection-error');
      assert.ok(outcome.kind === 'connection-error');
      assert.equal(outcome.code, code);
      assert.equal(outcome.phase, phase);
      assert.equal(outcome.bytesReceived, 12);
      assert.equal(outcome.closedBy, closedBy);
    });
  }

  const DETAILS = [
    { error: withCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:9'), detail: 'connect ECONNREFUSED 127.0.0.1:9' },
    {
      error: withCode('CERT_HAS_EXPIRED', 'certificate has expired'),
      detail: 'CERT_HAS_EXPIRED: certificate has expired',
    },
    { error: new Error('x'.repeat(1_000)), detail: 'x'.repeat(300) },
    { error: 'plain text', detail: 'plain text' },
  ];
  for (const { error, detail } of DETAILS) {
    test(`the detail is the system's own words: ${detail.slice(0, 40)}`, () => {
      const outcome = failureOutcome(error, { phase: 'wait', bytesReceived: 0 });
      assert.ok(outcome.kind === 'connection-error');
      assert.equal(outcome.detail, detail);
    });
  }
});
