/** Timers seen by their mark alone: failures of which no line says what they are, but that all took the same time. */
import { binomialTail } from '../analysis/proportion.ts';
import { agrees, citation, settingsFor } from '../gateways/config/setting-for.ts';
import type { SettingMeaning } from '../model/declared.ts';
import type { Confidence } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import type { Decision } from './decision.ts';
import { configsOf } from './declarations.ts';
import type { DetectorContext } from './detector.ts';
import type { Decided } from './log-decisions.ts';
import { classText } from './log-exhibits.ts';

/** Fewer failures at one time are chance, or one slow request of one user. */
const MIN_FAILURES = 5;
/** Quicker failures agree without any timer: they are answers. */
const LEAST_TIMER_US = 1_000_000;
/** As for two hosts (methods D.6); a timer of 30 s is logged up to 0.4 % early. */
const MIN_WIDTH_US = 250_000;
const WIDTH_RATIO = 0.01;
/** Of the failures without a cause on the same paths this share must stand at the wall: a timer spares nobody. */
const AT_WALL_RATIO = 0.8;
/** As probable as this by chance, corrected for the places scanned, is no wall. */
const CHANCE = 1e-4;

/** The same journeys; those that pile up at one time carry the decision that follows from it. Failures of one status are looked at together. */
export function withWalls(decided: readonly Decided[], context: DetectorContext): readonly Decided[] {
  const byStatus = new Map<string, Mute[]>();
  for (const item of decided) {
    if (!isMute(item)) continue;
    const key = classText(item.facts.frontLine);
    byStatus.set(key, [...(byStatus.get(key) ?? []), { item, us: item.facts.frontUs ?? 0 }]);
  }
  const decisions = new Map<Decided, Decision>();
  for (const mute of byStatus.values()) {
    mute.sort((a, b) => a.us - b.us);
    const wall = findWall(mute.map(({ us }) => us));
    if (wall === undefined) continue;
    const own = mute.slice(wall.from, wall.to).map(({ item }) => item);
    const paths = new Set(own.map(({ journey }) => journey.path));
    if (isBroken(wall.medianUs, paths, mute, own.length, decided)) continue;
    const decision = decisionOf(wall.medianUs, own, context);
    for (const item of own) decisions.set(item, decision);
  }
  return decisions.size === 0
    ? decided
    : decided.map((item) => ({ ...item, decision: decisions.get(item) ?? item.decision }));
}

type Mute = { readonly item: Decided; readonly us: number };

/** A failure at the gateway that the table could not decide, or only that the gateway made it. */
function isMute({ decision, facts, journey }: Decided): boolean {
  return (
    decision.cause === undefined &&
    journey.client?.direct === undefined &&
    facts.outcome !== 'client/abort' &&
    (facts.frontLine?.status ?? 0) >= 500 &&
    (facts.frontUs ?? 0) >= LEAST_TIMER_US
  );
}

type Wall = { readonly from: number; readonly to: number; readonly medianUs: number };

/** The densest window; undefined where chance would make such a one. */
function findWall(timesUs: readonly number[]): Wall | undefined {
  let best: Wall | undefined;
  let to = 0;
  for (let from = 0; from < timesUs.length; from++) {
    const startUs = timesUs[from] as number;
    while (to < timesUs.length && (timesUs[to] as number) <= startUs + widthUs(startUs)) to++;
    if (to - from > (best === undefined ? 0 : best.to - best.from))
      best = { from, to, medianUs: timesUs[Math.floor((from + to) / 2)] as number };
  }
  if (best === undefined || best.to - best.from < MIN_FAILURES) return undefined;
  const spanUs = Math.max(timesUs.at(-1) ?? 0, 2 * best.medianUs);
  const p = timesUs.length * binomialTail(best.to - best.from - 1, timesUs.length - 1, widthUs(best.medianUs) / spanUs);
  return p < CHANCE ? best : undefined;
}

function widthUs(us: number): number {
  return Math.max(MIN_WIDTH_US, WIDTH_RATIO * us);
}

