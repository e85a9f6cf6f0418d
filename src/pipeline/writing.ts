import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WRITERS } from '../catalog.ts';
import { UserError } from '../errors.ts';
import type { Recording } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import { writeRecording } from '../recording/folder.ts';
import { writeHlog } from '../recording/hlog.ts';
import { reportCss } from '../report/stylesheet.ts';

/** A recording, and whether its windows are on disk already. */
export type Recorded = {
  readonly recording: Recording;
  readonly windowsOnDisk: boolean;
  /** Sessions that logins of the run began, to be hidden in what is read later. Never written. */
  readonly sessionSecrets?: readonly string[];
};

/** Writes every format, and the recording where it is not there yet. */
export async function writeRun(folder: string, report: Report, recorded?: Recorded): Promise<void> {
  await makeFolder(folder);
  try {
    if (recorded !== undefined) {
      await writeRecording(folder, recorded.recording, { windowsOnDisk: recorded.windowsOnDisk });
      await writeHlog(folder, recorded.recording);
    }
    for (const writer of WRITERS) {
      if (writer.id === 'terminal') continue;
      const name = writer.id === 'junit' ? 'junit' : 'report';
      await writeFile(join(folder, `${name}.${writer.extension}`), await writer.render(report));
    }
    await writeFile(join(folder, 'report.css'), reportCss());
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `The report cannot be written to ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'Choose another folder with --out, or make room on the disk.', cause: error },
    );
  }
}

/** Makes the folder and proves that it can be written. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    // Asked before any traffic: a run whose report cannot be written should not begin.
    await writeFile(join(folder, '.write-test'), '');
    await rm(join(folder, '.write-test'));
  } catch (error) {
    throw new UserError(
      `The folder ${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'Choose another folder with --out.', cause: error },
    );
  }
}
