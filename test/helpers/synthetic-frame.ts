/** The parts of a made-up recording that are not traffic. */
import type { Exchange } from '../../src/model/exchange.ts';
import type { ExperimentSpec } from '../../src/model/profile.ts';
import type { ExperimentRecord, Manifest, MaskedProfile, ProbeQuality } from '../../src/model/recording.ts';

export const GOOD_QUALITY: ProbeQuality = {
  latenessUs: { p50: 20, p99: 90, p999: 300, max: 900 },
  latenessCount: 5_000,
  medianServiceUs: 10_000,
  busyRatio: 0.1,
  busyRatioMax: 0.2,
  gcPauseMaxUs: 1_500,
  gcTotalUs: 20_000,
  loopDelayP99Us: 1_200,
  portShortages: 0,
  notSentCap: 0,
  achievedRateRatio: 1,
};

export function syntheticProfile(members: readonly string[], requestName: string): MaskedProfile {
  const tls = { verify: true };
  return {
    schemaVersion: 1,
    name: 'synthetic',
    gateway: { url: 'http://gateway.test', tls, http: 1 },
    members: members.map((name) => ({ name, url: `http://${name}.test:8080`, tls, http: 1 })),
    requests: [
      { name: requestName, path: '/', method: 'GET', headers: {}, weight: 1, safe: true, expect: {} },
      { name: 'report', path: '/report?ms={delayMs}', method: 'GET', headers: {}, weight: 1, safe: true, expect: {} },
    ],
    experiments: [],
    limits: {
      maxRatePerSec: 200,
      maxRequests: 50_000,
      maxInFlight: 400,
      maxNewConnectionsPerSec: 20,
      requestTimeoutUs: 150_000_000,
      connectTimeoutUs: 10_000_000,
      maxBodyBytes: 10_000_000,
    },
    thresholds: [],
    failOn: 'warning',
    cookies: {},
    logs: [],
    mask: [],
    notes: [],
  };
}

export function syntheticManifest(seed: number, profile: MaskedProfile, durationUs: number): Manifest {
  return {
    schemaVersion: 1,
    tool: { name: 'gateprobe', version: '0.0.0' },
    runId: `synthetic-${seed}`,
    startedAt: '2026-03-04T05:06:07.000Z',
    durationUs,
    seed,
    profile,
    plan: { schemaVersion: 1, seed, experiments: [], totalRequests: 0, durationUs, peakRatePerSec: 0 },
    host: { platform: 'test', node: '24', cpus: 2 },
    interrupted: false,
  };
}

export function syntheticRecord(
  id: string,
  spec: ExperimentSpec,
  startUs: number,
  exchanges: readonly Exchange[],
): ExperimentRecord {
  const requestsPerRoute: Record<string, number> = {};
  for (const { route } of exchanges) requestsPerRoute[route] = (requestsPerRoute[route] ?? 0) + 1;
  const endUs = exchanges.reduce((latest, exchange) => Math.max(latest, exchange.endUs), startUs);
  const inFlight = spec.kind === 'volley' ? Math.max(0, ...spec.sizes) : 50;
  return {
    id,
    planned: {
      id,
      kind: spec.kind,
      spec,
      requestsPerRoute,
      durationUs: endUs - startUs,
      peakRatePerSec: 100,
      peakInFlight: inFlight,
      describe: [`Synthetic ${spec.kind}.`],
    },
    loop: spec.kind === 'burst' && spec.load.loop === 'closed' ? 'closed' : 'open',
    startUs,
    endUs,
    dueCount: exchanges.length,
    sentCount: exchanges.filter((exchange) => exchange.sentUs !== undefined).length,
    keptCount: exchanges.length,
    stop: 'completed',
    notes: [],
  };
}
