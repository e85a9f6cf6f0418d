/** Journeys made by hand: what the join would give, without files. */
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { DetectorContext } from '../../src/detectors/detector.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { HopReading } from '../../src/model/hop.ts';
import type {
  ClientView,
  Journey,
  LogClass,
  LogEvidence,
  LogSourceSummary,
  MemberView,
} from '../../src/model/journey.ts';
import type { PlacedEntry } from '../../src/model/log.ts';
import type { Recording } from '../../src/model/recording.ts';
import { makeRecording } from '../helpers/make-recording.ts';

/** 2026-03-10 09:00:00 UTC in µs. */
export const NINE = Date.UTC(2026, 2, 10, 9) * 1000;
export const SEC = 1_000_000;

let lines = 0;

export function line(more: Partial<PlacedEntry> & { readonly source: number; readonly atUs: number }): PlacedEntry {
  lines++;
  return {
    format: 'iis-w3c',
    kind: 'access',
    stamp: 'end',
    resolutionUs: SEC,
    ids: {},
    file: 'u_ex260310.log',
    line: lines,
    raw: `line ${lines} of source ${more.source}`,
    ...more,
  };
}

export type Told = {
  readonly startUs: number;
  readonly takenUs: number;
  readonly status: number;
  readonly substatus?: number;
  readonly win32?: number;
  readonly path?: string;
  readonly method?: string;
  readonly reading?: HopReading;
  /** What the member logged. */
  readonly member?: {
    readonly takenUs: number;
    readonly status?: number;
    readonly win32?: number;
    readonly lateUs?: number;
  };
  readonly client?: Partial<ClientView> & { readonly seq: number };
  readonly isSample?: boolean;
};

/** Source 0 is the gateway's log, source 1 that of web1. */
export function journeyOf({ startUs, takenUs, path = '/x', method = 'GET', member, client, ...told }: Told): Journey {
  const { status, substatus, win32, reading, isSample = false } = told;
  const front = line({
    source: 0,
    atUs: startUs + takenUs,
    path,
    method,
    status,
    durationUs: takenUs,
    ...(substatus === undefined ? {} : { substatus }),
    ...(win32 === undefined ? {} : { win32 }),
  });
  const own: MemberView = {
    member: 'web1',
    presence: member === undefined ? 'unknown' : 'present',
    ambiguous: 0,
    details: [],
    access:
      member === undefined
        ? []
        : [
            line({
              source: 1,
              atUs: startUs + member.takenUs,
              path,
              method,
              status: member.status ?? 200,
              win32: member.win32 ?? 0,
              durationUs: member.takenUs,
            }),
          ],
    ...(member === undefined
      ? {}
      : { joinedBy: 'arr-log-id' as const, delayUs: { value: member.lateUs ?? 5_000, error: 20_000 } }),
  };
  return {
    id: `0:${front.line}`,
    startAtUs: startUs,
    endAtUs: startUs + takenUs,
    path,
    ...(client === undefined
      ? {}
      : {
          client: {
            requestId: '00000000000000aa',
            outcome: String(status),
            status,
            isFailure: status >= 500,
            elapsedUs: takenUs,
            requestName: path,
            reusedConnection: false,
            idleUs: 0,
            ...client,
          },
        }),
    gateway: {
      presence: 'present',
      ambiguous: 0,
      access: [front],
      details: [],
      ...(reading === undefined ? {} : { reading }),
    },
    members: [own],
    events: [],
    isSample,
  };
}

export function summary(more: Partial<LogSourceSummary> & { readonly index: number }): LogSourceSummary {
  return {
    role: more.index === 0 ? 'gateway' : 'member',
    ...(more.index === 0 ? {} : { member: 'web1' }),
    format: 'iis-w3c',
    files: ['u_ex260310.log'],
    addresses: [],
    lines: 1000,
    entries: 1000,
    bad: 0,
    badFirst: [],
    bytes: 1,
    missing: [],
    torn: false,
    probeLines: 0,
    healthChecks: 0,
    classes: [],
    minutes: [{ atUs: NINE, count: 1000, failed: 0 }],
    ...more,
  };
}

export function classOf(
  more: Partial<LogClass> & { readonly status: number; readonly count: number; readonly kept: number },
): LogClass {
  return { source: 0, firstAtUs: NINE, lastAtUs: NINE + 60 * SEC, ...more };
}

export function evidenceOf(journeys: readonly Journey[], more: Partial<LogEvidence> = {}): LogEvidence {
  return {
    sources: [summary({ index: 0 }), summary({ index: 1 })],
    clocks: [0, 1].map((source) => ({
      source,
      offsetUs: 0,
      errorUs: 20_000,
      basedOn: 100,
      agreeRatio: 1,
      known: true,
    })),
    journeys,
    afterGaps: [],
    events: [],
    idleCloses: [],
    preflight: [],
    problems: [],
    ...more,
  };
}

/** Logs alone: a recording without experiments. */
export function contextOf(logs: LogEvidence, gateway: Gateway = generic, recording?: Recording): DetectorContext {
  const base = recording ?? { ...makeRecording({ seed: 1 }).build(), experiments: [], exchanges: [] };
  return { measures: createMeasures({ ...base, logs }), gateway };
}

export function said(outcome: HopReading['outcome'], sure = 1, more: Partial<HopReading> = {}): HopReading {
  return { outcome, madeBy: 'gateway', sure, because: `it says ${outcome}`, ...more };
}
