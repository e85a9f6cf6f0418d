/** Reads the logs whose moments a profile sends again, before anything is planned. */
import { LOG_FORMATS } from '../catalog.ts';
import { UserError } from '../errors.ts';
import type { Row } from '../logs/format.ts';
import { type LogFile, openFiles } from '../logs/log-files.ts';
import { readSource } from '../logs/reading/read-source.ts';
import type { ExperimentSpec, Profile, Replay } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import { US_PER_SEC } from '../model/time.ts';
import { createMasker } from '../profile/mask.ts';

export type ReplayOptions = { readonly baseFolder: string; readonly wallMs: () => number };

/** So many moments are some MB in a run's folder, and more than a run with the largest usual limits sends. */
const MOST_MOMENTS = 200_000;

/** The profile with the moments of the logs that it names to be replayed; as it is where it names none. Throws `UserError`. */
export async function readReplays(profile: Profile, options: ReplayOptions): Promise<Profile> {
  if (!profile.experiments.some((spec) => replayOf(spec) !== undefined)) return profile;
  const experiments: ExperimentSpec[] = [];
  for (const spec of profile.experiments) experiments.push(await withMoments(spec, profile, options));
  return { ...profile, experiments };
}

function replayOf(spec: ExperimentSpec): Replay | undefined {
  if (spec.kind === 'ramp') return spec.replay;
  return spec.kind === 'burst' && spec.load.loop === 'open' ? spec.load.replay : undefined;
}

async function withMoments(spec: ExperimentSpec, profile: Profile, options: ReplayOptions): Promise<ExperimentSpec> {
  const replay = replayOf(spec);
  if (replay === undefined) return spec;
  const timesUs = await momentsOf(replay.log, profile, options);
  const whole = { ...replay, timesUs };
  if (spec.kind === 'ramp') return { ...spec, replay: whole };
  const spanUs = Math.max(1, (timesUs.at(-1) ?? 0) / replay.speed);
  const ratePerSec = Math.min(timesUs.length, (timesUs.length * US_PER_SEC) / spanUs);
  return spec.kind === 'burst' ? { ...spec, load: { loop: 'open', ratePerSec, replay: whole } } : spec;
}

/** µs since the first request of the log, ascending. Requests of the probe itself are left out: nobody's users. */
async function momentsOf(log: string, profile: Profile, options: ReplayOptions): Promise<readonly number[]> {
  const mask = createMasker(profile.secrets, profile.mask);
  const { files, problems } = await openFiles({
    ...options,
    specs: [{ files: [log] }],
    formats: LOG_FORMATS,
    memberNames: profile.members.map(({ name }) => name),
    mask,
  });
  const [problem] = problems;
  if (files.length === 0)
    throw new UserError(`replay.log ${log}: ${problem?.message ?? 'no log that can be read'}`, {
      hint: problem?.hint ?? 'Name an access log of a gateway or a server; gateprobe explain lists the formats.',
    });
  const moments: number[] = [];
  for (const file of files) moments.push(...(await momentsOfFile(file, mask)));
  if (moments.length < 2)
    throw new UserError(`replay.log ${log} has ${moments.length === 0 ? 'no request' : 'one request'} with a time`, {
      hint: 'Replaying needs two requests and more, of users and not of the probe.',
    });
  moments.sort((a, b) => a - b);
  const firstUs = moments[0] as number;
  return moments.slice(0, MOST_MOMENTS).map((atUs) => Math.round(atUs - firstUs));
}

async function momentsOfFile(file: LogFile, mask: (text: string) => string): Promise<readonly number[]> {
  const moments: number[] = [];
  // A log with whole seconds says no more than the second: spread evenly at random, the same way each time it is read.
  const random = createRandom(1).fork(file.name);
  let resolutionUs: number | undefined;
  const momentOf = ({ atUs, durationUs }: Row): number =>
    file.format.stamp === 'end' && durationUs > 0 ? atUs - durationUs : atUs;
  const rows: number[] = [];
  await readSource({
    format: file.format,
    log: await file.open(),
    formatOptions: file.formatOptions,
    source: 0,
    mask,
    sink: {
      row(row, _line, isProbe) {
        const isRequest = Number.isFinite(row.atUs) && row.status >= 0;
        if (isRequest && !isProbe && rows.length < MOST_MOMENTS) rows.push(momentOf(row));
        return resolutionUs === undefined;
      },
      entry(entry) {
        resolutionUs = entry.resolutionUs;
      },
    },
  });
  for (const atUs of rows) moments.push(atUs + Math.floor(random.next() * Math.max(1, resolutionUs ?? 1)));
  return moments;
}
