import type { Trail } from '../model/trail.ts';
import { type JsonObject, toMs } from './json-exhibit.ts';

/** How it was found. What was not looked for stands under `untested`. */
export function writeTrail({ steps, end, because, budget }: Trail): JsonObject {
  return {
    end,
    because,
    budget: { durationMs: toMs(budget.durationUs), requests: budget.requests, deliberate: budget.deliberate },
    steps: steps.map(({ startUs, durationUs, ...step }) => ({
      ...step,
      startMs: toMs(startUs),
      durationMs: toMs(durationUs),
    })),
  };
}
