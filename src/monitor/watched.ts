/** One profile under watch: all that changes while it is watched, and what it is done with. */
import type { CertificateFacts } from '../model/exchange.ts';
import type { RoundKind } from '../model/history.ts';
import { DEFAULT_SCHEDULE, type Profile, type ScheduleSpec } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import type { Random } from '../model/time.ts';
import { type Baseline, createBaseline } from './baseline.ts';
import type { MonitorDeps } from './deps.ts';
import type { JudgedState, LastOutcome, Outlook, RefusedProfile, RoundState } from './feed.ts';
import { createIdleDrops, type IdleDrops } from './idle-drops.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import type { IdleObservation, QuietWindow } from './quiet.ts';
import { type Rhythm, rhythmOf } from './schedule.ts';
import type { Spell } from './spells.ts';

export type Watched = {
  readonly profile: Profile;
  readonly file: string;
  readonly schedule: ScheduleSpec;
  readonly loadedAtUs: number;
  readonly random: Random;
  readonly ordinary: Rhythm;
  readonly baseline: Baseline;
  readonly idleDrops: IdleDrops;
  notes: readonly string[];
  refused: RefusedProfile | undefined;
  /** Undefined while nothing is wrong. */
  faster: Rhythm | undefined;
  nextDueAtUs: number | undefined;
  lastDueAtUs: number;
  roundNumber: number;
  readonly rounds: Record<RoundKind, number>;
  overlapped: number;
  requests: number;
  lastRound: RoundState | undefined;
  lagsUs: readonly number[];
  readonly last: Map<RouteId, LastOutcome>;
  /** When the last request on a route ended: a silence is counted from there. */
  readonly lastEndAtUs: Map<RouteId, number>;
  spells: readonly Spell[];
  maintenance: MaintenanceWindow | undefined;
  /** The window that is planned or lasts. */
  window: QuietWindow | undefined;
  /** Routes that are silent now. */
  readonly silent: Set<RouteId>;
  /** Which night, and how many windows it had. */
  night: { readonly fromAtUs: number; readonly done: number } | undefined;
  /** No window is planned before: a plan that came to nothing is not made again every second. */
  planAgainAtUs: number;
  readonly observations: Map<RouteId, readonly IdleObservation[]>;
  /** When the last judgement began; at first when watching did. */
  judgedAtUs: number;
  judged: JudgedState | undefined;
  readonly certificates: Map<RouteId, CertificateFacts>;
  outlook: readonly Outlook[];
  /** While a look at history goes on. */
  judging: Promise<void> | undefined;
};

/** `before` is the same profile as it was until now: spells go on, what is ordinary is learned anew where it may differ. */
export function newWatched(
  profile: Profile,
  file: string,
  deps: Pick<MonitorDeps, 'random'>,
  nowAtUs: number,
  before?: Watched,
): Watched {
  const schedule = profile.schedule ?? DEFAULT_SCHEDULE;
  const random = deps.random.fork(profile.name);
  return {
    profile,
    file,
    schedule,
    loadedAtUs: nowAtUs,
    random,
    ordinary: rhythmOf(schedule, random),
    baseline: createBaseline(),
    idleDrops: createIdleDrops(),
    notes: profile.notes,
    refused: undefined,
    faster: undefined,
    nextDueAtUs: undefined,
    lastDueAtUs: nowAtUs,
    roundNumber: before?.roundNumber ?? 0,
    rounds: before?.rounds ?? { scheduled: 0, confirm: 0, experiment: 0 },
    overlapped: before?.overlapped ?? 0,
    requests: before?.requests ?? 0,
    lastRound: before?.lastRound,
    lagsUs: before?.lagsUs ?? [],
    last: new Map(before?.last),
    lastEndAtUs: new Map(before?.lastEndAtUs),
    spells: before?.spells ?? [],
    maintenance: before?.maintenance,
    window: undefined,
    silent: new Set(),
    night: before?.night,
    planAgainAtUs: 0,
    observations: new Map(before?.observations),
    judgedAtUs: before?.judgedAtUs ?? nowAtUs,
    judged: before?.judged,
    certificates: new Map(before?.certificates),
    outlook: before?.outlook ?? [],
    judging: undefined,
  };
}

/** While a spell lasts rounds follow each other faster. */
export function rhythmNow(watched: Watched): Rhythm {
  return watched.faster ?? watched.ordinary;
}

export function isFailingNow({ spells }: Watched): boolean {
  return spells.some(({ failing }) => failing.length > 0);
}

/** Random numbers that no other use of the same seed gets. */
export function streamOf(watched: Watched, label: string): Random {
  return watched.random.fork(`${label} ${watched.loadedAtUs}`);
}
