/** Runs one case: starts its stage, runs the command as a user does, and keeps everything in the case's folder. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CauseId } from '../../../src/model/causes.ts';
import type { Confidence } from '../../../src/model/finding.ts';
import { createRandom } from '../../../src/model/random.ts';
import type { Severity } from '../../../src/model/severity.ts';
import { diagnose } from '../../../src/pipeline.ts';
import { readRecording } from '../../../src/recording/folder.ts';
import { publicReport } from '../../../src/report/json.ts';
import { runCli } from '../../helpers/cli.ts';
import { naiveFindings, type RouteCounts } from './naive.ts';
import { type Family, type GatewayName, isNegative, type Scenario, type Truth } from './scenario.ts';
import type { Found, Measured } from './score.ts';
import { startStage } from './stage.ts';

/** The longest plan, a sweep around idle timeouts, is of 82 s and seldom needs half of it; with logs the command waits up to 75 s for each log that shows nothing. */
const TIME_LIMIT_MS = 120_000;
const TIME_LIMIT_WITH_LOGS_MS = 300_000;
/** A run that says itself that the machine was too busy is run again, as a user would. */
const ATTEMPTS = 2;

export type CaseSpec = { readonly scenario: Scenario; readonly gateway: GatewayName; readonly seed: number };

/** What is written into `case.json`. */
export type CaseResult = {
  readonly id: string;
  readonly scenario: string;
  readonly title: string;
  readonly family: Family;
  readonly gateway: GatewayName;
  readonly seed: number;
  readonly isNegative: boolean;
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  readonly truth: readonly Truth[];
  readonly tolerated: readonly CauseId[];
  /** `not-valid`: gateprobe said that the run is not valid; what it found is not counted. `broken`: there is no verdict. */
  readonly state: 'judged' | 'not-valid' | 'broken';
  readonly because?: string;
  readonly found: readonly Found[];
  readonly naive: readonly Found[];
  readonly requests: { readonly gateway: number; readonly direct: number };
  readonly durationMs: number;
  readonly attempts: number;
  readonly ejections?: number;
  /** The fault takes members out by itself. */
  readonly isEjecting: boolean;
};

export function caseId({ scenario, gateway, seed }: CaseSpec): string {
  return `${scenario.id}-${gateway}-${seed}`;
}

/** Never rejects: a case that cannot be run is `broken`, with the reason. */
export async function runCase(spec: CaseSpec, options: { out: string; logs: boolean }): Promise<CaseResult> {
  const { scenario, gateway, seed } = spec;
  const id = caseId(spec);
  const folder = join(options.out, id);
  const startedMs = performance.now();
  const setting = scenario.draw(createRandom(seed).fork(`${scenario.id} ${gateway}`), gateway);
  const known = {
    ...{ id, scenario: scenario.id, title: scenario.title, family: scenario.family, gateway, seed },
    isNegative: isNegative(scenario),
    isEjecting: scenario.ejects === true,
    parameters: setting.parameters,
    truth: setting.truth,
    tolerated: setting.tolerated ?? [],
  };
  let outcome: Judged | Broken = broken('not run');
  let attempts = 0;
  while (attempts < ATTEMPTS) {
    attempts++;
    outcome = await attempt(spec, folder, options.logs).catch((error: unknown) =>
      broken(error instanceof Error ? error.message : String(error)),
    );
    if (outcome.state === 'judged') break;
  }
  const result: CaseResult = { ...known, ...outcome, attempts, durationMs: Math.round(performance.now() - startedMs) };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'case.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

type Judged = Verdicts & { readonly ejections?: number };
type Broken = Verdicts & { readonly state: 'broken' };
type Verdicts = Pick<CaseResult, 'state' | 'because' | 'found' | 'naive' | 'requests'>;

function broken(because: string): Broken {
  return { state: 'broken', because, found: [], naive: [], requests: { gateway: 0, direct: 0 } };
}

async function attempt({ scenario, gateway, seed }: CaseSpec, folder: string, logs: boolean): Promise<Judged> {
  const { stage } = scenario.draw(createRandom(seed).fork(`${scenario.id} ${gateway}`), gateway);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const name = `${scenario.id}-${gateway}-${seed}`;
  const started = await startStage(stage, { name, gateway, seed, folder: join(folder, 'logs'), logs });
  try {
    const file = join(folder, 'profile.yaml');
    await writeFile(file, started.profileYaml);
    await writeFile(join(folder, 'gateway.conf'), started.configText);
    const { stdout, stderr, code } = await runCli(
      ['run', file, '--out', folder, '--seed', String(seed), '--json', '--fail-on', 'never'],
      { timeoutMs: logs ? TIME_LIMIT_WITH_LOGS_MS : TIME_LIMIT_MS },
    );
    if (stdout === '') return broken(`exit code ${code}: ${stderr.slice(-1_000)}`);
    const ejections = started.ejections();
    return { ...readVerdicts(JSON.parse(stdout)), ...(ejections === undefined ? {} : { ejections }) };
  } finally {
    await started.stop();
  }
}

/** The parts of report.json that are scored. */
type PublicReport = {
  readonly validity: { readonly ok: boolean; readonly reasons: readonly string[] };
  readonly routes: readonly (RouteCounts & { readonly count: number })[];
  readonly findings: readonly {
    readonly cause: CauseId;
    readonly severity: Severity;
    readonly confidence: Confidence;
    readonly scope: { readonly member?: string };
    readonly measured: Readonly<Record<string, Measured>>;
  }[];
};

function readVerdicts(value: unknown): Verdicts {
  const { validity, routes, findings } = value as PublicReport;
  const countOf = (isGateway: boolean): number =>
    routes.filter(({ route }) => (route === 'gateway') === isGateway).reduce((sum, { count }) => sum + count, 0);
  return {
    ...(validity.ok ? { state: 'judged' } : { state: 'not-valid', because: validity.reasons.join(' ') }),
    found: validity.ok
      ? findings.map(({ cause, severity, confidence, scope: { member }, measured }) => ({
          ...{ cause, severity, confidence, measured },
          ...(member === undefined ? {} : { member }),
        }))
      : [],
    naive: naiveFindings(routes),
    requests: { gateway: countOf(true), direct: countOf(false) },
  };
}

/** Judges the recording of an earlier run again, without traffic; parameters and truth stay those of the run. */
export async function replayCase(folder: string): Promise<CaseResult> {
  const file = join(folder, 'case.json');
  const earlier = JSON.parse(await readFile(file, 'utf8')) as CaseResult;
  if (earlier.state === 'broken') return earlier;
  const report = diagnose(await readRecording(folder));
  const { because: _, ...rest } = earlier;
  const result: CaseResult = { ...rest, ...readVerdicts(JSON.parse(JSON.stringify(publicReport(report)))) };
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}
