/** What ramps tell, for the section of experiments: sentences, and a picture of each. */
import type { Measures } from '../analysis/measures.ts';
import { type RampReading, rampLoad, readRamp } from '../analysis/ramp-reading.ts';
import type { Exhibit, Mark } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { ExperimentRecord } from '../model/recording.ts';
import { formatEstimate } from './format.ts';

/** More points than this show nothing more; they are taken evenly. */
const POINTS_SHOWN = 1_500;

/** Sentences under a ramp; none under another experiment. */
export function rampNotes(measures: Measures, record: ExperimentRecord): readonly string[] {
  if (record.planned.kind !== 'ramp') return [];
  const reading = readRamp(measures, record);
  if (reading === undefined) {
    const sent = rampLoad(measures, record);
    return [
      sent === undefined
        ? 'Which rate holds cannot be told: only a sample of its requests was kept.'
        : `Which rate holds cannot be told: it takes 300 requests, and ${formatNumber(sent.length)} were sent.`,
    ];
  }
  const { knee, topPerSec } = reading;
  return [
    knee === undefined
      ? `No knee: up to ${formatNumber(topPerSec)}/s, where it ended, all that came was answered as fast as it came.`
      : `Knee: no more than ${formatEstimate(knee.ratePerSec, 'perSec')} are answered, however many come.`,
    heldNote(reading),
  ];
}

function heldNote({ objective, heldPerSec, topPerSec }: RampReading): string {
  if (objective === undefined)
    return 'Which rate keeps its latency cannot be told: no threshold on gateway p99, and too few quiet answers for one.';
  const what = `99 of 100 answers within ${formatDuration(objective.limitUs)} (${objective.from === 'threshold' ? 'the threshold on gateway p99' : 'three times the quiet p99, as no threshold says'})`;
  return heldPerSec === undefined
    ? `${what} at every rate: the limit was not reached up to ${formatNumber(topPerSec)}/s.`
    : `${what} up to ${formatEstimate(heldPerSec, 'perSec')}, with the rate rising as it did here.`;
}

/** Latency by rate, for every ramp that can be read. */
export function rampExhibits(measures: Measures): readonly Exhibit[] {
  return measures.experiments
    .filter(({ planned }) => planned.kind === 'ramp')
    .flatMap((record) => {
      const reading = readRamp(measures, record);
      return reading === undefined ? [] : [picture(record, reading)];
    });
}

function picture({ id }: ExperimentRecord, { points, knee, objective, heldPerSec }: RampReading): Exhibit {
  const every = Math.max(1, Math.ceil(points.length / POINTS_SHOWN));
  const marks: Mark[] = [
    ...(knee === undefined ? [] : [{ axis: 'x' as const, value: knee.ratePerSec.value, label: 'knee' }]),
    ...(heldPerSec === undefined ? [] : [{ axis: 'x' as const, value: heldPerSec.value, label: 'objective held' }]),
    ...(objective === undefined ? [] : [{ axis: 'y' as const, value: objective.limitUs, label: 'objective' }]),
  ];
  return {
    kind: 'xy',
    id: `ramp-${id}`,
    title: 'Latency as the rate rises',
    reading:
      'Each point is one request of the ramp. Where the cloud turns upwards more arrives than is answered: from there on requests wait for each other.',
    x: { title: 'rate', unit: 'perSec', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'log' },
    series: [
      {
        name: 'through the gateway',
        role: 'gateway',
        style: 'points',
        points: points.filter((_, i) => i % every === 0).map(([rate, us]): [number, number] => [rate, Math.max(1, us)]),
      },
    ],
    marks,
  };
}
