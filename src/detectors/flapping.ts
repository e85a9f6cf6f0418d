/** A member that goes down and comes back, again and again. */
import { type HistoryBlock, historyBeginUs, historyBlocks } from '../analysis/history-blocks.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail } from '../analysis/proportion.ts';
import { fewRunsP, type Spell, spellsOf } from '../analysis/runs.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Exhibit } from '../model/finding.ts';
import { type HistoryEvidence, LEVEL_US } from '../model/history.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo } from '../model/route.ts';
import { FLAP_CHECKS, stateChangeRatio } from '../model/state-changes.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** A stretch in which half of what was asked failed is down: single errors are no outage. */
const DOWN_RATIO = 0.5;
/** Twice may be a restart and its repair; the third time it is a habit. */
const LEAST_SPELLS = 3;
/** Where most members fail at the same times it is something they share, or the probe's own network. */
const SHARED_RATIO = 0.8;

/** As a level for saying anything; the judge asks for more before it warns. */
const LARGEST_P = 0.01;

type Course = {
  readonly member: string;
  readonly blocks: readonly HistoryBlock[];
  readonly states: readonly boolean[];
  readonly spells: readonly Spell[];
};

function isDown({ count, failed }: HistoryBlock): boolean {
  return failed >= DOWN_RATIO * count;
}

function courseOf(member: string, history: HistoryEvidence): Course {
  const blocks = historyBlocks(history, { route: directTo(member) });
  const states = blocks.map(isDown);
  return { member, blocks, states, spells: spellsOf(states) };
}

/** Share of its down stretches in which another member was down as well. */
function sharedRatio(course: Course, all: readonly Course[]): number {
  const others = all.filter(({ member }) => member !== course.member);
  if (others.length === 0) return 0;
  const downAt = others.map(
    ({ blocks, states }) => new Set(blocks.filter((_, i) => states[i]).map(({ startAtUs }) => startAtUs)),
  );
  const own = course.blocks.filter((_, i) => course.states[i]);
  const shared = own.filter(({ startAtUs }) => downAt.some((down) => down.has(startAtUs))).length;
  return own.length === 0 ? 0 : shared / own.length;
}

/**
 * Probability of as many stretches with so many failures, if each request failed by itself at the same overall rate: failures in half
 * of the requests that half of all stretches have at most. How often a member is asked depends on what it answers: one that fails is
 * asked up to six times as often, one that takes long to fail less often. So failures of more requests count in proportion, and requests
 * that were not made count as answered: either way p errs upwards.
 */
function fullStretchesP({ blocks }: Course): number {
  const usual = Math.floor(median(blocks.map(({ count }) => count)));
  const shares = blocks.map(({ count }) => Math.min(1, usual / count));
  const asked = blocks.reduce((sum, { count }, i) => sum + count * (shares[i] ?? 1), 0);
  const failures = blocks.map(({ failed }, i) => failed * (shares[i] ?? 1));
  if (asked === 0) return 1;
  const least = Math.max(1, Math.ceil(DOWN_RATIO * usual));
  const chance = binomialTail(least, usual, failures.reduce((sum, failed) => sum + failed, 0) / asked);
  return binomialTail(failures.filter((failed) => failed >= least).length, blocks.length, chance);
}

/** Up, down, up: a spell at the edge of the time has no known end. */
function isWhole({ from, to }: Spell, states: readonly boolean[]): boolean {
  return from > 0 && to < states.length;
}

