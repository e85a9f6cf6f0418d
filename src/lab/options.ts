/** What a lab process is told to be. Plain JSON: it travels to the process over its IPC channel. All times in milliseconds, as a user writes them. */

export type ServiceTime =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly fromMs: number; readonly toMs: number }
  /** Median and the standard deviation of the logarithm. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number };

export type MemberOptions = {
  readonly name: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly seed: number;
  readonly service: ServiceTime;
  /** Service times of single paths, exact match. */
  readonly paths: Readonly<Record<string, ServiceTime>>;
  /** How many requests are worked on at once; the others wait in a queue. */
  readonly concurrency?: number;
  /** How many may wait; beyond it an immediate 503 as http.sys writes it (HTTPERR QueueFull). */
  readonly queueLimit?: number;
  /** Paths served beside the application, exact match: they take no worker, wait in no queue and for no start, and wake nothing. */
  readonly unlimitedPaths?: readonly string[];
  /** After `idleMs` without a request the application is gone; the next ones wait `startMs` for it. It starts warm. */
  readonly coldStart?: { readonly idleMs: number; readonly startMs: number };
  /** Workers grow slowly: so many at first, so many more per second while requests wait. Replaces `concurrency`. */
  readonly slowThreads?: { readonly initial: number; readonly perSec: number };
  readonly keepAliveMs?: number;
  /** How far away it is: bytes and closes take so long in each direction, for the gateway and for direct requests. */
  readonly oneWayMs?: number;
  /** Share of requests whose connection is closed before any answer. */
  readonly drop?: { readonly ratio: number; readonly by: 'fin' | 'rst' };
  /** Share of requests whose answer is cut in the middle of the body. */
  readonly truncate?: { readonly ratio: number; readonly framing: 'length' | 'chunked'; readonly by: 'fin' | 'rst' };
  /** Share of requests answered with bytes that are not HTTP. */
  readonly garbageRatio?: number;
  readonly error?: { readonly ratio: number; readonly status: number };
  /** Everything stops for `lengthMs` every `everyMs`. */
  readonly stall?: { readonly everyMs: number; readonly lengthMs: number };
  /** Listens, accepts nothing, and its backlog is full: connection attempts hang. */
  readonly fullBacklog?: boolean;
  /** Accepts one connection at a time, each `acceptMs` after the last; so many more may wait, beyond which the system drops attempts. */
  readonly slowAccept?: { readonly acceptMs: number; readonly backlog: number };
  /** Answers carry `X-Member: <name>`. */
  readonly memberHeader: boolean;
  /** Answers carry `X-Connection: <name>-<number>`, another one for each connection that was accepted. */
  readonly connectionHeader?: boolean;
  /** Folder for the IIS W3C log and the HTTPERR log. */
  readonly logFolder?: string;
};

export type GatewayOptions = {
  readonly port: number;
  readonly seed: number;
  /** Name, host and port of each member of the farm. */
  readonly members: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly timers: {
    readonly resolveMs: number;
    readonly connectMs: number;
    readonly sendMs: number;
    readonly responseMs: number;
  };
  /** Idle time after which a pooled connection to a member is given up. */
  readonly poolIdleMs: number;
  /** A refused connect fails after this long, as WinHTTP repeats its SYN (about 1 s). */
  readonly refusedMs: number;
  readonly affinity: boolean;
  /** Requests in flight per member; others wait in the gateway. */
  readonly maxPerMember?: number;
  /** Active health test; without `minServers` all members may be taken out, which gives 502.4. */
  readonly health?: {
    readonly path: string;
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly minServers: number;
  };
  readonly errorPages: 'custom' | 'detailed';
  readonly logFolder?: string;
};

/** What a lab process says to its parent. */
export type LabMessage =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'failed'; readonly error: string };
