/** Single values of a profile that end up on the wire: addresses, paths, methods, headers, statuses. */
import { isIP } from 'node:net';
import { leaf } from './leaves.ts';
import { accept, type Parsed, refuse } from './parsed.ts';
import { quoted } from './raw.ts';

const REFERENCE = String.raw`\$\{(?:env|file):`;
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** An origin: scheme, host and port. What else a URL may hold is refused, because it would not be used. */
export function parseOrigin(value: unknown): Parsed<string> {
  const expected = 'a URL such as http://192.0.2.11:8080';
  if (typeof value !== 'string' || value === '') return refuse(expected);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined)
    return refuse(expected, {
      hint: /^[\w.[\]:-]+$/.test(value)
        ? `Write http://${value} or https://${value}.`
        : 'It begins with http:// or https://.',
    });
  if (scheme !== 'http' && scheme !== 'https')
    return refuse('a URL with http:// or https://', { found: `${scheme}://` });
  const port = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(value)?.[1];
  if (port !== undefined && (Number(port) > 65_535 || Number(port) === 0))
    return refuse('a port from 1 to 65535', { found: port });
  if (/[\s\\]/.test(value) || !URL.canParse(value)) return refuse(expected);
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') {
    return refuse('a URL without user and password', { hint: `Credentials belong in auth, with \${env:NAME}.` });
  }
  if (url.pathname !== '/' || /[?#]/.test(value)) {
    return refuse('a URL without path and query', { hint: `Write ${url.origin} here and the path in requests.` });
  }
  return accept(url.origin);
}

export function originLeaf() {
  return leaf(parseOrigin, { type: 'string', pattern: `^https?://[^/?#\\s@]+/?$|${REFERENCE}` });
}

/** A whole address of http or https, as a receiver of messages gives it: path and query may be its secret. */
export function webAddressLeaf() {
  return leaf(
    (value) => {
      const expected = 'a URL such as https://hooks.example.com/services/x';
      if (typeof value !== 'string' || !/^https?:\/\/[^\s\\]+$/i.test(value) || !URL.canParse(value))
        return refuse(expected);
      const { username, password } = new URL(value);
      return username === '' && password === ''
        ? accept(value)
        : refuse('a URL without user and password', { hint: 'Credentials belong in headers.' });
    },
    { type: 'string', pattern: `^https?://[^\\s]+$|${REFERENCE}` },
  );
}

/** A forward proxy: `http://host:port`, with user and password where it wants them. */
export function proxyLeaf() {
  return leaf(
    (value) => {
      const expected = 'the URL of a forward proxy such as http://proxy.example.com:3128';
      if (typeof value !== 'string' || /\s/.test(value)) return refuse(expected);
      if (!value.includes('://')) return refuse(expected, { hint: 'It begins with http://.' });
      if (!URL.canParse(value)) return refuse(expected);
      const url = new URL(value);
      if (url.protocol !== 'http:') return refuse(expected, { hint: 'The proxy itself is spoken to with http.' });
      if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return refuse(`${expected}, without a path`);
      const isDecodable = [url.username, url.password].every((part) => !/%(?![0-9a-f]{2})/i.test(part));
      return isDecodable ? accept(value) : refuse(`${expected}, with % in its password written as %25`);
    },
    { type: 'string', pattern: `^http://[^/?#\\s]+/?$|${REFERENCE}` },
  );
}

/** What goes into the Host header: a host name or address, with a port where it is needed. */
export function hostLeaf() {
  return leaf(
    (value) => {
      const expected = 'a host such as shop.example.com';
      if (typeof value !== 'string') return refuse(expected);
      if (value.includes('://')) return refuse(expected, { hint: 'Write the host without a scheme.' });
      const isHost = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(value);
      const port = Number(/:(\d{1,5})$/.exec(value)?.[1] ?? 1);
      if (isHost && (port < 1 || port > 65_535)) return refuse('a port from 1 to 65535', { found: String(port) });
      return isHost && value.length <= 253 ? accept(value) : refuse(expected);
    },
    { type: 'string', pattern: `^[A-Za-z0-9_.:\\[\\]-]+$|${REFERENCE}` },
  );
}

/** A TLS server name: never an address (RFC 6066 §3). */
export function serverNameLeaf() {
  return leaf(
    (value) => {
      const expected = 'a host name such as shop.example.com';
      if (typeof value !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/.test(value)) return refuse(expected);
      return isIP(value) === 0 ? accept(value) : refuse(expected, { hint: 'A TLS server name is never an address.' });
    },
    { type: 'string', pattern: `^[A-Za-z0-9_.-]+$|${REFERENCE}` },
  );
}

