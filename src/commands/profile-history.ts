/** The course of a profile over the runs of a reports folder, for the commands that compare. */
import type { Report } from '../model/report.ts';
import type { RunHistory } from '../model/run-history.ts';
import { createReports } from '../monitor/web/reports.ts';
import { historiesOf } from '../report/run-history.ts';
import { runEntryOf } from '../report/run-index.ts';

/**
 * `own`: a run that belongs to them wherever it was written to. Undefined where the folder has too few runs of the profile, or is not
 * there.
 */
export async function profileHistory(
  profile: string,
  reports: string,
  own?: { readonly name: string; readonly report: Report },
): Promise<RunHistory | undefined> {
  const entries = (await createReports(reports).list()).filter((entry) => entry.profile === profile);
  // Its folder may be one of those; no two runs of a profile began in the same millisecond.
  const isListed = own === undefined || entries.some(({ startedAt }) => startedAt === own.report.startedAt);
  return historiesOf(isListed ? entries : [...entries, runEntryOf(own.name, own.report)])[0];
}
