import type { PhaseName } from './exchange.ts';
import type { HistoryLevel } from './history.ts';
import type { LogFormatId } from './log.ts';
import type { RouteId } from './route.ts';
import type { Severity } from './severity.ts';

/** Kinds of gateway that have a file in `gateways/`; `unknown` when nothing was recognised. */
export const GATEWAY_KINDS = [
  'arr',
  'iis',
  'nginx',
  'haproxy',
  'apache',
  'envoy',
  'varnish',
  'caddy',
  'traefik',
  'yarp',
  'aws-alb',
  'azure-application-gateway',
  'gcp-load-balancer',
  'cloudflare',
  'unknown',
] as const;
export type GatewayKind = (typeof GATEWAY_KINDS)[number];

/** TLS settings of one target. Certificates are PEM texts, already read from their files. */
export type TlsSettings = {
  /** False only where the profile says so. */
  readonly verify: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
};

/** Where and how to reach the gateway or one member. Connect address, Host and SNI are independent. */
export type Target = {
  /** Origin to connect to, for example `http://192.0.2.11:8080`; its path is not used. */
  readonly url: string;
  /** Host header; default: host and port of `url`. */
  readonly host?: string;
  /** TLS server name; default: the host name of `host`, or of `url`. */
  readonly sni?: string;
  readonly tls: TlsSettings;
  /** HTTP version spoken with this target. */
  readonly http: 1 | 2;
  /** Forward proxy (`http://host:port`), used by CONNECT and only where the profile names it. */
  readonly httpProxy?: string;
};

export type GatewayTarget = Target & { readonly kind?: GatewayKind };
export type Member = Target & { readonly name: string };

export type Expectation = {
  /** Statuses that count as success; default: everything below 500. */
  readonly status?: readonly number[];
  readonly bodyIncludes?: string;
  readonly maxUs?: number;
};

/** One kind of request. Its path may hold `{delayMs}`: then it is an endpoint whose delay we control. */
export type RequestSpec = {
  readonly name: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Relative frequency where an experiment draws requests. */
  readonly weight: number;
  /** The operator says that repeating it, and letting it fail on purpose, does no harm. */
  readonly safe: boolean;
  readonly expect: Expectation;
};

export function hasDelay(request: RequestSpec): boolean {
  return request.path.includes('{delayMs}');
}

export type Arrival = 'uniform' | 'poisson' | 'burst';

export type CompareSpec = {
  readonly kind: 'compare';
  /** Slots per second; each slot asks every route once. */
  readonly ratePerSec: number;
  readonly durationUs: number;
  /** Share of slots that use a new connection on every route (0..1). */
  readonly newConnectionRatio: number;
  readonly arrival: Arrival;
  readonly requests?: readonly string[];
  /** Set by a run that chooses its experiments itself; a profile cannot ask for it. */
  readonly chosen?: ChosenSlots;
};
/** Slots that end by a sequential test, with every kind of request in turn instead of by weight. */
export type ChosenSlots = {
  /**
   * `baseline`: until each route is told to fail or not to fail. `evidence`: until some route is proven to fail, or all look
   * clean. `all`: every slot of the duration.
   */
  readonly until: 'baseline' | 'evidence' | 'all';
  /** Which routes; left out: all. */
  readonly routes?: readonly RouteId[];
};
/** Moments of requests in a log, to be sent again: an arrival law that somebody's users made. */
export type Replay = {
  readonly log: string;
  /** 2: twice as fast as they came. */
  readonly speed: number;
  /** µs since the first one, ascending, as they came. Left out until the log is read. */
  readonly timesUs?: readonly number[];
};
export type RampSpec = {
  readonly kind: 'ramp';
  readonly fromPerSec: number;
  readonly toPerSec: number;
  readonly durationUs: number;
  /** Whose gaps the requests have, stretched to the rate of each moment; left out: even ones. Its speed means nothing. */
  readonly replay?: Replay;
  readonly request?: string;
};
export type BurstSpec = {
  readonly kind: 'burst';
  /** Open loop when a rate is given, closed loop when connections are given. Exactly one of the two. */
  readonly load:
    | { readonly loop: 'open'; readonly ratePerSec: number; readonly replay?: Replay }
    | {
        readonly loop: 'closed';
        readonly connections: number;
        /** Left out: our own. */
        readonly engine?: 'wire' | 'autocannon';
      };
  readonly durationUs: number;
  readonly arrival: Arrival;
  readonly request?: string;
};
export type VolleySpec = {
  readonly kind: 'volley';
  readonly sizes: readonly number[];
  readonly request?: string;
  /** A quick request that is sent while a volley through the gateway is under way: whether it waits for the slow ones. */
  readonly beside?: string;
};
export type IdleSpec = {
  readonly kind: 'idle';
  readonly gapsUs: readonly number[];
  /** How often each gap is tried. */
  readonly repeats: number;
  readonly request?: string;
};
export type TimeoutSpec = {
  readonly kind: 'timeout';
  /** A request with `{delayMs}`; without it the timeout is read from what other experiments saw. */
  readonly request?: string;
  readonly upToUs: number;
};
export type KeepAliveSpec = {
  readonly kind: 'keep-alive';
  /** The longest idle time that is waited for. */
  readonly upToUs: number;
  /** The request of the sweep; left out: one that gateways do not repeat, where one is marked safe, else the heaviest. */
  readonly request?: string;
  /** Header by which members tell on which connection a request came; without it the gateway's reuse stays unseen. */
  readonly connectionHeader?: string;
};
export type ExperimentSpec = CompareSpec | RampSpec | BurstSpec | VolleySpec | IdleSpec | TimeoutSpec | KeepAliveSpec;
export type ExperimentKind = ExperimentSpec['kind'];
export const EXPERIMENT_KINDS = ['compare', 'ramp', 'burst', 'volley', 'idle', 'keep-alive', 'timeout'] as const;

