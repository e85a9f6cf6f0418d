/** Sends the rounds of a monitor: one thread for all profiles, connections kept between rounds. */
import { randomBytes } from 'node:crypto';
import type { Exchange, ExchangeTag } from '../model/exchange.ts';
import type { RoundKind } from '../model/history.ts';
import type { Profile } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import { type Clock, US_PER_SEC } from '../model/time.ts';
import type { ClockEpoch } from '../traffic/clock.ts';
import { cookieSecrets, logIn } from '../traffic/login.ts';
import type { RouteTarget } from '../traffic/protocol.ts';
import { resolveTargets } from '../traffic/resolve.ts';
import type { Schedule } from '../traffic/schedule.ts';
import { startWatchSender, type WatchSender } from '../traffic/watch-sender.ts';
import { type AnswerMask, createAnswerMask, readExchange } from './batch-sink.ts';

/** One request of a round. */
export type RoundRequest = {
  readonly route: RouteId;
  readonly requestName: string;
  readonly connection: 'new' | 'warm';
  readonly tag: ExchangeTag;
};

export type RoundOrder = {
  /** A confirm burst asks one after the other; all others at once. */
  readonly kind: RoundKind;
  /** In the order in which they leave. */
  readonly requests: readonly RoundRequest[];
  /** The probe's own limit for one request, where it is shorter than the profile's. */
  readonly limitUs?: number;
  /** What is not sent so long after the begin is recorded as not sent. */
  readonly longestUs: number;
};

export type RoundTraffic = {
  /** How long after the call the first request was due: names are resolved first, and the order must reach the thread. */
  readonly delayUs: number;
  /** One for each request, in their order; offset 0 is when the first was due. */
  readonly exchanges: readonly Exchange[];
};

export type Watching = {
  /** Resolves names and logs in; replaces what was known under the profile's name. Returns warnings. */
  open(profile: Profile): Promise<readonly string[]>;
  /** A scheduled round leaves at once, a confirm burst one after the other. Rejects only after a bug in the sending thread. */
  send(profileName: string, order: RoundOrder): Promise<RoundTraffic>;
  /** Closes idle connections: one that stays open could hold an application awake. */
  closeIdle(profileName: string): void;
  drop(profileName: string): void;
  /** Ends what is in flight within `graceUs`. */
  stop(graceUs: number): void;
  close(): Promise<void>;
};

/** The start of a request takes a few tenths of a ms of the thread: so far apart, none pays for another. */
const LEAST_GAP_US = 2_000;

type Watched = {
  readonly profile: Profile;
  mask: AnswerMask;
  targets: readonly RouteTarget[];
  loggedInUs: number;
};

/** A session that was refused is renewed, but no more often: a wrong password must not lock the account. */
const LOGIN_PAUSE_US = 300 * US_PER_SEC;
const REFUSED_SESSION = [401, 403];

/** `clock` and `epoch` are the system's: latencies are real also where the daemon's own clock is a faster one. */
export async function startWatching(options: {
  readonly version: string;
  readonly clock: Clock;
  readonly epoch: ClockEpoch;
}): Promise<Watching> {
  const { clock } = options;
  let sender = await startWatchSender(options);
  const watched = new Map<string, Watched>();
  const watchedOf = (name: string): Watched => {
    const found = watched.get(name);
    if (found === undefined) throw new Error(`not opened: ${name}`);
    return found;
  };
  const openOn = (to: WatchSender, { profile, targets }: Watched): void =>
    to.open(profile.name, profile, targets, randomBytes(16).toString('hex'));
  let revival: Promise<void> | undefined;
  /** A thread that crashed is replaced by a new one, with new connections; the round that met it is lost, and told. */
  async function revive(): Promise<void> {
    await sender.close();
    sender = await startWatchSender(options);
    for (const one of watched.values()) {
      openOn(sender, one);
      await logInAgain(sender, one);
    }
  }
  return {
    async open(profile) {
      const targets = await resolveTargets(profile, clock);
      const mask = createAnswerMask(profile.secrets, profile.mask);
      const one: Watched = { profile, mask, targets, loggedInUs: clock.nowUs() };
      watched.set(profile.name, one);
      openOn(sender, one);
      return logInAgain(sender, one);
    },
    async send(name, order) {
      const one = watchedOf(name);
      const calledUs = clock.nowUs();
      await refreshTargets(sender, one, clock);
      const sent = await sender.send(name, roundOf(order, one.profile)).catch(async (error: unknown) => {
        revival ??= revive().finally(() => {
          revival = undefined;
        });
        await revival;
        throw error;
      });
      // Before a new session begins: what came tells of the old one.
      const exchanges = sent.exchanges.map((exchange) => readExchange(rebased(exchange, sent.startUs), one.mask));
      await renewSession(sender, one, sent.exchanges, clock);
      return { delayUs: sent.startUs - calledUs, exchanges };
    },
    closeIdle: (name) => sender.closeIdle(name),
    drop(name) {
      watched.delete(name);
      sender.drop(name);
    },
    stop: (graceUs) => sender.stop(graceUs),
    close: () => sender.close(),
  };
}

