/** What was recorded so far, as a recording: so that a run can be judged before it ends. */
import { exchangesOfRows } from '../../model/answer-rows.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { ExperimentRecord, Recording } from '../../model/recording.ts';
import { createRecorder, type Recorder } from '../../recording/recorder.ts';

/**
 * A run that chooses its experiments sends some hundred requests, and a compare that is followed up some thousand. Beyond,
 * memory would grow with the run: then it is not followed up.
 */
const MOST_EXCHANGES = 20_000;

export type Tee = {
  readonly recorder: Recorder;
  /** Undefined when there were too many to hold. */
  exchanges(): readonly Exchange[] | undefined;
};

/** A recorder that also holds what it records. */
export function teeRecorder(inner: Recorder): Tee {
  const held: Exchange[] = [];
  let isFull = false;
  const hold = (exchanges: readonly Exchange[]): void => {
    isFull ||= held.length + exchanges.length > MOST_EXCHANGES;
    if (isFull) held.length = 0;
    else held.push(...exchanges);
  };
  return {
    recorder: {
      ...inner,
      record(exchanges) {
        hold(exchanges);
        inner.record(exchanges);
      },
      recordRows(rows) {
        if (!isFull) for (const exchanges of exchangesOfRows(rows)) hold(exchanges);
        inner.recordRows(rows);
      },
    },
    exchanges: () => (isFull ? undefined : held),
  };
}

export type SnapshotParts = Pick<Recording, 'manifest' | 'targets' | 'gateway'> & {
  readonly experiments: readonly ExperimentRecord[];
  readonly exchanges: readonly Exchange[];
};

/** What the probe itself did is known at the end only; until then it counts as good, and the last judgement decides. */
export function snapshotOf(parts: SnapshotParts): Recording {
  const { manifest, targets, gateway, experiments, exchanges } = parts;
  const recorder = createRecorder({ seed: manifest.seed });
  recorder.record(exchanges);
  const traffic = recorder.finish();
  return {
    manifest,
    targets,
    gateway,
    experiments: experiments.map((record) => ({
      ...record,
      keptCount: traffic.experiments.get(record.id)?.kept ?? 0,
    })),
    quality: {
      ...traffic.quality,
      busyRatio: 0,
      busyRatioMax: 0,
      gcPauseMaxUs: 0,
      gcTotalUs: 0,
      loopDelayP99Us: 0,
      achievedRateRatio: 1,
    },
    windows: traffic.windows,
    exchanges: traffic.exchanges,
    exchangeCount: traffic.exchangeCount,
    warnings: [],
  };
}
