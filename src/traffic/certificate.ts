/** What a certificate says, read in the handshake. */
import type tls from 'node:tls';
import type { CertificateFacts } from '../model/exchange.ts';

/** Certificates of shared front ends name hundreds of hosts. */
const NAMES_KEPT = 20;

/** Undefined where the peer showed none, or one whose times cannot be read. */
export function certificateFacts(socket: Pick<tls.TLSSocket, 'getPeerCertificate'>): CertificateFacts | undefined {
  // Typed as always there; a peer without one gives an empty object, a socket that is gone gives null.
  const certificate = socket.getPeerCertificate() as Partial<tls.PeerCertificate> | null;
  const validFromAt = isoTime(certificate?.valid_from);
  const validToAt = isoTime(certificate?.valid_to);
  if (certificate === null || validFromAt === undefined || validToAt === undefined) return undefined;
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    validFromAt,
    validToAt,
    names: (certificate.subjectaltname ?? '')
      .split(', ')
      .filter((name) => name !== '')
      .slice(0, NAMES_KEPT)
      .map((name) => name.replace(/^(DNS|IP Address):/, '')),
    fingerprint: (certificate.fingerprint256 ?? '').replaceAll(':', '').toLowerCase(),
  };
}

/** OpenSSL writes "Dec 21 10:21:09 2026 GMT". */
function isoTime(text: string | undefined): string | undefined {
  const time = Date.parse(text ?? '');
  return Number.isFinite(time) ? new Date(time).toISOString() : undefined;
}

/** The common name, else the organisation; a field may stand several times. */
function nameOf(name: Partial<tls.Certificate> | undefined): string {
  const value: string | string[] | undefined = name?.CN ?? name?.O;
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
