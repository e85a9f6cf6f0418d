/**
 * Closed loop: so many connections, each sending as soon as it is answered. Tells capacity and counts; its latencies say
 * nothing about what users feel. autocannon over http; our own connections over https, whose certificates autocannon would not verify.
 */
import autocannon from 'autocannon';
import type { Exchange } from '../model/exchange.ts';
import type { RequestSpec } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';
import { failureOutcome } from './failure.ts';
import type { Command, FiringResult, SenderSetup } from './protocol.ts';
import { prepareRequest, requestIdOf } from './request.ts';
import type { Sending } from './sending.ts';

type ClosedCommand = Extract<Command, { type: 'closed' }>;

export const EMPTY_RESULT: FiringResult = { due: 0, sent: 0 };

export function runClosedLoop(command: ClosedCommand, setup: SenderSetup, sending: Sending): Promise<FiringResult> {
  const target = sending.routeTarget(command.load.route);
  sending.begin();
  const budget = sending.budget();
  if (budget === 0) return Promise.resolve(EMPTY_RESULT);
  // The engine takes a connection whose share of the requests is none for one without a limit.
  const bounded = { ...command, load: { ...command.load, connections: Math.min(command.load.connections, budget) } };
  return target.secure || target.address === undefined || target.target.httpProxy !== undefined
    ? runLanes(bounded, setup, sending)
    : runAutocannon(bounded, setup, sending);
}

/** One lane per connection, on the connections of the open loop. */
async function runLanes(
  { experimentId, load }: ClosedCommand,
  setup: SenderSetup,
  sending: Sending,
): Promise<FiringResult> {
  const endUs = sending.clock.nowUs() + load.durationUs;
  const gapUs = (load.connections * US_PER_SEC) / setup.limits.maxRatePerSec;
  let due = 0;
  const lane = async (_: unknown, index: number): Promise<void> => {
    // One after the other, so that the first second keeps the rate as well.
    await sending.clock.sleep((index * gapUs) / load.connections);
    while (!sending.isStopped() && sending.budget() > 0) {
      const dueUs = sending.clock.nowUs();
      if (dueUs >= endUs) return;
      due++;
      await sending.launch({
        experimentId,
        shape: { route: load.route, request: load.request, connection: 'warm', tag: { kind: 'load' } },
        slot: -1,
        dueUs,
      });
      // Together the lanes stay below limits.maxRate.
      await sending.clock.sleep(dueUs + gapUs - sending.clock.nowUs());
    }
  };
  await Promise.all(Array.from({ length: load.connections }, lane));
  return { due, sent: due };
}

function runAutocannon(
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
  const collector = sending.collectClosed({ experimentId, route: load.route, requestName: load.request });
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
          sent,
          unaccounted: Math.max(0, sent - answered - failed - load.connections),
          ...(error ? { failed: String(error) } : {}),
        });
      },
    );
    sending.onStop(() => (run as unknown as { stop(): void }).stop());
    run.on('response', (_client: unknown, status: number, bodyBytes: number, elapsedMs: number) => {
      answered++;
      collector.add(sending.clock.nowUs(), Math.round(elapsedMs * 1_000), status, bodyBytes);
    });
    run.on('reqError' as 'error', (error: unknown) => {
      failed++;
      const endUs = sending.clock.nowUs();
      add({ dueUs: endUs, endUs, outcome: failureOutcome(error, { phase: 'wait', bytesReceived: 0 }) });
    });
  });
}

function headersOf(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < list.length; i += 2) headers[list[i] as string] = list[i + 1] as string;
  return headers;
}
