/** When failures are worth waking somebody: the rules of methods C.9, one series (a route of a profile) at a time. */

/** One round on one route. `failed` of `count` requests. */
export type Check = { readonly atUs: number; readonly count: number; readonly failed: number };

/** page: somebody has to look now. ticket: in working hours. */
export type Urgency = 'page' | 'ticket';
export type RuleId = '3-of-5' | 'burn-14.4' | 'burn-6' | 'burn-1' | 'cusum';
export type Rule = {
  readonly id: RuleId;
  readonly urgency: Urgency;
  /** For a reader: what it saw. */
  readonly text: string;
  /** True while it holds, after this check. Checks come in order of time. */
  take(check: Check): boolean;
};

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/** Three of the last five: no alert for a blip of one round a day, found in three to six rounds (methods C.9). */
const OF_LAST = 5;
const LEAST_BAD = 3;

/** An objective of three nines where the profile says none. */
export const DEFAULT_OBJECTIVE_RATIO = 0.999;

type Burn = {
  readonly id: RuleId;
  readonly urgency: Urgency;
  readonly burn: number;
  readonly longUs: number;
  readonly shortUs: number;
  /** In the long window. */
  readonly leastFailed: number;
};

/**
 * Burn rates of the Google SRE workbook, chapter "Alerting on SLOs": 14.4 spends 2 % of a 30-day budget in an hour, 6
 * spends 5 % in six, 1 spends 10 % in three days; the short window, 1/12 of the long one, ends the alert soon. With one
 * probe a minute a single failure already burns that fast: hence a floor of failures (methods C.9).
 */
const BURNS: readonly Burn[] = [
  { id: 'burn-14.4', urgency: 'page', burn: 14.4, longUs: HOUR_US, shortUs: 5 * MINUTE_US, leastFailed: 3 },
  { id: 'burn-6', urgency: 'ticket', burn: 6, longUs: 6 * HOUR_US, shortUs: 30 * MINUTE_US, leastFailed: 4 },
  { id: 'burn-1', urgency: 'ticket', burn: 1, longUs: 3 * DAY_US, shortUs: 6 * HOUR_US, leastFailed: 10 },
];

/**
 * Page's cumulative sum for shares (methods C.9): from one failure in a thousand to one in twenty, stopping at ln 1000;
 * one false alert a month at one probe a minute, a lasting 5 % is found in some 35 rounds.
 */
const CUSUM = { healthy: 0.001, sick: 0.05, stop: Math.log(1_000) } as const;

export function alertRules(objectiveRatio: number = DEFAULT_OBJECTIVE_RATIO): readonly Rule[] {
  return [threeOfFive(), ...burnRules(objectiveRatio), cusum()];
}

export function threeOfFive(): Rule {
  const last: boolean[] = [];
  return {
    id: '3-of-5',
    urgency: 'page',
    text: `${LEAST_BAD} of the last ${OF_LAST} rounds failed`,
    take({ failed }) {
      last.push(failed > 0);
      if (last.length > OF_LAST) last.shift();
      return last.filter((isBad) => isBad).length >= LEAST_BAD;
    },
  };
}

export function burnRules(objectiveRatio: number): readonly Rule[] {
  return BURNS.map((burn) => burnRule(burn, objectiveRatio));
}

function burnRule({ id, urgency, burn, longUs, shortUs, leastFailed }: Burn, objectiveRatio: number): Rule {
  const [long, short] = [slidingSum(longUs), slidingSum(shortUs)];
  const isBurning = ({ count, failed }: Sum): boolean => count > 0 && failed / count >= burn * (1 - objectiveRatio);
  return {
    id,
    urgency,
    text: `failures use up the error budget ${burn === 1 ? 'faster than agreed' : `${burn} times as fast as agreed`}, over ${spanText(longUs)} and the last ${spanText(shortUs)}`,
    take(check) {
      const [over, lately] = [long(check), short(check)];
      return over.failed >= leastFailed && isBurning(over) && isBurning(lately);
    },
  };
}

export function cusum(): Rule {
  const { healthy, sick, stop } = CUSUM;
  const [up, down] = [Math.log(sick / healthy), Math.log((1 - sick) / (1 - healthy))];
  let sum = 0;
  let isOut = false;
  return {
    id: 'cusum',
    urgency: 'ticket',
    text: 'failures come more often than one in a thousand',
    take({ count, failed }) {
      // Capped, and over at half, so that an outage of hours is not carried along for days after it.
      sum = Math.min(stop, Math.max(0, sum + failed * up + (count - failed) * down));
      isOut = isOut ? sum > stop / 2 : sum >= stop;
      return isOut;
    },
  };
}

type Sum = { readonly count: number; readonly failed: number };

/**
 * Checks within this share of a window are remembered as one: three days of rounds every 30 s would be 9 000 for each route and
 * rule. The window is so much too long at most.
 */
const GRAIN_RATIO = 1e-3;

/** Stretches of a window begin a grain apart at least; one more is cut at each end, and one is added before the oldest leaves. */
const ROOM = Math.ceil(1 / GRAIN_RATIO) + 3;

/**
 * Sums over the last `spanUs`; each check is added once and taken away once. All room is taken at the beginning: a window of three
 * days that fills for three days looks like a leak for as long.
 */
function slidingSum(spanUs: number): (check: Check) => Sum {
  const grainUs = GRAIN_RATIO * spanUs;
  const [startsUs, endsUs] = [new Float64Array(ROOM), new Float64Array(ROOM)];
  const [counts, failures] = [new Float64Array(ROOM), new Float64Array(ROOM)];
  // A ring: `held` stretches from `first` on.
  let [first, held] = [0, 0];
  let [count, failed] = [0, 0];
  return (check) => {
    const last = (first + held - 1 + ROOM) % ROOM;
    const isNew = held === 0 || (check.atUs - startsUs[last]! >= grainUs && held < ROOM);
    const place = isNew ? (first + held) % ROOM : last;
    if (isNew) {
      held++;
      startsUs[place] = check.atUs;
      counts[place] = failures[place] = 0;
    }
    endsUs[place] = check.atUs;
    counts[place]! += check.count;
    failures[place]! += check.failed;
    count += check.count;
    failed += check.failed;
    for (; held > 0 && endsUs[first]! <= check.atUs - spanUs; held--) {
      count -= counts[first]!;
      failed -= failures[first]!;
      first = (first + 1) % ROOM;
    }
    return { count, failed };
  };
}

function spanText(us: number): string {
  return us < HOUR_US ? `${us / MINUTE_US} min` : us < DAY_US ? `${us / HOUR_US} h` : `${us / DAY_US} days`;
}
