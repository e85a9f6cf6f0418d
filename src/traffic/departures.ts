/**
 * When the requests of a firing were due and when they left, kept by threads that send a part of it each: gaps between requests, and
 * the law that they follow, are those of all parts together, so that they are judged where all are known.
 */
import type { ArrivalFacts } from '../model/instrument.ts';
import { type ArrivalWatch, createArrivalWatch } from './arrival-watch.ts';

/** Two numbers for each due request, in the order in which they were due: when, and when it left (NaN: not sent). */
type Departures = Float64Array<ArrayBuffer>;

export type DepartureLog = ArrivalWatch & {
  /** Those of the firing that ended last; may be transferred. */
  take(): Departures | undefined;
};

const FIRST_LENGTH = 1_024;

/** Stands where a thread that sends alone has the watch itself. */
export function createDepartureLog(): DepartureLog {
  let values = new Float64Array(FIRST_LENGTH);
  let length = 0;
  let ended: Departures | undefined;
  return {
    begin() {
      length = 0;
      ended = undefined;
    },
    launched(dueUs, sentUs) {
      if (length === values.length) {
        const larger = new Float64Array(2 * length);
        larger.set(values);
        values = larger;
      }
      values[length++] = dueUs;
      values[length++] = sentUs ?? Number.NaN;
    },
    end() {
      ended = values.slice(0, length);
    },
    facts: () => undefined,
    take() {
      const taken = ended;
      ended = undefined;
      return taken;
    },
  };
}

/** Puts the parts of firings together; what comes out is what one thread would have told of the same departures. */
export type DepartureJoin = {
  /** `parts` in the order in which requests were dealt out to them. */
  firing(parts: readonly Departures[]): void;
  facts(): ArrivalFacts | undefined;
};

export function createDepartureJoin(): DepartureJoin {
  const watch = createArrivalWatch();
  return {
    firing(parts) {
      watch.begin();
      const count = parts.reduce((sum, { length }) => sum + length / 2, 0);
      for (let i = 0; i < count; i++) {
        const part = parts[i % parts.length];
        const place = 2 * Math.floor(i / parts.length);
        if (part === undefined || place >= part.length) continue;
        const sentUs = part[place + 1] as number;
        watch.launched(part[place] as number, Number.isNaN(sentUs) ? undefined : sentUs);
      }
      watch.end();
    },
    facts: watch.facts,
  };
}