function candidateOf(course: Course, history: HistoryEvidence, members: number): Candidate | undefined {
  const { member, blocks, states, spells } = course;
  const down = states.filter((state) => state).length;
  const whole = spells.filter((spell) => isWhole(spell, states));
  if (whole.length < LEAST_SPELLS) return undefined;
  const runs = spells.length + spellsOf(states.map((state) => !state)).length;
  // Two ways to see that failures stick together: stretches in a row, and many within one stretch.
  const p = Math.min(1, 2 * members * Math.min(fewRunsP(runs, down, states.length - down), fullStretchesP(course)));
  if (p > LARGEST_P) return undefined;
  const lengthUs = LEVEL_US[history.level];
  const startOf = (index: number): number => blocks[index]?.startAtUs ?? 0;
  const downUs = whole.map(({ from, to }) => startOf(to) - startOf(from));
  const upUs = whole.slice(1).map(({ from }, i) => startOf(from) - startOf(whole[i]?.to ?? 0));
  const extent = (values: readonly number[]) => ({
    value: Math.round(median(values)),
    low: Math.max(0, Math.min(...values) - lengthUs),
    high: Math.max(...values) + lengthUs,
  });
  const failures = failuresOf(member, history);
  const failed = blocks.reduce((sum, block) => sum + block.failed, 0);
  const asked = blocks.reduce((sum, block) => sum + block.count, 0);
  const changes = states.map((_, i) => stateChangeRatio(states.slice(Math.max(0, i + 1 - FLAP_CHECKS), i + 1)));
  return {
    cause: 'member/flapping',
    scope: { route: 'direct', member },
    severity: 'error',
    confidence: 'confirmed',
    p,
    title: `${member} goes up and down: down ${whole.length} times in ${formatDuration(history.toAtUs - historyBeginUs(history))}, each time for about ${formatDuration(median(downUs))}.`,
    meaning: `Asked directly it failed for a while, answered again, and failed again; ${failed} of ${asked} requests failed (${formatRatio(failed / asked)}), and the failures stick together as single errors do not. Users meet it whenever the gateway has not yet taken it out, or has just taken it in again.`,
    measured: { downUs: extent(downUs), upUs: extent(upUs), stateChangeRatio: { value: Math.max(...changes) } },
    affected: { count: failed, of: asked },
    rivals: [
      { cause: 'member/errors', whyNot: `between the ${whole.length} outages it answers without errors` },
      { cause: 'application/error', whyNot: 'the other members did not fail at the same times' },
    ],
    exhibits: [
      statesExhibit(course, history),
      spellsExhibit(course, whole),
      ...(failures.length === 0
        ? []
        : [
            exchangesExhibit(
              `flapping-requests-${member}`,
              'Requests that failed while it was down',
              'Each was sent straight to the member.',
              failures,
            ),
          ]),
    ],
    explains: seqsOf(failures),
  };
}

function failuresOf(member: string, history: HistoryEvidence): readonly Exchange[] {
  return history.kept
    .filter(({ reason, exchange }) => reason === 'failure' && exchange.route === directTo(member))
    .map(({ exchange }) => exchange);
}

function statesExhibit({ member, blocks }: Course, { fromAtUs }: HistoryEvidence): Exhibit {
  return {
    kind: 'xy',
    id: `flapping-${member}`,
    title: `Share of failed requests, ${member} asked directly`,
    reading: 'Each step is one stretch of the history. A member that goes up and down jumps between 0 and 100 %.',
    x: { title: 'time since the beginning', unit: 'us', scale: 'linear' },
    y: { title: 'failed', unit: 'ratio', scale: 'linear' },
    series: [
      {
        name: member,
        role: 'failure',
        style: 'step',
        points: blocks.map(({ startAtUs, failed, count }) => [startAtUs - fromAtUs, failed / count]),
      },
    ],
  };
}

/** More rows than this help nobody. */
const ROWS_SHOWN = 20;

function spellsExhibit({ member, blocks }: Course, whole: readonly Spell[]): Exhibit {
  return {
    kind: 'table',
    id: `flapping-spells-${member}`,
    title: `When ${member} was down`,
    reading: `The last ${Math.min(ROWS_SHOWN, whole.length)} of ${whole.length} times, UTC; both ends are as exact as the history's intervals.`,
    columns: [
      { title: 'from', unit: 'text' },
      { title: 'for', unit: 'us' },
    ],
    rows: whole.slice(-ROWS_SHOWN).map(({ from, to }) => {
      const fromAtUs = blocks[from]?.startAtUs ?? 0;
      return [
        new Date(fromAtUs / 1_000).toISOString().slice(0, 19).replace('T', ' '),
        (blocks[to]?.startAtUs ?? 0) - fromAtUs,
      ];
    }),
  };
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  const { history, members } = measures;
  if (history === undefined) return notApplicable('only a history (gateprobe monitor) can show it, and none was given');
  if (members.length === 0) return notApplicable('the profile names no members: nobody was asked directly');
  const courses = members.map((member) => courseOf(member, history));
  const longest = Math.max(...courses.map(({ states }) => states.length));
  if (longest < FLAP_CHECKS) return insufficient(`${FLAP_CHECKS} intervals of history`, `${longest}`);
  const own = courses.filter((course) => sharedRatio(course, courses) < SHARED_RATIO);
  const candidates = own.flatMap((course) => candidateOf(course, history, members.length) ?? []);
  return candidatesOr(
    candidates,
    own.length < courses.length
      ? 'members fail at the same times: that is no member going up and down, but what they share'
      : `no member was down more than ${LEAST_SPELLS - 1} times and up again`,
  );
}

/** Methods C.6: spells of failure between spells of health, against errors in random order. */
export const memberFlapping: Detector = { cause: 'member/flapping', detect };
