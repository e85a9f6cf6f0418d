import { Command, Option } from 'commander';
import { diagnose } from '../pipeline.ts';
import { readRecording } from '../recording/folder.ts';
import { printPieces, storePieces } from './export-output.ts';
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
