/** The course of a profile's level over its runs: sentences, a small chart, and the public form. */
import { runHistory } from '../analysis/run-history.ts';
import type { Exhibit, XySeries } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import type { LevelChange, LevelSeries, RunHistory } from '../model/run-history.ts';
import { US_PER_MS } from '../model/time.ts';
import { drawCharts } from './chart-figure.ts';
import { humanTime } from './format.ts';
import { renderExhibit } from './html-exhibit.ts';
import { section } from './html-parts.ts';
import { type JsonObject, toMs } from './json-exhibit.ts';
import { html, type Markup } from './markup.ts';
import type { RunEntry } from './run-index.ts';

/** Members that change by less than this while the gateway changes did not cause it. */
const MEMBERS_RATIO = 0.05;

/** Of every profile that has enough valid runs, by name. */
export function historiesOf(entries: readonly RunEntry[]): readonly RunHistory[] {
  const byProfile = new Map<string, RunEntry[]>();
  for (const entry of entries) {
    if (entry.profile === undefined || entry.startedAt === undefined || entry.isValid === false) continue;
    byProfile.set(entry.profile, [...(byProfile.get(entry.profile) ?? []), entry]);
  }
  return [...byProfile]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([profile, list]): RunHistory[] => {
      const runs = list.map(({ name, startedAt = '', latencyMs = {} }) => {
        const levels = Object.entries(latencyMs).map(([id, ms]) => [id, ms * US_PER_MS] as const);
        return { name, startedAt, levelsUs: Object.fromEntries(levels) };
      });
      const history = runHistory(profile, runs);
      return history === undefined ? [] : [history];
    });
}

/** One sentence for each change, of the gateway first and the newest first; one that says so where there is none. */
export function historySentences(history: RunHistory): readonly string[] {
  const changed = history.series.flatMap((series) =>
    series.changes.map((change, at) => ({ series, change, next: series.changes[at + 1] })),
  );
  if (changed.length === 0) {
    const ways = history.series.filter(({ id }) => id.startsWith(`${GATEWAY} `)).map(({ id }) => subjectOf(id));
    return [`No change over ${history.runs.length} runs: ${ways.join(', ') || 'the members'}.`];
  }
  const rank = ({ id }: LevelSeries): number => (id.startsWith(`${GATEWAY} `) ? 0 : 1);
  return changed
    .toSorted((a, b) => rank(a.series) - rank(b.series) || b.change.number - a.change.number)
    .map(({ series, change, next }) => sentenceOf(series, change, next));
}

/** The newest change of the gateway, for where there is room for one sentence; undefined where its level did not change. */
export function courseSentence(history: RunHistory): string | undefined {
  const isChanged = history.series.some(({ id, changes }) => id.startsWith(`${GATEWAY} `) && changes.length > 0);
  return isChanged ? `Over its ${history.runs.length} runs: ${historySentences(history)[0]}` : undefined;
}

function sentenceOf({ id }: LevelSeries, change: LevelChange, next: LevelChange | undefined): string {
  const { number, run, changeRatio, beforeUs, afterUs } = change;
  const when = `run ${number} (${humanTime(run.startedAt)})`;
  const size = `${formatRatio(Math.abs(changeRatio))} ${changeRatio > 0 ? 'higher' : 'lower'}`;
  const levels = `${formatDuration(afterUs)}, before ${formatDuration(beforeUs)}`;
  const span =
    next === undefined
      ? `Since ${when} ${subjectOf(id)} is ${size}`
      : `From ${when} to run ${next.number - 1} ${subjectOf(id)} was ${size}`;
  return `${span}: ${levels}${membersPart(change)}.`;
}

function membersPart({ membersRatio, changeRatio }: LevelChange): string {
  if (membersRatio === undefined) return '';
  const isSame = Math.abs(membersRatio) < MEMBERS_RATIO || membersRatio > 0 !== changeRatio > 0;
  if (isSame) return '; its members, asked directly in the same runs, did not change so';
  const size = `${formatRatio(Math.abs(membersRatio))} ${membersRatio > 0 ? 'higher' : 'lower'}`;
  return `; that of its members, asked directly in the same runs, is ${size}`;
}

/** `the gateway's p95`, `p50 of web1`. */
function subjectOf(id: string): string {
  const at = id.lastIndexOf(' ');
  const [way, quantile] = [id.slice(0, at), id.slice(at + 1)];
  return way === GATEWAY ? `the gateway’s ${quantile}` : `${quantile} of ${memberOf(way as RouteId) ?? way}`;
}

/** A small plot for each quantile of the gateway, and for each of a member that changed. */
export function historyExhibit(history: RunHistory): Exhibit {
  const shown = history.series.filter(({ id, changes }) => id.startsWith(`${GATEWAY} `) || changes.length > 0);
  return {
    kind: 'xy',
    id: `runs-${history.profile}`,
    title: `${history.profile} over ${history.runs.length} runs`,
    reading: `A dot is one run, the line the level between changes. ${historySentences(history)[0] ?? ''}`,
    x: { title: 'run', unit: 'count', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'linear' },
    series: shown.flatMap(plotOf),
  };
}

function plotOf({ id, points, changes }: LevelSeries): readonly XySeries[] {
  const panel = subjectOf(id);
  const levels = points.map(([number, us]): readonly [number, number] => {
    const last = changes.findLast((change) => change.number <= number);
    const level = last?.afterUs ?? changes[0]?.beforeUs ?? geometricMean(points.map(([, value]) => value));
    return [number, Number.isFinite(level) ? level : us];
  });
  const role = id.startsWith(`${GATEWAY} `) ? 'gateway' : 'direct';
  return [
    { name: `${panel}: runs`, panel, role, style: 'points', points },
    { name: `${panel}: level`, panel, role: 'model', style: 'line', points: levels },
  ];
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) / values.length);
}

/** False where there is no history. */
export async function historySection(histories: readonly RunHistory[]): Promise<Markup | false> {
  if (histories.length === 0) return false;
  const exhibits = histories.map(historyExhibit);
  const startedAt = histories[0]?.runs[0]?.startedAt ?? '';
  const page = { charts: await drawCharts({ findings: [], exhibits }), report: { startedAt } };
  const parts = histories.map((history, at) => {
    const whose = histories.length > 1 ? `${history.profile}: ` : '';
    const sentences = historySentences(history).map((sentence) => html`<li>${whose}${sentence}</li>`);
    return html`<ul class="course">${sentences}</ul>${renderExhibit(exhibits[at]!, page, 3)}`;
  });
  return section('course', 'Over the runs', undefined, parts);
}

export function publicHistory({ profile, runs, series }: RunHistory): JsonObject {
  return {
    profile,
    runs,
    series: series.map(({ id, points, changes }) => ({
      id,
      points: points.map(([number, us]) => ({ number, ms: toMs(us) })),
      changes: changes.map(({ number, run, beforeUs, afterUs, changeRatio, membersRatio, p }) => ({
        number,
        run,
        beforeMs: toMs(beforeUs),
        afterMs: toMs(afterUs),
        changeRatio,
        membersRatio,
        p,
      })),
    })),
    sentences: historySentences({ profile, runs, series }),
  };
}
