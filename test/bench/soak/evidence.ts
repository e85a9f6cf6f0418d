/** When a history said what was planted, judged afterwards as the monitor judges it: what it should have told, it could have told by then. */
import type { Finding } from '../../../src/model/finding.ts';
import type { Profile } from '../../../src/model/profile.ts';
import { isAtLeast } from '../../../src/model/severity.ts';
import { judgeSpan } from '../../../src/monitor/judged-span.ts';
import { diagnose } from '../../../src/pipeline.ts';
import type { HistoryFile } from '../../../src/store/history.ts';
import { DAY_US, MINUTE_US } from '../../store/rounds.ts';
import type { Life } from './outcome.ts';

/** The monitor looks at the last day so often, as many times as fit into it (`monitor/judging.ts`). */
const LOOK_EVERY_MIN = 5;
/** In a row: evidence at the edge comes and goes, and the monitor's own looks lie in between. Two of them are over by the third. */
const LOOKS_IN_A_ROW = 3;
/** A monitor that starts needs some seconds, which are minutes of the lab, and then the pause until a look. */
const START_MS = 10_000;

/** Lab minute of the third look in a row that says it; undefined: none does until `endMin`. Looks are made when the lab's clock shows whole stretches. */
export function evidentAtMin(
  isSaidAt: (atMin: number) => boolean,
  fromMin: number,
  endMin: number,
): number | undefined {
  let inARow = 0;
  for (let atMin = fromMin; atMin <= endMin; atMin += LOOK_EVERY_MIN) {
    inARow = isSaidAt(atMin) ? inARow + 1 : 0;
    if (inARow === LOOKS_IN_A_ROW) return atMin;
  }
  return undefined;
}

/** Whether a look at the last day at that moment says it loudly enough to be told. */
export function saysAt(
  history: HistoryFile,
  profile: Profile,
  nowAtUs: number,
  is: (finding: Finding) => boolean,
): boolean {
  const looks = DAY_US / (LOOK_EVERY_MIN * MINUTE_US);
  const order = { profile, nowAtUs, spanUs: DAY_US, looks };
  const { findings } = judgeSpan(history, order, { version: 'soak', diagnose });
  return findings.some((finding) => isAtLeast(finding.severity, 'warning') && is(finding));
}

/** A kill just then costs the time until the next life looks. */
export function toldByMin(evidentMin: number, lives: readonly Life[], minuteOfMs: (ms: number) => number): number {
  const waits = lives.map(({ endedAtMs, nextAtMs }) => {
    const endedMin = minuteOfMs(endedAtMs);
    const isJustThen = Math.abs(endedMin - evidentMin) <= LOOKS_IN_A_ROW * LOOK_EVERY_MIN;
    return nextAtMs === undefined || !isJustThen ? 0 : minuteOfMs(nextAtMs + START_MS) - endedMin + 2 * LOOK_EVERY_MIN;
  });
  return evidentMin + LOOK_EVERY_MIN + waits.reduce((sum, wait) => sum + wait, 0);
}