function roundOf({ kind, requests, limitUs, longestUs }: RoundOrder, { limits }: Profile) {
  const limit = limitUs === undefined || limitUs >= limits.requestTimeoutUs ? {} : { limitUs };
  return {
    experimentId: kind,
    order: kind === 'confirm' ? ('sequence' as const) : ('together' as const),
    gapUs: Math.max(LEAST_GAP_US, Math.ceil(US_PER_SEC / limits.maxRatePerSec)),
    longestUs,
    shots: requests.map(({ route, requestName, connection, tag }) => ({
      route,
      request: requestName,
      connection,
      tag,
      ...limit,
    })),
  };
}

/** Names are resolved before every round: in the life of a monitor a name moves. */
async function refreshTargets(sender: WatchSender, one: Watched, clock: Clock): Promise<void> {
  const { profile } = one;
  if (one.targets.every(({ hostname, address }) => hostname === address)) return;
  const targets = await resolveTargets(profile, clock);
  const moved = targets.filter(
    ({ address, resolveError }, i) =>
      address !== one.targets[i]?.address || resolveError !== one.targets[i]?.resolveError,
  );
  if (moved.length > 0) sender.retarget(profile.name, moved);
  one.targets = targets;
}

async function renewSession(
  sender: WatchSender,
  one: Watched,
  exchanges: readonly Exchange[],
  clock: Clock,
): Promise<void> {
  const isRefused = exchanges.some(
    ({ outcome }) => outcome.kind === 'response' && REFUSED_SESSION.includes(outcome.status),
  );
  if (!isRefused || clock.nowUs() - one.loggedInUs < LOGIN_PAUSE_US) return;
  one.loggedInUs = clock.nowUs();
  await logInAgain(sender, one);
}

async function logInAgain(sender: WatchSender, one: Watched): Promise<readonly string[]> {
  const { profile } = one;
  let logins: readonly Exchange[] = [];
  const fire = async (experimentId: string, { shapes }: Schedule) => {
    const longestUs = 2 * profile.limits.requestTimeoutUs;
    const round = { experimentId, shots: shapes, order: 'together' as const, gapUs: LEAST_GAP_US, longestUs };
    logins = (await sender.send(profile.name, round)).exchanges;
    const sessions = logins.flatMap(({ answer }) => cookieSecrets(answer));
    one.mask = createAnswerMask([...profile.secrets, ...sessions], profile.mask);
    return { due: shapes.length, sent: shapes.length };
  };
  const setCookie = (route: RouteId, cookie: string): void => sender.setCookie(profile.name, route, cookie);
  return logIn(profile, { fire, setCookie }, () => logins);
}

function rebased(exchange: Exchange, startUs: number): Exchange {
  const { dueUs, sentUs, firstByteUs, endUs } = exchange;
  return {
    ...exchange,
    dueUs: dueUs - startUs,
    ...(sentUs === undefined ? {} : { sentUs: sentUs - startUs }),
    ...(firstByteUs === undefined ? {} : { firstByteUs: firstByteUs - startUs }),
    endUs: endUs - startUs,
  };
}
