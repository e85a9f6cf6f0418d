/** A mix of statuses that is another one since a moment, and stays so. */
import { type HistoryBlock, historyBlocks } from '../analysis/history-blocks.ts';
import type { Measures } from '../analysis/measures.ts';
import { fisherExact, type Interval, proportionInterval } from '../analysis/proportion.ts';
import { matchedStretches } from '../analysis/same-hours.ts';
import { normalTail } from '../analysis/special.ts';
import type { Exhibit } from '../model/finding.ts';
import type { HistoryEvidence } from '../model/history.ts';
import { formatRatio } from '../model/quantity.ts';
import { createRandom } from '../model/random.ts';
import { GATEWAY, memberOf, type RouteId, routesTo } from '../model/route.ts';
import { changeBlockUs, changePlaces, LEAST_AFTER, missingForChange, stampOf } from './change-places.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** One request of a hundred (methods C.0); rarer changes are not worth a message. */
const LEAST_SHIFT = 0.01;
/** As a level for saying anything; the judge asks for more before it warns. */
const LARGEST_P = 0.01;
const SAME_TIME_US = 3 * 3_600_000_000;

type Stretch = { readonly atUs: number; readonly hits: number; readonly count: number };
type Share = { readonly ratio: number } & Interval;
type Change = {
  readonly route: RouteId;
  /** `failed`, or the key of an outcome. */
  readonly key: string;
  readonly atUs: number;
  readonly lastBeforeAtUs: number;
  readonly before: Share;
  readonly after: Share;
  readonly p: number;
  readonly stretches: readonly Stretch[];
};

function stretchesOf(blocks: readonly HistoryBlock[], key: string): readonly Stretch[] {
  return blocks.map(({ startAtUs, count, failed, outcomes }) => ({
    atUs: startAtUs,
    count,
    hits: key === 'failed' ? failed : (outcomes[key] ?? 0),
  }));
}

/** Anscombe's arcsine: shares whose scatter does not depend on the share. */
function evened({ hits, count }: Stretch): number {
  return Math.asin(Math.sqrt((hits + 3 / 8) / (count + 3 / 4)));
}

function sumOf(stretches: readonly Stretch[]): { readonly hits: number; readonly count: number } {
  return stretches.reduce((sum, { hits, count }) => ({ hits: sum.hits + hits, count: sum.count + count }), {
    hits: 0,
    count: 0,
  });
}

/** How much more stretches scatter than single requests would: failures come in bursts. Never below 1. */
function scatterOf(stretches: readonly Stretch[]): number {
  const { hits, count } = sumOf(stretches);
  const ratio = hits / Math.max(1, count);
  if (stretches.length < 2 || ratio <= 0 || ratio >= 1) return 1;
  const squares = stretches.reduce(
    (sum, one) => sum + (one.hits - one.count * ratio) ** 2 / (one.count * ratio * (1 - ratio)),
    0,
  );
  return Math.max(1, squares / (stretches.length - 1));
}

/**
 * Two-sided p of two shares: Fisher's exact test, or the normal one with the scatter that was seen, whichever is less
 * sure.
 */
function differenceP(before: readonly Stretch[], after: readonly Stretch[]): number {
  const [a, b] = [sumOf(after), sumOf(before)];
  const exact = fisherExact(a.hits, a.count - a.hits, b.hits, b.count - b.hits);
  const pooled = (a.hits + b.hits) / (a.count + b.count);
  const scatter = Math.max(scatterOf(before), scatterOf(after));
  const error = Math.sqrt(scatter * pooled * (1 - pooled) * (1 / a.count + 1 / b.count));
  const z = Math.abs(a.hits / a.count - b.hits / b.count) / error;
  return error === 0 ? 1 : Math.max(exact, Math.min(1, 2 * normalTail(z)));
}

function shareOf(stretches: readonly Stretch[]): Share {
  const { hits, count } = sumOf(stretches);
  return { ratio: hits / count, ...proportionInterval(hits, count) };
}

function changesOf(
  route: RouteId,
  key: string,
  stretches: readonly Stretch[],
  searched: number,
  { seed }: Measures,
  blockUs: number,
): readonly Change[] {
  const random = createRandom(seed).fork(`change ${route} ${key}`);
  const points = stretches.map((one) => ({ atUs: one.atUs, value: evened(one) }));
  return changePlaces(points, blockUs, random).flatMap(({ atUs, lastBeforeAtUs }): readonly Change[] => {
    const matched = matchedStretches(stretches, atUs);
    const [before, after] = [matched.map((pair) => pair.before), matched.flatMap((pair) => pair.after)];
    if (before.length < LEAST_AFTER - 1) return [];
    const [was, is] = [shareOf(before), shareOf(after)];
    const shift = is.ratio - was.ratio;
    const atEnd = shareOf(stretches.slice(-Math.max(LEAST_AFTER, Math.floor(after.length / 4))));
    // Over, where what came last speaks against even half of it; few requests speak against little.
    const half = was.ratio + shift / 2;
    const stays = shift > 0 ? atEnd.high > half : atEnd.low < half;
    const p = Math.min(1, differenceP(before, after) * searched);
    return Math.abs(shift) < LEAST_SHIFT || !stays || p > LARGEST_P
      ? []
      : [{ route, key, atUs, lastBeforeAtUs, before: was, after: is, p, stretches }];
  });
}

