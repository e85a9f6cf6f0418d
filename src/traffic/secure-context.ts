/**
 * Certificates and keys of TLS connections, read once for all that trust the same: reading some hundred authorities takes 10 ms, in
 * which the sending thread does nothing else, and memory that is not V8's, which is given back late. No session is ever resumed
 * for sharing one: that takes the session too.
 */
import tls from 'node:tls';
import type { TlsSettings } from '../model/profile.ts';

const known = new WeakMap<readonly string[], Map<string, tls.SecureContext>>();

/** `trusted` are PEM texts; the same array gives the same contexts. Throws when a text of the target is no PEM. */
export function secureContextOf(
  { ca, cert, key }: Omit<TlsSettings, 'verify'>,
  trusted: readonly string[],
): tls.SecureContext {
  const own = known.get(trusted) ?? new Map<string, tls.SecureContext>();
  known.set(trusted, own);
  const name = JSON.stringify([ca, cert, key]);
  const context =
    own.get(name) ??
    tls.createSecureContext({
      ca: ca === undefined ? [...trusted] : [...trusted, ca],
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  own.set(name, context);
  return context;
}
