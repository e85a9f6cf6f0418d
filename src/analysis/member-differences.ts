/** Members that should be alike and answer differently: bytes of a static page, headers, the server's version, the certificate. */
import type { Exchange } from '../model/exchange.ts';
import { directTo } from '../model/route.ts';
import type { Measures } from './measures.ts';

/** So many answers alike are no page that is made anew each time: with twice as many of two others, one in 3,000 by chance. */
const LEAST_ANSWERS = 5;
/** Of fields a member must have shown them in as many answers; the probe keeps the headers of the first 20. */
const LEAST_HEADERS = 3;

/** Fields that say which software answers, and which version of it. */
const VERSION_FIELDS = [
  'server',
  'x-powered-by',
  'x-aspnet-version',
  'x-aspnetmvc-version',
  'x-runtime',
  'x-generator',
];
/** Fields that come and go with the connection, the clock or the client, on a single member as well. */
const PASSING_FIELDS: ReadonlySet<string> = new Set([
  'age',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'retry-after',
  'set-cookie',
  'transfer-encoding',
  'warning',
]);

/** One property of all members that can be compared; the words of a value are for the report. */
type Aspect = { readonly what: string; readonly values: ReadonlyMap<string, string> };

/** `own`: what this member shows; `peers`: what all its peers show alike. */
export type MemberDifference = {
  readonly member: string;
  readonly what: string;
  readonly own: string;
  readonly peers: string;
};

/**
 * Each was the same in all answers of one member, and all other members agree with each other. Needs three members: of two nobody
 * can tell which is the odd one. That a member differs is sure; that it should not is for those who run it to say.
 */
export function memberDifferences(measures: Measures): readonly MemberDifference[] {
  if (measures.members.length < 3) return [];
  return [...bodies(measures), ...fields(measures), ...certificates(measures)].flatMap(({ what, values }) => {
    const member = oddOne(values);
    if (member === undefined) return [];
    const own = values.get(member) ?? '';
    const peers = [...values].find(([name]) => name !== member)?.[1] ?? '';
    return [{ member, what, own: shownValue(own, peers, what), peers: shownValue(peers, own, what) }];
  });
}

/** Undefined where all agree, where each has its own (its name, say), and where several fall out. */
function oddOne(values: ReadonlyMap<string, string>): string | undefined {
  const holders = new Map<string, string[]>();
  for (const [member, value] of values) holders.set(value, [...(holders.get(value) ?? []), member]);
  if (values.size < 3 || holders.size !== 2) return undefined;
  const [few = []] = [...holders.values()].sort((a, b) => a.length - b.length);
  return few.length === 1 ? few[0] : undefined;
}

function requestNames(measures: Measures): readonly string[] {
  return measures.profile.requests.map(({ name }) => name);
}

function answersOf(member: string, requestName: string, measures: Measures): readonly Exchange[] {
  // Complete and as expected: an error page differs by itself, and is another cause's.
  return measures.exchanges({ route: directTo(member), requestName, cohorts: ['ok'] });
}

/** The value that all agree on; undefined where they vary, or are too few. */
function steady(values: readonly string[], least: number): string | undefined {
  return values.length >= least && new Set(values).size === 1 ? values[0] : undefined;
}

/** Over the members that have a steady value; those that answer too little say nothing. A value that varies on one member says nothing about any. */
function aspectOf(
  what: string,
  measures: Measures,
  least: number,
  valuesOf: (member: string) => readonly string[],
): readonly Aspect[] {
  const seen = measures.members.map((member) => ({ member, values: valuesOf(member) }));
  const enough = seen.filter(({ values }) => values.length >= least);
  const values = new Map(
    enough.flatMap(({ member, values: own }) => {
      const value = steady(own, least);
      return value === undefined ? [] : [[member, value] as const];
    }),
  );
  if (values.size < 3 || values.size < enough.length) return [];
  return [{ what, values }];
}

function bodies(measures: Measures): readonly Aspect[] {
  return requestNames(measures).flatMap((name) =>
    aspectOf(`body of ${name}`, measures, LEAST_ANSWERS, (member) =>
      answersOf(member, name, measures).flatMap(({ outcome }) =>
        outcome.kind === 'response'
          ? [`${outcome.bodyBytes} bytes, checksum ${outcome.bodyDigest.toString(16).padStart(8, '0')}`]
          : [],
      ),
    ),
  );
}

function fields(measures: Measures): readonly Aspect[] {
  return requestNames(measures).flatMap((name) => {
    const headersOf = (member: string) =>
      answersOf(member, name, measures).flatMap(({ answer }) => (answer === undefined ? [] : [answer.headers]));
    const isShown = measures.members.map((member) => headersOf(member).length).filter((n) => n >= LEAST_HEADERS);
    if (isShown.length < 3) return [];
    const versions = VERSION_FIELDS.flatMap((field) =>
      aspectOf(`${field} of ${name}`, measures, LEAST_HEADERS, (member) =>
        headersOf(member).map((headers) => String(headers[field] ?? 'not sent')),
      ),
    );
    const names = aspectOf(`header fields of ${name}`, measures, LEAST_HEADERS, (member) =>
      headersOf(member).map((headers) => Object.keys(headers).filter(isLasting).sort().join(' ')),
    );
    return [...versions, ...names];
  });
}

/** Ids and traces have a new value each time; whether they are there is a matter of the server. */
function isLasting(field: string): boolean {
  return !PASSING_FIELDS.has(field) && !VERSION_FIELDS.includes(field);
}

/** Of members that show certificates for the same names: whoever has one of its own name shows another one rightly. */
function certificates(measures: Measures): readonly Aspect[] {
  const shown = measures.members.flatMap((member) => {
    const [only, ...more] = measures.targets.find(({ route }) => route === directTo(member))?.certificates ?? [];
    return only === undefined || more.length > 0 ? [] : [{ member, only }];
  });
  const sets = new Set(shown.map(({ only }) => [only.subject, ...only.names.toSorted()].join('\n')));
  if (shown.length < 3 || sets.size !== 1) return [];
  const values = shown.map(
    ({ member, only }) =>
      [member, `valid to ${only.validToAt.slice(0, 10)}, by ${only.issuer}, ${only.fingerprint.slice(0, 16)}`] as const,
  );
  return [{ what: 'certificate', values: new Map(values) }];
}

/** The fields by which one list differs from another are shorter to read than both. */
function shownValue(value: string, other: string, what: string): string {
  if (!what.startsWith('header fields')) return value;
  const rest = new Set(other.split(' '));
  const own = value.split(' ').filter((field) => field !== '' && !rest.has(field));
  return own.length === 0 ? 'nothing besides' : `also ${own.join(', ')}`;
}
