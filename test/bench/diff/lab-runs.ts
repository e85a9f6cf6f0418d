/** Recordings of the lab, made once, from which pairs of runs are put together between which nothing changed. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startFarm } from '../../../src/lab/farm.ts';
import { labProfile } from '../../../src/lab/scenario-profile.ts';
import { SCENARIOS } from '../../../src/lab/scenarios.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Recording } from '../../../src/model/recording.ts';
import type { Random } from '../../../src/model/time.ts';
import { US_PER_SEC } from '../../../src/model/time.ts';
import { diagnose, recordRun } from '../../../src/pipeline.ts';
import { parseProfile } from '../../../src/profile/load.ts';
import { readRecording, writeRecording } from '../../../src/recording/folder.ts';
import { memoryRecording } from '../../../src/recording/memory.ts';
import { createClock, createEpoch } from '../../../src/traffic/clock.ts';

/** Long enough for the noise of the machine to stay within one, short enough for many to fit into a run. */
const EXCHANGED_US = 10 * US_PER_SEC;
const VALID = 'replay';
const NOT_VALID = 'not-valid';

/** Runs of two healthy members of the lab (log-normal around 45 ms), 10 slots/s; those that are not valid are told. */
export async function recordLabRuns(folder: string, count: number, seconds: number, firstSeed: number): Promise<void> {
  const healthy = SCENARIOS['healthy'];
  if (healthy === undefined) throw new Error('the lab has no healthy farm');
  const scenario = {
    ...healthy,
    members: healthy.members.slice(0, 2),
    profile: (urls: Parameters<typeof labProfile>[1]) =>
      labProfile(
        {
          name: 'lab-pairs',
          about: '',
          experiments: [`{ compare: { rate: 10/s, for: ${seconds}s, newConnections: 0% } }`],
        },
        urls,
      ),
  };
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const own = join(folder, `run-${String(seed).padStart(3, '0')}`);
    await mkdir(own, { recursive: true });
    const farm = await startFarm(scenario, { seed });
    try {
      const profile = parseProfile(farm.profileYaml, { file: 'bench.yaml', env: {}, readFile: () => '' });
      const epoch = createEpoch();
      const clock = createClock(epoch);
      const signal = new AbortController().signal;
      const { recording } = await recordRun({ profile, seed, version: 'bench', clock, epoch, signal, folder: own });
      const { validity } = diagnose(recording);
      await writeRecording(join(own, validity.ok ? VALID : NOT_VALID), recording);
      console.log(`recorded ${own}: ${validity.ok ? 'valid' : validity.reasons.join(' ')}`);
    } finally {
      await farm.stop();
    }
  }
}

/** `isAny`: also those whose probe was late, as noise that is worse than a comparison would accept. */
export async function readLabRuns(folder: string, isAny: boolean): Promise<readonly Recording[]> {
  const names = (await readdir(folder)).sort();
  const runs: Recording[] = [];
  for (const name of names) {
    const valid = await readRecording(join(folder, name, VALID)).catch(() => undefined);
    const run =
      valid ?? (isAny ? await readRecording(join(folder, name, NOT_VALID)).catch(() => undefined) : undefined);
    // Pairs are put together from single answers.
    if (run !== undefined && run.exchanges.length === run.exchangeCount) runs.push(run);
  }
  return runs;
}

/**
 * Two runs out of two recordings: each stretch of 10 s goes to base or to head by chance. What the machine did between the recordings is
 * then in both alike, so that nothing changed is known to be true; within a stretch the noise is as it was.
 */
export function exchangedPair(
  first: Recording,
  second: Recording,
  random: Random,
): readonly [base: Recording, head: Recording] {
  const stretches = new Map<number, boolean>();
  const isSwapped = (offsetUs: number): boolean => {
    const stretch = Math.floor(offsetUs / EXCHANGED_US);
    const known = stretches.get(stretch) ?? random.next() < 0.5;
    stretches.set(stretch, known);
    return known;
  };
  const base: Exchange[] = [];
  const head: Exchange[] = [];
  for (const run of [first, second]) {
    const startUs = run.experiments[0]?.startUs ?? 0;
    const intoUs = (first.experiments[0]?.startUs ?? 0) - startUs;
    for (const exchange of run.exchanges) {
      const target = (run === first) === isSwapped(exchange.dueUs - startUs) ? head : base;
      target.push(shifted(exchange, intoUs, target.length));
    }
  }
  return [memoryRecording(first, base), memoryRecording(first, head)];
}

/** The same run with a gateway that takes `factor` times as long. */
export function slowedGateway(run: Recording, factor: number): Recording {
  return memoryRecording(
    run,
    run.exchanges.map((exchange) => {
      if (exchange.route !== 'gateway') return exchange;
      const endUs = exchange.dueUs + Math.round((exchange.endUs - exchange.dueUs) * factor);
      return { ...exchange, endUs };
    }),
  );
}

function shifted(exchange: Exchange, us: number, seq: number): Exchange {
  const { sentUs, firstByteUs } = exchange;
  return {
    ...exchange,
    seq,
    experimentId: 'compare-1',
    dueUs: exchange.dueUs + us,
    endUs: exchange.endUs + us,
    ...(sentUs === undefined ? {} : { sentUs: sentUs + us }),
    ...(firstByteUs === undefined ? {} : { firstByteUs: firstByteUs + us }),
  };
}
