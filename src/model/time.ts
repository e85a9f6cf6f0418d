/**
 * Time and chance are passed in, so that logic can be tested without waiting and a run can be repeated from its seed.
 * Offsets are integer µs on the monotonic clock since the start of the run (suffix `Us`).
 */
export interface Clock {
  /** µs since the start of the run, monotonic. */
  nowUs(): number;
  /** Wall time as milliseconds since the epoch; only for the anchor of a run and for log entries. */
  wallMs(): number;
  /** Resolves after `durationUs`, or at once when `signal` is aborted (never rejects). */
  sleep(durationUs: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** An independent stream, reproducible from the parent's seed and the label. */
  fork(label: string): Random;
}

export const US_PER_MS = 1_000;
export const US_PER_SEC = 1_000_000;