/** An answer that came through later, or many failures elsewhere in time, on the same paths: then it is no timer. */
function isBroken(
  wallUs: number,
  paths: ReadonlySet<string | undefined>,
  mute: readonly Mute[],
  count: number,
  decided: readonly Decided[],
): boolean {
  const onPaths = mute.filter(({ item }) => paths.has(item.journey.path)).length;
  if (count < AT_WALL_RATIO * onPaths) return true;
  return decided.some(
    ({ facts, journey }) =>
      paths.has(journey.path) &&
      (facts.frontLine?.status ?? 500) < 400 &&
      (facts.frontUs ?? 0) > wallUs + 2 * widthUs(wallUs),
  );
}

function decisionOf(wallUs: number, own: readonly Decided[], context: DetectorContext): Decision {
  const outlasting = own.filter(
    ({ facts }) =>
      !facts.isAmbiguous && (facts.memberUs ?? 0) >= wallUs - widthUs(wallUs) && facts.memberLine !== 'none',
  ).length;
  const { timer, isAlone, said } = timerAt(wallUs, outlasting > 0, context);
  const confidence: Confidence = isAlone || outlasting > 0 ? 'likely' : 'possible';
  const seen = `the lines do not say what failed, but ${own.length} failures took ${formatDuration(wallUs)} each, and no answer came later`;
  const support = [...said, ...(outlasting === 0 ? [] : [`a member was at work for longer in ${outlasting} of them`])];
  return { ...(timer ?? RESPONSE), confidence, because: [seen, ...support].join('; '), waitedUs: wallUs };
}

type Timer = Pick<Decision, 'row' | 'cause'>;

const RESPONSE: Timer = { row: '7', cause: 'timeout/gateway-response' };
/** Timers of a gateway that end a request before any member is at work. */
const EARLIER: readonly (readonly [SettingMeaning, Timer])[] = [
  ['connect-timeout', { row: '12', cause: 'timeout/gateway-connect' }],
  ['queue-timeout', { row: '13', cause: 'timeout/gateway-queue' }],
];

/** Which timer is set to that time. `isAlone`: no other one is. */
type TimerAt = { readonly timer?: Timer; readonly isAlone: boolean; readonly said: readonly string[] };

/** Out of the gateway's configuration where it was read, which beats what is usual; else out of its defaults. */
function timerAt(wallUs: number, isMemberAtWork: boolean, { gateway, measures }: DetectorContext): TimerAt {
  const configs = configsOf(measures.configs ?? [], 'gateway');
  if (settingsFor(configs, 'response-timeout').length === 0) {
    const usual = gateway.timers.find(
      ({ cause, defaultUs }) =>
        cause === 'timeout/gateway-response' &&
        defaultUs !== undefined &&
        Math.abs(defaultUs - wallUs) <= widthUs(defaultUs),
    );
    if (usual === undefined) return { isAlone: false, said: [] };
    const said = `${usual.directive} is ${formatDuration(usual.defaultUs ?? 0)} unless set`;
    return { timer: RESPONSE, isAlone: true, said: [said] };
  }
  const declaredAt = (meaning: SettingMeaning): string | undefined => {
    const found = settingsFor(configs, meaning, undefined, wallUs).find((setting) => agrees(setting, wallUs));
    return found === undefined ? undefined : citation(found);
  };
  const response = declaredAt('response-timeout');
  const earlier = isMemberAtWork
    ? []
    : EARLIER.flatMap(([meaning, timer]) => {
        const text = declaredAt(meaning);
        return text === undefined ? [] : [{ timer, text }];
      });
  const texts = [...(response === undefined ? [] : [response]), ...earlier.map(({ text }) => text)];
  if (texts.length === 0)
    return {
      isAlone: false,
      said: ['no timer of the configuration that was read is set to that: another hop may have it'],
    };
  const timer = response === undefined && earlier.length === 1 ? earlier[0]?.timer : RESPONSE;
  const said = texts.length === 1 ? `that is ${texts[0]}` : `that is any of ${texts.join(' and ')}`;
  return { ...(timer === undefined ? {} : { timer }), isAlone: texts.length === 1, said: [said] };
}
