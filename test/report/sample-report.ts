/** Reports to test writers with: rich, clear, not valid, interrupted, hostile. Same call, same value. */
import type { CauseId } from '../../src/model/causes.ts';
import { CAUSES } from '../../src/model/causes.ts';
import type { Estimate, Verdict } from '../../src/model/finding.ts';
import type { ProbeQuality } from '../../src/model/recording.ts';
import type { ExperimentSummary, QuantileTable, Report, RouteSummary } from '../../src/model/report.ts';
import { measurements, timeoutPlane } from './sample-exhibits.ts';
import { coldFinding, queueFinding, raceFinding, timeoutFinding } from './sample-findings.ts';
import { calmLogsReport, explainReport, unexplainedReport } from './sample-logs.ts';

function quantiles(p50: number, p99: number, supported: boolean): QuantileTable {
  return {
    p50: { state: 'known', value: p50, low: p50 * 0.97, high: p50 * 1.04 },
    p90: { state: 'known', value: p50 * 1.6, low: p50 * 1.5, high: p50 * 1.75 },
    p95: { state: 'known', value: p50 * 2.1, low: p50 * 1.9, high: p50 * 2.5 },
    p99: supported ? { state: 'known', value: p99, low: p99 * 0.8 } : { state: 'n/a', need: 368, have: 210 },
    p999: { state: 'n/a', need: 3_688, have: 2_286 },
  };
}

function route(member: string | undefined, p50: number, outcomes: Record<string, number>): RouteSummary {
  const count = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
  return {
    route: member === undefined ? 'gateway' : 'direct',
    ...(member !== undefined && { member }),
    count,
    outcomes,
    latencyUs: quantiles(p50, p50 * 14, member !== 'web2'),
    latencyCount: outcomes['200'] ?? 0,
    maxUs: p50 * 31,
    phasesUs: {
      connect: { p50: 400, p99: 2_100, count: 60 },
      wait: { p50: p50 * 0.9, p99: p50 * 12, count },
      receive: { p50: 230, p99: 900, count },
    },
    failureRatio: failureRatio(outcomes),
  };
}

function failureRatio(outcomes: Record<string, number>): Estimate {
  const sent = Object.entries(outcomes).filter(([key]) => !key.startsWith('not-sent'));
  const share = 1 - (outcomes['200'] ?? 0) / sent.reduce((sum, [, n]) => sum + n, 0);
  return { value: share, low: share * 0.8, high: share * 1.25 + 0.0015 };
}

const QUALITY: ProbeQuality = {
  latenessUs: { p50: 11, p99: 184, p999: 910, max: 2_204 },
  latenessCount: 4_731,
  medianServiceUs: 13_240,
  busyRatio: 0.07,
  busyRatioMax: 0.21,
  gcPauseMaxUs: 1_900,
  gcTotalUs: 24_000,
  loopDelayP99Us: 350,
  portShortages: 0,
  notSentCap: 40,
  achievedRateRatio: 0.998,
};

function experiment(
  id: string,
  kind: string,
  describe: string,
  startUs: number,
  durationUs: number,
): ExperimentSummary {
  return {
    id,
    kind,
    describe,
    loop: kind === 'burst-closed' ? 'closed' : 'open',
    startUs,
    durationUs,
    due: 1_600,
    sent: 1_560,
    stop: 'completed',
    notes: [],
    routes: [
      { route: 'gateway', outcomes: { '200': 1_486, '502.3': 74 }, latencyUs: quantiles(13_800, 190_000, true) },
      { route: 'direct:web1', outcomes: { '200': 804 }, latencyUs: quantiles(11_900, 60_000, false) },
    ],
  };
}

/** One verdict for every cause, most of them clear, as a real run has it. */
function detectors(found: readonly CauseId[]): Report['detectors'] {
  return (Object.keys(CAUSES) as CauseId[]).map((id, index) => ({
    id,
    title: CAUSES[id].title,
    verdict: verdictOf(id, index, found),
  }));
}

function verdictOf(id: CauseId, index: number, found: readonly CauseId[]): Verdict {
  if (found.includes(id)) return { state: 'found', count: 1 };
  if (index % 11 === 4) return { state: 'insufficient-data', need: '30 failures on one route', have: '9' };
  if (id === 'dns/slow') return { state: 'failed', error: 'TypeError: cannot read the window of direct:web2' };
  if (index % 3 === 1) return { state: 'not-applicable', reason: 'The run had no experiment that shows it.' };
  return { state: 'clear', checked: '2,400 requests through the gateway and 2,411 direct ones, none shows it.' };
}

