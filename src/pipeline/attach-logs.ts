/** After a run: waits until its own requests are in the logs, reads them, and joins them to the exchanges. */
import { open } from 'node:fs/promises';
import { LOG_FORMATS } from '../catalog.ts';
import type { Problem } from '../errors.ts';
import { openFiles } from '../logs/log-files.ts';
import { type ClientRequest, isDetails, type LogSpec, readLogs } from '../logs/read-logs.ts';
import { type Exchange, isFailure, outcomeKey, serviceTimeUs } from '../model/exchange.ts';
import type { Journey } from '../model/journey.ts';
import type { Profile } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import { createRandom } from '../model/random.ts';
import type { Recording } from '../model/recording.ts';
import { memberOf } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import { createMasker } from '../profile/mask.ts';
import { lineReader } from './explain.ts';
import { kindWithLogs } from './kind-from-logs.ts';

export type AttachOptions = {
  readonly profile: Profile;
  readonly baseFolder: string;
  readonly clock: Clock;
  readonly wallMs: () => number;
  readonly signal: AbortSignal;
  readonly onWait?: (text: string) => void;
};

export type WithLogs = { readonly recording: Recording; readonly problems: readonly Problem[] };

/** The recording with what its logs told; unchanged where the profile names none. Never rejects for what is in the logs. */
export async function attachLogs(recording: Recording, options: AttachOptions): Promise<WithLogs> {
  const { profile, baseFolder, wallMs, signal } = options;
  if (profile.logs.length === 0) return { recording, problems: [] };
  const requests = requestsOf(recording);
  const specs = await writtenSpecs(profile, requests, options);
  const startedUs = Date.parse(recording.manifest.startedAt) * 1000;
  const { evidence, problems } = await readLogs({
    specs,
    baseFolder,
    formats: LOG_FORMATS,
    memberNames: profile.members.map(({ name }) => name),
    mask: createMasker(profile.secrets, profile.mask),
    wallMs,
    random: createRandom(recording.manifest.seed),
    read: lineReader(profile.gateway.kind ?? recording.gateway.kind),
    requests,
    signal,
    sinceUs: startedUs - MARGIN_US,
    untilUs: startedUs + recording.manifest.durationUs + MARGIN_US,
  });
  const withLogs: Recording = {
    ...recording,
    gateway: kindWithLogs(recording.gateway, evidence),
    logs: evidence,
    exchanges: withSubstatus(recording.exchanges, evidence.journeys),
  };
  return { recording: withLogs, problems };
}

/** The logs of the profile, each with the moment until which it is known to be written. One log of a host speaks for its others. */
async function writtenSpecs(
  profile: Profile,
  requests: readonly ClientRequest[],
  options: AttachOptions,
): Promise<readonly LogSpec[]> {
  const specs = profile.logs.map(
    ({ from, format, files, pattern, timezone }): LogSpec => ({
      from,
      files: [files],
      ...(format === undefined ? {} : { format }),
      ...(pattern === undefined ? {} : { pattern }),
      ...(timezone === undefined ? {} : { timeZone: timezone }),
    }),
  );
  const hosts = [...new Set(profile.logs.map((log) => log.from))].map((from): AwaitedHost => {
    return { from, specs: specs.filter((spec) => spec.from === from), last: lastAnswered(from, requests) };
  });
  const until = await waitForLast(hosts, options);
  return specs.map((spec) => {
    const writtenUntilUs = until.get(spec.from ?? '');
    return writtenUntilUs === undefined ? spec : { ...spec, writtenUntilUs };
  });
}

/** Throws UserError for a pattern that cannot be read: before any traffic, as a run whose logs cannot be read should not begin. */
export function checkLogPatterns({ logs }: Profile): void {
  for (const { format, pattern, timezone } of logs) {
    const known = LOG_FORMATS.find(({ id }) => id === format);
    if (pattern === undefined || known === undefined) continue;
    known.reading.open({ pattern, ...(timezone === undefined ? {} : { timeZone: timezone }) });
  }
}

/** Clocks of hosts are never further off than a time zone; what is older or newer is of no interest. */
const MARGIN_US = 26 * 3_600_000_000;

/** Kept exchanges as the join wants them, by the wall clock. */
function requestsOf({ manifest, exchanges }: Recording): ClientRequest[] {
  const startedUs = Date.parse(manifest.startedAt) * 1000;
  const specs = new Map(manifest.profile.requests.map((spec) => [spec.name, spec]));
  return exchanges.map((exchange) => requestOf(exchange, startedUs, specs.get(exchange.requestName)));
}

function requestOf(
  exchange: Exchange,
  startedUs: number,
  spec: { path: string; method: string } | undefined,
): ClientRequest {
  const { seq, requestId, outcome, sentUs, requestName, connection, route } = exchange;
  const direct = memberOf(route);
  return {
    seq,
    requestId,
    outcome: outcomeKey(outcome),
    ...(outcome.kind === 'response' ? { status: outcome.status } : {}),
    isFailure: isFailure(exchange),
    ...(sentUs === undefined ? {} : { sentAtUs: startedUs + sentUs }),
    elapsedUs: serviceTimeUs(exchange) ?? 0,
    ...(direct === undefined ? {} : { direct }),
    requestName,
    reusedConnection: connection?.isNew === false,
    idleUs: connection?.idleUs ?? 0,
    ...(connection?.localPort === undefined ? {} : { localPort: connection.localPort }),
    ...(spec === undefined ? {} : { path: spec.path.split('?')[0] ?? '', method: spec.method }),
  };
}

