/** Lines and sources of logs, for tests of the join. */
import type { HostSource } from '../../../src/logs/join/hosts.ts';
import { type ClientRequest, type JoinInput, join } from '../../../src/logs/join/journeys.ts';
import type { Journey } from '../../../src/model/journey.ts';
import type { PlacedEntry } from '../../../src/model/log.ts';
import { createRandom, exponential } from '../../../src/model/random.ts';

export const SEC = 1_000_000;
/** 2026-11-20 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12) * 1000;

/** A line that ends at `endUs` by the true clock; the log has whole seconds, as IIS writes them. */
export function line(
  source: number,
  endUs: number,
  durationUs: number,
  more: Partial<PlacedEntry> & { readonly offsetUs?: number } = {},
): PlacedEntry {
  const { offsetUs = 0, ...fields } = more;
  return {
    format: 'iis-w3c',
    kind: 'access',
    atUs: Math.floor((endUs + offsetUs) / SEC) * SEC,
    stamp: 'end',
    resolutionUs: SEC,
    method: 'GET',
    path: '/a',
    status: 200,
    durationUs,
    durationResolutionUs: 1_000,
    ids: {},
    source,
    line: Math.round(endUs / 1_000) % 1_000_000_000,
    raw: '',
    ...fields,
  };
}

export function detail(source: number, atUs: number, more: Partial<PlacedEntry>): PlacedEntry {
  const { durationUs: _none, durationResolutionUs: _no, status: _status, ...base } = line(source, atUs, 0);
  return { ...base, kind: 'error', format: 'nginx-error', stamp: 'moment', ...more };
}

export function source(
  index: number,
  member: string | undefined,
  lines: readonly PlacedEntry[],
  more: Partial<HostSource> = {},
): HostSource {
  return {
    index,
    ...(member === undefined ? { role: 'gateway' } : { role: 'member', member }),
    format: lines[0]?.format ?? 'iis-w3c',
    ranges: [{ fromUs: NOON - 86_400 * SEC, toUs: NOON + 86_400 * SEC }],
    kept: lines.map((entry) => ({ entry, why: (entry.status ?? 0) >= 500 ? 'failed' : 'sample' })),
    covers: () => true,
    hasAllProbeLines: lines.some(({ ids }) => ids.probe !== undefined),
    ...more,
  };
}

export function joinAll(sources: readonly HostSource[], more: Partial<JoinInput> = {}) {
  return join({ sources, read: () => undefined, ...more });
}

export function journeyOf(journeys: readonly Journey[], entry: PlacedEntry): Journey {
  const found = journeys.find(({ gateway }) => gateway.access.includes(entry));
  if (found === undefined) throw new Error('the line has no journey');
  return found;
}

/** Requests seconds apart, irregular as real ones are, that both sides answered: gateway's and member's lines. */
export function goodPairs(
  count: number,
  options: {
    readonly offsetUs?: number | ((atUs: number) => number);
    readonly ids?: boolean;
    readonly path?: string;
    readonly memberPath?: string;
    readonly stepUs?: number;
    readonly memberOf?: (index: number) => number;
  } = {},
): { readonly gateway: PlacedEntry[]; readonly member: PlacedEntry[] } {
  const { offsetUs = 0, ids = false, path = '/a', memberPath = path, stepUs = 7 * SEC, memberOf = () => 1 } = options;
  const gateway: PlacedEntry[] = [];
  const member: PlacedEntry[] = [];
  const random = createRandom(11);
  let endUs = NOON;
  for (let i = 0; i < count; i++) {
    endUs += 200_000 + Math.round(exponential(random, stepUs));
    const own = ids ? { ids: { arr: `00000000-0000-0000-0000-${String(i).padStart(12, '0')}` } } : {};
    const shift = typeof offsetUs === 'number' ? offsetUs : offsetUs(endUs);
    gateway.push(line(0, endUs, 60_000, { path, ...own }));
    member.push(line(memberOf(i), endUs - 5_000, 50_000, { path: memberPath, ...own, offsetUs: shift }));
  }
  return { gateway, member };
}

/** A request of the probe that got an answer, unless `isFailure`. */
export function client(
  requestId: string,
  sentAtUs: number,
  elapsedUs: number,
  more: Partial<ClientRequest> = {},
): ClientRequest {
  const status = more.isFailure === true ? 502 : 200;
  return {
    seq: 1,
    requestId,
    outcome: String(status),
    status,
    isFailure: false,
    sentAtUs,
    elapsedUs,
    requestName: 'a',
    reusedConnection: false,
    idleUs: 0,
    path: '/a',
    method: 'GET',
    ...more,
  };
}