/** As after `gateprobe demo`: a farm with four faults. */
export function demoReport(): Report {
  const findings = [timeoutFinding(), raceFinding(), coldFinding(), queueFinding()];
  return {
    schemaVersion: 1,
    tool: { name: 'gateprobe', version: '0.1.0' },
    runId: '6f1d2c3b4a596877',
    seed: 20_260_302,
    profile: {
      name: 'shop-farm',
      gatewayUrl: 'https://shop.example.com',
      members: [
        { name: 'web1', url: 'http://192.0.2.11:8080' },
        { name: 'web2', url: 'http://192.0.2.12:8080' },
      ],
    },
    startedAt: '2026-03-02T09:15:04.250Z',
    durationUs: 187_400_000,
    interrupted: false,
    validity: { ok: true, reasons: [] },
    worst: 'critical',
    headline: [
      'The gateway gives up after 2 s: every request to /report that takes longer ends as 502.3.',
      'web2 closes idle connections after 5 s, while the gateway keeps them for 60 s.',
      'web1 goes to sleep between 5 and 10 min without requests.',
    ],
    gateway: {
      kind: 'arr',
      certainty: 0.97,
      because: ['X-Powered-By: ARR/3.0', 'error page 502.3 of IIS'],
      declared: false,
    },
    routes: [
      route(undefined, 13_800, { '200': 2_286, '502.3': 74, 'not-sent:cap': 40 }),
      route('web1', 11_900, { '200': 1_204 }),
      route('web2', 12_200, { '200': 1_198, 'error:reset': 9 }),
    ],
    overheadUs: {
      p50: { state: 'known', value: 1_750, low: 1_610, high: 1_930 },
      p90: { state: 'known', value: 2_900, low: 2_400, high: 3_500 },
      p95: { state: 'known', value: -210, low: -900, high: 700 },
      p99: { state: 'n/a', need: 368, have: 210 },
    },
    findings,
    detectors: detectors(findings.map(({ cause }) => cause)),
    thresholds: [
      {
        text: 'gateway p99 < 800ms',
        verdict: 'pass',
        gate: 'pass',
        measured: { value: 193_200, low: 154_560, high: 240_000 },
        unit: 'us',
        because: 'All of the interval is below 800 ms.',
      },
      {
        text: 'gateway errors < 0.1%',
        verdict: 'fail',
        gate: 'fail',
        measured: { value: 0.0313, low: 0.0246, high: 0.0392 },
        unit: 'ratio',
        because: 'All of the interval is above 0.1 %.',
      },
      {
        text: 'overhead p99 < 15ms',
        verdict: 'undecided',
        gate: 'warn',
        unit: 'us',
        because: 'The 99th percentile needs 368 pairs; there are 210.',
      },
    ],
    experiments: [
      experiment(
        'compare-1',
        'compare',
        'Asks every route once in each of 20 slots per second for 60 s.',
        0,
        60_000_000,
      ),
      {
        ...experiment(
          'burst-1',
          'burst',
          'Sends 300 requests per second for 5 s through the gateway.',
          62_000_000,
          5_000_000,
        ),
        notes: ['40 requests were not sent: 400 were unanswered.'],
      },
      {
        ...experiment('timeout-1', 'timeout', 'Looks for the gateway timer up to 150 s.', 70_000_000, 110_000_000),
        stop: 'guard',
        stopReason: 'One slow request would take a member out for other users.',
        routes: [],
      },
    ],
    exhibits: measurements(),
    quality: QUALITY,
    untested: [
      { what: 'Closed connections beyond 60 s', why: 'The profile has no keep-alive experiment.' },
      { what: 'Log files', why: 'The profile names none.' },
    ],
    warnings: ['web2 answered with a Date header 2.1 s behind this machine.'],
  };
}

export function clearReport(): Report {
  const report = demoReport();
  return {
    ...report,
    worst: 'none',
    headline: ['Nothing wrong was found: 2,400 requests through shop.example.com were answered as they are directly.'],
    routes: [
      route(undefined, 13_800, { '200': 2_400 }),
      route('web1', 11_900, { '200': 1_204 }),
      route('web2', 12_200, { '200': 1_207 }),
    ],
    findings: [],
    detectors: detectors([]).filter(({ verdict }) => verdict.state !== 'failed'),
    thresholds: [],
    warnings: [],
  };
}

