/** Many profiles under watch: loads and reloads them, keeps history in order, stops cleanly. */
import type { Problem } from '../errors.ts';
import { type History, type HistoryLevel, LEVEL_US } from '../model/history.ts';
import { formatDuration } from '../model/quantity.ts';
import { US_PER_SEC } from '../model/time.ts';
import { type AlertWatch, createAlertWatch, deliveryNotes } from './alert-watch.ts';
import { recallBaseline } from './baseline.ts';
import { type MonitorDeps, tell, wallUs } from './deps.ts';
import { createFeed, type FeedSource, type MonitorFeed, type MonitorState, type RefusedProfile } from './feed.ts';
import { createKeeper } from './keeper.ts';
import { profileState } from './profile-state.ts';
import type { LoadedProfile, ProfileChange, Reloader } from './reload.ts';
import { routesOf } from './round.ts';
import { recallObservations } from './silence.ts';
import { endSpells, recalledSpells } from './spells.ts';
import { keepStopped, watchProfile } from './watch.ts';
import { newWatched, type Watched } from './watched.ts';

export type DaemonOptions = Omit<MonitorDeps, 'keeper' | 'publish'> & {
  readonly reloader: Reloader;
  readonly version: string;
  readonly dataFolder: string;
};

export type Daemon = {
  readonly feed: MonitorFeed;
  /** Loads the profiles once; what is refused is in the feed. */
  load(): Promise<void>;
  /** Loads every profile again, also those that look unchanged. */
  reload(): void;
  /** Watches until `signal` is aborted, and then until everything has ended: within some seconds. */
  run(signal: AbortSignal): Promise<void>;
};

type Running = { readonly watched: Watched; readonly stop: AbortController; readonly ended: Promise<void> };

/** A profile that was saved is in force some seconds later; looking at its time and size costs nothing. */
const LOOK_EVERY_US = 5 * US_PER_SEC;
/** Intervals of 10 s become those of 5 min: nobody waits for it. */
const MAINTAIN_EVERY_US = 60 * US_PER_SEC;
/** What is in flight when the monitor stops may still end; systemd and Windows kill after 5 s at the earliest. */
const STOP_GRACE_US = 2 * US_PER_SEC;
/** Beside it: an alert of the last second still goes out where its receiver answers. */
const ALERT_GRACE_US = US_PER_SEC;

type Core = {
  readonly options: DaemonOptions;
  readonly deps: MonitorDeps;
  readonly feed: FeedSource;
  readonly alerts: AlertWatch;
  readonly running: Map<string, Running>;
  readonly refused: Map<string, RefusedProfile>;
  readonly startedAtUs: number;
  isStopping: boolean;
  isRunning: boolean;
};

export function createDaemon(options: DaemonOptions): Daemon {
  const core = createCore(options);
  const { deps, feed } = core;
  let force = false;
  let wake = new AbortController();
  async function look(): Promise<void> {
    const forced = force;
    force = false;
    for (const change of await options.reloader.look(wallUs(deps.clock), forced)) await apply(core, change);
  }
  return {
    feed,
    load: look,
    reload() {
      force = true;
      wake.abort();
    },
    async run(signal) {
      core.isRunning = true;
      signal.addEventListener('abort', () => wake.abort(), { once: true });
      for (const [name, { watched }] of core.running) core.running.set(name, start(core, watched));
      let maintainAtUs = 0;
      while (!signal.aborted) {
        const nowAtUs = wallUs(deps.clock);
        if (nowAtUs >= maintainAtUs) {
          deps.keeper.maintain(nowAtUs);
          maintainAtUs = nowAtUs + MAINTAIN_EVERY_US;
        }
        wake = new AbortController();
        if (force || signal.aborted) wake.abort();
        await deps.clock.sleep(LOOK_EVERY_US, wake.signal);
        if (!signal.aborted) await look();
      }
      await stopAll(core);
    },
  };
}

function createCore(options: DaemonOptions): Core {
  const { clock, log, history, random } = options;
  const startedAtUs = wallUs(clock);
  const running = new Map<string, Running>();
  const refused = new Map<string, RefusedProfile>();
  const feed = createFeed(
    () => stateOf(core),
    (error) => log.error({ err: error }, 'a listener of the feed failed and gets nothing any more'),
  );
  const keeper = createKeeper(history, {
    onPause(problem) {
      log.error({}, `writing is paused: ${problem.text}; measuring goes on and is not kept`);
      feed.publish({ kind: 'state' });
    },
    onResume({ sinceAtUs, rounds }) {
      const nowAtUs = wallUs(clock);
      const title = `Writing was paused for ${formatDuration(nowAtUs - sinceAtUs)}: ${rounds} rounds were measured and not kept`;
      log.warn({}, title);
      for (const profile of running.keys())
        tellMonitor(core, profile, 'paused', sinceAtUs, title, { toAtUs: nowAtUs, severity: 'warning' });
      feed.publish({ kind: 'state' });
    },
  });
  const deps: MonitorDeps = { ...options, keeper, publish: feed.publish };
  const alerts = createAlertWatch({
    ...{ clock, log, random },
    profileOf: (name) => running.get(name)?.watched.profile,
    onNotice(profile, event) {
      log.warn({ profile, event: event.id }, event.title);
      tell(deps, event);
    },
  });
  feed.subscribe(alerts.take);
  const core: Core = {
    options,
    deps,
    feed,
    alerts,
    running,
    refused,
    startedAtUs,
    isStopping: false,
    isRunning: false,
  };
  return core;
}

