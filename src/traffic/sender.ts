/** What experiments may order of traffic, and what the threads that send have to know of a profile. */
import tls from 'node:tls';
import { type AnswerRows, exchangesOfRows } from '../model/answer-rows.ts';
import type { Exchange, NotSentReason } from '../model/exchange.ts';
import type { Auth, Profile } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import type { ClockEpoch } from './clock.ts';
import type {
  Chain,
  ClosedLoop,
  FiringResult,
  RouteTarget,
  SenderSetup,
  StrayBytes,
  ThreadQuality,
} from './protocol.ts';
import type { Schedule } from './schedule.ts';
import { startSenderGroup } from './sender-group.ts';

export interface Sender {
  /** Sends a schedule; resolves when every exchange of it has ended. Exchanges arrive at the sink meanwhile. */
  fire(experimentId: string, schedule: Schedule): Promise<FiringResult>;
  burst(experimentId: string, load: ClosedLoop): Promise<FiringResult>;
  /** Sends requests one after the other at exact gaps; resolves when the last one ended. */
  chain(experimentId: string, chain: Chain): Promise<FiringResult>;
  /** Opens idle connections, so that what follows leaves at once. */
  prepare(route: RouteId, connections: number): Promise<void>;
  /** Ends what is being fired; unsent requests are recorded with the reason. */
  stop(reason: NotSentReason): void;
  closeIdle(): void;
  setCookie(route: RouteId, cookie: string): void;
  inFlight(): number;
  close(): Promise<ThreadQuality>;
  /** Bytes that nobody had asked for; known when it is closed. */
  stray(): readonly StrayBytes[];
}

export type SenderOptions = {
  readonly profile: Profile;
  readonly targets: readonly RouteTarget[];
  readonly runId: string;
  readonly version: string;
  readonly epoch: ClockEpoch;
  readonly clock: Clock;
  /** Where finished exchanges go, in batches. */
  readonly sink: (exchanges: readonly Exchange[]) => void;
  /** Where ordinary answers of a closed loop go, which are gone when it has returned; left out: they go to `sink` as exchanges. */
  readonly rowSink?: (rows: AnswerRows) => void;
};

/** Starts the sending threads: one, unless the profile asks for more. Where no thread is left, whatever waits is rejected. */
export function startSender(options: SenderOptions): Promise<Sender> {
  return startSenderGroup(setupOf(options), options.profile.threads ?? 1, {
    sink: options.sink,
    rowSink: (rows) => giveRows(rows, options),
    clock: options.clock,
    runId: options.runId,
  });
}

function giveRows(rows: AnswerRows, { sink, rowSink }: SenderOptions): void {
  if (rowSink !== undefined) rowSink(rows);
  else for (const exchanges of exchangesOfRows(rows)) sink(exchanges);
}

/** What a sending thread has to know about a profile. */
export function setupOf({
  profile,
  targets,
  runId,
  version,
  epoch,
}: Omit<SenderOptions, 'clock' | 'sink'>): SenderSetup {
  const connectionHeader = profile.experiments
    .map((spec) => (spec.kind === 'keep-alive' ? spec.connectionHeader : undefined))
    .find((header) => header !== undefined);
  const cookies = Object.entries(profile.cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
  return {
    epoch,
    runId,
    userAgent: `gateprobe/${version}`,
    routes: targets,
    requests: [...profile.requests, ...loginRequests(profile.auth)],
    limits: profile.limits,
    ...(profile.memberId === undefined ? {} : { memberId: profile.memberId }),
    ...(connectionHeader === undefined ? {} : { connectionHeader }),
    headers: { ...authorization(profile.auth), ...(cookies === '' ? {} : { Cookie: cookies }) },
    ...(profile.spin === true ? { spin: true } : {}),
    ...(isUnpaced(profile) ? { isUnpaced: true } : {}),
    trusted: targets.some(({ secure }) => secure) ? trustedCertificates() : [],
  };
}

/** Closed loops only: each connection sends when it was answered. A login is due at a moment. */
function isUnpaced({ experiments, auth }: Profile): boolean {
  const isClosed = experiments.every((spec) => spec.kind === 'burst' && spec.load.loop === 'closed');
  return isClosed && experiments.length > 0 && auth?.kind !== 'login';
}

/** Name of the request that logs in; no profile can hold it, because names there have no blank. */
export const LOGIN_REQUEST = 'log in';

function loginRequests(auth: Auth | undefined): SenderSetup['requests'] {
  if (auth?.kind !== 'login') return [];
  const { path, method, headers, body } = auth;
  return [
    {
      name: LOGIN_REQUEST,
      path,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      weight: 0,
      safe: true,
      expect: {},
    },
  ];
}

function authorization(auth: Auth | undefined): Record<string, string> {
  if (auth?.kind === 'basic')
    return { Authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
  return auth?.kind === 'bearer' ? { Authorization: `Bearer ${auth.token}` } : {};
}

/** Node's own roots and the system's store: a farm's internal authority is usually only in the latter. */
function trustedCertificates(): readonly string[] {
  return [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system')])];
}
