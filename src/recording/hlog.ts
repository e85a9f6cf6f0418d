import { join } from 'node:path';
import { UserError } from '../errors.ts';
import type { Recording, Window } from '../model/recording.ts';
import type { RouteId } from '../model/route.ts';
import { US_PER_MS, US_PER_SEC } from '../model/time.ts';
import { writePieces } from './folder.ts';
import { mergeEncoded } from './histogram.ts';

/** Exchanges that look like a user's traffic; the others wait, fail or are slow on purpose. */
const TRAFFIC_ROLES: ReadonlySet<string> = new Set(['slot', 'load', 'canary', 'none']);

const COMMENTS = [
  '[Histogram log format version 1.3]',
  '[Logged with gateprobe]',
  '[Response times from the due time in microseconds: answers that are ok, open loop, warm connections]',
  '[Interval_Max is in milliseconds (value / 1000). HistogramLogProcessor: -outputValueUnitRatio 1000 prints milliseconds]',
];

/** One interval of the log. A stretch that several windows cover is merged when it is written. */
type Interval = {
  readonly route: RouteId;
  readonly startUs: number;
  lengthUs: number;
  maxUs: number;
  readonly texts: string[];
};

/**
 * The lines of an HdrHistogram log 1.3 with one histogram per route and second, in order of time, tagged with the route. Values are µs
 * and Interval_Max is ms; the writers of Java and JavaScript, too, divide the maximum only (by 1,000,000 for ns and by 1,000 for µs).
 */
export function* hlogLines(recording: Recording): Generator<string> {
  const startMs = Date.parse(recording.manifest.startedAt);
  const startSec = (startMs / 1000).toFixed(3);
  for (const comment of COMMENTS) yield `#${comment}\n`;
  // Times of intervals count from BaseTime.
  yield `#[StartTime: ${startSec} (seconds since epoch), ${new Date(startMs).toISOString()}]\n`;
  yield `#[BaseTime: ${startSec} (seconds since epoch)]\n`;
  yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n';
  for (const { route, startUs, lengthUs, maxUs, texts } of intervalsOf(recording)) {
    const histogram = texts.length === 1 ? texts[0] : mergeEncoded(texts);
    const times = `${seconds(startUs)},${seconds(lengthUs)},${(maxUs / US_PER_MS).toFixed(3)}`;
    yield `Tag=${tagOf(route)},${times},${histogram}\n`;
  }
}

/** Writes `latency.hlog` into the run's folder. Throws UserError when it cannot be written. */
export async function writeHlog(folder: string, recording: Recording): Promise<void> {
  const file = join(folder, 'latency.hlog');
  try {
    await writePieces(file, hlogLines(recording));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${file} cannot be written: ${reason}`, {
      hint: 'Choose another folder with --out.',
      cause: error,
    });
  }
}

function intervalsOf(recording: Recording): Interval[] {
  const openLoop = new Set(recording.experiments.filter(({ loop }) => loop === 'open').map(({ id }) => id));
  const intervals = new Map<string, Interval>();
  for (const window of recording.windows()) {
    if (!openLoop.has(window.experimentId) || !isUserLike(window)) continue;
    const { route, startUs, lengthUs } = window;
    const name = `${route}\n${startUs}`;
    let interval = intervals.get(name);
    if (interval === undefined) {
      interval = { route, startUs, lengthUs, maxUs: 0, texts: [] };
      intervals.set(name, interval);
    }
    interval.lengthUs = Math.max(interval.lengthUs, lengthUs);
    interval.maxUs = Math.max(interval.maxUs, window.maxResponseUs);
    interval.texts.push(window.response);
  }
  return [...intervals.values()].sort((a, b) => a.startUs - b.startUs || (a.route < b.route ? -1 : 1));
}

function isUserLike(window: Window): boolean {
  return window.cohort === 'ok' && window.connection === 'warm' && TRAFFIC_ROLES.has(window.role);
}

function seconds(us: number): string {
  return (us / US_PER_SEC).toFixed(3);
}

/** Java's reader splits lines at commas and spaces. */
function tagOf(route: RouteId): string {
  return route.replace(/[\s,]/g, (character) => encodeURIComponent(character));
}
