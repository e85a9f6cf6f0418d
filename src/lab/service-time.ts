import type { Random } from '../model/time.ts';

/** How long a member works on a request, in milliseconds. */
export type ServiceTime =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** `sigma` is the standard deviation of the logarithm; 0.1 is a narrow peak, 1 a long tail. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number }
  /** One of the parts, drawn by weight: for example a cache hit or miss. */
  | { readonly kind: 'mixture'; readonly parts: readonly { readonly weight: number; readonly time: ServiceTime }[] };

/** Draws one service time in milliseconds, not rounded. A mixture without weight takes no time. */
export function drawServiceMs(time: ServiceTime, random: Random): number {
  switch (time.kind) {
    case 'constant':
      return time.ms;
    case 'uniform':
      return time.minMs + (time.maxMs - time.minMs) * random.next();
    case 'lognormal':
      return time.medianMs * Math.exp(time.sigma * standardNormal(random));
    case 'mixture': {
      const total = time.parts.reduce((sum, part) => sum + part.weight, 0);
      let left = random.next() * total;
      for (const part of time.parts) {
        left -= part.weight;
        if (left < 0) return drawServiceMs(part.time, random);
      }
      return 0;
    }
    default:
      return time satisfies never;
  }
}

/** Box-Muller; one of the two numbers is thrown away, which costs nothing here. */
function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
