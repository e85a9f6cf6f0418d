/**
 * Answers of a closed loop as columns. A closed loop makes tens of thousands of exchanges a second, all alike; as objects
 * their way between the threads would cost more than they do, and a reader that falls behind would fill the memory.
 */
import type { Exchange } from '../model/exchange.ts';
import type { RouteId } from '../model/route.ts';
import { requestIdOf } from './request.ts';

export type ClosedBatch = {
  readonly experimentId: string;
  readonly route: RouteId;
  readonly requestName: string;
  readonly firstSeq: number;
  readonly endUs: Float64Array<ArrayBuffer>;
  readonly elapsedUs: Float64Array<ArrayBuffer>;
  readonly status: Uint16Array<ArrayBuffer>;
  readonly bodyBytes: Float64Array<ArrayBuffer>;
};

export type ClosedCollector = {
  add(endUs: number, elapsedUs: number, status: number, bodyBytes: number): void;
  /** What has come since the last call; undefined when nothing has. */
  take(): ClosedBatch | undefined;
};

const CHUNK = 4_096;

/** `reserveSeqs(n)` gives the first of n consecutive sequence numbers. */
export function createClosedCollector(
  about: Pick<ClosedBatch, 'experimentId' | 'route' | 'requestName'>,
  reserveSeqs: (count: number) => number,
): ClosedCollector {
  let count = 0;
  let capacity = CHUNK;
  let endUs = new Float64Array(CHUNK);
  let elapsedUs = new Float64Array(CHUNK);
  let status = new Uint16Array(CHUNK);
  let bodyBytes = new Float64Array(CHUNK);
  function grow(): void {
    capacity *= 2;
    const larger = <T extends Float64Array<ArrayBuffer> | Uint16Array<ArrayBuffer>>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    endUs = larger(endUs, new Float64Array(capacity));
    elapsedUs = larger(elapsedUs, new Float64Array(capacity));
    status = larger(status, new Uint16Array(capacity));
    bodyBytes = larger(bodyBytes, new Float64Array(capacity));
  }
  return {
    add(end, elapsed, code, bytes) {
      if (count === capacity) grow();
      endUs[count] = end;
      elapsedUs[count] = elapsed;
      status[count] = code;
      bodyBytes[count++] = bytes;
    },
    take() {
      if (count === 0) return undefined;
      const batch: ClosedBatch = {
        ...about,
        firstSeq: reserveSeqs(count),
        endUs: endUs.slice(0, count),
        elapsedUs: elapsedUs.slice(0, count),
        status: status.slice(0, count),
        bodyBytes: bodyBytes.slice(0, count),
      };
      count = 0;
      return batch;
    },
  };
}

/** Slices of this many become objects at a time, so that few are alive at once. */
const EXPAND = 512;

/** The exchanges of a batch, in slices. Closed loop: due when sent, so that response and service time are the same. */
export function* expandClosed(batch: ClosedBatch, runId: string): Generator<readonly Exchange[]> {
  const { experimentId, route, requestName, firstSeq } = batch;
  for (let from = 0; from < batch.endUs.length; from += EXPAND) {
    const count = Math.min(EXPAND, batch.endUs.length - from);
    yield Array.from({ length: count }, (_, offset): Exchange => {
      const i = from + offset;
      const endUs = batch.endUs[i] as number;
      const sentUs = endUs - (batch.elapsedUs[i] as number);
      return {
        seq: firstSeq + i,
        requestId: requestIdOf(runId, firstSeq + i),
        experimentId,
        route,
        requestName,
        tag: { kind: 'load' },
        dueUs: sentUs,
        sentUs,
        endUs,
        outcome: {
          kind: 'response',
          status: batch.status[i] as number,
          bodyBytes: batch.bodyBytes[i] as number,
          complete: true,
          bodyDigest: 0,
        },
      };
    });
  }
}
