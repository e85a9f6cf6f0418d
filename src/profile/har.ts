/**
 * A browser's recording (HAR 1.2, http://www.softwareishard.com/blog/har-12-spec/) → requests of a profile. Only what a stranger may ask
 * again without harm: GET and HEAD of the gateway's own origin, without cookies, authorization and values that look like credentials.
 */
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { DEFAULT_MASK, isSecretHeader } from './mask.ts';
import { THRESHOLD_WORDS } from './threshold-words.ts';

/** More than a page of a browser asks of its own server in most cases, and still a profile that somebody reads. */
export const MAX_HAR_REQUESTS = 30;

/** `maxQueryString` of IIS is 2,048 unless somebody changed it: longer ones would measure its request filter. */
const MAX_PATH_CHARS = 2_048;

/** Names of requests become rows and file names of reports; the longest that still fits beside numbers. */
const MAX_NAME_CHARS = 40;

/** Examples of each reason that are worth a look. */
const MAX_EXAMPLES = 3;

/** Problems of a file that are told at once. */
const MAX_PROBLEMS = 5;

/** What the server may choose its answer by, and no credential. */
const KEPT_HEADERS: ReadonlyMap<string, string> = new Map([
  ['accept', 'Accept'],
  ['accept-language', 'Accept-Language'],
]);

/** Names of single sign-on and sessions beside those that every profile masks. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  ...DEFAULT_MASK,
  ...['auth', 'code', 'state', 'nonce', 'key', 'jwt', 'sid', 'pwd', 'pass', 'pin', 'otp', 'ticket', 'assertion'],
  ...['samlresponse', 'samlrequest', 'relaystate', 'policy'],
]);

/** A JSON Web Token (RFC 7519): its header is JSON, so that it begins with these letters. */
const JWT = /eyJ[\w-]{8,}\.[\w-]{4,}/;

/** Addresses that do something although they are asked with GET. Better one too many is left out. */
const CHANGES_SOMETHING =
  /log-?_?(?:out|off)|sign-?_?(?:out|off)|delete|remove|destroy|unsubscribe|purge|(?:^|[^a-z])(?:cancel|reset|restart|shutdown)/i;
const STATIC_FILE = /\.(?:css|m?js|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf)$/i;

const recorded = z.object({
  log: z.object({
    version: z.string().optional(),
    entries: z.array(
      z.object({
        request: z.object({
          method: z.string(),
          url: z.string(),
          headers: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
        }),
        /** Chrome's own field: `memory` or `disk`. */
        _fromCache: z.string().optional(),
      }),
    ),
  }),
});
type Entry = z.infer<typeof recorded>['log']['entries'][number];

/** A request as `profileTemplate` writes it. */
export type HarRequest = {
  readonly name: string;
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How often it was asked. */
  readonly weight: number;
  /** Query parameters whose values were left out. */
  readonly withoutValues: readonly string[];
};

export type LeftOut = { readonly reason: string; readonly count: number; readonly examples: readonly string[] };

export type HarSelection = {
  /** Most frequent first; at least one. */
  readonly requests: readonly HarRequest[];
  /** Requests of the file. */
  readonly recordedCount: number;
  readonly leftOut: readonly LeftOut[];
};

/** `origins` are those of the gateway, such as https://shop.example.com. Throws UserError, also where nothing of the file can be asked. */
export function requestsFromHar(text: string, file: string, origins: readonly string[]): HarSelection {
  const { entries } = parseHar(text, file).log;
  const leftOut = new Map<string, { count: number; examples: Set<string> }>();
  const leave = (reason: string, example: string, count = 1): void => {
    const known = leftOut.get(reason) ?? { count: 0, examples: new Set<string>() };
    known.count += count;
    if (known.examples.size < MAX_EXAMPLES) known.examples.add(example);
    leftOut.set(reason, known);
  };
  const chosen = new Map<string, Omit<HarRequest, 'name'>>();
  for (const entry of entries) {
    const choice = choose(entry, origins);
    if ('reason' in choice) leave(choice.reason, choice.example);
    else {
      const key = `${choice.method} ${choice.path}`;
      const known = chosen.get(key);
      chosen.set(key, known === undefined ? choice : { ...known, weight: known.weight + 1 });
    }
  }
  // The sort is stable: of equally frequent ones, the first that was asked comes first.
  const sorted = [...chosen.values()].sort((a, b) => b.weight - a.weight);
  for (const { method, path, weight } of sorted.slice(MAX_HAR_REQUESTS))
    leave(`asked less often than the ${MAX_HAR_REQUESTS} that are kept`, exampleOf(method, path), weight);
  const reasons = [...leftOut].map(([reason, { count, examples }]) => ({ reason, count, examples: [...examples] }));
  if (sorted.length === 0) throw nothingToAsk(file, entries, origins, reasons);
  return { requests: named(sorted.slice(0, MAX_HAR_REQUESTS)), recordedCount: entries.length, leftOut: reasons };
}