function stateOf({ options, deps, alerts, running, refused, startedAtUs, isStopping }: Core): MonitorState {
  const paused = deps.keeper.paused();
  return {
    version: options.version,
    startedAtUs,
    nowAtUs: wallUs(deps.clock),
    dataFolder: options.dataFolder,
    profiles: [...running.values()].map(({ watched }) => {
      const state = profileState(watched);
      const deliveries = alerts.deliveries(state.profile);
      return {
        ...{ ...state, notes: [...state.notes, ...deliveryNotes(deliveries)] },
        ...(deliveries === undefined ? {} : { deliveries }),
      };
    }),
    refused: [...refused.values()],
    ...(paused === undefined ? {} : { paused }),
    lost: deps.keeper.lost(),
    isStopping,
  };
}

async function apply(core: Core, change: ProfileChange): Promise<void> {
  if (change.kind === 'refused') refuse(core, change.refused, change.previous);
  else await take(core, change.loaded, change.previous);
  core.feed.publish({ kind: 'state' });
}

function problemLine({ path, line, message, expected, found, hint }: Problem): string {
  const where = [...(line === undefined ? [] : [`line ${line}`]), ...(path === '' ? [] : [path])];
  const wanted = expected === undefined ? '' : `; expected ${expected}`;
  const got = found === undefined ? '' : `, found ${found}`;
  return `${[...where, message].join(': ')}${wanted}${got}${hint === undefined ? '' : `. ${hint}`}`;
}

function refuse({ deps, running, refused }: Core, why: RefusedProfile, previous: LoadedProfile | undefined): void {
  const problems = why.problems.map(problemLine).join('; ');
  const stays = previous === undefined ? '' : '; what was loaded before stays in force';
  deps.log.error({ file: why.file }, `${why.file} is refused: ${problems}${stays}`);
  const watched = previous === undefined ? undefined : running.get(previous.profile.name)?.watched;
  if (watched === undefined) {
    refused.set(why.file, why);
    return;
  }
  watched.refused = why;
  tell(deps, {
    id: `profile:${watched.profile.name}:refused:${why.atUs}`,
    profile: watched.profile.name,
    kind: 'profile',
    severity: 'warning',
    fromAtUs: why.atUs,
    toAtUs: why.atUs,
    title: `The changed profile is refused (${why.problems.length} ${why.problems.length === 1 ? 'problem' : 'problems'})${stays}`,
    facts: { file: why.file, problems: why.problems },
  });
}

async function take(core: Core, { file, profile }: LoadedProfile, previous: LoadedProfile | undefined): Promise<void> {
  const { deps, running, refused } = core;
  refused.delete(file);
  const old = previous === undefined ? undefined : running.get(previous.profile.name);
  old?.stop.abort();
  await old?.ended;
  if (previous !== undefined && previous.profile.name !== profile.name) {
    deps.watching.drop(previous.profile.name);
    running.delete(previous.profile.name);
    if (old !== undefined) endAll(core, old.watched, () => true);
  }
  const nowAtUs = wallUs(deps.clock);
  const same = old?.watched.profile.name === profile.name ? old.watched : undefined;
  const watched = newWatched(profile, file, deps, nowAtUs, same);
  const routes = new Set<string>(routesOf(profile));
  endAll(core, watched, (route) => !routes.has(route));
  watched.notes = [...profile.notes, ...(await deps.watching.open(profile))];
  if (same === undefined) recall(core, watched, nowAtUs);
  deps.log.info({ profile: profile.name }, `${same === undefined ? 'watched' : 'changed'}: ${watched.ordinary.text}`);
  if (same !== undefined)
    tell(deps, {
      id: `profile:${profile.name}:changed:${nowAtUs}`,
      profile: profile.name,
      kind: 'profile',
      severity: 'info',
      fromAtUs: nowAtUs,
      toAtUs: nowAtUs,
      title: 'The profile was changed and is in force',
      facts: { file },
    });
  running.set(profile.name, core.isRunning ? start(core, watched) : idle(watched));
  if (same !== undefined) return;
  const open = {
    profile: profile.name,
    fromAtUs: nowAtUs - 1,
    toAtUs: nowAtUs,
    kinds: ['finding', 'failing'] as const,
  };
  const told = { ...open, fromAtUs: nowAtUs - LONGEST_ALERT_US, kinds: ['alert'] as const };
  core.alerts.recall(profile, [...deps.history.events(open), ...deps.history.events(told)]);
}

