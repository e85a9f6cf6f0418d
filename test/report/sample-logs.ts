/** Logs to write reports of: the pair of lines of a request that ARR gave up on, two members, one of them behind nginx. */
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { CAUSES, type CauseId } from '../../src/model/causes.ts';
import type { Exhibit, Finding, LinesRow } from '../../src/model/finding.ts';
import type { LogClass, LogEvidence, LogMinute, LogSourceSummary } from '../../src/model/journey.ts';
import type { Recording } from '../../src/model/recording.ts';
import type { Report } from '../../src/model/report.ts';
import { buildReport, type Judged } from '../../src/report/build.ts';
import { makeRecording } from '../helpers/make-recording.ts';

export const GATEWAY_LINE =
  '2011-07-18 16:50:50 192.0.2.10 GET /time/ X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=dbf06c50-adb0-4141-8c04-20bc2f193a61 80 - 198.51.100.204 Mozilla/4.0+(compatible;+MSIE+8.0;+Windows+NT+6.1;+WOW64;+Trident/4.0) - 502 3 12002 29889';
export const MEMBER_LINE =
  '2011-07-18 16:51:06 192.0.2.216 GET /time/ - 80 - 192.0.2.10 Mozilla/4.0+(compatible;+MSIE+8.0;+Windows+NT+6.1;+WOW64;+Trident/4.0) - 200 0 64 45208';
export const DROPPED_LINE =
  '2011-07-18 17:12:44 192.0.2.10 GET /time/ X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=1c3e3cf5-08a1-4f83-9d52-5d2a4dc0b5b2 80 - 198.51.100.204 Mozilla/4.0+(compatible;+MSIE+8.0) - 502 3 12030 1094';
export const NGINX_LINE =
  '2011/07/18 17:12:44 [error] 7#7: *25 upstream prematurely closed connection while reading response header from upstream, client: 192.0.2.10, server: shop.example.com, request: "GET /time/ HTTP/1.1", upstream: "http://127.0.0.1:5000/time/", host: "shop.example.com"';

export function utc(text: string): number {
  return Date.parse(text) * 1_000;
}

const START = utc('2011-07-18T16:20:00Z');
const MINUTE = 60_000_000;

function minutes(count: number, perMinute: number, failedAt: Readonly<Record<number, number>>): LogMinute[] {
  return Array.from({ length: count }, (_, at) => ({
    atUs: START + at * MINUTE,
    count: perMinute + ((at * 7) % 5),
    failed: failedAt[at] ?? 0,
  }));
}

type Loose = Omit<LogClass, 'source' | 'firstAtUs' | 'lastAtUs' | 'kept'> & {
  readonly first?: string;
  readonly last?: string;
};

function source(
  index: number,
  base: Partial<LogSourceSummary> & Pick<LogSourceSummary, 'role' | 'format' | 'files'>,
  classes: readonly Loose[] = [],
): LogSourceSummary {
  const lines = classes.reduce((sum, { count }) => sum + count, 0) + 4;
  return {
    index,
    addresses: [],
    lines,
    entries: lines - 4,
    bad: 0,
    badFirst: [],
    bytes: lines * 212,
    firstAtUs: START + 3_000_000,
    lastAtUs: START + 120 * MINUTE - 4_000_000,
    missing: [],
    torn: false,
    probeLines: 0,
    healthChecks: 0,
    minutes: [],
    ...base,
    classes: classes.map(({ first, last, ...one }) => ({
      source: index,
      ...one,
      firstAtUs: first === undefined ? START + 3_000_000 : utc(`2011-07-18T${first}Z`),
      lastAtUs: last === undefined ? START + 120 * MINUTE - 4_000_000 : utc(`2011-07-18T${last}Z`),
      kept: Math.min(600, one.count),
    })),
  };
}

const GATEWAY_FAILURES = { 30: 6, 31: 14, 32: 9, 52: 3, 53: 2, 88: 4, 89: 10, 90: 3 };

export function gatewaySource(): LogSourceSummary {
  return source(
    0,
    {
      role: 'gateway',
      format: 'iis-w3c',
      files: ['logs/arr/u_ex110718.log'],
      roleBecause: 'line with what ARR appends to the query',
      minutes: minutes(120, 32, GATEWAY_FAILURES),
      okDurationUs: { count: 4_029, p50: 124_000, p90: 806_000, p99: 9_420_000, max: 29_700_000 },
    },
    [
      { status: 200, substatus: 0, win32: 0, count: 3_667 },
      { status: 304, substatus: 0, win32: 0, count: 355 },
      { status: 502, substatus: 3, win32: 12_002, count: 43, first: '16:50:50', last: '17:50:09' },
      { status: 502, substatus: 3, win32: 12_030, count: 5, first: '17:12:44', last: '17:13:01' },
      { status: 200, substatus: 0, win32: 64, count: 3, first: '16:51:02', last: '17:49:30' },
      { status: 404, substatus: 0, win32: 2, count: 7 },
    ],
  );
}

