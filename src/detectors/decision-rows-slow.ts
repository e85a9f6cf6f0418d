/** Rows 32-36: answers that came, late. */
import type { CauseId } from '../model/causes.ts';
import { formatDuration } from '../model/quantity.ts';
import { at, type Decision, HIGH, is, LOW, MEDIUM, type TableRow } from './decision.ts';
import { type Facts, isMostOf } from './log-facts.ts';

const isAnswered = (f: Facts): boolean =>
  f.journey.client?.isFailure !== true &&
  (f.status ?? 0) >= 100 &&
  (f.status ?? 0) < 500 &&
  is(f, 'ok', 'member/status', 'unknown');
/** The gateway's time is what the client felt, as far as the client is known. */
const isGatewaysTime = (f: Facts): boolean =>
  f.frontUs !== undefined && (f.journey.client === undefined || isMostOf(f.frontUs, f.journey.client.elapsedUs));
/** Where no gateway's log was given the member's line is all there is. */
const isMembersTime = (f: Facts): boolean =>
  f.memberUs !== undefined && (f.frontUs === undefined ? !f.context.hasGatewayLog : isMostOf(f.memberUs, f.frontUs));
const isLost = (f: Facts): boolean =>
  f.frontUs !== undefined && f.memberUs !== undefined && f.memberUs < 0.5 * f.frontUs && !f.isAmbiguous;
const lostUs = (f: Facts): number => (f.frontUs ?? 0) - (f.memberUs ?? 0);

/** An answer that fits into the buffers of a connection waits for no reader. */
const BUFFERED_BYTES = 65_536;
/** Of the answer, as far as either side logged it. */
const sentBytes = (f: Facts): number | undefined => f.frontLine?.bytesSent ?? f.member?.access[0]?.bytesSent;
/** The probe's own answers are read at once, whatever their size that no log has. */
const isSmall = (f: Facts): boolean =>
  (sentBytes(f) ?? (f.journey.client === undefined ? Number.POSITIVE_INFINITY : 0)) <= BUFFERED_BYTES;
/** Below it nobody calls a wait a queue. */
const LEAST_WAIT_US = 100_000;

/** The end of a worker this long before a request is why it started cold: recycling overlaps with the next start. */
const RECYCLE_NEAR_US = 120_000_000;
const IDLE_END = 'WAS/5186';
/** A start takes a second or more, and the next request does not. */
const START_US = 1_000_000;
const START_RATIO = 5;

/** Slow right after a long pause, and quick again at the next request. */
function isFirstAfterPause(f: Facts): boolean {
  const line = f.member?.access[0];
  const gap = line === undefined ? undefined : f.context.gapBefore(line);
  return gap !== undefined && gap.durationUs >= Math.max(START_US, START_RATIO * (gap.nextUs ?? gap.durationUs));
}

function ended(f: Facts): { readonly code: string; readonly agoUs: number } | undefined {
  return f.memberName === undefined ? undefined : f.context.lastEnd(f.memberName, f.journey.startAtUs);
}

const isRecycled = (f: Facts): boolean => {
  const end = ended(f);
  return end !== undefined && end.code !== IDLE_END && end.agoUs <= RECYCLE_NEAR_US && (f.memberUs ?? 0) >= START_US;
};

/** Where the time went that the member did not take, as far as the gateway's own timers tell. */
function lossPlace(f: Facts): { readonly cause?: CauseId; readonly how: string } | undefined {
  const lost = lostUs(f);
  const { queueUs } = f.frontLine ?? {};
  if (queueUs !== undefined && queueUs > 0.5 * lost)
    return { cause: 'queue/gateway', how: `its own queue had it for ${formatDuration(queueUs)}` };
  const last = f.frontLine?.upstream?.at(-1);
  if (last?.connectUs !== undefined && last.connectUs > 0.5 * lost)
    return {
      cause: 'queue/listen-backlog',
      how: `connecting to the member took ${formatDuration(last.connectUs)}`,
    };
  if (last?.headerUs === undefined) return undefined;
  const waitedUs = last.headerUs - (last.connectUs ?? 0) - (f.memberUs ?? 0);
  return waitedUs > 0.5 * lost
    ? {
        cause: 'queue/member',
        how: `it waited ${formatDuration(last.headerUs)} for the member’s first byte: the request lay there before it was begun`,
      }
    : { how: 'it had the member’s answer early' };
}

function isLate({ lateUs, ...f }: Facts): boolean {
  return (
    lateUs !== undefined &&
    f.isLikelySame &&
    lateUs.value > Math.max(0.5 * ((f.frontUs ?? 0) - (f.memberUs ?? 0)), 2 * lateUs.error)
  );
}