/** A path as it is sent, with its query. */
export function pathLeaf() {
  return leaf(
    (value) => {
      const expected = 'a path that begins with /';
      if (typeof value !== 'string' || !value.startsWith('/')) {
        const isUrl = typeof value === 'string' && /^https?:\/\//i.test(value);
        return refuse(expected, isUrl ? { hint: 'Write it without scheme and host.' } : {});
      }
      const bad = /[^\u0021-\u007e]|#/.exec(value)?.[0];
      if (bad === '#') return refuse('a path without #, which is never sent');
      if (bad !== undefined)
        return refuse('a path of printable ASCII', { hint: `Write ${percentEncoded(bad)} for ${quoted(bad)}.` });
      const delay = /\{\s*delay[^}]*\}/i.exec(value)?.[0];
      if (delay !== undefined && delay !== '{delayMs}')
        return refuse('{delayMs} as the placeholder', { found: quoted(delay), hint: 'Write {delayMs}.' });
      return accept(value);
    },
    { type: 'string', pattern: `^/[!-"$-~]*$|${REFERENCE}` },
  );
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

export function methodLeaf() {
  return leaf(
    (value) => {
      const expected = 'an HTTP method such as GET';
      if (typeof value !== 'string' || value.length > 32 || !TOKEN.test(value)) return refuse(expected);
      if (value !== value.toUpperCase()) return refuse(expected, { hint: `Write ${value.toUpperCase()}.` });
      // CONNECT opens a tunnel, and TRACE has no body to compare: neither is a request of a user.
      return value === 'CONNECT' || value === 'TRACE' ? refuse('a method other than CONNECT and TRACE') : accept(value);
    },
    { type: 'string', pattern: `^[A-Z0-9_-]+$|${REFERENCE}` },
  );
}

/** Headers that the probe writes itself for every request; a profile that sets them would falsify framing or identity. */
const OWN_HEADERS: Readonly<Record<string, string>> = {
  host: 'Write host at the gateway or the member.',
  'content-length': 'The probe sets it from the body.',
  'transfer-encoding': 'The probe frames the body itself.',
  connection: 'The probe keeps and closes connections itself.',
  'keep-alive': 'The probe keeps and closes connections itself.',
  upgrade: 'The probe does not change the protocol.',
  traceparent: 'The probe finds its requests in logs by it.',
  expect: 'The probe sends a body without asking first.',
};

export function headerNameLeaf() {
  return leaf(
    (value) => {
      const expected = 'a header name such as X-Request-Source';
      if (typeof value !== 'string' || value.length > 128 || !TOKEN.test(value)) return refuse(expected);
      const hint = Object.hasOwn(OWN_HEADERS, value.toLowerCase()) ? OWN_HEADERS[value.toLowerCase()] : undefined;
      return hint === undefined ? accept(value) : refuse('a header that the probe does not set itself', { hint });
    },
    { type: 'string', pattern: "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$" },
  );
}

export function tokenLeaf(what: string) {
  return leaf(
    (value) => (typeof value === 'string' && value.length <= 128 && TOKEN.test(value) ? accept(value) : refuse(what)),
    {
      type: 'string',
      pattern: `^[!#$%&'*+\\-.^_\`|~0-9A-Za-z]+$|${REFERENCE}`,
    },
  );
}

/** RFC 9110 §5.5: visible characters, spaces and tabs inside. Beyond ASCII, servers disagree about the encoding. */
export function headerValueLeaf(
  what = 'a header value of printable ASCII in one line',
  forbidden = /[^\t\u0020-\u007e]/,
) {
  return leaf(
    (value) => {
      if (typeof value === 'number' || typeof value === 'boolean') return refuse(what, { hint: 'Put it in quotes.' });
      if (typeof value !== 'string' || value !== value.trim()) return refuse(what);
      return forbidden.test(value) ? refuse(what) : accept(value);
    },
    { type: 'string' },
  );
}

/** RFC 6265 §4.1.1. */
export function cookieValueLeaf() {
  return headerValueLeaf(
    'a cookie value without spaces, commas and semicolons',
    /[^\u0021\u0023-\u002b\u002d-\u003a\u003c-\u005b\u005d-\u007e]/,
  );
}

/** `200`, `[200, 304]` or `2xx` → statuses. */
export function parseStatuses(value: unknown): Parsed<readonly number[]> {
  const expected = 'a status such as 200, a list of them, or 2xx';
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  const statuses = new Set<number>();
  for (const entry of entries) {
    const family = typeof entry === 'string' ? /^([1-5])xx$/i.exec(entry)?.[1] : undefined;
    const isStatus = /^[1-5]\d\d$/.test(String(entry)) && ['number', 'string'].includes(typeof entry);
    if (family !== undefined) for (let i = 0; i < 100; i++) statuses.add(Number(family) * 100 + i);
    else if (isStatus) statuses.add(Number(entry));
    else
      return Array.isArray(value)
        ? refuse(expected, { found: `a list with ${quoted(String(entry))}` })
        : refuse(expected);
  }
  return statuses.size === 0 ? refuse(expected) : accept([...statuses].sort((a, b) => a - b));
}

export function statusesLeaf() {
  const one = {
    anyOf: [
      { type: 'integer', minimum: 100, maximum: 599 },
      { type: 'string', pattern: `^[1-5](?:xx|XX|\\d\\d)$|${REFERENCE}` },
    ],
  };
  return leaf(parseStatuses, { anyOf: [...one.anyOf, { type: 'array', minItems: 1, items: one }] });
}
