/** What several sending threads tell of themselves, as that of one. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { ArrivalFacts, CollectorFacts, ReuseFacts, StarvationFacts, ThreadFacts } from '../model/instrument.ts';
import { p99 } from './collector-watch.ts';
import type { SenderEnd, StrayBytes, ThreadQuality } from './protocol.ts';

/**
 * Sums where counts are meant, the worst where a limit is judged, and quantiles of all values together: histograms add up exactly.
 * `threads` are all that sent, `ends` those that could tell how it went; `arrivals` are of all their departures together.
 */
export function joinQualities(
  ends: readonly SenderEnd[],
  threads: readonly ThreadFacts[],
  arrivals: ArrivalFacts | undefined,
): ThreadQuality {
  const qualities = ends.map(({ quality }) => quality);
  const sum = (pick: (quality: ThreadQuality) => number): number =>
    qualities.reduce((total, quality) => total + pick(quality), 0);
  const worst = (pick: (quality: ThreadQuality) => number): number => Math.max(0, ...qualities.map(pick));
  const delays = joined(ends.map(({ histograms }) => histograms.delays));
  const starvation = joinStarvation(
    qualities.flatMap((quality) => quality.starvation ?? []),
    delays,
  );
  const collector = joinCollector(ends);
  const blanks = qualities.flatMap(({ blankUs }) => blankUs ?? []);
  const blanksAfter = qualities.flatMap(({ blankAfterUs }) => blankAfterUs ?? []);
  const reuse = joinReuse(qualities.flatMap((quality) => quality.reuse ?? []));
  return {
    busyRatio: worst(({ busyRatio }) => busyRatio),
    busyRatioMax: worst(({ busyRatioMax }) => busyRatioMax),
    gcPauseMaxUs: worst(({ gcPauseMaxUs }) => gcPauseMaxUs),
    gcTotalUs: sum(({ gcTotalUs }) => gcTotalUs),
    loopDelayP99Us: delays.count === 0 ? 0 : p99(delays),
    portShortages: sum(({ portShortages }) => portShortages),
    launched: threads.reduce((total, { launched }) => total + launched, 0),
    threads,
    ...(arrivals === undefined ? {} : { arrivals }),
    ...(starvation === undefined ? {} : { starvation }),
    ...(collector === undefined ? {} : { collector }),
    ...(blanks.length === 0 ? {} : { blankUs: Math.max(...blanks) }),
    ...(blanksAfter.length === 0 ? {} : { blankAfterUs: Math.max(...blanksAfter) }),
    ...(reuse.length === 0 ? {} : { reuse }),
  };
}

function joined(histograms: readonly RecordableHistogram[]): RecordableHistogram {
  const all = createHistogram();
  for (const histogram of histograms) all.add(histogram);
  return all;
}

function joinStarvation(facts: readonly StarvationFacts[], delays: RecordableHistogram): StarvationFacts | undefined {
  if (facts.length === 0) return undefined;
  return {
    activeUs: facts.reduce((total, { activeUs }) => total + activeUs, 0),
    starvedUs: facts.reduce((total, { starvedUs }) => total + starvedUs, 0),
    worstSecondUs: Math.max(...facts.map(({ worstSecondUs }) => worstSecondUs)),
    delayP50Us: delays.count === 0 ? 0 : delays.percentile(50),
  };
}

function joinCollector(ends: readonly SenderEnd[]): CollectorFacts | undefined {
  const facts = ends.flatMap(({ quality }) => quality.collector ?? []);
  if (facts.length === 0) return undefined;
  const services = joined(ends.map(({ histograms }) => histograms.services));
  const untouched = joined(ends.map(({ histograms }) => histograms.untouched));
  return {
    requests: services.count,
    touched: facts.reduce((total, { touched }) => total + touched, 0),
    p99Us: p99(services),
    untouchedP99Us: untouched.count === 0 ? 0 : p99(untouched),
  };
}

/** Each thread has connections of its own: counts add up, route by route. */
function joinReuse(facts: readonly ReuseFacts[]): readonly ReuseFacts[] {
  return [...Map.groupBy(facts, ({ route }) => route)].map(([route, own]) => ({
    route,
    asked: own.reduce((sum, { asked }) => sum + asked, 0),
    replacedAfterAnswer: own.reduce((sum, { replacedAfterAnswer }) => sum + replacedAfterAnswer, 0),
    replacedIdle: own.reduce((sum, { replacedIdle }) => sum + replacedIdle, 0),
  }));
}

/** Per route. */
export function joinStray(lists: readonly (readonly StrayBytes[])[]): readonly StrayBytes[] {
  const byRoute = new Map<string, StrayBytes>();
  for (const stray of lists.flat()) {
    const known = byRoute.get(stray.route);
    byRoute.set(
      stray.route,
      known === undefined
        ? stray
        : {
            route: stray.route,
            bytesBehindAnswers: known.bytesBehindAnswers + stray.bytesBehindAnswers,
            bytesIdle: known.bytesIdle + stray.bytesIdle,
            connections: known.connections + stray.connections,
          },
    );
  }
  return [...byRoute.values()];
}