/** The surest change of a route; the share of failures goes before a single status. */
function mainChange(route: RouteId, history: HistoryEvidence, blockUs: number, measures: Measures): Change | undefined {
  const blocks = historyBlocks(history, { route }, blockUs);
  const all = blocks.reduce((sum, { count }) => sum + count, 0);
  const keys = ['failed', ...new Set(blocks.flatMap(({ outcomes }) => Object.keys(outcomes)))].filter((key) => {
    const { hits } = sumOf(stretchesOf(blocks, key));
    // What is rarer than the shift that counts, over a tenth of the time, cannot have shifted by it.
    return hits >= 0.1 * LEAST_SHIFT * all && hits < all;
  });
  const searched = blocks.length * keys.length * (measures.members.length + 1);
  const changes = keys.map((key) => changesOf(route, key, stretchesOf(blocks, key), searched, measures, blockUs));
  const own = changes.find((list) => list.length > 0) ?? [];
  return [...own].sort((a, b) => a.p - b.p || b.after.ratio - a.after.ratio)[0];
}

function candidateOf(change: Change, history: HistoryEvidence): Candidate {
  const { route, key, atUs, lastBeforeAtUs, before, after, p } = change;
  const member = memberOf(route);
  const isFailure = key === 'failed';
  const isMore = after.ratio > before.ratio;
  const who = member === undefined ? 'Through the gateway' : `${member}, asked directly`;
  const what = isFailure ? 'requests fail' : `answers are ${key}`;
  const hits = history.kept
    .filter(({ exchange, reason, atUs: at }) => reason === 'failure' && exchange.route === route && at >= atUs)
    .map(({ exchange }) => exchange);
  return {
    cause: 'change/errors',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: isFailure && isMore ? 'warning' : 'info',
    confidence: 'likely',
    p,
    title: `${who}: since ${stampOf(atUs)} ${formatRatio(after.ratio)} of ${what}, before it was ${formatRatio(before.ratio)}.`,
    meaning: `Held against the same hours of days before, the share ${isMore ? 'rose' : 'fell'} and has stayed so. ${member === undefined ? 'No member, asked directly, changed at that time: it lies in the gateway or on the way.' : 'It shows when the member is asked directly: it is the member, not the gateway.'}`,
    measured: {
      changedAtUs: { value: atUs, low: lastBeforeAtUs, high: atUs },
      beforeRatio: { value: before.ratio, low: before.low, high: before.high },
      afterRatio: { value: after.ratio, low: after.low, high: after.high },
    },
    rivals: [
      member === undefined
        ? { cause: 'member/errors', whyNot: 'no member changed at that time when asked directly' }
        : { cause: 'gateway/overloaded', whyNot: 'it shows without the gateway as well' },
    ],
    exhibits: [
      sharesExhibit(change, history),
      ...(isFailure && hits.length > 0
        ? [
            exchangesExhibit(
              `change-errors-requests-${route.replace(':', '-')}`,
              'Requests that failed since',
              'Failures that were kept, the oldest first.',
              hits,
            ),
          ]
        : []),
    ],
    explains: isFailure && isMore ? seqsOf(hits) : new Set(),
  };
}

function sharesExhibit({ route, key, atUs, stretches }: Change, { fromAtUs }: HistoryEvidence): Exhibit {
  return {
    kind: 'xy',
    id: `change-errors-${route.replace(':', '-')}`,
    title: key === 'failed' ? 'Share of failed requests over time' : `Share of ${key} over time`,
    reading: 'Each step is one stretch of the history. The line marks where the level changed.',
    x: { title: 'time since the beginning', unit: 'us', scale: 'linear' },
    y: { title: 'share', unit: 'ratio', scale: 'linear' },
    series: [
      {
        name: memberOf(route) ?? 'gateway',
        role: 'failure',
        style: 'step',
        points: stretches.map((one) => [one.atUs - fromAtUs, one.hits / one.count]),
      },
    ],
    marks: [{ axis: 'x', value: atUs - fromAtUs, label: stampOf(atUs) }],
  };
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  const { history, members } = measures;
  if (history === undefined) return notApplicable('only a history (gateprobe monitor) can show it, and none was given');
  const blockUs = changeBlockUs(history);
  const routes: readonly RouteId[] = routesTo(members);
  const starts = routes.map((route) => historyBlocks(history, { route }, blockUs).map(({ startAtUs }) => startAtUs));
  const longest = starts.reduce((most, own) => (own.length > most.length ? own : most), []);
  const missing = missingForChange(longest, blockUs);
  if (missing !== undefined) return insufficient(missing.need, missing.have);
  const changes = routes.flatMap((route) => mainChange(route, history, blockUs, measures) ?? []);
  const ofMembers = changes.filter(({ route }) => route !== GATEWAY);
  // A gateway passes on what its members answer.
  const own = changes.filter(
    ({ route, atUs }) => route !== GATEWAY || !ofMembers.some((one) => Math.abs(one.atUs - atUs) <= SAME_TIME_US),
  );
  return candidatesOr(
    own.map((change) => candidateOf(change, history)),
    'on no route did a status become more or less frequent by 1 % of requests and stay so',
  );
}

/** Methods C.9: change points of hourly shares, told from the course of the day. */
export const changeErrors: Detector = { cause: 'change/errors', detect };
