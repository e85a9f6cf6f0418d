/** Made-up exchanges and recordings for the tests of this folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import type { ExperimentRecord, Manifest } from '../../src/model/recording.ts';
import type { RecordingFrame } from '../../src/recording/memory.ts';

export const OK: Outcome = { kind: 'response', status: 200, bodyBytes: 120, complete: true, bodyDigest: 7 };
export const BAD_GATEWAY: Outcome = { ...OK, status: 502 };
export const GATEWAY_TIMEOUT: Outcome = { ...OK, status: 504 };
export const NOT_SENT: Outcome = { kind: 'not-sent', reason: 'cap' };
export const TIMEOUT: Outcome = { kind: 'timeout', waitingFor: 'headers', limitUs: 30_000_000, bytesReceived: 0 };

/** An ok exchange over a warm connection, due every 10 ms, sent 50 µs late, answered after 5 ms. */
export function exchange(seq: number, changes: Partial<Exchange> = {}): Exchange {
  const dueUs = changes.dueUs ?? seq * 10_000;
  const outcome = changes.outcome ?? OK;
  const wasSent = outcome.kind !== 'not-sent';
  const sentUs = changes.sentUs ?? dueUs + 50;
  return {
    seq,
    requestId: seq.toString(16).padStart(16, '0'),
    experimentId: 'compare-1',
    route: 'gateway',
    requestName: 'home',
    dueUs,
    ...(wasSent
      ? {
          sentUs,
          firstByteUs: sentUs + 4_000,
          connection: { id: 1, isNew: false, localPort: 40_000, ageUs: 1_000_000, idleUs: 10_000 },
          phasesUs: { send: 20, wait: 3_980, receive: 1_000 },
        }
      : {}),
    endUs: wasSent ? sentUs + 5_000 : dueUs,
    outcome,
    ...changes,
  };
}

export const ANSWER = {
  status: 502,
  headers: { server: 'test', via: ['a', 'b'] },
  bodyStart: 'Bad Gateway \u00e9\u2028',
};

export function experimentRecord(id: string, loop: 'open' | 'closed' = 'open'): ExperimentRecord {
  return {
    id,
    planned: {
      id,
      kind: 'compare',
      spec: { kind: 'compare', ratePerSec: 20, durationUs: 60_000_000, newConnectionRatio: 0, arrival: 'uniform' },
      requestsPerRoute: { gateway: 100 },
      durationUs: 60_000_000,
      peakRatePerSec: 20,
      peakInFlight: 4,
      describe: ['Compares.'],
    },
    loop,
    startUs: 0,
    endUs: 60_000_000,
    dueCount: 100,
    sentCount: 100,
    keptCount: 100,
    stop: 'completed',
    notes: [],
  };
}

export const MANIFEST: Manifest = {
  schemaVersion: 1,
  tool: { name: 'gateprobe', version: '0.0.0' },
  runId: 'run-1',
  startedAt: '2026-03-04T05:06:07.800Z',
  durationUs: 60_000_000,
  seed: 5,
  profile: {
    schemaVersion: 1,
    name: 'test',
    gateway: { url: 'http://127.0.0.1:1', tls: { verify: true }, http: 1 },
    members: [],
    requests: [],
    experiments: [],
    limits: {
      maxRatePerSec: 1,
      maxRequests: 1,
      maxInFlight: 1,
      maxNewConnectionsPerSec: 1,
      requestTimeoutUs: 1,
      connectTimeoutUs: 1,
      maxBodyBytes: 1,
    },
    thresholds: [],
    failOn: 'warning',
    cookies: {},
    logs: [],
    mask: [],
    notes: [],
  },
  plan: { schemaVersion: 1, seed: 5, experiments: [], totalRequests: 0, durationUs: 0, peakRatePerSec: 0 },
  host: { platform: 'test', node: '24', cpus: 2 },
  interrupted: false,
};

export const FRAME: RecordingFrame = {
  manifest: MANIFEST,
  targets: [{ route: 'gateway', hostname: 'gateway.test', address: '127.0.0.1', family: 4 }],
  gateway: { kind: 'unknown', certainty: 0, because: [], declared: false },
  experiments: [experimentRecord('compare-1')],
  quality: {
    latenessUs: { p50: 1, p99: 2, p999: 3, max: 4 },
    latenessCount: 10,
    medianServiceUs: 5_000,
    busyRatio: 0.1,
    busyRatioMax: 0.2,
    gcPauseMaxUs: 10,
    gcTotalUs: 20,
    loopDelayP99Us: 30,
    portShortages: 0,
    notSentCap: 0,
    achievedRateRatio: 1,
  },
  warnings: ['a warning'],
};

export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-recording-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
