/**
 * A closed loop by autocannon: a second engine to compare ours with. It measures whole milliseconds, sends the same id with every
 * request, and does not tell which connection an answer came on.
 */
import autocannon from 'autocannon';
import { ROW, ROW_LENGTH } from '../model/answer-rows.ts';
import { type Exchange, requestIdOf } from '../model/exchange.ts';
import type { RequestSpec } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';
import { failureOutcome } from './failure.ts';
import { countSent, takeSeq } from './launching.ts';
import type { Command, FiringResult, SenderSetup } from './protocol.ts';
import { prepareRequest } from './request.ts';
import type { RowCollector } from './row-collector.ts';
import type { Sending } from './sending.ts';

type ClosedCommand = Extract<Command, { type: 'closed' }>;

export function runAutocannon(
  { experimentId, load }: ClosedCommand,
  setup: SenderSetup,
  sending: Sending,
): Promise<FiringResult> {
  const target = sending.routeTarget(load.route);
  const spec = setup.requests.find(({ name }) => name === load.request) as RequestSpec;
  const prepared = prepareRequest(
    spec,
    target,
    setup,
    { runId: setup.runId, userAgent: setup.userAgent },
    requestIdOf(setup.runId, 0),
    { connection: 'warm' },
    sending.cookieOf(load.route),
  );
  const base = { experimentId, route: load.route, requestName: load.request, tag: { kind: 'load' } } as const;
  const rows = sending.collectRows({ experimentId, route: load.route, requestName: load.request });
  let sent = 0;
  let answered = 0;
  let failed = 0;
  const add = (exchange: Pick<Exchange, 'dueUs' | 'endUs' | 'outcome'>): void =>
    sending.add({ ...base, ...exchange, sentUs: exchange.dueUs });
  return new Promise((resolve) => {
    const host = target.family === 6 ? `[${target.address}]` : target.address;
    const run = autocannon(
      {
        url: `http://${host}:${target.port}`,
        connections: load.connections,
        duration: load.durationUs / US_PER_SEC,
        timeout: Math.ceil(setup.limits.requestTimeoutUs / US_PER_SEC),
        overallRate: setup.limits.maxRatePerSec,
        // The answers counted here come too late to stop it exactly.
        maxOverallRequests: sending.budget(),
        // Its correction mixes seconds with milliseconds; we record its events ourselves.
        ignoreCoordinatedOmission: true,
        // The result counts answers; what was sent is counted here, so that the two can be reconciled.
        setupClient: (client) =>
          client.on('request' as 'headers', () => {
            sent++;
          }),
        requests: [
          {
            method: prepared.method as 'GET',
            path: prepared.path,
            headers: headersOf(prepared.headers),
            ...(prepared.body === undefined ? {} : { body: prepared.body }),
          },
        ],
      },
      (error) => {
        // At the end each connection may have one request under way; more than that were closed without an answer.
        resolve({
          due: sent,
          engine: 'autocannon',
          sent,
          unaccounted: Math.max(0, sent - answered - failed - load.connections),
          ...(error ? { failed: String(error) } : {}),
        });
      },
    );
    sending.onStop(() => (run as unknown as { stop(): void }).stop());
    run.on('response', (_client: unknown, status: number, bodyBytes: number, elapsedMs: number) => {
      answered++;
      addRow(rows, sending, Math.round(elapsedMs * 1_000), status, bodyBytes);
    });
    run.on('reqError' as 'error', (error: unknown) => {
      failed++;
      const endUs = sending.clock.nowUs();
      add({ dueUs: endUs, endUs, outcome: failureOutcome(error, { phase: 'wait', bytesReceived: 0 }) });
    });
  });
}

/** Autocannon tells no more than this of an answer. */
function addRow(
  rows: RowCollector,
  { state, clock }: Sending,
  elapsedUs: number,
  status: number,
  bodyBytes: number,
): void {
  const endUs = clock.nowUs();
  countSent(state);
  const place = rows.next();
  const { values } = rows;
  values.fill(Number.NaN, place, place + ROW_LENGTH);
  values[place + ROW.seq] = takeSeq(state);
  values[place + ROW.sentUs] = endUs - elapsedUs;
  values[place + ROW.endUs] = endUs;
  values[place + ROW.status] = status;
  values[place + ROW.bodyBytes] = bodyBytes;
  values[place + ROW.bodyDigest] = 0;
  values[place + ROW.connectionId] = 0;
  values[place + ROW.answeredBy] = -1;
}

function headersOf(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < list.length; i += 2) headers[list[i] as string] = list[i + 1] as string;
  return headers;
}
