/** Codes of gateways, members and their clouds: what each means, and the tables they stand in. */
import type { HopOutcome } from '../../model/hop.ts';
import { ADVICE } from './outcome-advice.ts';
import { settingFor, sourceFor } from './outcome-settings.ts';

/** Where a code comes from. One table each. */
export const VOCABULARIES = {
  http: 'HTTP status',
  'iis-status': 'IIS status and substatus',
  'aspnetcore-module': 'ASP.NET Core Module (ANCM)',
  winhttp: 'WinHTTP error (ARR, ANCM)',
  win32: 'Windows error',
  hresult: 'HRESULT or NTSTATUS',
  httperr: 'HTTPERR reason (http.sys)',
  'windows-event': 'Windows event',
  haproxy: 'HAProxy',
  envoy: 'Envoy / Istio',
  nginx: 'nginx error message',
  apache: 'Apache httpd error message',
  varnish: 'Varnish FetchError',
  caddy: 'Caddy error message',
  traefik: 'Traefik error message',
  yarp: 'YARP ForwarderError',
  'aws-alb': 'AWS Application Load Balancer',
  'azure-application-gateway': 'Azure Application Gateway',
  gcp: 'Google Cloud load balancer',
  cloudflare: 'Cloudflare',
  node: 'Node.js error',
  errno: 'Operating system error (errno)',
} as const;
export type Vocabulary = keyof typeof VOCABULARIES;

/** The same code as it stands elsewhere: in another log, a page, an event, or under another name. */
export type CodeForm = { readonly label: string; readonly text: string };
/** `documented`: the vendor's documentation or source says so. `seen`: also observed in real logs. `recalled`: neither was at hand. */
export type Sureness = 'documented' | 'seen' | 'recalled';
/** One product that writes a code which several write, and what shows that it was this one. */
export type Maker = { readonly who: string; readonly when: string };

export type CodeMeaning = {
  readonly vocabulary: Vocabulary;
  /** Canonical text; `decode` understands it. */
  readonly code: string;
  /** The code is a message, and this text one example of it. */
  readonly isExample?: true;
  readonly name?: string;
  readonly forms: readonly CodeForm[];
  /** What usually stands beside it: a status, the log that has it. */
  readonly beside?: readonly CodeForm[];
  /** What the code says, one sentence. */
  readonly meaning: string;
  /** What it means when it stands in a gateway's or member's log. */
  readonly inALog: string;
  readonly outcome?: HopOutcome;
  /** Where the same code has several makers: what shows that it is this one. */
  readonly when?: string;
  readonly makers?: readonly Maker[];
  /** What to look at next, most useful first. */
  readonly next: readonly string[];
  readonly sure: Sureness;
};

export type CodeDetails = {
  readonly name?: string;
  readonly forms?: readonly CodeForm[];
  readonly beside?: readonly CodeForm[];
  readonly inALog?: string;
  readonly when?: string;
  readonly makers?: readonly Maker[];
  readonly next?: readonly string[];
  readonly sure?: Sureness;
};
/** A line of a table: code, outcome (undefined: it says nothing about a hop), meaning, and what differs from the usual advice. */
export type CodeRow = readonly [
  code: string,
  outcome: HopOutcome | undefined,
  meaning: string,
  details?: CodeDetails | undefined,
];

/** A meaning made of a line; what the line does not say is what is usual for its outcome. */
export function codeMeaning(vocabulary: Vocabulary, row: CodeRow, sure: Sureness = 'documented'): CodeMeaning {
  const [code, outcome, meaning, details = {}] = row;
  const advice = outcome === undefined ? undefined : ADVICE[outcome];
  const usual = outcome === undefined ? [] : [settingFor(vocabulary, outcome), ...(advice?.next ?? [])];
  const next = details.next ?? [...usual, sourceFor(vocabulary, outcome)];
  const { name, when, makers, beside } = details;
  return {
    vocabulary,
    code,
    ...(name === undefined ? {} : { name }),
    forms: details.forms ?? [],
    ...(beside === undefined ? {} : { beside }),
    meaning,
    inALog: details.inALog ?? advice?.inALog ?? '',
    ...(outcome === undefined ? {} : { outcome }),
    ...(when === undefined ? {} : { when }),
    ...(makers === undefined ? {} : { makers }),
    next: next.filter((step) => step !== undefined),
    sure: details.sure ?? sure,
  };
}

export function codeTable(vocabulary: Vocabulary, rows: readonly CodeRow[], sure?: Sureness): readonly CodeMeaning[] {
  return rows.map((row) => codeMeaning(vocabulary, row, sure));
}

/** Meaning of a text that is recognised by a pattern: a message, not a word. The code of the meaning is an example that matches. */
export type MessagePattern = { readonly pattern: RegExp; readonly meaning: CodeMeaning };
export type MessageRow = readonly [
  pattern: RegExp,
  example: string,
  outcome: HopOutcome | undefined,
  meaning: string,
  details?: CodeDetails | undefined,
];

export function messageTable(
  vocabulary: Vocabulary,
  rows: readonly MessageRow[],
  sure?: Sureness,
): readonly MessagePattern[] {
  return rows.map(([pattern, example, outcome, meaning, details]) => ({
    pattern,
    meaning: { ...codeMeaning(vocabulary, [example, outcome, meaning, details], sure), isExample: true },
  }));
}
