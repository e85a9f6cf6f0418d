/** Every request that is slow or failing on purpose, one line each, written as soon as it has ended: so that operators find our rows. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchangesOfRows } from '../model/answer-rows.ts';
import { type Exchange, type ExchangeTag, outcomeKey, serviceTimeUs } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { AUDIT_FILE } from '../model/trail.ts';
import type { Recorder } from '../recording/recorder.ts';

export type AuditLine = {
  /** As sent in User-Agent and as span id of `traceparent`. */
  readonly requestId: string;
  /** ISO time at which it was sent. */
  readonly sentAt: string;
  /** `gateway`, or `direct:<member>`. */
  readonly route: string;
  readonly request: string;
  readonly experimentId: string;
  /** One sentence. */
  readonly why: string;
  readonly outcome: string;
  readonly elapsedMs: number;
};

export type AuditOptions = {
  /** The run's folder; left out: nothing is written. */
  readonly folder?: string;
  /** Wall time of offset 0, ms since 1970. */
  readonly startedMs: number;
  /** Why an experiment repeats what fails; undefined for one that does not. */
  readonly whyRepeated: (experimentId: string) => string | undefined;
};

export type Audit = { readonly recorder: Recorder; readonly warnings: readonly string[] };

const PURPOSES: Readonly<Record<Extract<ExchangeTag, { kind: 'delay' }>['purpose'], string>> = {
  beyond: 'longer than any timer, to see the gateway give up',
  below: 'just below the timer found: it should succeed',
  above: 'just above the timer found: it should fail',
  ladder: 'one step of growing delays, to see the gateway give up',
  direct: 'the same delay past the gateway, to see that the member itself answers',
  control: 'a delay that is known to be answered',
};

/** The line of an exchange, or undefined when it was an ordinary request or never sent. */
export function auditLine(exchange: Exchange, options: Omit<AuditOptions, 'folder'>): AuditLine | undefined {
  const { tag, sentUs, experimentId, requestId, route, requestName } = exchange;
  if (sentUs === undefined) return undefined;
  const why =
    tag?.kind === 'delay'
      ? `A delay of ${formatDuration(tag.delayUs)}, ${PURPOSES[tag.purpose]}.`
      : options.whyRepeated(experimentId);
  if (why === undefined) return undefined;
  return {
    requestId,
    sentAt: new Date(options.startedMs + sentUs / 1_000).toISOString(),
    route,
    request: requestName,
    experimentId,
    why,
    outcome: outcomeKey(exchange.outcome),
    elapsedMs: (serviceTimeUs(exchange) ?? 0) / 1_000,
  };
}

/** A recorder that writes the lines on the way. A disk that fails is a warning: the requests are recorded besides. */
export function auditRecorder(inner: Recorder, options: AuditOptions): Audit {
  const { folder } = options;
  const warnings: string[] = [];
  if (folder === undefined) return { recorder: inner, warnings };
  const write = (exchanges: readonly Exchange[]): void => {
    const lines = exchanges.map((exchange) => auditLine(exchange, options)).filter((line) => line !== undefined);
    if (lines.length === 0 || warnings.length > 0) return;
    try {
      appendFileSync(join(folder, AUDIT_FILE), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    } catch (error) {
      warnings.push(`${AUDIT_FILE} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    recorder: {
      ...inner,
      record(exchanges) {
        inner.record(exchanges);
        write(exchanges);
      },
      recordRows(rows) {
        inner.recordRows(rows);
        if (options.whyRepeated(rows.experimentId) === undefined) return;
        for (const exchanges of exchangesOfRows(rows)) write(exchanges);
      },
    },
    warnings,
  };
}
