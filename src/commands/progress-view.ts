import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { Progress } from '../pipeline.ts';

/** Shows progress: one line that is rewritten on a terminal, a line per experiment elsewhere. Always on standard error. */
export type ProgressView = { show(progress: Progress): void; end(): void };

export function createProgressView(stream: NodeJS.WriteStream): ProgressView {
  if (stream.isTTY !== true) return createPlainView(stream);
  let shown = false;
  return {
    show(progress) {
      const columns = stream.columns ?? 80;
      stream.write(`\r\u001b[2K${lineOf(progress).slice(0, columns - 1)}`);
      shown = true;
    },
    end() {
      if (shown) stream.write('\r\u001b[2K');
    },
  };
}

function createPlainView(stream: NodeJS.WriteStream): ProgressView {
  let last = '';
  return {
    show(progress) {
      if (progress.experiment.id === last) return;
      last = progress.experiment.id;
      stream.write(
        `[${progress.position}/${progress.of}] ${progress.experiment.id}: ${progress.experiment.describe[0] ?? ''} (about ${formatDuration(progress.remainingUs)} left)\n`,
      );
    },
    end() {},
  };
}

function lineOf({ position, of, experiment, achievedPerSec, inFlight, outcomes, remainingUs }: Progress): string {
  const counts = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([key, count]) => `${key} ×${count}`)
    .join('  ');
  return `[${position}/${of}] ${experiment.id}  ${formatNumber(achievedPerSec)}/s (asked ≤ ${formatNumber(experiment.peakRatePerSec)}/s)  in flight ${inFlight}  ${counts}  ${formatDuration(Math.max(0, remainingUs))} left`;
}
