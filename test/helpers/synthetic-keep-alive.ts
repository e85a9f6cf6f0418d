/**
 * Exchanges of a keep-alive experiment by the physics of the race (two members that answer in turn, one way `roundTripUs` / 2 to each):
 * a request on a kept connection is lost when it comes less than a round trip before the close.
 *
 *   makeRecording().experiment('keep-alive', keepAliveExchanges({ timeoutUs: 5_000_000, roundTripUs: 20_000 }))
 */
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import type { LooseExchange } from './make-recording.ts';

export type KeepAliveOptions = {
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly members?: readonly string[];
  /** Of the members; undefined: longer than they are watched. */
  readonly timeoutUs?: number;
  readonly upToUs?: number;
  /** Of the gateway towards its clients. */
  readonly frontUs?: number;
  /** Of the gateway towards members. */
  readonly poolUs?: number;
  readonly roundTripUs?: number;
  readonly serviceUs?: number;
  /** What becomes of a request that meets the close. */
  readonly loss?: '502' | 'closed' | 'repeated';
  readonly tellsConnections?: boolean;
  /** Pauses of the sweep: so long before the close. */
  readonly distancesUs?: readonly number[];
  readonly controls?: number;
  /** Share of requests through the gateway that fail whatever the pause. */
  readonly failingRatio?: number;
};

const OK: Outcome = { kind: 'response', status: 200, bodyBytes: 10, complete: true, bodyDigest: 1 };
const LOSSES: Readonly<Record<'502' | 'closed', Outcome>> = {
  '502': { ...OK, status: 502 },
  closed: {
    kind: 'connection-error',
    phase: 'wait',
    code: 'closed',
    detail: 'other side closed',
    closedBy: 'fin',
    bytesReceived: 0,
  },
};

export function keepAliveExchanges(options: KeepAliveOptions = {}): readonly LooseExchange[] {
  const { members = ['web1', 'web2'], timeoutUs, upToUs = 10_000_000, frontUs, poolUs = 60_000_000 } = options;
  const { roundTripUs = 20_000, serviceUs = 3_000, noise = 0, controls = 100, loss = '502' } = options;
  const random = createRandom(options.seed ?? 1).fork('keep-alive');
  const jitter = (us: number): number => Math.round(us * (1 + 0.03 * noise * (random.next() - 0.5) * 2));
  /** Timers of members are late, never early. */
  const lateUs = (): number => Math.round(noise === 0 ? 0 : random.next() * 1_500);
  const exchanges: LooseExchange[] = [];
  let atUs = 0;
  let connection = 0;
  const hold = (route: LooseExchange['route'], idleUs: number | undefined): void => {
    const isClosed = idleUs !== undefined && idleUs <= upToUs;
    exchanges.push({
      route,
      dueUs: atUs++,
      us: jitter(roundTripUs + serviceUs),
      connection: { id: connection++, isNew: true, ageUs: 0, idleUs: 0 },
      tag: { kind: 'keep-alive', part: 'hold', step: 'fill', gapUs: upToUs, round: 0 },
      held: isClosed ? { idleUs: idleUs + lateUs(), closedBy: 'fin', advertisedUs: 5_000_000 } : { idleUs: upToUs },
    });
  };
  for (let i = 0; i < 3; i++) {
    hold(GATEWAY, frontUs);
    for (const member of members) hold(directTo(member), timeoutUs);
  }
  atUs += upToUs + 1_000_000;
  if (timeoutUs === undefined) return exchanges;

  const ask = (more: Partial<LooseExchange> & { us: number }): void => {
    const fails = random.next() < (options.failingRatio ?? 0);
    exchanges.push({
      route: GATEWAY,
      dueUs: atUs,
      connection: { id: 1, isNew: false, ageUs: 1, idleUs: 1 },
      ...(fails ? { outcome: LOSSES['502'] } : {}),
      ...more,
    });
    atUs += more.us + 10_000;
  };
  const idOf = (number: number): Partial<Exchange> =>
    options.tellsConnections === true ? { memberConnection: `c${number}`, answeredBy: 'web1' } : {};
  const probe = (part: 'pool' | 'sweep', gapUs: number, round: number): void => {
    const before = connection;
    ask({
      us: jitter(roundTripUs + serviceUs),
      tag: { kind: 'keep-alive', part, step: 'fill', gapUs: 0, round },
      ...idOf(before),
    });
    atUs += gapUs - 10_000;
    const untilCloseUs = timeoutUs + lateUs() - gapUs;
    const tag = { kind: 'keep-alive', part, step: 'probe', gapUs, round } as const;
    const us = jitter(roundTripUs + serviceUs);
    const isKept = gapUs < poolUs && untilCloseUs > 0;
    if (isKept && untilCloseUs > roundTripUs) {
      ask({ us, tag, ...idOf(before) });
      return;
    }
    connection++;
    if (!isKept) ask({ us: us + roundTripUs, tag, ...idOf(connection) });
    else if (loss === 'repeated') ask({ us: us + untilCloseUs, tag, ...idOf(connection) });
    else ask({ us: untilCloseUs, tag, outcome: LOSSES[loss] });
  };
  if (options.tellsConnections === true) {
    const top = Math.min(0.95 * timeoutUs, timeoutUs - 1.5 * (roundTripUs + serviceUs));
    for (const [round, share] of [0.01, 1, 0.5, 0.75, 0.25].entries()) probe('pool', Math.round(top * share), round);
  }
  const distances =
    options.distancesUs ?? [3, 0.5, 6, 1, 9, 2, 12, 4, 15, 8, 18, 16, 21, 24, 27, 28].map((ms) => ms * 1_000);
  let lost = 0;
  for (const [round, distanceUs] of distances.entries()) {
    probe('sweep', timeoutUs - distanceUs, round);
    if (exchanges.at(-1)?.outcome !== undefined && ++lost === 3) break;
  }
  for (let i = 0; i < controls; i++) {
    ask({
      us: jitter(roundTripUs + serviceUs),
      tag: { kind: 'keep-alive', part: 'control', step: 'probe', gapUs: 0, round: i },
      ...idOf(connection),
    });
  }
  return exchanges;
}
