/** Brings notices to where they are read. What cannot be delivered is tried again, and seen. */
import type { Clock, Random } from '../model/time.ts';
import { type AlertTemplate, type PayloadContext, payloadOf } from './alert-payloads.ts';
import type { Notice } from './alerting.ts';

export type AlertTarget = {
  /** For people: never the URL, which may be a secret. */
  readonly name: string;
  /** Of a webhook, or of an Alertmanager (its origin; the path is added). */
  readonly url: string;
  readonly template: AlertTemplate;
  readonly headers?: Readonly<Record<string, string>>;
};

export type DeliveryState = {
  readonly name: string;
  readonly delivered: number;
  /** Given up after all tries, or pushed out by newer ones. */
  readonly lost: number;
  readonly waiting: number;
  /** Tries that failed, of all. */
  readonly failedTries: number;
  /** Undefined once a delivery worked again. */
  readonly problem?: { readonly atUs: number; readonly text: string };
};

export type AlertDelivery = {
  /** Returns at once. Notices of one target arrive in their order. */
  send(notice: Notice): void;
  state(): readonly DeliveryState[];
  /** Ends when everything is delivered, lost or the signal of the options is aborted. */
  settled(): Promise<void>;
};

export type AlertDeliveryOptions = {
  readonly targets: readonly AlertTarget[];
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Called for every try that failed, for the log. */
  readonly onProblem?: (name: string, text: string) => void;
  readonly context?: PayloadContext;
};

/** 1, 2, 4 … s, at most 5 min apart: ten tries span some 15 minutes, the length of a restart or a short outage. */
const FIRST_PAUSE_US = 1_000_000;
const LONGEST_PAUSE_US = 300_000_000;
const MOST_TRIES = 10;
/** A receiver that needs longer does not answer. */
const ANSWER_WITHIN_MS = 10_000;
/** Newer ones matter more than a queue of hours. */
const MOST_WAITING = 100;

type Queue = {
  readonly target: AlertTarget;
  readonly waiting: Notice[];
  running: Promise<void> | undefined;
  delivered: number;
  lost: number;
  failedTries: number;
  problem?: { readonly atUs: number; readonly text: string } | undefined;
};

export function createAlertDelivery(options: AlertDeliveryOptions): AlertDelivery {
  const queues = options.targets.map(
    (target): Queue => ({ target, waiting: [], running: undefined, delivered: 0, lost: 0, failedTries: 0 }),
  );
  return {
    send(notice) {
      for (const queue of queues) {
        queue.waiting.push(notice);
        if (queue.waiting.length > MOST_WAITING) {
          // Not the first: it is just being sent.
          queue.waiting.splice(1, 1);
          queue.lost++;
        }
        queue.running ??= drain(queue, options).finally(() => {
          queue.running = undefined;
        });
      }
    },
    state: () =>
      queues.map(({ target, waiting, delivered, lost, failedTries, problem }) => ({
        name: target.name,
        delivered,
        lost,
        waiting: waiting.length,
        failedTries,
        ...(problem === undefined ? {} : { problem }),
      })),
    settled: async () => {
      await Promise.all(queues.map(({ running }) => running));
    },
  };
}

async function drain(queue: Queue, options: AlertDeliveryOptions): Promise<void> {
  for (let notice = queue.waiting[0]; notice !== undefined; notice = queue.waiting[0]) {
    const isDelivered = await deliver(queue, notice, options);
    queue.waiting.shift();
    if (isDelivered) queue.delivered++;
    else queue.lost++;
    if (options.signal.aborted) {
      queue.lost += queue.waiting.length;
      queue.waiting.length = 0;
    }
  }
}

async function deliver(queue: Queue, notice: Notice, options: AlertDeliveryOptions): Promise<boolean> {
  const { clock, random, signal, onProblem, context } = options;
  for (let attempt = 0; attempt < MOST_TRIES && !signal.aborted; attempt++) {
    const failure = await post(queue.target, notice, signal, context);
    if (failure === undefined) {
      queue.problem = undefined;
      return true;
    }
    queue.failedTries++;
    queue.problem = { atUs: clock.wallMs() * 1_000, text: failure.text };
    onProblem?.(queue.target.name, failure.text);
    if (failure.isFinal) return false;
    const pauseUs = Math.max(failure.afterUs ?? 0, Math.min(LONGEST_PAUSE_US, FIRST_PAUSE_US * 2 ** attempt));
    // Half of it at random: many monitors must not come back at one instant.
    const isLast = attempt === MOST_TRIES - 1;
    if (!isLast) await clock.sleep(Math.round(pauseUs * (1 + 0.5 * random.next())), signal);
  }
  return false;
}

type Failure = { readonly text: string; readonly isFinal: boolean; readonly afterUs?: number };

/** Undefined when it was taken. The text never holds the URL, which may be a secret. */
async function post(
  { url, template, headers }: AlertTarget,
  notice: Notice,
  signal: AbortSignal,
  context: PayloadContext | undefined,
): Promise<Failure | undefined> {
  try {
    const address = template === 'alertmanager' ? new URL('/api/v2/alerts', url) : new URL(url);
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(payloadOf(template, notice, context)),
      // A redirect would carry the headers elsewhere.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    // What is wrong with the request itself stays wrong; being asked to wait does not.
    const isFinal = response.status < 500 && response.status !== 429 && response.status !== 408;
    const waitSec = Number(response.headers.get('retry-after'));
    const afterUs =
      Number.isFinite(waitSec) && waitSec > 0 ? Math.min(LONGEST_PAUSE_US, waitSec * 1_000_000) : undefined;
    return { text: `answered ${response.status}`, isFinal, ...(afterUs === undefined ? {} : { afterUs }) };
  } catch (error) {
    return { text: reasonOf(error), isFinal: false };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'could not be reached';
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_WITHIN_MS / 1_000} s`;
  if (error.name === 'AbortError') return 'stopped';
  const code = (error.cause as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? `could not be reached (${code})` : 'could not be reached';
}