export function logEvidence(): LogEvidence {
  return {
    sources: [
      gatewaySource(),
      source(
        1,
        {
          role: 'member',
          member: 'web1',
          format: 'iis-w3c',
          files: ['logs/web1/u_ex110718.log', 'logs/web1/u_ex110719.log'],
          roleBecause: 'nothing in it was forwarded',
          missing: ['c-ip', 'cs(User-Agent)'],
          bad: 2,
          badFirst: [
            { line: 17, text: '2011-07-18 16:2' },
            { line: 2_001, text: '\u0000\u0000\u0000' },
          ],
          minutes: minutes(120, 15, { 30: 6, 31: 12, 32: 9, 88: 3 }),
          okDurationUs: { count: 1_981, p50: 109_000, p90: 760_000, p99: 45_200_000, max: 61_000_000 },
        },
        [
          { status: 200, substatus: 0, win32: 0, count: 2_010 },
          { status: 200, substatus: 0, win32: 64, count: 30, first: '16:51:06', last: '17:50:31' },
        ],
      ),
      source(2, { role: 'member', member: 'web1', format: 'httperr', files: ['logs/web1/httperr1.log'] }),
      source(
        3,
        {
          role: 'member',
          member: 'web2',
          format: 'nginx',
          files: ['logs/web2/access.log'],
          minutes: minutes(118, 15, { 52: 3, 53: 2 }),
          okDurationUs: { count: 60, p50: 98_000, p90: 640_000, p99: 4_100_000, max: 4_200_000 },
        },
        [
          { status: 200, count: 2_001 },
          { status: 502, count: 5, first: '17:12:44', last: '17:13:01' },
        ],
      ),
      source(4, { role: 'member', member: 'web2', format: 'nginx-error', files: ['logs/web2/error.log'] }),
    ],
    clocks: [
      { source: 0, offsetUs: 0, errorUs: 0, basedOn: 0, agreeRatio: 1, known: true, note: 'It is the reference.' },
      { source: 1, offsetUs: 1_250_000, errorUs: 500_000, driftPpm: 12, basedOn: 1_874, agreeRatio: 0.99, known: true },
      {
        source: 3,
        offsetUs: 0,
        errorUs: 2_000_000,
        basedOn: 0,
        agreeRatio: 0,
        known: false,
        note: 'No request was found in this log and in the reference.',
      },
    ],
    journeys: [],
    afterGaps: [],
    events: [],
    idleCloses: [],
    preflight: [
      {
        source: 1,
        what: 'The log of web1 has no c-ip, cs(User-Agent).',
        command:
          'appcmd.exe set config -section:system.applicationHost/sites "/[name=\'<site>\'].logFile.logExtFileFlags:Date,Time,ClientIP,UserName,ServerIP,Method,UriStem,UriQuery,TimeTaken,HttpStatus,Win32Status,ServerPort,UserAgent,HttpSubStatus" /commit:apphost',
      },
      {
        source: 3,
        what: 'The log of web2 does not say how long a request took.',
        command:
          'log_format probe \'$remote_addr [$time_iso8601] "$request" $status $body_bytes_sent rt=$request_time\';',
      },
    ],
    problems: ['logs/web1/u_ex110718.log: 2 lines could not be read'],
  };
}

export function linesExhibit(rows: readonly LinesRow[], total: number): Exhibit {
  return {
    kind: 'lines',
    id: 'lines',
    title: 'What both sides logged about the same request',
    reading: 'Each block is one request: first the gateway’s lines, then the member’s.',
    rows,
    total,
  };
}

export const TIMEOUT_ROW: LinesRow = {
  atUs: utc('2011-07-18T16:50:20.111Z'),
  row: '11',
  because:
    'the gateway gave up after 29.9 s with 502.3 12002 (ERROR_WINHTTP_TIMEOUT), while web1 worked on the request for 45.2 s and found nobody to answer (200 with 64)',
  lines: [
    { source: 'gateway, logs/arr/u_ex110718.log, line 1204', text: GATEWAY_LINE },
    { source: 'web1, logs/web1/u_ex110718.log, line 618', text: MEMBER_LINE },
  ],
};

export const DROPPED_ROW: LinesRow = {
  atUs: utc('2011-07-18T17:12:42.906Z'),
  row: '14',
  because:
    'the connection ended before an answer (502.3 12030 after 1.09 s), and web2 says that its own upstream closed it',
  lines: [
    { source: 'gateway, logs/arr/u_ex110718.log, line 1871', text: DROPPED_LINE },
    {
      source: 'web2, logs/web2/access.log, line 877',
      text: '192.0.2.10 - - [18/Jul/2011:17:12:44 +0000] "GET /time/ HTTP/1.1" 502 157 "-" "Mozilla/4.0"',
    },
    { source: 'web2, logs/web2/error.log, line 3', text: NGINX_LINE },
  ],
};

/** As the detectors hand it over. */
export const UNEXPLAINED: NonNullable<Judged['unexplained']> = [
  {
    because:
      '502.3 with 12002 (ERROR_WINHTTP_TIMEOUT) after 29.9 s; the member’s log was not given or has no certain line of it',
    count: 2,
  },
];

