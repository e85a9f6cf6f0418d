import { randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { Recording } from '../model/recording.ts';
import type { Clock } from '../model/time.ts';
import { createDaemon, type Daemon } from '../monitor/daemon.ts';
import type { HeavierResult, RunHeavier } from '../monitor/deps.ts';
import { createJudging } from '../monitor/judging.ts';
import { startJudgingThread } from '../monitor/judging-thread.ts';
import { createLog, type MonitorLog } from '../monitor/log.ts';
import type { Otlp } from '../monitor/otlp.ts';
import { createReloader } from '../monitor/reload.ts';
import { DEFAULT_WEB_HOST, DEFAULT_WEB_PORT, startWeb, type Web } from '../monitor/web.ts';
import { createMemoryGuard } from '../pipeline/memory-guard.ts';
import { startWatching } from '../pipeline/watch-round.ts';
import { diagnose, recordRun, writeRun } from '../pipeline.ts';
import { loadProfile } from '../profile/load.ts';
import { parseDuration } from '../profile/units.ts';
import { type FolderLock, lockHistory } from '../store/folder-lock.ts';
import { openHistory } from '../store/history.ts';
import { createClock, createEpoch } from '../traffic/clock.ts';
import { parseSeed, runFolder } from './live-run.ts';
import { dataOption, unitOption } from './options.ts';
import { print, printError, problemText } from './output.ts';
import { packageVersion } from './version.ts';

export type MonitorOptions = {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly reports: string;
  readonly otlp?: string;
  readonly for?: number;
  readonly seed?: number;
};

/** Where the token is read from: on the command line every user of the machine could see it. */
const TOKEN_VARIABLE = 'GATEPROBE_TOKEN';

export function monitorCommand(): Command {
  return new Command('monitor')
    .description('ask a farm around the clock: history, dashboard, metrics')
    .argument('<profile...>', 'one or more YAML files; changed ones are loaded again')
    .addOption(dataOption('where history is kept'))
    .option(
      '--host <address>',
      `where the dashboard listens; beyond loopback ${TOKEN_VARIABLE} must be set`,
      DEFAULT_WEB_HOST,
    )
    .option('--port <number>', 'port of the dashboard; 0 takes any free one', parsePort, DEFAULT_WEB_PORT)
    .option('--reports <folder>', 'reports of runs, which the dashboard lists and heavier experiments write', 'reports')
    .option('--otlp <url>', 'an OpenTelemetry collector that gets metrics and events, over HTTP', parseOtlp)
    .option('--for <duration>', 'end by itself after this time', unitOption(parseDuration, 'for'))
    .option('--seed <number>', 'repeat the random choices of an earlier start', parseSeed)
    .action(async (files: readonly string[], options: MonitorOptions) => {
      process.exitCode = await runMonitor(files, options);
    });
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UserError(`--port wants a whole number from 0 to 65535, got ${text}`);
}

function parseOtlp(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw new UserError(`--otlp wants an address such as http://127.0.0.1:4318, got ${text}`);
  if (url.username !== '' || url.password !== '')
    throw new UserError('--otlp must not hold a password: every user of the machine could see it', {
      hint: 'OTEL_EXPORTER_OTLP_HEADERS is read, for example authorization=Bearer%20…',
    });
  return url.href.replace(/\/$/, '');
}

/**
 * The whole command, from profiles to exit code. `clockOf` makes the clock that all planning follows from the system's;
 * latencies are measured by the system's, whatever it gives.
 */
export async function runMonitor(
  files: readonly string[],
  options: MonitorOptions,
  clockOf: (system: Clock) => Clock = wallClock,
): Promise<number> {
  const log = createLog((line) => process.stderr.write(line), process.stderr.isTTY === true ? 'text' : 'json');
  const epoch = createEpoch();
  const clock = clockOf(createClock(epoch));
  const reloader = createReloader(files, { load: loadProfile, stamp: stampOf });
  const dataFolder = resolve(options.data);
  const reportsFolder = resolve(options.reports);
  const history = openHistory(dataFolder, {
    settingsOf: (name) => reloader.loaded().find(({ profile }) => profile.name === name)?.profile.history,
  });
  const lock = lockedWith(history);
  const version = packageVersion();
  const watching = await startWatching({ version, clock: createClock(epoch), epoch });
  const judging = startJudgingThread({ file: history.file, version });
  const daemon = createDaemon({
    ...{ clock, history, watching, log, reloader, version, dataFolder },
    random: createRandom(options.seed ?? randomInt(0x7fffffff)),
    runHeavier: heavierIn(reportsFolder, version),
    judgeWindow: createJudging({ history, judge: judging.judge }),
  });
  try {
    await daemon.load();
    refuseNothing(daemon);
    const token = process.env[TOKEN_VARIABLE];
    const web = await startWeb({
      ...{ history, feed: daemon.feed, host: options.host, port: options.port, token, reportsFolder, clock },
      report: (error) => log.error({ err: error }, 'the dashboard failed to answer'),
    });
    // Before the first word: whoever reads it may end the program at once.
    const otlp = options.otlp === undefined ? undefined : await startedOtlp(options.otlp, daemon, web, clock, log);
    const stopping = stopOnSignals(daemon, log, options.for);
    // Loading leaves 20 MB behind, which would lie about for days: a monitor makes too little garbage to collect them soon.
    createMemoryGuard().collect();
    print(welcome(web.url, daemon, dataFolder));
    try {
      await daemon.run(stopping.signal);
    } finally {
      stopping.release();
      await otlp?.close();
      await web.close();
    }
    return EXIT.ok;
  } finally {
    await watching.close();
    await judging.close();
    history.close();
    lock.release();
  }
}

function lockedWith(history: ReturnType<typeof openHistory>): FolderLock {
  try {
    return lockHistory(history.file);
  } catch (error) {
    history.close();
    throw error;
  }
}

/** Loaded only where it is asked for: it is half as large as all the rest. */
async function startedOtlp(url: string, { feed }: Daemon, web: Web, clock: Clock, log: MonitorLog): Promise<Otlp> {
  const { startOtlp } = await import('../monitor/otlp.ts');
  const instance = `${hostname()}:${new URL(web.url).port}`;
  return startOtlp({
    ...{ url, feed, clock, instance, metrics: web.metrics },
    onFailure: (signal, text) => log.warn({}, `OTLP: ${signal} do not arrive: ${text}`),
    onSuccess: (signal) => log.info({}, `OTLP: ${signal} arrive`),
  });
}

/** With no profile at all there is nothing to watch; a broken one among others is told, and the others are watched. */
function refuseNothing({ feed }: Daemon): void {
  const { profiles, refused } = feed.state();
  for (const { file, problems } of refused)
    for (const problem of problems) printError(`${file}: ${problemText(problem)}`);
  if (profiles.length === 0)
    throw new UserError('no profile can be watched', {
      hint: 'gateprobe check <profile> says what is wrong with one.',
    });
}

function welcome(url: string, { feed }: Daemon, dataFolder: string): string {
  const { profiles } = feed.state();
  const names = profiles.map(({ profile, schedule }) => `${profile} (${schedule})`).join(', ');
  return `Dashboard ${url} · watching ${names} · history in ${dataFolder}`;
}

/**
 * The wall clock as the system has it now: over weeks the monotonic one drifts away from it, and a machine that slept is
 * noticed by the difference.
 */
function wallClock(clock: Clock): Clock {
  return { ...clock, wallMs: Date.now };
}

/** Time and size tell a changed file; its inode one that was replaced by another with both the same. */
async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    // Not there now: loading it says why.
    return undefined;
  }
}