/** The only caps. Nothing above them is ever sent. */
export type Limits = {
  readonly maxRatePerSec: number;
  readonly maxRequests: number;
  readonly maxInFlight: number;
  readonly maxNewConnectionsPerSec: number;
  /** The probe's own limit for one request, from the moment it is sent. */
  readonly requestTimeoutUs: number;
  /** The probe's own limit for connecting (name, TCP, TLS). */
  readonly connectTimeoutUs: number;
  /** Longest body that is read; a longer one is cut by us. */
  readonly maxBodyBytes: number;
};

/** A fifth of room above the longest delay asked for: the gateway must be able to give up before the probe does. */
export const TIMEOUT_MARGIN = 1.2;

/** The longest delay, in µs, that may be asked for on purpose within the probe's own limit for one request. */
export function longestDelayUs({ requestTimeoutUs }: Pick<Limits, 'requestTimeoutUs'>): number {
  return Math.ceil(requestTimeoutUs / TIMEOUT_MARGIN);
}

export type ThresholdMetric =
  | { readonly kind: 'quantile'; readonly p: number }
  | { readonly kind: 'errors' }
  | { readonly kind: 'max' };
/** What a threshold is about. `change`: against a baseline; of the gateway, of a member, or (without a name) of every member. */
export type ThresholdSubject =
  | { readonly kind: 'gateway' }
  | { readonly kind: 'direct'; readonly member?: string }
  | { readonly kind: 'overhead' }
  | { readonly kind: 'change'; readonly route: 'gateway' | 'direct'; readonly member?: string };
export type Threshold = {
  /** As the user wrote it. */
  readonly text: string;
  readonly subject: ThresholdSubject;
  /** A part of the time; left out: the whole of it. */
  readonly phase?: PhaseName;
  readonly metric: ThresholdMetric;
  readonly comparison: '<' | '<=' | '>' | '>=';
  /** µs for quantiles and max, a ratio (0..1) for errors; where `isRelative`, a share of the baseline's value. */
  readonly limit: number;
  readonly isRelative?: boolean;
  readonly request?: string;
  /** A kind of experiment, or the id of one such as `burst-2`. */
  readonly during?: string;
};
/** What a threshold that can neither be called kept nor broken does to the exit code; `warn` says so and changes nothing. */
export type UndecidedPolicy = 'pass' | 'warn' | 'fail';

/** How to tell which member answered through the gateway. */
export type MemberId = { readonly header: string } | { readonly cookie: string };

export type Auth =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'login';
      readonly path: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** A source of log lines; read by a later stage than traffic. */
export type LogSource = {
  readonly from: string;
  readonly format?: LogFormatId;
  readonly files: string;
  readonly pattern?: string;
  readonly timezone?: string;
};

/** Configuration of the gateway or of a member: path or pattern. */
export type ConfigFiles = { readonly from: string; readonly files: string };