function findings(): readonly Finding[] {
  const shared = { confidence: 'confirmed', rivals: [] } as const;
  return [
    {
      ...shared,
      cause: 'timeout/gateway-response',
      scope: { route: 'gateway' },
      severity: 'error',
      title: 'The gateway stopped waiting for the member’s answer after 30 s: 41 requests of 4,080 in the logs.',
      meaning:
        'The response timer of the gateway is shorter than the work. The member finished, and found nobody to answer.',
      measured: {
        timeoutUs: { value: 30_000_000, low: 29_889_000, high: 30_000_000 },
        errorRatio: { value: 0.01, low: 0.0072, high: 0.0136 },
      },
      affected: { count: 41, of: 4_080 },
      expected: '30 s is what IIS with ARR has unless the proxy timeout is set.',
      exhibits: [linesExhibit([TIMEOUT_ROW, { ...TIMEOUT_ROW, atUs: TIMEOUT_ROW.atUs + 61e6 }], 41)],
      remedy: {
        steps: ['Raise the proxy timeout of the farm above the slowest good answer, or make /time/ faster.'],
        commands: [
          {
            gateway: 'arr',
            title: 'timer of the server farm (default 00:00:30)',
            text: '%windir%\\System32\\inetsrv\\appcmd.exe set config -section:webFarms "/[name=\'<farm>\'].applicationRequestRouting.protocol.timeout:00:01:08" /commit:apphost',
          },
        ],
        howToVerify: 'The same logs of the next day must not hold 502.3 12002.',
      },
    },
    {
      ...shared,
      cause: 'connection/dropped-before-response',
      scope: { route: 'gateway', member: 'web2' },
      severity: 'warning',
      title: 'web2 closed the connection before any answer, 0.12 %: 5 requests of 4,080 in the logs.',
      meaning: 'What answers on web2 ended while it worked on requests.',
      measured: { errorRatio: { value: 0.00124, low: 0.0004, high: 0.0029 } },
      affected: { count: 5, of: 4_080 },
      exhibits: [linesExhibit([DROPPED_ROW], 1)],
      remedy: {
        steps: ['Look for what ended the process on web2 at 17:12:44.'],
        commands: [],
        howToVerify: 'No 12030 is left.',
      },
    },
  ];
}

/** Verdicts as the judge makes them without experiments. */
function detectors(found: readonly CauseId[]): Judged['detectors'] {
  return (Object.keys(CAUSES) as CauseId[]).map((id) => ({
    id,
    title: CAUSES[id].title,
    verdict: found.includes(id)
      ? { state: 'found', count: 1 }
      : { state: 'clear', checked: 'no line in the logs points at it' },
  }));
}

export function logRecording(logs: LogEvidence): Recording {
  const recording = makeRecording({ seed: 7, members: [] }).build();
  const { profile } = recording.manifest;
  const firstUs = Math.min(...logs.sources.flatMap(({ firstAtUs }) => firstAtUs ?? []));
  const lastUs = Math.max(...logs.sources.flatMap(({ lastAtUs }) => lastAtUs ?? []));
  const hasTime = Number.isFinite(firstUs);
  const names = [...new Set(logs.sources.flatMap(({ member }) => member ?? []))];
  return {
    ...recording,
    gateway: {
      kind: 'arr',
      certainty: 0.95,
      because: ['Its log is in the format that only it writes.'],
      declared: false,
    },
    manifest: {
      ...recording.manifest,
      startedAt: hasTime ? new Date(firstUs / 1000).toISOString() : '2026-03-02T09:15:04.250Z',
      durationUs: hasTime ? lastUs - firstUs : 0,
      profile: {
        ...profile,
        name: 'logs',
        gateway: { ...profile.gateway, url: '' },
        members: names.map((name) => ({
          ...profile.gateway,
          name,
          url: name === 'web1' ? 'http://192.0.2.216:80' : '',
        })),
      },
    },
    warnings: logs.problems,
    logs,
  };
}

export function explained(logs: LogEvidence, judged: Partial<Judged> = {}): Report {
  const recording = logRecording(logs);
  const found = judged.findings ?? [];
  return buildReport(recording, createMeasures(recording), {
    findings: found,
    detectors: detectors(found.map(({ cause }) => cause)),
    thresholds: [],
    invalidReasons: [],
    ...judged,
  });
}

/** As after `gateprobe explain`: two causes, and two errors that nobody can explain. */
export function explainReport(): Report {
  return explained(logEvidence(), { findings: findings(), unexplained: UNEXPLAINED });
}

/** Errors, and only one side's log. */
export function unexplainedReport(): Report {
  return explained({ ...logEvidence(), sources: [gatewaySource()], clocks: [], preflight: [], problems: [] });
}

/** Nothing failed. */
export function calmLogsReport(): Report {
  const gateway = gatewaySource();
  const classes = gateway.classes.filter(({ status, win32 }) => status < 500 && win32 !== 64);
  const calm = { ...gateway, classes, minutes: gateway.minutes.map((minute) => ({ ...minute, failed: 0 })) };
  return explained({ ...logEvidence(), sources: [calm], clocks: [], preflight: [], problems: [] });
}
