import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning } from './code.ts';
import { codeMeaning } from './code.ts';
import { formsOfHresult, hexOf } from './number-forms.ts';

type Row = readonly [value: bigint, name: string, outcome: HopOutcome | undefined, meaning: string, inALog?: string];

const LOGIN = 'A login failed; usual beside 401.1.';
const CRASH =
  'Exit code or exception code of a process that crashed: Application Error 1000, WAS 5009 and 5011. Its requests end as 502.3 with 12030 on ARR.';
const CONNECTION = 'Status of the network layer in traces of http.sys and of the kernel.';

// winerror.h and ntstatus.h.
const ROWS: readonly Row[] = [
  [0x80004001n, 'E_NOTIMPL', 'gateway/internal', 'Not implemented.'],
  [0x80004003n, 'E_POINTER', 'gateway/internal', 'A pointer that is not valid.'],
  [0x80004004n, 'E_ABORT', 'gateway/internal', 'The operation was aborted.'],
  [
    0x80004005n,
    'E_FAIL',
    'gateway/internal',
    'A failure that is not told more exactly.',
    'Says nothing by itself: the message or the module beside it does.',
  ],
  [0x8000ffffn, 'E_UNEXPECTED', 'gateway/internal', 'A failure that nobody foresaw.'],
  [0x80090300n, 'SEC_E_INSUFFICIENT_MEMORY', 'gateway/resource', 'Not enough memory for the security package.'],
  [0x80090301n, 'SEC_E_INVALID_HANDLE', 'gateway/internal', 'A security handle that is not valid.'],
  [0x80090302n, 'SEC_E_UNSUPPORTED_FUNCTION', 'tls/handshake', 'The security package does not support this.'],
  [
    0x80090303n,
    'SEC_E_TARGET_UNKNOWN',
    'gateway/denied',
    'The target of the login is not known: a service name (SPN) is missing or doubled.',
    LOGIN,
  ],
  [0x80090304n, 'SEC_E_INTERNAL_ERROR', 'tls/handshake', 'The security authority failed.'],
  [0x80090305n, 'SEC_E_SECPKG_NOT_FOUND', 'gateway/config', 'The security package is not there.'],
  [
    0x80090308n,
    'SEC_E_INVALID_TOKEN',
    'gateway/denied',
    'The security token is not valid.',
    'In logins: a token of another package, or a proxy that breaks NTLM apart. In TLS: bytes that are not TLS.',
  ],
  [0x8009030cn, 'SEC_E_LOGON_DENIED', 'gateway/denied', 'The login was denied.', LOGIN],
  [
    0x8009030dn,
    'SEC_E_UNKNOWN_CREDENTIALS',
    'gateway/denied',
    'The credentials were not recognised.',
    'In logins: user or password. In TLS: the pool’s identity may not read the certificate’s private key.',
  ],
  [
    0x8009030en,
    'SEC_E_NO_CREDENTIALS',
    undefined,
    'No credentials came with the request yet.',
    'Normal: the first leg of NTLM or Negotiate, with 401.2 or 401.1. The next line of the same client is usually 200. Filter it out.',
  ],
  [0x8009030fn, 'SEC_E_MESSAGE_ALTERED', 'tls/handshake', 'A message was altered on its way.'],
  [0x80090310n, 'SEC_E_OUT_OF_SEQUENCE', 'tls/handshake', 'A message came out of its order.'],
  [0x80090311n, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'gateway/denied', 'No domain controller could be asked.', LOGIN],
  [0x80090317n, 'SEC_E_CONTEXT_EXPIRED', 'tls/handshake', 'The security context has expired.'],
  [0x80090318n, 'SEC_E_INCOMPLETE_MESSAGE', 'tls/handshake', 'A part of a TLS message is missing.'],
  [0x80090321n, 'SEC_E_BUFFER_TOO_SMALL', 'tls/handshake', 'A security buffer is too small.'],
  [0x80090322n, 'SEC_E_WRONG_PRINCIPAL', 'tls/verify', 'The certificate or ticket is for another name.'],
  [0x80090324n, 'SEC_E_TIME_SKEW', 'gateway/denied', 'The clocks of the two machines differ too much.'],
  [0x80090325n, 'SEC_E_UNTRUSTED_ROOT', 'tls/verify', 'The certificate comes from an authority that is not trusted.'],
  [
    0x80090326n,
    'SEC_E_ILLEGAL_MESSAGE',
    'tls/handshake',
    'A TLS message that was not expected: versions or ciphers do not fit.',
  ],
  [0x80090327n, 'SEC_E_CERT_UNKNOWN', 'tls/verify', 'The certificate could not be processed.'],
  [0x80090328n, 'SEC_E_CERT_EXPIRED', 'tls/verify', 'The certificate has expired.'],
  [0x80090329n, 'SEC_E_ENCRYPT_FAILURE', 'tls/handshake', 'Encrypting failed.'],
  [0x80090330n, 'SEC_E_DECRYPT_FAILURE', 'tls/handshake', 'Decrypting failed.'],
  [0x80090331n, 'SEC_E_ALGORITHM_MISMATCH', 'tls/handshake', 'The two sides have no TLS version or cipher in common.'],
  [0x80092010n, 'CRYPT_E_REVOKED', 'tls/verify', 'The certificate was revoked.'],
  [
    0x80092012n,
    'CRYPT_E_NO_REVOCATION_CHECK',
    'tls/verify',
    'Whether the certificate is revoked could not be checked.',
  ],
  [0x80092013n, 'CRYPT_E_REVOCATION_OFFLINE', 'tls/verify', 'The server that knows revoked certificates is offline.'],
  [0x800b0101n, 'CERT_E_EXPIRED', 'tls/verify', 'The certificate is expired or not yet valid.'],
  [0x800b0102n, 'CERT_E_VALIDITYPERIODNESTING', 'tls/verify', 'The validity periods of the chain do not fit.'],
  [0x800b0109n, 'CERT_E_UNTRUSTEDROOT', 'tls/verify', 'The chain ends in an authority that is not trusted.'],
  [0x800b010an, 'CERT_E_CHAINING', 'tls/verify', 'The chain cannot be built: an intermediate certificate is missing.'],
  [0x800b010cn, 'CERT_E_REVOKED', 'tls/verify', 'The certificate was revoked by its issuer.'],
  [0x800b010en, 'CERT_E_REVOCATION_FAILURE', 'tls/verify', 'Whether the certificate is revoked could not be checked.'],
  [0x800b010fn, 'CERT_E_CN_NO_MATCH', 'tls/verify', 'The certificate is for another name.'],
  [0x800b0110n, 'CERT_E_WRONG_USAGE', 'tls/verify', 'The certificate is not meant for servers.'],
  [
    0xc0000005n,
    'STATUS_ACCESS_VIOLATION',
    'response/reset-before-headers',
    'A process touched memory that is not its own.',
    CRASH,
  ],
  [0xc00000b5n, 'STATUS_IO_TIMEOUT', 'response/timeout', 'An input or output timed out.', CONNECTION],
  [
    0xc00000fdn,
    'STATUS_STACK_OVERFLOW',
    'response/reset-before-headers',
    'A process used up its stack: endless recursion.',
    CRASH,
  ],
  [0xc0000120n, 'STATUS_CANCELLED', 'client/abort', 'The request was cancelled.', CONNECTION],
  [
    0xc000013an,
    'STATUS_CONTROL_C_EXIT',
    'gateway/shutdown',
    'The process was ended from outside (Ctrl-C, logoff, stop).',
  ],
  [
    0xc0000142n,
    'STATUS_DLL_INIT_FAILED',
    'pool/member-down',
    'The process could not start: a library failed at its start.',
    'The worker of the pool does not start; requests end as 503.',
  ],
  [0xc000020cn, 'STATUS_CONNECTION_DISCONNECTED', 'client/abort', 'The connection was closed by the peer.', CONNECTION],
  [0xc000020dn, 'STATUS_CONNECTION_RESET', 'client/abort', 'The connection was reset by the peer.', CONNECTION],
  [0xc0000236n, 'STATUS_CONNECTION_REFUSED', 'connect/refused', 'The connection was refused.', CONNECTION],
  [0xc0000241n, 'STATUS_CONNECTION_ABORTED', 'client/abort', 'The connection was aborted on this machine.', CONNECTION],
  [0xc0000374n, 'STATUS_HEAP_CORRUPTION', 'response/reset-before-headers', 'A process corrupted its own heap.', CRASH],
  [
    0xe0434352n,
    'CLR exception',
    'response/reset-before-headers',
    'An exception of .NET that nobody caught ended the process.',
    `${CRASH} The text of the exception is in .NET Runtime 1026.`,
  ],
];

const MEANINGS = new Map(
  ROWS.map(([value, name, outcome, meaning, inALog]) => [
    value,
    codeMeaning('hresult', [
      hexOf(value),
      outcome,
      meaning,
      { name, forms: formsOfHresult(value), ...(inALog === undefined ? {} : { inALog }) },
    ]),
  ]),
);

export function hresultMeanings(): readonly CodeMeaning[] {
  return [...MEANINGS.values()];
}

export function hresultMeaning(value: bigint): CodeMeaning | undefined {
  return MEANINGS.get(value);
}