/** When the monitor asks. */
export type ScheduleSpec = {
  readonly rhythm: EveryRhythm | { readonly kind: 'cron'; readonly cron: string; readonly jitterRatio: number };
  /** Of cron lines and of the night; left out: the machine's. */
  readonly timezone?: string;
  readonly quiet: QuietSpec;
  /** Kinds of the profile's own experiments, each with a cron line. */
  readonly heavier: readonly { readonly cron: string; readonly experiments: readonly ExperimentKind[] }[];
};
/** Silent windows at night: so that cold starts after idle time are seen. */
export type QuietSpec = {
  /** Minutes since midnight; a night may span midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** Most windows in one night; 0: none. */
  readonly windows: number;
  readonly longestUs: number;
};
export type EveryRhythm = { readonly kind: 'every'; readonly everyUs: number; readonly jitterRatio: number };
/**
 * 30 s: a failure that lasts a minute is seen twice, and a year of a farm with 8 members stays under 1 GB of history. The
 * whole interval as jitter makes one random instant in each: what comes every minute or hour is hit in proportion. The night
 * is the hours with the least traffic of an office's day. 45 min is more than twice the idle timeout of IIS (20 min), and
 * three windows fit into a night while the threshold is still unknown.
 */
export const DEFAULT_SCHEDULE: ScheduleSpec & { readonly rhythm: EveryRhythm } = {
  rhythm: { kind: 'every', everyUs: 30_000_000, jitterRatio: 1 },
  quiet: { fromMinute: 120, toMinute: 300, windows: 3, longestUs: 2_700_000_000 },
  heavier: [],
};
/** A time in which nobody is told: once, or by a cron line of begins. */
export type MaintenanceSpec = (
  | { readonly kind: 'once'; readonly fromAtUs: number; readonly toAtUs: number }
  | { readonly kind: 'cron'; readonly cron: string; readonly durationUs: number; readonly timezone?: string }
) & { readonly reason?: string };
/** How a webhook wants to be told. */
export const WEBHOOK_TEMPLATES = ['generic', 'slack', 'teams'] as const;
export type WebhookTemplate = (typeof WEBHOOK_TEMPLATES)[number];
/** Whom the monitor tells, and from when on. Addresses and headers are secrets. */
export type AlertSettings = {
  /** The least severity that is told: failures that page count as errors, those of tickets as warnings. */
  readonly from: Severity;
  /** Looks at the history, one every five minutes, that a finding must have lasted. */
  readonly after: number;
  /** Time after which an open alert is told again; left out: never. */
  readonly repeatUs?: number;
  readonly webhook?: {
    readonly url: string;
    readonly template: WebhookTemplate;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** Its origin. */
  readonly alertmanagerUrl?: string;
};
/** How long the monitor keeps history; what is left out has the defaults of `store/retention.ts`. */
export type HistorySettings = {
  /** Nothing is kept longer than this. */
  readonly keepUs?: number;
  readonly levelsUs?: Readonly<Partial<Record<HistoryLevel, number>>>;
  /** Failed, slow and first exchanges. */
  readonly exchangesUs?: number;
  /** Of the whole file; where several profiles share it, the largest counts. */
  readonly maxBytes?: number;
};

/** Each sending thread has another beside it that wakes it: more than 8 of both leave nothing of a usual machine. */
export const MOST_THREADS = 8;

/** A validated profile. Secrets are resolved in it: mask it before it is written anywhere. */
export type Profile = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly gateway: GatewayTarget;
  readonly members: readonly Member[];
  readonly requests: readonly RequestSpec[];
  /** Empty: the run chooses them itself. */
  readonly experiments: readonly ExperimentSpec[];
  readonly limits: Limits;
  readonly thresholds: readonly Threshold[];
  readonly failOn: Severity | 'never';
  /** Left out: `warn`. */
  readonly onUndecided?: UndecidedPolicy;
  /** Pacing costs a processor and is exact to some µs. */
  readonly spin?: boolean;
  /** Threads that send, 1 to `MOST_THREADS`; left out: 1. */
  readonly threads?: number;
  readonly memberId?: MemberId;
  readonly auth?: Auth;
  readonly cookies: Readonly<Record<string, string>>;
  readonly logs: readonly LogSource[];
  /** Configuration files to read. */
  readonly config?: readonly ConfigFiles[];
  /** Left out: the default of the monitor. */
  readonly schedule?: ScheduleSpec;
  readonly maintenance?: readonly MaintenanceSpec[];
  /** Left out: nobody is told. */
  readonly alerts?: AlertSettings;
  /** How long before the end of a certificate it is told, and as what. Left out: 21 and 7 days, sooner for short-lived ones. */
  readonly certificates?: { readonly warningUs: number; readonly errorUs: number };
  readonly history?: HistorySettings;
  /** Query parameters whose values are masked in everything written. */
  readonly mask: readonly string[];
  /** Secret values (from `${env:…}`, `${file:…}`, auth): masked wherever they turn up. Never written. */
  readonly secrets: readonly string[];
  /** Things the user should know about the profile, for example keys that this version reads but does not use. */
  readonly notes: readonly string[];
};
