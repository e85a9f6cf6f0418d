/** Exit codes of the command, in one place. */
export const EXIT = {
  /** Nothing at or above `failOn`. */
  ok: 0,
  /** Findings or failed thresholds; an unreachable target is a finding. */
  findings: 1,
  /** Wrong usage or a wrong profile. */
  usage: 2,
  /** The run is not valid through the probe's own fault. */
  invalidRun: 3,
  /** A bug in gateprobe. */
  bug: 70,
  /** Interrupted; what was measured is written. */
  interrupted: 130,
} as const;

/** An error that the user can mend: says what is wrong and how to fix it; printed without a stack. */
export class UserError extends Error {
  override name = 'UserError';
  readonly hint: string | undefined;
  readonly exitCode: number;
  constructor(message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? EXIT.usage;
  }
}

/** One thing that is wrong in a profile. `line` and `column` count from 1. */
export type Problem = {
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  /** How to fix it, for example "did you mean members?". */
  readonly hint?: string;
  /** The line of the file, where showing it helps and gives nothing away. */
  readonly excerpt?: string;
};

/** All problems of a profile at once. */
export class ProfileError extends UserError {
  override name = 'ProfileError';
  readonly file: string;
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    super(`${file}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
    this.file = file;
    this.problems = problems;
  }
}
