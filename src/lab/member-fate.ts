import { createRandom } from '../model/random.ts';
import type { Ending } from './member-answer.ts';
import { drawServiceMs } from './member-service.ts';
import type { MemberOptions } from './options.ts';

/** What becomes of one request, settled when it arrives. */
export type Fate = {
  readonly serviceMs: number;
  readonly bytes: number | undefined;
  readonly ending:
    | { readonly kind: 'answer'; readonly status: number }
    | { readonly kind: 'drop'; readonly by: Ending }
    | { readonly kind: 'cut'; readonly status: number; readonly framing: 'length' | 'chunked'; readonly by: Ending }
    | { readonly kind: 'garbage' };
};

/** More would only fill the memory of the machine that runs the lab. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A body that can be cut into a sent and a missing half. */
const LEAST_CUT_BYTES = 2;

/** A number of the query within limits; anything else counts as not given. */
function numberOf(query: URLSearchParams, name: string, low: number, high: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}

/**
 * Draws the fate of each request from the member's seed: same seed and same order of requests, same fates. The query of a request may ask for
 * `ms` (service time), `status`, `bytes` (body size) and `close=before|mid`.
 */
export function createFates(options: MemberOptions): (path: string, query: URLSearchParams) => Fate {
  const root = createRandom(options.seed);
  const service = root.fork('service');
  const chances = {
    drop: root.fork('drop'),
    truncate: root.fork('truncate'),
    garbage: root.fork('garbage'),
    error: root.fork('error'),
  };
  return (path, query) => {
    const drawnMs = drawServiceMs(
      Object.hasOwn(options.paths, path) ? (options.paths[path] ?? options.service) : options.service,
      service,
    );
    // Each chance is drawn for each request, so that one option does not shift the draws of another.
    const dropped = chances.drop.next() < (options.drop?.ratio ?? 0);
    const truncated = chances.truncate.next() < (options.truncate?.ratio ?? 0);
    const garbled = chances.garbage.next() < (options.garbageRatio ?? 0);
    const failed = chances.error.next() < (options.error?.ratio ?? 0);
    const close = query.get('close');
    const status = Math.trunc(numberOf(query, 'status', 200, 599) ?? (failed ? (options.error?.status ?? 500) : 200));
    const bytes = numberOf(query, 'bytes', close === 'mid' || truncated ? LEAST_CUT_BYTES : 0, MOST_BYTES);
    const ending = (): Fate['ending'] => {
      if (close === 'before' || dropped) return { kind: 'drop', by: options.drop?.by ?? 'fin' };
      if (close === 'mid' || truncated) {
        return {
          kind: 'cut',
          status,
          framing: options.truncate?.framing ?? 'length',
          by: options.truncate?.by ?? 'fin',
        };
      }
      return garbled ? { kind: 'garbage' } : { kind: 'answer', status };
    };
    return {
      serviceMs: numberOf(query, 'ms', 0, Number.MAX_SAFE_INTEGER) ?? drawnMs,
      bytes: bytes === undefined ? undefined : Math.trunc(bytes),
      ending: ending(),
    };
  };
}