/** The probe was at fault: nothing may be said about the target. */
export function invalidReport(): Report {
  return {
    ...demoReport(),
    validity: {
      ok: false,
      reasons: [
        'Requests were sent late: p99 of the lateness is 61 ms, more than 20 % of the median service time.',
        'The sending thread was busy for 97 % of the time.',
      ],
    },
    quality: {
      ...QUALITY,
      latenessUs: { p50: 9_000, p99: 61_000, p999: 140_000, max: 310_000 },
      busyRatio: 0.97,
      busyRatioMax: 1,
    },
  };
}

/** Stopped by hand after a second: few numbers, no experiment finished. */
export function interruptedReport(): Report {
  const report = demoReport();
  const none = { state: 'n/a', need: 11, have: 4 } as const;
  return {
    ...report,
    interrupted: true,
    durationUs: 1_240_000,
    worst: 'none',
    headline: ['Too little was measured to say anything: the run was stopped after 1.24 s.'],
    routes: report.routes.map(({ maxUs: _, failureRatio: __, ...rest }) => ({
      ...rest,
      count: 4,
      outcomes: { '200': 4 },
      latencyUs: { p50: none, p90: none },
      latencyCount: 4,
      phasesUs: {},
    })),
    overheadUs: {},
    findings: [],
    thresholds: [],
    experiments: report.experiments
      .slice(0, 1)
      .map((one) => ({ ...one, stop: 'interrupted', stopReason: 'Stopped by hand.' })),
    exhibits: [],
    detectors: report.detectors.map((one) => ({
      ...one,
      verdict: { state: 'insufficient-data', need: '30 requests', have: '4' },
    })),
  };
}

/** As after a million requests: dense planes, long lists. */
export function hugeReport(): Report {
  const report = demoReport();
  const [timeout, ...others] = report.findings;
  if (timeout === undefined) throw new Error('the demo report has findings');
  return {
    ...report,
    findings: [{ ...timeout, exhibits: [timeoutPlane(20_000), ...timeout.exhibits.slice(1)] }, ...others],
    exhibits: [...report.exhibits, { ...timeoutPlane(30_000), id: 'all-requests' }],
    warnings: Array.from({ length: 200 }, (_, i) => `Line ${i + 1} of web1.log could not be read.`),
  };
}

export const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>]]>\u0007\u001b[2J\u202e|\`*_[a](javascript:1)`;

/** Keys and values that the program chooses from a closed list; everything else may come from a target, a log or a profile. */
const CLOSED = new Set([
  'kind',
  'cause',
  'severity',
  'confidence',
  'route',
  'state',
  'verdict',
  'gate',
  'unit',
  'scale',
  'role',
  'style',
  'axis',
  'loop',
  'worst',
  'startedAt',
  'gateway',
  'of',
  'format',
  'name@tool',
  'id@detectors',
]);

/** Every string that is not one of a closed list says something evil. */
export function hostileReport(): Report {
  return poison(demoReport(), '', '') as Report;
}

/** The same for logs, whose lines anybody can write who sends a request. */
export function hostileLogsReport(): Report {
  return poison(explainReport(), '', '') as Report;
}

function poison(value: unknown, key: string, parent: string): unknown {
  if (typeof value === 'string')
    return CLOSED.has(key) || CLOSED.has(`${key}@${parent}`) ? value : `${HOSTILE}${value}`;
  if (Array.isArray(value)) return value.map((one) => poison(one, key, parent === '' ? key : parent));
  if (typeof value !== 'object' || value === null) return value;
  const isMap = key === 'outcomes' || key === 'phasesUs' || (key === 'measured' && !('value' in value));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [isMap ? `${HOSTILE}${name}` : name, poison(one, name, key)]),
  );
}

export const SAMPLE_REPORTS: Readonly<Record<string, () => Report>> = {
  demo: demoReport,
  clear: clearReport,
  'not valid': invalidReport,
  interrupted: interruptedReport,
  hostile: hostileReport,
  explain: explainReport,
  unexplained: unexplainedReport,
  'calm logs': calmLogsReport,
  'hostile logs': hostileLogsReport,
};
