import type { Report } from '../model/report.ts';

/** Turns a report into one text. Writers neither judge nor print; what they return is what is stored. */
export interface Writer {
  /** As in `--format`. */
  readonly id: string;
  /** Of the file it is stored in, without the dot. */
  readonly extension: string;
  render(report: Report): string | Promise<string>;
}
