/** The main thread's handle on traffic. */
import tls from 'node:tls';
import type { Worker } from 'node:worker_threads';
import { type AnswerRows, exchangesOfRows } from '../model/answer-rows.ts';
import type { Exchange, NotSentReason } from '../model/exchange.ts';
import type { Auth, Profile } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import type { ClockEpoch } from './clock.ts';
import type {
  Chain,
  ClosedLoop,
  Command,
  FiringResult,
  Reply,
  RouteTarget,
  SenderSetup,
  StrayBytes,
  ThreadQuality,
} from './protocol.ts';
import type { Schedule } from './schedule.ts';
import { startThread } from './thread.ts';

/** Between the order to fire and the first due time: the order must reach both threads first. */
const LEAD_US = 20_000;
/** How long requests in flight may still end after a stop. */
const STOP_GRACE_US = 3_000_000;

/**
 * Exchanges leave the thread within some ms; V8 would let hundreds of MB of their remains lie about before it collects them.
 * The old generation is what a full in-flight cap with kept bodies may need.
 */
const SENDER_MEMORY = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 } as const;

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
  /** Where ordinary answers of a closed loop go; left out: they go to `sink` as exchanges. */
  readonly rowSink?: (rows: AnswerRows) => void;
};

/** Starts the sending thread. A crash of the thread rejects whatever waits for it. */
export async function startSender(options: SenderOptions): Promise<Sender> {
  const thread = startThread('worker', {
    workerData: setupOf(options),
    name: 'gateprobe sender',
    resourceLimits: SENDER_MEMORY,
  });
  const waiting = new Map<number, { resolve(result: FiringResult): void; reject(error: Error): void }>();
  let crashed: Error | undefined;
  let inFlight = 0;
  let stray: readonly StrayBytes[] = [];
  let nextFiring = 0;
  let onClosed: ((quality: ThreadQuality) => void) | undefined;
  const post = (command: Command): void => thread.postMessage(command);

  function fail(error: Error): void {
    crashed ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  const ready = new Promise<void>((resolve, reject) => {
    thread.on('error', (error) => {
      fail(error);
      reject(error);
    });
    thread.on('message', (reply: Reply) => {
      if (reply.type === 'ready') resolve();
      else if (reply.type === 'exchanges') {
        inFlight = reply.inFlight;
        options.sink(reply.exchanges);
      } else if (reply.type === 'rows') {
        inFlight = reply.inFlight;
        giveRows(reply.rows, options);
      } else if (reply.type === 'done') {
        waiting.get(reply.firing)?.resolve(reply.result);
        waiting.delete(reply.firing);
      } else if (reply.type === 'closed') {
        stray = reply.stray;
        onClosed?.(reply.quality);
      } else fail(new Error(`the sending thread failed: ${reply.error}`));
    });
  });
  await ready;

  function order(make: (firing: number) => Command): Promise<FiringResult> {
    if (crashed !== undefined) return Promise.reject(crashed);
    const firing = nextFiring++;
    return new Promise((resolve, reject) => {
      waiting.set(firing, { resolve, reject });
      post(make(firing));
    });
  }

  let closing: Promise<ThreadQuality> | undefined;

  return {
    fire: (experimentId, schedule) =>
      order((firing) => ({ type: 'fire', firing, experimentId, schedule, startUs: options.clock.nowUs() + LEAD_US })),
    burst: (experimentId, load) => order((firing) => ({ type: 'closed', firing, experimentId, load })),
    chain: (experimentId, chain) => order((firing) => ({ type: 'chain', firing, experimentId, chain })),
    prepare: async (route, connections) => {
      await order((firing) => ({ type: 'prepare', firing, route, connections }));
    },
    stop: (reason) => post({ type: 'stop', reason, graceUs: STOP_GRACE_US }),
    closeIdle: () => post({ type: 'quiet' }),
    setCookie: (route, cookie) => post({ type: 'cookies', route, cookie }),
    inFlight: () => inFlight,
    stray: () => stray,
    // Whoever asks again gets the same answer: the thread ends once.
    close: () => {
      closing ??= endThread(thread, crashed, (onEnd) => {
        onClosed = onEnd;
        post({ type: 'close' });
      });
      return closing;
    },
  };
}

async function endThread(
  thread: Worker,
  crashed: Error | undefined,
  ask: (onEnd: (quality: ThreadQuality) => void) => void,
): Promise<ThreadQuality> {
  try {
    return await new Promise<ThreadQuality>((resolve, reject) => {
      if (crashed !== undefined) return reject(crashed);
      thread.once('exit', () => reject(new Error('the sending thread ended early')));
      ask(resolve);
    });
  } finally {
    // A thread that crashed would keep the process alive.
    await thread.terminate();
  }
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
    trusted: targets.some(({ secure }) => secure) ? trustedCertificates() : [],
  };
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
