/** Secrets out of everything that is written: values of the profile, and the forms in which they travel. */
import type { Profile, Target } from '../model/profile.ts';
import type { MaskedProfile } from '../model/recording.ts';

export const MASK = '***';

/**
 * A secret below this length is not searched for in other texts: three characters turn up by chance in numbers, words
 * and ids, so that hiding them would ruin a report and yet tell where they stand.
 */
export const MIN_SECRET_LENGTH = 4;

/** Words of JSON and YAML; a cookie may hold one, and hiding it everywhere would hide nothing. */
const COMMON_WORDS = new Set(['true', 'false', 'null', 'none']);

/** Query parameters that are credentials by their name in most applications; a profile's `mask` adds to them. */
export const DEFAULT_MASK: readonly string[] = [
  'access_token',
  'api_key',
  'apikey',
  'client_secret',
  'id_token',
  'password',
  'passwd',
  'secret',
  'sig',
  'signature',
  'token',
];

export type Masker = (text: string) => string;

/**
 * A function that hides secrets in a text: secret values as they are, in base64 and base64url, url-encoded, and escaped
 * for JSON, XML and HTML; values of the query parameters named in `maskParams`; user and password in addresses.
 * Give it texts, not finished JSON: a secret of digits could be part of a number.
 */
export function createMasker(secrets: readonly string[], maskParams: readonly string[]): Masker {
  const sorted = allForms(secrets);
  const values =
    sorted.length === 0 ? undefined : new RegExp(sorted.map((form) => escapePattern(form)).join('|'), 'gi');
  const params =
    maskParams.length === 0
      ? undefined
      : new RegExp(
          `(^|[?&;,\\s"'(])((?:${maskParams.map((name) => escapePattern(name)).join('|')})=)[^&#;\\s"'<>)]+`,
          'gim',
        );
  return (text) => {
    let masked = text.replace(/:\/\/[^\s/?#@"'<>]+@/g, `://${MASK}@`);
    if (params !== undefined)
      masked = masked.replace(params, (_, before: string, name: string) => `${before}${name}${MASK}`);
    return values === undefined ? masked : masked.replace(values, MASK);
  };
}

/** As long as half of a short password: what a text ends with may agree with fewer characters of a secret by chance. */
const LEAST_CUT_LENGTH = 8;

/** The same for texts of which only a beginning is kept: also a secret is hidden that the end of the text cuts off. */
export function createCutMasker(secrets: readonly string[], maskParams: readonly string[]): Masker {
  const mask = createMasker(secrets, maskParams);
  const forms = allForms(secrets).filter((form) => form.length > LEAST_CUT_LENGTH);
  return (text) => {
    const masked = mask(text);
    const starts = forms.map((form) => cutStart(masked, form)).filter((start) => start >= 0);
    return starts.length === 0 ? masked : `${masked.slice(0, Math.min(...starts))}${MASK}`;
  };
}

/** Where the end of `text` begins that is a beginning of `form`; -1 where there is none. */
function cutStart(text: string, form: string): number {
  const head = form.slice(0, LEAST_CUT_LENGTH);
  let at = text.indexOf(head, Math.max(0, text.length - form.length));
  while (at >= 0 && !form.startsWith(text.slice(at))) at = text.indexOf(head, at + 1);
  return at;
}

/** Longest first, so that a secret that contains another one is hidden as a whole. */
function allForms(secrets: readonly string[]): readonly string[] {
  const forms = new Set(
    secrets
      .filter((secret) => secret.length >= MIN_SECRET_LENGTH && !COMMON_WORDS.has(secret.toLowerCase()))
      .flatMap(formsOf),
  );
  return [...forms].sort((a, b) => b.length - a.length);
}

/** Hides secrets in one text; see `createMasker`, which is faster for many texts. */
export function maskText(text: string, secrets: readonly string[], maskParams: readonly string[]): string {
  return createMasker(secrets, maskParams)(text);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Bodies and headers are kept as latin1: a secret in UTF-8 stands in them byte by byte. */
function formsOf(secret: string): string[] {
  const asBytes = Buffer.from(secret, 'utf8').toString('latin1');
  return asBytes === secret ? formsOfText(secret) : [...formsOfText(secret), ...formsOfText(asBytes)];
}

function formsOfText(secret: string): string[] {
  const base64 = Buffer.from(secret, 'utf8').toString('base64');
  const plain = base64.replace(/=+$/, '');
  const encoded = encodeURIComponent(secret.toWellFormed());
  const escaped = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
  return [
    secret,
    base64,
    plain,
    plain.replaceAll('+', '-').replaceAll('/', '_'),
    encoded,
    encoded.replaceAll('%20', '+'),
    new URLSearchParams([['', secret]]).toString().slice(1),
    encodeURI(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    escaped,
    escaped.replaceAll("'", '&#39;'),
    escaped.replaceAll("'", '&apos;'),
  ];
}

/** Headers that carry credentials, by the words in their names. */
export function isSecretHeader(name: string): boolean {
  return /authoriz|authentic|(?:^|[-_])x?auth(?:$|[-_])|cookie|token|secret|password|passwd|credential|signature|session|csrf|xsrf|api[-_]?key|access[-_]?key|client[-_]?cert/i.test(
    name,
  );
}

/**
 * The profile as it is written: without `secrets`, and with secrets hidden by place and by value. What other parts of a
 * recording refer to (names, addresses, kinds) stays as it is, whatever it happens to be equal to.
 */
export function maskProfile(profile: Profile): MaskedProfile {
  // Whom a monitor tells is no part of what was measured, and its addresses are secrets.
  const { secrets, auth, alerts, ...rest } = profile;
  const masker = createMasker(secrets, profile.mask);
  return {
    ...rest,
    gateway: maskTarget(profile.gateway),
    members: profile.members.map(maskTarget),
    requests: profile.requests.map(({ body, expect, ...request }) => ({
      ...request,
      path: masker(request.path),
      headers: maskHeaders(request.headers, masker),
      ...(body === undefined ? {} : { body: masker(body) }),
      expect: expect.bodyIncludes === undefined ? expect : { ...expect, bodyIncludes: masker(expect.bodyIncludes) },
    })),
    cookies: Object.fromEntries(Object.keys(profile.cookies).map((name) => [name, MASK])),
    logs: profile.logs.map((log) => ({ ...log, files: masker(log.files) })),
    notes: profile.notes.map(masker),
    ...(auth === undefined ? {} : { auth: maskAuth(auth, masker) }),
  };
}

function maskTarget<T extends Target>(target: T): T {
  const { tls, httpProxy } = target;
  return {
    ...target,
    tls: tls.key === undefined ? tls : { ...tls, key: MASK },
    // The address of a forward proxy is the one that may hold a user and a password.
    ...(httpProxy === undefined ? {} : { httpProxy: httpProxy.replace(/:\/\/[^/?#]*@/, `://${MASK}@`) }),
  };
}

function maskHeaders(headers: Readonly<Record<string, string>>, masker: Masker): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name) ? MASK : masker(value)]),
  );
}

function maskAuth(auth: NonNullable<Profile['auth']>, masker: Masker): NonNullable<Profile['auth']> {
  switch (auth.kind) {
    case 'basic':
      return { ...auth, user: masker(auth.user), password: MASK };
    case 'bearer':
      return { ...auth, token: MASK };
    case 'login':
      return {
        ...auth,
        path: masker(auth.path),
        headers: Object.fromEntries(Object.keys(auth.headers).map((name) => [name, MASK])),
        ...(auth.body === undefined ? {} : { body: MASK }),
      };
    default:
      return auth satisfies never;
  }
}