const TAIL_BYTES = 512 * 1024;
const POLL_MS = 500;
/** A log that shows none of the last requests by then is not the run's, or not flushed: IIS writes after a minute at the latest. */
const MAX_WAIT_US = 75_000_000;
const LAST = 8;

/** A host whose log is waited for, and the run's last answered requests to it. */
type AwaitedHost = {
  readonly from: string;
  readonly specs: readonly LogSpec[];
  readonly last: readonly ClientRequest[];
};

function lastAnswered(from: string, requests: readonly ClientRequest[]): readonly ClientRequest[] {
  const member = from === 'gateway' ? undefined : from;
  return requests
    .filter(({ direct, status }) => direct === member && status !== undefined && status < 500)
    .slice(-LAST);
}

/**
 * Waits until of every host one of the run's last answered requests stands in its log: what ended before it is written too. Gives the end
 * of that request (µs since 1970, by the probe's clock) for each host; nothing for one whose log never showed any.
 */
async function waitForLast(
  hosts: readonly AwaitedHost[],
  options: AttachOptions,
): Promise<ReadonlyMap<string, number>> {
  const { clock, signal, onWait } = options;
  const until = new Map<string, number>();
  const endUs = clock.nowUs() + MAX_WAIT_US;
  let awaited = hosts.filter(({ last }) => last.length > 0);
  for (let isFirst = true; ; isFirst = false) {
    const left: AwaitedHost[] = [];
    for (const host of awaited) {
      const files = await accessFiles(host.specs, options);
      const writtenUs = await writtenUntil(files, host.last);
      if (writtenUs !== undefined) until.set(host.from, writtenUs);
      else if (files.length > 0) left.push(host);
    }
    awaited = left;
    if (awaited.length === 0 || signal.aborted || clock.nowUs() >= endUs) return until;
    if (isFirst) onWait?.(waitingText(awaited));
    await clock.sleep(POLL_MS * 1000);
  }
}

function waitingText(hosts: readonly AwaitedHost[]): string {
  const names = hosts.map(({ from }) => (from === 'gateway' ? 'the gateway' : from));
  const who = [names.slice(0, -1).join(', '), names.at(-1)].filter((name) => name !== '').join(' and ');
  return `Waiting up to ${formatDuration(MAX_WAIT_US)} until the run's last requests stand in the log of ${who}: a line that is only late must not count as missing (IIS writes about once a minute). Ctrl-C goes on without.`;
}

async function writtenUntil(files: readonly string[], last: readonly ClientRequest[]): Promise<number | undefined> {
  for (const path of files) {
    const found = await lastInTail(path, last);
    if (found?.sentAtUs !== undefined) return found.sentAtUs + found.elapsedUs;
  }
  return undefined;
}

/** Files with a line for every request. Error logs, HTTPERR and traces hold some of them only: they cannot be waited for. */
async function accessFiles(
  specs: readonly LogSpec[],
  { baseFolder, profile, wallMs, signal }: AttachOptions,
): Promise<readonly string[]> {
  const { files } = await openFiles({
    specs,
    baseFolder,
    formats: LOG_FORMATS,
    memberNames: [],
    mask: createMasker(profile.secrets, profile.mask),
    wallMs,
    signal,
  });
  return files.flatMap(({ input, format }) => (input.kind === 'file' && !isDetails(format) ? [input.path] : []));
}

/** The latest of these requests whose id stands near the end of the file. */
async function lastInTail(path: string, requests: readonly ClientRequest[]): Promise<ClientRequest | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      const tail = buffer.subarray(0, bytesRead);
      // HAProxy logs no User-Agent by default, but `address:port [time]` of the client.
      return requests.findLast(
        ({ requestId, localPort }) =>
          tail.includes(requestId) || (localPort !== undefined && tail.includes(`:${localPort} [`)),
      );
    } finally {
      await file.close();
    }
  } catch {
    // A file that cannot be read is told by the reading that follows.
    return undefined;
  }
}

/** Substatus out of the gateway's line (or, directly, the member's), where the answer did not carry it. */
function withSubstatus(exchanges: readonly Exchange[], journeys: readonly Journey[]): readonly Exchange[] {
  const bySeq = new Map(
    journeys.flatMap((journey) => (journey.client === undefined ? [] : [[journey.client.seq, journey] as const])),
  );
  return exchanges.map((exchange) => {
    const { outcome } = exchange;
    if (outcome.kind !== 'response' || outcome.substatus !== undefined) return exchange;
    const journey = bySeq.get(exchange.seq);
    const line = journey?.client?.direct === undefined ? journey?.gateway.access[0] : journey.members[0]?.access[0];
    if (line?.substatus === undefined || line.status !== outcome.status) return exchange;
    return { ...exchange, outcome: { ...outcome, substatus: line.substatus } };
  });
}
