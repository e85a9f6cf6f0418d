/** Several rounds of `node:test` as one stream of events with one closing summary. */
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';

export type Round = { readonly files: readonly string[]; readonly concurrency: number };
export type Totals = { readonly counts: Map<string, number>; failed: boolean };

/** A file that takes longer hangs: the slowest end-to-end file needs about a minute. */
const FILE_LIMIT_MS = 300_000;

/**
 * The events of all rounds, one round after the other. What failed is told once, at the end, and the counts after it.
 * `totals` is complete when the stream has ended.
 */
export async function* runRounds(
  rounds: readonly Round[],
  totals: Totals,
  signal: AbortSignal,
): AsyncGenerator<TestEvent> {
  let closing: TestEvent | undefined;
  for (const { files, concurrency } of rounds) {
    const events = run({ files: [...files], concurrency, timeout: FILE_LIMIT_MS, signal });
    for await (const event of events as AsyncIterable<TestEvent>) {
      if (event.type === 'test:fail') totals.failed ||= event.data.todo === undefined;
      const line = event.type === 'test:diagnostic' && event.data.nesting === 0 ? event.data.message : '';
      const summary = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(line);
      // With this event the reporter lists what has failed so far.
      if (event.type === 'test:summary' && event.data.file === undefined) closing = event;
      else if (summary?.[1] === undefined) yield event;
      else totals.counts.set(summary[1], (totals.counts.get(summary[1]) ?? 0) + Number(summary[2]));
    }
  }
  if (closing !== undefined) yield closing;
  for (const [name, value] of totals.counts) yield diagnostic(`${name} ${value}`);
}

function diagnostic(message: string): TestEvent {
  return { type: 'test:diagnostic', data: { nesting: 0, message, level: 'info' } } as TestEvent;
}
