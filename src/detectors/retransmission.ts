/** Lost packets, without logs: answers that come a retransmission timer later, or that timer and its doubling. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail, fisherExact, proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { afterSendUs } from './elapsed.ts';
import { exchangesExhibit } from './evidence.ts';
import { weightsOf } from './tally.ts';

/** Linux waits 200 ms and a round trip for an acknowledgement, then twice as long (RFC 6298 with TCP_RTO_MIN; methods C.8). */
const TIMER_US = 200_000;
/** After one loss 200 ms, after two 200 + 400 ms, after three 200 + 400 + 800 ms. */
const RUNGS_US = [TIMER_US, 3 * TIMER_US, 7 * TIMER_US] as const;
/** A timer fires a clock tick late (4 ms), and the round trip comes on top: within 10 ms on networks where this can be told. */
const TOLERANCE_US = 10_000;
/** The neighbourhood reaches this many widths of a window to either side; without a timer the window holds no more than its share. */
const BESIDE_WIDTHS = 2;
const WINDOW_RATIO = 1 / (1 + 2 * BESIDE_WIDTHS);
/** Where work scatters by more, no timer of 10 ms width can stand out. */
const MOST_SPREAD_US = 10_000;
/** Fewer are no mode; and with fewer answers a loss of one in a hundred would not show three times. */
const LEAST_HITS = 3;
const LEAST_ASKED = 100;
/** More than this is not loss, which the senders would slow down for, but a step of the work. */
const MOST_RATIO = 0.1;
/** One step may be a timer of somebody's own. That its doubling shows as well must be this improbable by chance. */
const RIVAL_P = 0.01;
/** The gateway and two members, or three members: one lost packet in a hundred on each of them at once is no accident of their ways. */
const LEAST_SHARING = 3;
const WORTH_SAYING_P = 0.01;

type Leg = {
  readonly member: string | undefined;
  readonly answers: readonly Exchange[];
  readonly usualUs: number;
  readonly spreadUs: number;
  readonly hits: readonly (readonly Exchange[])[];
  /** How many answers these kept ones stand for. */
  readonly weigh: (answers: readonly Exchange[]) => number;
};

function legOf(measures: Measures, member: string | undefined): Leg {
  const route = member === undefined ? GATEWAY : directTo(member);
  const selection = { experimentKind: 'compare', route, roles: ['slot'] } as const;
  const answers = measures
    .exchanges(selection)
    .filter((exchange) => exchange.outcome.kind === 'response' && !isFailure(exchange));
  const times = answers.map(afterSendUs).sort((a, b) => a - b);
  const usualUs = median(times);
  const spreadUs = (times[Math.floor(0.75 * times.length)] ?? 0) - (times[Math.floor(0.25 * times.length)] ?? 0);
  const near = (rungUs: number, widths: number): readonly Exchange[] =>
    answers.filter((answer) => Math.abs(afterSendUs(answer) - usualUs - rungUs) <= TOLERANCE_US * (1 + 2 * widths));
  return {
    member,
    answers,
    usualUs,
    spreadUs,
    hits: RUNGS_US.map((rungUs) => near(rungUs, 0)),
    weigh: weightsOf(measures, selection),
  };
}

/** Chance of so many answers at the steps rather than beside them; of the doubled steps alone with `first` 1. */
function chanceOf({ answers, usualUs, hits }: Leg, first: 0 | 1): number {
  const beside = RUNGS_US.slice(first).reduce(
    (sum, rungUs) =>
      sum +
      answers.filter(
        (answer) => Math.abs(afterSendUs(answer) - usualUs - rungUs) <= TOLERANCE_US * (1 + 2 * BESIDE_WIDTHS),
      ).length,
    0,
  );
  return binomialTail(hits.slice(first).flat().length, beside, WINDOW_RATIO);
}