function endAll({ deps }: Core, watched: Watched, gone: (route: string) => boolean): void {
  const step = endSpells(watched.spells, gone, wallUs(deps.clock));
  watched.spells = step.spells;
  for (const event of step.events) tell(deps, event);
}

const idle = (watched: Watched): Running => ({ watched, stop: new AbortController(), ended: Promise.resolve() });

function start({ deps }: Core, watched: Watched): Running {
  const stop = new AbortController();
  return { watched, stop, ended: watchProfile(deps, watched, stop.signal) };
}

/** What history knows from before: how long nothing was measured, and what quiet windows showed. */
function recall(core: Core, watched: Watched, nowAtUs: number): void {
  const { deps, startedAtUs } = core;
  const { name } = watched.profile;
  const lastAtUs = lastSeenAtUs(deps.history, name, nowAtUs);
  if (lastAtUs !== undefined && lastAtUs < nowAtUs) keepStopped(deps, watched, lastAtUs, nowAtUs);
  recallObservations(deps.history, watched, nowAtUs);
  recallBaseline(deps.history, { ...watched, profile: name }, nowAtUs);
  const open = { profile: name, fromAtUs: nowAtUs - 1, toAtUs: nowAtUs };
  watched.spells = recalledSpells(deps.history.events({ ...open, kinds: ['failing'] }));
  const routes = new Set<string>(routesOf(watched.profile));
  endAll(core, watched, (route) => !routes.has(route));
  // A monitor that was killed could not say when it ended.
  for (const event of deps.history.events({ ...open, kinds: ['monitor'] }))
    if (event.toAtUs === undefined)
      tell(deps, {
        ...event,
        toAtUs: Math.max(event.fromAtUs, lastAtUs ?? 0),
        title: 'The monitor ran and did not stop cleanly',
      });
  tellMonitor(core, name, 'runs', startedAtUs, 'The monitor runs', { severity: 'info' });
}

/** An alert that has been open for longer, without a word, is forgotten by a restart. */
const LONGEST_ALERT_US = 31 * 86_400 * US_PER_SEC;

/** How far back each level is looked at: the finest that has something says most exactly when the monitor stopped. */
const LOOK_BACK_US: Readonly<Record<HistoryLevel, number>> = {
  '10s': 3_600 * US_PER_SEC,
  '5m': 86_400 * US_PER_SEC,
  '1h': 31 * 86_400 * US_PER_SEC,
  '1d': 800 * 86_400 * US_PER_SEC,
};

/** End of the last interval that was kept; undefined: nothing ever was. */
export function lastSeenAtUs(
  history: Pick<History, 'intervals'>,
  profile: string,
  nowAtUs: number,
): number | undefined {
  for (const [level, backUs] of Object.entries(LOOK_BACK_US) as [HistoryLevel, number][]) {
    const rows = history.intervals({ profile, level, fromAtUs: nowAtUs - backUs, toAtUs: nowAtUs });
    if (rows.length > 0) return Math.max(...rows.map(({ startAtUs }) => startAtUs)) + LEVEL_US[level];
  }
  return undefined;
}

function tellMonitor(
  { deps }: Core,
  profile: string,
  what: 'runs' | 'paused',
  fromAtUs: number,
  title: string,
  more: { readonly severity: 'info' | 'warning'; readonly toAtUs?: number },
): void {
  tell(deps, {
    id: `monitor:${profile}:${what}:${fromAtUs}`,
    profile,
    kind: 'monitor',
    fromAtUs,
    title,
    facts: {},
    ...more,
  });
}

async function stopAll(core: Core): Promise<void> {
  const { deps, running, startedAtUs, feed, alerts } = core;
  core.isStopping = true;
  feed.publish({ kind: 'state' });
  deps.watching.stop(STOP_GRACE_US);
  for (const { stop } of running.values()) stop.abort();
  await Promise.all([...running.values()].map(({ ended }) => ended));
  await deps.watching.close();
  const toAtUs = wallUs(deps.clock);
  for (const profile of running.keys())
    tellMonitor(core, profile, 'runs', startedAtUs, `The monitor ran for ${formatDuration(toAtUs - startedAtUs)}`, {
      severity: 'info',
      toAtUs,
    });
  await alerts.close(ALERT_GRACE_US);
  deps.log.info({}, 'stopped');
}
