/** A folder of logs, joined and decided, as `explain` and a run with logs do it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { DETECTORS, GATEWAYS, gatewayOf, LOG_FORMATS } from '../../src/catalog.ts';
import type { DetectorContext } from '../../src/detectors/detector.ts';
import { type Judgement, judge } from '../../src/detectors/judge.ts';
import { type Decided, decidedJourneys } from '../../src/detectors/log-decisions.ts';
import type { ClientRequest, LogSpec } from '../../src/logs/read-logs.ts';
import { readLogs } from '../../src/logs/read-logs.ts';
import type { GatewayKind, Profile } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import { explainLogs, lineReader } from '../../src/pipeline/explain.ts';
import { logsProfile } from '../../src/profile/logs-profile.ts';

export const ROWS_FOLDER = fileURLToPath(new URL('../fixtures/logs/rows/', import.meta.url));

/** One line of `requests.json`. */
type Asked = {
  readonly id: string;
  readonly outcome: string;
  readonly at: string;
  readonly elapsedMs: number;
  readonly failed: boolean;
  readonly path: string;
  readonly status?: number;
  readonly direct?: string;
  readonly reused?: boolean;
  readonly idleMs?: number;
};

export type LogFolder = {
  readonly context: DetectorContext;
  readonly decided: readonly Decided[];
  readonly judgement: Judgement;
};

/** `gateway*` is of the gateway, `web1*` of web1. With `requests.json` the probe's requests are looked for in the logs. */
export async function decideFolder(
  folder: string,
  kind?: GatewayKind,
  members?: Profile['members'],
): Promise<LogFolder> {
  const names = readdirSync(folder).filter((name) => /\.(?:log|xml)$/.test(name));
  const specs: LogSpec[] = names.map((name) => ({
    from: /^[a-z]+\d*/.exec(name)?.[0] ?? 'gateway',
    files: [join(folder, name)],
  }));
  const base = logsProfile('logs');
  const profile = members === undefined ? base : { ...base, members };
  const shared = { specs, baseFolder: folder, wallMs: Date.now };
  const { recording } = await explainLogs({
    ...shared,
    profile,
    ...(kind === undefined ? {} : { kind }),
    seed: 1,
    version: '0.0.0',
  });
  const requests = requestsOf(folder);
  const logs =
    requests === undefined
      ? recording.logs
      : (
          await readLogs({
            ...shared,
            formats: LOG_FORMATS,
            memberNames: [],
            mask: (text) => text,
            random: createRandom(1),
            read: lineReader(kind),
            requests,
          })
        ).evidence;
  const measures = createMeasures(logs === undefined ? recording : { ...recording, logs });
  const context = { measures, gateway: gatewayOf(recording.gateway.kind) };
  return { context, decided: decidedJourneys(context), judgement: judge(DETECTORS, GATEWAYS, context) };
}

function requestsOf(folder: string): ClientRequest[] | undefined {
  if (!readdirSync(folder).includes('requests.json')) return undefined;
  const asked = JSON.parse(readFileSync(join(folder, 'requests.json'), 'utf8')) as Asked[];
  return asked.map(({ id, outcome, at, elapsedMs, failed, path, status, direct, reused = false, idleMs = 0 }, seq) => ({
    seq,
    requestId: id,
    outcome,
    ...(status === undefined ? {} : { status }),
    isFailure: failed,
    sentAtUs: Date.parse(at) * 1000,
    elapsedUs: elapsedMs * 1000,
    ...(direct === undefined ? {} : { direct }),
    requestName: path,
    reusedConnection: reused,
    idleUs: idleMs * 1000,
    path,
    method: 'GET',
  }));
}
