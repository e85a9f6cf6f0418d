/**
 * `npm run bench:judge -- [--seeds 500] [--from 1] [--faults 20] [--only a,b]`: the judgement against made-up recordings, without traffic.
 *
 * - Healthy farms in many shapes, so many seeds of each: prints every finding at warning or above with the seeds that gave it (wanted: none).
 * - Every cause of the catalog, so many seeds at each noise: how often it is found, at the right place, with the right value, how often the printed
 *   interval holds the truth, and how often somebody else is called as well. Ranges of what was seen (a penalty) need not hold it.
 *
 * `--seeds 0` or `--faults 0` leaves a part out; `--only a,b` takes shapes and causes that contain one of the words. Exit code 1 where a healthy farm calls somebody.
 */
import { parseArgs } from 'node:util';
import type { Noise, Row } from '../detectors/matrix/row.ts';
import { ROWS } from '../detectors/matrix/rows.ts';
import { type Trial, tryFault } from '../detectors/matrix/trial.ts';
import { HEALTHY_SHAPES, type HealthyShape } from '../helpers/healthy-shapes.ts';
import { alarmsOf, judged } from '../helpers/judged.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    faults: { type: 'string', default: '20' },
    only: { type: 'string', default: '' },
  },
});
const [seeds, from, faults] = [Number(values.seeds), Number(values.from), Number(values.faults)];
const NOISES: readonly Noise[] = [0, 1, 10];
/** So many seeds stand in a line. */
const SHOWN = 8;

function isWanted(name: string): boolean {
  return values.only.split(',').some((word) => name.includes(word));
}

function seedsOf(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Seeds for each alarm. */
function alarmsIn({ make }: HealthyShape): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const seed of seedsOf(seeds))
    for (const alarm of alarmsOf(judged(make(seed)))) found.set(alarm, [...(found.get(alarm) ?? []), seed]);
  return found;
}

function judgeHealthy(): number {
  const shapes = HEALTHY_SHAPES.filter(({ name }) => isWanted(name));
  let called = 0;
  console.log(`healthy farms, ${seeds} seeds of each from ${from} on`);
  for (const shape of shapes) {
    const alarms = alarmsIn(shape);
    const runs = new Set([...alarms.values()].flat()).size;
    called += runs;
    console.log(`  ${shape.name}: ${runs} of ${seeds} call somebody`);
    for (const [alarm, own] of alarms)
      console.log(
        `    ${alarm}: ${own.length} (seeds ${own.slice(0, SHOWN).join(', ')}${own.length > SHOWN ? ', …' : ''})`,
      );
  }
  console.log(`${called} of ${shapes.length * seeds} runs call somebody`);
  return called;
}

type Counts = { found: number; placed: number; valued: number; held: number; intervals: number; alone: number };

function cellOf(row: Row, noise: Noise, missed: string[]): Counts {
  const counts = { found: 0, placed: 0, valued: 0, held: 0, intervals: 0, alone: 0 };
  for (const seed of seedsOf(faults)) {
    const trial = tryFault(row, seed, noise);
    if (trial.isFound) counts.found++;
    if (trial.isPlaced) counts.placed++;
    if (trial.isPlaced && trial.wrongValues.length === 0) counts.valued++;
    counts.intervals += trial.intervals.of;
    counts.held += trial.intervals.held;
    if (trial.alsoTold.length === 0) counts.alone++;
    const what = complaintOf(trial);
    if (what !== undefined) missed.push(`    seed ${seed}, noise ${noise}: ${what}`);
  }
  return counts;
}

function complaintOf(trial: Trial): string | undefined {
  if (!trial.isFound) return `not found; ${trial.told.split('\n')[0]}`;
  if (!trial.isPlaced) return `at another place: ${trial.told.split('\n')[0]}`;
  const rest = [...trial.wrongValues, ...trial.alsoTold.map((one) => `also ${one}`)];
  return rest.length === 0 ? undefined : rest.join('; ');
}

/** Columns of `found`, `placed` and so on for each noise. */
function judgeFaults(): void {
  const rows = ROWS.filter(({ cause }) => isWanted(cause));
  const sums = { trials: 0, found: 0, placed: 0, valued: 0, held: 0, intervals: 0, alone: 0 };
  const missed: string[] = [];
  console.log(
    `\nfaults, ${faults} seeds at each noise: found / at the right place / with the right value / nothing else told (noise 0, 1, 10)`,
  );
  for (const row of rows) {
    const own: string[] = [];
    const cells = NOISES.map((noise) => cellOf(row, noise, own));
    for (const cell of cells) {
      sums.trials += faults;
      for (const name of ['found', 'placed', 'valued', 'held', 'intervals', 'alone'] as const) sums[name] += cell[name];
    }
    const text = cells.map(({ found, placed, valued, alone }) => `${found}/${placed}/${valued}/${alone}`.padEnd(12));
    const [held, intervals] = [sumOf(cells, 'held'), sumOf(cells, 'intervals')];
    console.log(
      `  ${row.cause.padEnd(36)} ${text.join(' ')} ${intervals === 0 ? '' : `interval holds ${percent(held, intervals)}`}`,
    );
    if (own.length > 0) missed.push(`  ${row.cause}`, ...own.slice(0, SHOWN));
  }
  console.log(
    `of ${sums.trials}: found ${percent(sums.found, sums.trials)}, at the right place ${percent(sums.placed, sums.trials)}, with the right value ${percent(sums.valued, sums.trials)}, nothing else told ${percent(sums.alone, sums.trials)}; intervals hold ${percent(sums.held, sums.intervals)}`,
  );
  if (missed.length > 0) console.log(`what is not as it should be\n${missed.join('\n')}`);
}

function sumOf(cells: readonly Counts[], name: keyof Counts): number {
  return cells.reduce((sum, cell) => sum + cell[name], 0);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

if (seeds > 0 && judgeHealthy() > 0) process.exitCode = 1;
if (faults > 0) judgeFaults();
