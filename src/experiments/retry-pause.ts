/** A pause that an answer asks for. */
import type { Exchange } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { ExperimentContext } from './experiment.ts';

/** Varnish asks for 5 s with its own 503 (measured); a longer pause is not worth one more request. */
const LONGEST_RETRY_US = 10_000_000;
/** The pause is counted from the answer; this is beyond its last moment. */
const RETRY_ROOM_US = 250_000;

/** An answer that asks for a pause keeps the sender from sending: waits it out, unless it is too long. */
export async function waitForRetry(
  exchange: Exchange | undefined,
  { clock, signal }: Pick<ExperimentContext, 'clock' | 'signal'>,
): Promise<void> {
  const seconds = Number(exchange?.answer?.headers['retry-after']);
  if (!(seconds > 0) || seconds * US_PER_SEC > LONGEST_RETRY_US || signal.aborted) return;
  await clock.sleep(seconds * US_PER_SEC + RETRY_ROOM_US, signal);
}
