/** The loop of one profile: waits for what is due next and does it, one thing at a time. */
import { LEVEL_US } from '../model/history.ts';
import type { ExperimentKind } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import { US_PER_SEC } from '../model/time.ts';
import { ask, followUp } from './asking.ts';
import { type MonitorDeps, tell, wallUs } from './deps.ts';
import { maintenanceAt } from './maintenance.ts';
import { routesOf, scheduledOrder } from './round.ts';
import { cronRhythm, nextDue, type Rhythm } from './schedule.ts';
import { breakSilence, planSilence, silenceDueAtUs, stepSilence } from './silence.ts';
import { rhythmNow, streamOf, type Watched } from './watched.ts';

/** The longest sleep at a stretch: so soon a clock that was set, or a machine that slept, is noticed. */
const LONGEST_SLEEP_US = 60 * US_PER_SEC;
/** A wake-up so much later than asked for is no busy machine: it slept, or its clock was set. */
const STOOD_STILL_US = 60 * US_PER_SEC;
/** Judging reads hours of history; what it finds has lasted for minutes. */
const JUDGE_EVERY_US = 300 * US_PER_SEC;

type Heavier = { readonly rhythm: Rhythm; readonly experiments: readonly ExperimentKind[]; lastDueAtUs: number };

/** Ends when `signal` is aborted, and not before; what fails is told and the loop goes on. */
export async function watchProfile(deps: MonitorDeps, watched: Watched, signal: AbortSignal): Promise<void> {
  const { schedule } = watched;
  const heavier = schedule.heavier.map(
    ({ cron, experiments }): Heavier => ({
      rhythm: cronRhythm(cron, schedule.timezone, 0, watched.random),
      experiments,
      lastDueAtUs: watched.loadedAtUs,
    }),
  );
  while (!signal.aborted) {
    const nowAtUs = wallUs(deps.clock);
    planSilence(watched, nowAtUs);
    const wakeAtUs = Math.min(
      nextRoundAtUs(watched, nowAtUs) ?? Number.POSITIVE_INFINITY,
      silenceDueAtUs(watched) ?? Number.POSITIVE_INFINITY,
      ...heavier.map(({ rhythm, lastDueAtUs }) => rhythm.next(lastDueAtUs) ?? Number.POSITIVE_INFINITY),
    );
    await sleepUntil(deps, watched, wakeAtUs, signal);
    if (signal.aborted) break;
    try {
      await step(deps, watched, heavier, signal);
    } catch (error) {
      // The sending thread, or a bug of ours: the profile is watched on, and whoever is on call reads that a round is missing.
      tellBug(deps, watched, error);
    }
  }
  breakSilence(deps, watched, wallUs(deps.clock));
}

async function step(
  deps: MonitorDeps,
  watched: Watched,
  heavier: readonly Heavier[],
  signal: AbortSignal,
): Promise<void> {
  stepMaintenance(deps, watched);
  await stepSilence(deps, watched);
  for (const one of heavier) if (!signal.aborted) await stepHeavier(deps, watched, one, signal);
  if (!signal.aborted) await stepScheduled(deps, watched);
  if (!signal.aborted) stepJudge(deps, watched, signal);
}

function nextRoundAtUs(watched: Watched, nowAtUs: number): number | undefined {
  const { dueAtUs } = nextDue(rhythmNow(watched), watched.lastDueAtUs, nowAtUs);
  watched.nextDueAtUs = dueAtUs;
  return dueAtUs;
}

async function stepScheduled(deps: MonitorDeps, watched: Watched): Promise<void> {
  const nowAtUs = wallUs(deps.clock);
  const { dueAtUs, leftOut } = nextDue(rhythmNow(watched), watched.lastDueAtUs, nowAtUs);
  if (dueAtUs === undefined || dueAtUs > nowAtUs) return;
  watched.lastDueAtUs = dueAtUs;
  watched.overlapped += leftOut;
  const routes = routesOf(watched.profile).filter((route) => !watched.silent.has(route));
  if (routes.length === 0) return;
  const number = watched.roundNumber++;
  const random = streamOf(watched, `round ${number}`);
  const round = await ask(deps, watched, scheduledOrder(watched.profile, number, routes, random), dueAtUs);
  await followUp(deps, watched, round);
}

function stepMaintenance(deps: MonitorDeps, watched: Watched): void {
  const { profile, maintenance: before } = watched;
  const now = maintenanceAt(profile.maintenance ?? [], wallUs(deps.clock));
  if (now?.fromAtUs === before?.fromAtUs && now?.untilAtUs === before?.untilAtUs) return;
  watched.maintenance = now;
  if (now !== undefined) {
    tell(deps, {
      id: `maintenance:${profile.name}:${now.fromAtUs}`,
      profile: profile.name,
      kind: 'maintenance',
      severity: 'info',
      fromAtUs: now.fromAtUs,
      toAtUs: now.untilAtUs,
      title: `Maintenance${now.reason === undefined ? '' : ` (${now.reason})`}: probing goes on, nobody is told`,
      facts: {},
    });
  }
  deps.publish({ kind: 'state' });
}