/** One line for each reason, with examples; without values of queries. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  return leftOut.map(
    ({ reason, count, examples }) =>
      `${count} ${reason}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}`,
  );
}

function parseHar(text: string, file: string): z.infer<typeof recorded> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's own message quotes the file, which may hold passwords.
    throw new UserError(`${file} is not JSON, or not all of it is there`, {
      hint: 'Save it again: in the network panel of the browser, "Save all as HAR".',
    });
  }
  const result = recorded.safeParse(value);
  if (!result.success) {
    const { issues } = result.error;
    const told = issues.slice(0, MAX_PROBLEMS).map(({ path, code, ...issue }) => {
      const expected = 'expected' in issue ? `expected ${String(issue.expected)}` : code;
      return `${
        path
          .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
          .join('')
          .replace(/^\./, '') || 'the file'
      }: ${expected}`;
    });
    const more = issues.length > told.length ? `; and ${issues.length - told.length} more` : '';
    throw new UserError(`${file} is no browser recording (HAR 1.2): ${told.join('; ')}${more}`, {
      hint: 'Save one in the network panel of the browser, "Save all as HAR".',
    });
  }
  const { version } = result.data.log;
  if (version !== undefined && !/^1\.\d+$/.test(version))
    throw new UserError(`${file} has a version of HAR that is not known`, { hint: 'Versions 1.1 and 1.2 are read.' });
  return result.data;
}

type Choice = Omit<HarRequest, 'name'> | { readonly reason: string; readonly example: string };

function choose({ request, _fromCache: cache }: Entry, origins: readonly string[]): Choice {
  const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return { reason: 'not over http', example: url?.protocol ?? 'no address' };
  if (!origins.includes(url.origin)) return { reason: 'of another origin', example: url.origin };
  const method = request.method.toUpperCase();
  const example = exampleOf(method, url.pathname);
  if (method !== 'GET' && method !== 'HEAD')
    return { reason: 'neither GET nor HEAD: a profile needs safe: true for them', example };
  if (cache !== undefined) return { reason: "answered from the browser's cache", example };
  if (!STATIC_FILE.test(url.pathname) && CHANGES_SOMETHING.test(decoded(url.pathname + url.search)))
    return { reason: 'that seem to change something', example };
  if (JWT.test(url.pathname)) return { reason: 'with a credential in the path', example: `${method} /…` };
  const { search, withoutValues } = withoutSecrets(url.search);
  const path = verbatim(url.pathname.replace(/;[^/]*/g, '') + search);
  if (path.length > MAX_PATH_CHARS) return { reason: `longer than ${MAX_PATH_CHARS} characters`, example };
  return { method, path, headers: keptHeaders(request.headers ?? []), weight: 1, withoutValues };
}

/** Values go, names stay: the server meets the same parameters. */
function withoutSecrets(search: string): { readonly search: string; readonly withoutValues: readonly string[] } {
  const withoutValues = new Set<string>();
  if (search === '') return { search, withoutValues: [] };
  const parts = search
    .slice(1)
    .split('&')
    .map((part) => {
      const [name = '', ...value] = part.split('=');
      const text = value.join('=');
      if (text === '' || !(isSecretName(decoded(name)) || JWT.test(decoded(text)))) return part;
      withoutValues.add(name);
      return `${name}=`;
    });
  return { search: `?${parts.join('&')}`, withoutValues: [...withoutValues].map(verbatim) };
}

function isSecretName(name: string): boolean {
  return SECRET_PARAMETERS.has(name.toLowerCase()) || isSecretHeader(name);
}

/** `{` begins what a profile replaces: `${env:NAME}` of a recording by somebody else would send a variable of this machine. */
function verbatim(text: string): string {
  return text.replaceAll('{', '%7B').replaceAll('}', '%7D');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function keptHeaders(headers: readonly { readonly name: string; readonly value: string }[]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const { name, value } of headers) {
    const ownName = KEPT_HEADERS.get(name.toLowerCase());
    // What a profile would refuse, or replace, is no header that a browser sends.
    if (ownName !== undefined && /^[!-z|~](?:[ -z|~]*[!-z|~])?$/.test(value)) kept[ownName] = value;
  }
  return kept;
}

/** Without query, in one short line. */
function exampleOf(method: string, path: string): string {
  const shown = path.split(/[?;]/, 1)[0] ?? '';
  const word = /^[A-Z]{1,16}$/.test(method) ? method : 'another method';
  if (JWT.test(shown)) return `${word} /…`;
  return `${word} ${shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}`;
}

function named(requests: readonly Omit<HarRequest, 'name'>[]): HarRequest[] {
  const taken = new Set<string>();
  return requests.map((request) => {
    const base = nameOf(request);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
    taken.add(name);
    return { name, ...request };
  });
}

function nameOf({ method, path }: Omit<HarRequest, 'name'>): string {
  const words = decoded(path.split('?', 1)[0] ?? '')
    .replace(/[^\p{L}\p{N}_.]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  // The end of a path says more than its beginning, which many share.
  const short = [...words]
    .slice(-MAX_NAME_CHARS)
    .join('')
    .replace(/^[-.]+/, '');
  const name = short === '' ? 'home' : short;
  const ownName = THRESHOLD_WORDS.includes(name) ? `page-${name}` : name;
  return method === 'HEAD' ? `head-${ownName}` : ownName;
}

function nothingToAsk(
  file: string,
  entries: readonly Entry[],
  origins: readonly string[],
  leftOut: readonly LeftOut[],
): UserError {
  if (entries.length === 0)
    return new UserError(`${file} holds no requests`, { hint: 'Record a page load, then save.' });
  const isElsewhere = leftOut.every(({ reason }) => reason === 'of another origin' || reason === 'not over http');
  return new UserError(
    `${file} holds no request that can be asked again of ${origins.join(' or ')}. ${leftOutLines(leftOut).join('; ')}`,
    {
      hint: isElsewhere
        ? 'Give the address that the browser used as the gateway, or its name with --host.'
        : 'Record pages that are read with GET.',
    },
  );
}