const COLD_ROWS: readonly TableRow[] = [
  {
    row: '32',
    when: (f) => isAnswered(f) && isMembersTime(f) && isRecycled(f),
    decide: (f) => ({
      cause: 'cold-start/recycle',
      confidence: MEDIUM,
      because: `the member took ${formatDuration(f.memberUs ?? 0)} right after its worker was recycled (${ended(f)?.code}, ${formatDuration(ended(f)?.agoUs ?? 0)} before)`,
      ...at(f),
    }),
  },
  {
    row: '32',
    when: (f) => isAnswered(f) && isMembersTime(f) && isFirstAfterPause(f),
    decide: (f) => ({
      cause: 'cold-start/idle',
      confidence: ended(f)?.code === IDLE_END && f.isSameRequest ? HIGH : MEDIUM,
      because: `the member took ${formatDuration(f.memberUs ?? 0)} for the first request after a pause${ended(f)?.code === IDLE_END ? ', in which its worker had been ended as idle (WAS/5186)' : ''}`,
      ...at(f),
    }),
  },
];

function queued(f: Facts): Omit<Decision, 'row'> {
  const place = lossPlace(f);
  const both = `the gateway had the request for ${formatDuration(f.frontUs ?? 0)}, the member for ${formatDuration(f.memberUs ?? 0)}`;
  if (place?.cause !== undefined)
    return {
      cause: place.cause,
      confidence: f.isSameRequest ? HIGH : MEDIUM,
      because: `${both}; ${place.how}`,
      ...at(f),
    };
  return {
    cause: 'queue/gateway',
    confidence: f.isSameRequest ? HIGH : MEDIUM,
    because: `${both}, and it began late`,
    ...at(f),
  };
}

export const DECISIONS_SLOW: readonly TableRow[] = [
  ...COLD_ROWS,
  {
    row: '33',
    when: (f) => isAnswered(f) && (f.frontLine === undefined || isGatewaysTime(f)) && isMembersTime(f),
    decide: (f) => ({
      cause: 'application/slow',
      confidence: f.frontLine === undefined || f.isAmbiguous ? MEDIUM : HIGH,
      because: `the member itself took ${formatDuration(f.memberUs ?? 0)}`,
      ...at(f),
    }),
  },
  {
    row: '34',
    when: (f) =>
      isAnswered(f) &&
      isGatewaysTime(f) &&
      isLost(f) &&
      lostUs(f) > LEAST_WAIT_US &&
      (lossPlace(f)?.cause !== undefined || (lossPlace(f) === undefined && isLate(f))),
    decide: queued,
  },
  {
    row: '34',
    when: (f) =>
      isAnswered(f) &&
      f.memberUs === undefined &&
      (f.frontLine?.queueUs ?? 0) > Math.max(LEAST_WAIT_US, 0.5 * (f.frontUs ?? Number.POSITIVE_INFINITY)),
    decide: (f) => ({
      cause: 'queue/gateway',
      confidence: MEDIUM,
      because: `the gateway’s own queue had the request for ${formatDuration(f.frontLine?.queueUs ?? 0)}`,
      ...at(f),
    }),
  },
  {
    row: '34',
    // The probe reads at once and sends little; of other clients a slow one is only unlikely.
    when: (f) =>
      isAnswered(f) &&
      isGatewaysTime(f) &&
      isLost(f) &&
      lostUs(f) > LEAST_WAIT_US &&
      lossPlace(f) === undefined &&
      f.isLikelySame &&
      isSmall(f) &&
      (f.frontLine?.bytesReceived ?? 0) <= BUFFERED_BYTES,
    decide: (f) => ({
      cause: 'queue/gateway',
      confidence: MEDIUM,
      because: `the gateway had the request for ${formatDuration(f.frontUs ?? 0)}, the member only for ${formatDuration(f.memberUs ?? 0)}`,
      ...at(f),
    }),
  },
  {
    row: '45',
    // IIS logs no sizes unless told to.
    when: (f) =>
      isAnswered(f) &&
      isGatewaysTime(f) &&
      isLost(f) &&
      lossPlace(f) === undefined &&
      f.isLikelySame &&
      f.journey.client === undefined &&
      sentBytes(f) === undefined,
    decide: (f) => ({
      confidence: LOW,
      undecided: true,
      because: `the gateway had the request for ${formatDuration(f.frontUs ?? 0)}, the member only for ${formatDuration(f.memberUs ?? 0)}; without the size of the answer (sc-bytes) a slow client and a wait in the gateway look the same`,
    }),
  },
  {
    row: '35',
    when: (f) => isAnswered(f) && isGatewaysTime(f) && isLost(f) && (lossPlace(f) !== undefined || f.isLikelySame),
    decide: (f) => ({
      confidence: MEDIUM,
      because: `the member was done after ${formatDuration(f.memberUs ?? 0)}: the rest of ${formatDuration(f.frontUs ?? 0)} the request or the answer was on its way from or to a slow client`,
      ...at(f),
    }),
  },
  {
    row: '36',
    when: (f) =>
      isAnswered(f) &&
      f.journey.client !== undefined &&
      f.frontUs !== undefined &&
      f.frontUs < 0.5 * f.journey.client.elapsedUs &&
      f.journey.client.elapsedUs > 250_000,
    decide: () => ({
      cause: 'gateway/overloaded',
      confidence: LOW,
      because:
        'the client waited much longer than the gateway had the request: it stood before the gateway, or the network is slow',
    }),
  },
];