function candidateOf(leg: Leg, legs: readonly Leg[]): Candidate | undefined {
  const { member, answers, usualUs } = leg;
  const hits = leg.hits.flat();
  const p = Math.min(1, chanceOf(leg, 0) * legs.length);
  const affected = { count: leg.weigh(hits), of: leg.weigh(answers) };
  const ratio = affected.count / affected.of;
  if (hits.length < LEAST_HITS || ratio > MOST_RATIO || p > WORTH_SAYING_P) return undefined;
  const doubled = hits.length - (leg.hits[0]?.length ?? 0);
  const isSure = chanceOf(leg, 1) * legs.length <= RIVAL_P;
  const where = whereOf(leg, legs);
  return {
    cause: 'path/retransmission',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: isSure ? 'warning' : 'info',
    confidence: isSure ? 'likely' : 'possible',
    p,
    title: `${formatRatio(ratio)} of answers ${member === undefined ? 'through the gateway' : `of ${member}`} come ${isSure ? `200 ms or 600 ms late, as after a lost packet${where}` : `200 ms late: a lost packet${where}, or a step of the application`}.`,
    meaning: `${affected.count} of ${affected.of} answers took ${formatDuration(TIMER_US)} longer than the usual ${formatDuration(usualUs)}, or that and its doubling (${doubled}), within ${formatDuration(TOLERANCE_US)}: a sender repeats what was not acknowledged after such a time. ${isSure ? 'A timer of the application has no doubling.' : 'One step alone may be a timer of the application as well.'}`,
    measured: {
      affectedRatio: { value: ratio, ...proportionInterval(affected.count, affected.of) },
      addedUs: { value: TIMER_US },
    },
    exhibits: [
      exchangesExhibit(
        `retransmission-${member ?? 'gateway'}`,
        'Answers that came a timer late',
        'Compare with counters of the machines: netstat -s, segments retransmitted.',
        hits,
      ),
    ],
    rivals: [
      {
        cause: 'application/slow',
        whyNot: isSure
          ? 'work does not come in steps of 200 and 600 ms'
          : 'not excluded: the work may have a step of 200 ms',
      },
    ],
    affected,
    explains: new Set(hits.map(({ seq }) => seq)),
  };
}

/** On which leg, where members asked directly can tell. */
function whereOf({ member, hits, answers, weigh }: Leg, legs: readonly Leg[]): string {
  if (member !== undefined) return ' between the probe and it';
  const direct = legs.filter((leg) => leg.member !== undefined);
  const late = direct.reduce((sum, leg) => sum + leg.weigh(leg.hits.flat()), 0);
  const asked = direct.reduce((sum, leg) => sum + leg.weigh(leg.answers), 0);
  const own = weigh(hits.flat());
  const p = fisherExact(own, weigh(answers) - own, late, asked - late, 'greater');
  return asked > 0 && p <= WORTH_SAYING_P ? ' before or behind the gateway: asked directly, members do not' : '';
}

export const retransmission: Detector = {
  cause: 'path/retransmission',
  detect({ measures }): Detection {
    const legs = [undefined, ...measures.members].map((member) => legOf(measures, member));
    const asked = legs.filter(({ answers }) => answers.length >= LEAST_ASKED);
    const most = Math.max(...legs.map(({ answers }) => answers.length));
    if (asked.length === 0) return insufficient(`${LEAST_ASKED} answers of a compare on one route`, String(most));
    const steady = asked.filter(({ spreadUs }) => spreadUs <= MOST_SPREAD_US);
    if (steady.length === 0)
      return insufficient(
        `a request whose answers scatter by less than ${formatDuration(MOST_SPREAD_US)}: a step of 200 ms would not stand out`,
        `half of them within ${formatDuration(Math.min(...asked.map(({ spreadUs }) => spreadUs)))}`,
      );
    const all = steady.map((leg) => candidateOf(leg, steady)).filter((candidate) => candidate !== undefined);
    const sure = all.filter(({ severity }) => severity !== 'info');
    const isShared = steady.length >= LEAST_SHARING && all.length === steady.length;
    if (isShared && sure.length === 0)
      return insufficient(
        'a probe on another machine: a step of 200 ms that all routes share is one of the application, or of this machine’s own network',
        `such a step on all ${steady.length} routes, and too few doublings of it`,
      );
    return candidatesOr(
      isShared ? sure : all,
      `no answers come 200 ms late or the doublings of it${steady.length < legs.length ? ` (on ${steady.length} of ${legs.length} routes; on the others answers are too few or scatter too much)` : ''}`,
    );
  },
};
