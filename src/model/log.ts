/** What a log says, in one shape for all formats. */

/** Named after their file in `logs/formats/`. `varnishlog` is the full transaction log, `varnish` the access log. */
export const LOG_FORMATS = [
  'iis-w3c',
  'iis-native',
  'httperr',
  'freb',
  'windows-events',
  'nginx',
  'nginx-error',
  'haproxy',
  'apache',
  'apache-error',
  'combined',
  'envoy',
  'caddy',
  'traefik',
  'varnish',
  'varnishlog',
  'aws-alb',
  'azure-application-gateway',
  'gcp',
] as const;
export type LogFormatId = (typeof LOG_FORMATS)[number];

/** Formats whose lines are about requests that another log counts. */
export const DETAIL_FORMATS: readonly LogFormatId[] = [
  'nginx-error',
  'apache-error',
  'httperr',
  'freb',
  'windows-events',
];

/**
 * What a line is about. `access`: one request, answered or not. `error`: a message, often about one request. `kernel`: a request that
 * never reached a site's own log (HTTPERR). `event`: something that happened to a process. `trace`: one request, step by step (FREB).
 */
export type LogEntryKind = 'access' | 'error' | 'kernel' | 'event' | 'trace';

/** What the time of a line marks. */
export type Stamp = 'start' | 'end' | 'moment';

/** One attempt at a member, as a gateway logged it; the last one is what the client got. */
export type UpstreamTry = {
  /** Verbatim: `127.0.0.1:18001`, a server's name, or a group's name where no member was chosen. */
  readonly address: string;
  readonly status?: number;
  /** Undefined: not reached. */
  readonly connectUs?: number;
  readonly headerUs?: number;
  readonly responseUs?: number;
  readonly bytesReceived?: number;
};

/** Names by which the same request can be found elsewhere. */
export type LogIds = {
  /** 16 hex digits of gateprobe's own User-Agent or query. */
  readonly probe?: string;
  /** X-ARR-LOG-ID, lower case. */
  readonly arr?: string;
  /** W3C trace id, 32 hex digits. */
  readonly trace?: string;
  /** Any other request id (nginx $request_id, Envoy x-request-id, ALB trace id, X-Varnish …). */
  readonly request?: string;
  /** Joins an access line with error lines of the same log: nginx `*N`, Apache %L, Caddy's duration, Varnish's vxid. */
  readonly local?: string;
};

/** One step of a trace. */
export type TraceStep = {
  readonly name: string;
  readonly atUs: number;
  readonly data: Readonly<Record<string, string>>;
};

/**
 * One line (or record) of a log. Times are µs since 1970 by the clock of the host that wrote it, UTC; durations integer µs. A field that
 * the line does not have, or has as `-`, is left out: never guessed, never 0.
 */
export type LogEntry = {
  readonly format: LogFormatId;
  readonly kind: LogEntryKind;
  readonly atUs: number;
  readonly stamp: Stamp;
  /** Coarseness of `atUs`: the event lies in [atUs, atUs + resolutionUs). */
  readonly resolutionUs: number;
  readonly method?: string;
  /** Path without query, as logged. */
  readonly path?: string;
  /** Without `?`, and without what the gateway appended itself (ARR's keys are in `ids` and `extra`). */
  readonly query?: string;
  readonly status?: number;
  readonly substatus?: number;
  /** sc-win32-status or error code as a Windows number, reduced to the plain code where it is an HRESULT of Win32; verbatim in `extra.win32`. */
  readonly win32?: number;
  /** Termination state, response flags, HTTPERR reason, error_info, statusDetails: the format's own code for what went wrong, verbatim. */
  readonly flags?: string;
  /** Error text or event text, verbatim without time and ids. */
  readonly message?: string;
  /** AH number, event id, log level's own code. */
  readonly code?: string;
  readonly level?: string;
  readonly durationUs?: number;
  /** Coarseness of `durationUs`. */
  readonly durationResolutionUs?: number;
  /** Time the request waited in the gateway's own queue, where it is logged. */
  readonly queueUs?: number;
  readonly bytesSent?: number;
  readonly bytesReceived?: number;
  readonly clientIp?: string;
  readonly clientPort?: number;
  readonly serverIp?: string;
  readonly serverPort?: number;
  /** Name of the machine, where the line has it. */
  readonly hostName?: string;
  /** Host header. */
  readonly host?: string;
  readonly userAgent?: string;
  /** Attempts in order. Empty: the line says that none was made. Undefined: the format does not say. */
  readonly upstream?: readonly UpstreamTry[];
  readonly retries?: number;
  /** True: the client left before the answer was complete, as far as the line knows. */
  readonly clientGone?: boolean;
  readonly ids: LogIds;
  readonly steps?: readonly TraceStep[];
  /** Application pool and process of a Windows event or a trace. */
  readonly pool?: string;
  readonly processId?: number;
  /** Further fields that a gateway's file reads (`x-arr-cache-hit`, `server-status`, HAProxy timers `Tq Tw Tc Tr Ta` in ms …), verbatim. */
  readonly extra?: Readonly<Record<string, string>>;
};

/** Who wrote a file: the gateway, or a member by its name in the profile. `unknown` until the join has found out. */
export type LogRole = 'gateway' | 'member' | 'unknown';

/** An entry with its place, and the line as it stands there. */
export type PlacedEntry = LogEntry & {
  readonly source: number;
  /** Name of the file, as shown. */
  readonly file?: string;
  /** 1-based; first line of a record that has several. */
  readonly line: number;
  /** The line itself, at most 2,000 characters, secrets masked. */
  readonly raw: string;
};
