import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetailedPeerCertificate } from 'node:tls';
import { certificateFacts } from '../../src/traffic/certificate.ts';

function shown(certificate: unknown) {
  return certificateFacts({ getPeerCertificate: () => certificate as DetailedPeerCertificate });
}

const DATES = { valid_from: 'Nov 21 10:21:09 2026 GMT', valid_to: 'Dec  1 10:21:09 2026 GMT' };

test('what a certificate says, in one shape', () => {
  assert.deepEqual(
    shown({
      ...DATES,
      subject: { CN: 'shop.example.com' },
      issuer: { O: 'Example CA' },
      subjectaltname: 'DNS:shop.example.com, DNS:*.example.com, IP Address:192.0.2.1',
      fingerprint256: 'AB:01:FF',
    }),
    {
      subject: 'shop.example.com',
      issuer: 'Example CA',
      validFromAt: '2026-11-21T10:21:09.000Z',
      validToAt: '2026-12-01T10:21:09.000Z',
      names: ['shop.example.com', '*.example.com', '192.0.2.1'],
      fingerprint: 'ab01ff',
    },
  );
});

test('names are many at shared front ends: only some are kept', () => {
  const subjectaltname = Array.from({ length: 300 }, (_, i) => `DNS:host${i}.example.com`).join(', ');
  assert.equal(shown({ ...DATES, subjectaltname })?.names.length, 20);
});

test('a field that stands several times, and fields that are missing', () => {
  assert.equal(shown({ ...DATES, subject: { CN: ['a', 'b'] } })?.subject, 'a');
  assert.equal(shown({ ...DATES })?.subject, '');
});

for (const [title, certificate] of [
  ['no certificate', {}],
  ['a socket that is gone', null],
  ['times that cannot be read', { valid_from: 'soon', valid_to: 'later' }],
] as const)
  test(`${title}: nothing is told`, () => assert.equal(shown(certificate), undefined));