async function stepHeavier(deps: MonitorDeps, watched: Watched, one: Heavier, signal: AbortSignal): Promise<void> {
  const startedAtUs = wallUs(deps.clock);
  const { dueAtUs } = nextDue(one.rhythm, one.lastDueAtUs, startedAtUs);
  // In a quiet window it waits: load would end what the night is for.
  if (dueAtUs === undefined || dueAtUs > startedAtUs || watched.silent.size > 0) return;
  one.lastDueAtUs = dueAtUs;
  if (deps.runHeavier === undefined) return;
  const { profile } = watched;
  deps.log.info({ profile: profile.name }, `${one.experiments.join(', ')}: begins`);
  const result = await deps.runHeavier(profile, one.experiments, signal);
  const endedAtUs = wallUs(deps.clock);
  watched.rounds.experiment++;
  watched.requests += result.due;
  watched.lastRound = {
    kind: 'experiment',
    startedAtUs,
    endedAtUs,
    lagUs: startedAtUs - dueAtUs,
    due: result.due,
    notSent: result.notSent,
    failed: result.failed,
  };
  deps.log.info({ profile: profile.name }, result.title);
  tell(deps, {
    id: `experiment:${profile.name}:${startedAtUs}`,
    profile: profile.name,
    kind: 'monitor',
    severity: 'info',
    fromAtUs: startedAtUs,
    toAtUs: endedAtUs,
    title: result.title,
    facts: { experiments: one.experiments, ...result.facts },
  });
}

/** One look at a time, beside the rounds: what it finds has lasted for minutes, and a month takes seconds to judge. */
function stepJudge(deps: MonitorDeps, watched: Watched, signal: AbortSignal): void {
  const { judgeWindow } = deps;
  const nowAtUs = wallUs(deps.clock);
  const isDue = watched.judging === undefined && nowAtUs - watched.judgedAtUs >= JUDGE_EVERY_US;
  if (judgeWindow === undefined || !isDue) return;
  const lagUs = nowAtUs - watched.judgedAtUs - JUDGE_EVERY_US;
  watched.judgedAtUs = nowAtUs;
  const certificates = [...watched.certificates].map(([route, certificate]) => ({ route, certificate }));
  watched.judging = judgeWindow(watched.profile, nowAtUs, certificates)
    .then(({ events, outlook }) => {
      const endedAtUs = wallUs(deps.clock);
      watched.judged = { endedAtUs, tookUs: Math.max(0, endedAtUs - nowAtUs), lagUs };
      for (const event of events) deps.publish({ kind: 'event', event });
      if (outlook === undefined) return;
      watched.outlook = outlook;
      deps.publish({ kind: 'state' });
    })
    .catch((error: unknown) => {
      // A look that the end of the monitor breaks off is no failure.
      if (!signal.aborted) tellNotJudged(deps, watched, error);
    })
    .finally(() => {
      watched.judging = undefined;
    });
}

function tellNotJudged(deps: MonitorDeps, { profile }: Watched, error: unknown): void {
  const nowAtUs = wallUs(deps.clock);
  deps.log.error({ profile: profile.name, err: error }, 'history could not be judged');
  tell(deps, {
    // While it stays so it is one event.
    id: `monitor:${profile.name}:not-judged:${Math.floor(nowAtUs / LEVEL_US['1h'])}`,
    profile: profile.name,
    kind: 'monitor',
    severity: 'warning',
    fromAtUs: nowAtUs,
    toAtUs: nowAtUs,
    title: 'History could not be judged; rounds and alerts of failures go on, and the next look is 5 minutes later',
    facts: { error: error instanceof Error ? error.message : String(error) },
  });
}

async function sleepUntil(deps: MonitorDeps, watched: Watched, wakeAtUs: number, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  const fromAtUs = wallUs(clock);
  const sleepUs = Math.min(LONGEST_SLEEP_US, wakeAtUs - fromAtUs);
  if (sleepUs > 0) await clock.sleep(sleepUs, signal);
  const nowAtUs = wallUs(clock);
  const lateUs = nowAtUs - fromAtUs - Math.max(0, sleepUs);
  if (Math.abs(lateUs) < STOOD_STILL_US) return;
  // Nothing was measured meanwhile, and nothing of it is made up for.
  watched.lastDueAtUs = nowAtUs;
  breakSilence(deps, watched, nowAtUs);
  const title = `The monitor stood still for ${formatDuration(Math.abs(lateUs))} (the machine slept, or its clock was set${lateUs < 0 ? ' back' : ''})`;
  deps.log.warn({ profile: watched.profile.name }, title);
  if (lateUs > 0) keepStopped(deps, watched, fromAtUs, nowAtUs);
}

/** Nothing was sent to any route in this time. */
export function keepStopped(deps: MonitorDeps, { profile }: Watched, fromAtUs: number, toAtUs: number): void {
  for (const route of routesOf(profile))
    deps.keeper.keepQuiet({ profile: profile.name, route, fromAtUs, toAtUs, why: 'stopped' }, toAtUs);
}

function tellBug(deps: MonitorDeps, watched: Watched, error: unknown): void {
  const { profile } = watched;
  const nowAtUs = wallUs(deps.clock);
  deps.log.error({ profile: profile.name, err: error }, 'a round was lost by a bug in gateprobe');
  tell(deps, {
    id: `monitor:${profile.name}:bug:${nowAtUs}`,
    profile: profile.name,
    kind: 'monitor',
    severity: 'warning',
    fromAtUs: nowAtUs,
    toAtUs: nowAtUs,
    title: 'A round was lost by a bug in gateprobe; the log has its stack',
    facts: { error: error instanceof Error ? error.message : String(error) },
  });
}