/** Ctrl-C, Ctrl-Break, a request to terminate, or the end of the time that was asked for. SIGHUP loads profiles again, where it is no farewell. */
function stopOnSignals(
  daemon: Daemon,
  log: MonitorLog,
  durationUs: number | undefined,
): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    // Whoever asks twice does not want to wait.
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    log.info({}, 'stopping: what is in flight may end');
    controller.abort();
  };
  const hangUp = (): void => {
    // Windows says so when the window is closed: the process has some seconds left.
    if (process.platform === 'win32') stop();
    else {
      log.info({}, 'profiles are loaded again');
      daemon.reload();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const;
  for (const name of signals) process.on(name, stop);
  process.on('SIGHUP', hangUp);
  const timer = durationUs === undefined ? undefined : setTimeout(() => controller.abort(), durationUs / 1_000);
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      for (const name of signals) process.off(name, stop);
      process.off('SIGHUP', hangUp);
    },
  };
}

/** As `gateprobe run` does with these experiments: within the profile's limits, judged, written as a report. */
function heavierIn(reportsFolder: string, version: string): RunHeavier {
  return async (profile, kinds, signal): Promise<HeavierResult> => {
    const own: Profile = { ...profile, experiments: profile.experiments.filter(({ kind }) => kinds.includes(kind)) };
    const epoch = createEpoch();
    const folder = join(reportsFolder, basename(runFolder(profile.name, new Date(epoch.wallMs))));
    const recorded = await recordRun({
      ...{ profile: own, seed: randomInt(0x7fffffff), version, clock: createClock(epoch), epoch, signal, folder },
    });
    const report = diagnose(recorded.recording);
    await writeRun(folder, report, recorded);
    const { experiments } = recorded.recording;
    const due = experiments.reduce((sum, { dueCount }) => sum + dueCount, 0);
    const notSent = due - experiments.reduce((sum, { sentCount }) => sum + sentCount, 0);
    const findings = report.findings.map(({ title }) => title);
    const failed = failuresIn(recorded.recording);
    return {
      ...{ due, notSent, failed },
      title: `${kinds.join(', ')}: ${due} requests, ${findings.length === 0 ? 'no finding' : findings.join('; ')}`,
      facts: { report: folder, findings },
    };
  };
}

function failuresIn({ windows }: Recording): number {
  let failed = 0;
  for (const { cohort, count } of windows()) if (cohort === 'error' || cohort === 'timeout') failed += count;
  return failed;
}
