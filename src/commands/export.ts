import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { UserError } from '../errors.ts';
import { diagnose } from '../pipeline.ts';
import { readRecording, writePieces } from '../recording/folder.ts';
import { printError } from './output.ts';
import { RUN_EXPORT_FORMATS, type RunExportFormat, requestPieces } from './run-export.ts';
import { runMetricPieces } from './run-metrics.ts';

export function exportCommand(): Command {
  return new Command('export')
    .description('the requests or the sums of a run, for other programs')
    .argument('<recording>', 'folder of a run, or its recording/')
    .addOption(
      new Option('--format <format>', 'csv and jsonl: requests one by one; prometheus: counts and times of all')
        .choices(RUN_EXPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .option('--out <file>', 'write to this file instead of standard output')
    .action(async (path: string, { format, out }: { format: RunExportFormat; out?: string }) => {
      const recording = await readRecording(path);
      const pieces =
        format === 'prometheus' ? runMetricPieces(recording, diagnose(recording)) : requestPieces(recording, format);
      if (out === undefined) await printPieces(pieces);
      else await storePieces(out, pieces);
      const { exchanges, exchangeCount } = recording;
      if (format !== 'prometheus' && exchanges.length < exchangeCount)
        printError(
          `${exchanges.length} of ${exchangeCount} requests were kept one by one: failures, the slowest, and a sample of the rest. Shares and averages of these lines are not those of the run; --format prometheus counts all.`,
        );
      if (exchangeCount === 0) printError('Nothing was sent for this recording: it holds no requests.');
      if (out !== undefined) printError(`${out} is written.`);
    });
}

/** Whoever reads may have seen enough: `gateprobe export … | head` is no error. */
async function printPieces(pieces: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

async function storePieces(out: string, pieces: Iterable<string>): Promise<void> {
  try {
    await writePieces(resolve(out), pieces);
  } catch (error) {
    // Only the system's own errors are about the file; what is wrong with the recording says so itself.
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UserError(`${out} cannot be written: ${(error as Error).message}`, {
      hint: 'Choose another file with --out.',
    });
  }
}
