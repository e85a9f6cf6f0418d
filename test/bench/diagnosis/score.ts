/** Scores verdicts against the truth. Pure: the same for gateprobe and for the naive rule. */
import type { CauseId } from '../../../src/model/causes.ts';
import type { Confidence } from '../../../src/model/finding.ts';
import { isAtLeast, type Severity } from '../../../src/model/severity.ts';
import type { Truth } from './scenario.ts';

export type Measured = { readonly value: number; readonly low?: number; readonly high?: number };

export type Found = {
  readonly cause: CauseId;
  readonly member?: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly measured: Readonly<Record<string, Measured>>;
  /** Causes that it stands for as well: a rule that cannot tell them apart. */
  readonly or?: readonly CauseId[];
  /** It names no member where it should, and is not asked for one. */
  readonly anyMember?: boolean;
};

export type Question = {
  readonly truth: readonly Truth[];
  readonly tolerated: readonly CauseId[];
  readonly isNegative: boolean;
};

export type CaseScore = {
  readonly hits: readonly { readonly truth: Truth; readonly found: Found }[];
  readonly misses: readonly Truth[];
  /** Findings that are not true. */
  readonly wrong: readonly Found[];
};

/** A finding is a claim when it would make a user act: a warning at least, and more than a possibility. */
export function isClaim({ severity, confidence }: Pick<Found, 'severity' | 'confidence'>): boolean {
  return isAtLeast(severity, 'warning') && confidence !== 'possible';
}

function isRight(truth: Truth, found: Found): boolean {
  const wanted = [truth.cause, ...(truth.or ?? [])];
  const said = [found.cause, ...(found.or ?? [])];
  const isCause = wanted.some((cause) => said.includes(cause));
  return isCause && (truth.member === undefined || found.anyMember === true || found.member === truth.member);
}

/** Beyond this a value is of something else than what was planted. */
const OTHER_VALUE_RATIO = 0.05;

/** Whether a value that was planted is stated as another one, beyond what its own interval leaves open. */
function isOff({ measured = {} }: Truth, found: Found): boolean {
  return Object.entries(measured).some(([name, planted]) => {
    const said = found.measured[name];
    if (said === undefined) return false;
    const { value, low = value, high = value } = said;
    return (planted < low || planted > high) && Math.abs(value - planted) > OTHER_VALUE_RATIO * planted;
  });
}

/** A second finding of the same truth (one for each member) is neither right nor wrong; with another value it is wrong. */
export function scoreCase({ truth, tolerated }: Question, found: readonly Found[]): CaseScore {
  const claims = found.filter(isClaim);
  const hits = truth.flatMap((one) => {
    // The cause itself before what is equally right: its measured values are the ones to compare.
    const right = claims.filter((claim) => isRight(one, claim));
    const exact = right.filter(({ cause }) => cause === one.cause);
    const best = exact.find((claim) => !isOff(one, claim)) ?? exact[0] ?? right[0];
    return best === undefined ? [] : [{ truth: one, found: best }];
  });
  const isTrue = (claim: Found): boolean =>
    hits.some(({ found: hit }) => hit === claim) || truth.some((one) => isRight(one, claim) && !isOff(one, claim));
  return {
    hits,
    misses: truth.filter((one) => !hits.some((hit) => hit.truth === one)),
    wrong: claims.filter((claim) => !isTrue(claim) && !tolerated.includes(claim.cause)),
  };
}

export type Rates = {
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
  /** Undefined: nothing was found, or nothing was there to be found. */
  readonly precision: number | undefined;
  readonly recall: number | undefined;
  readonly f1: number | undefined;
};

export function ratesOf(right: number, wrong: number, missed: number): Rates {
  const precision = right + wrong === 0 ? undefined : right / (right + wrong);
  const recall = right + missed === 0 ? undefined : right / (right + missed);
  const f1 = right + wrong + missed === 0 ? undefined : (2 * right) / (2 * right + wrong + missed);
  return { right, wrong, missed, precision, recall, f1 };
}

export type Scores = {
  readonly cases: number;
  readonly negatives: number;
  readonly overall: Rates;
  /** Mean of F1 over the causes that some case has. */
  readonly macroF1: number | undefined;
  readonly perCause: readonly (Rates & { readonly cause: CauseId })[];
  /** Share of cases with everything found and nothing else. */
  readonly exactRatio: number | undefined;
  readonly exactPerFamily: Readonly<Record<string, { readonly exact: number; readonly cases: number }>>;
  readonly falsePer100Negatives: number | undefined;
  /** Rows: what is there, or `nothing`; columns: what was said instead, or `nothing`. Right answers stand on the diagonal. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

export type Scored = Question & { readonly family: string; readonly found: readonly Found[] };

export function scoreAll(cases: readonly Scored[]): Scores {
  const scored = cases.map((one) => ({ ...one, score: scoreCase(one, one.found) }));
  const perCause = new Map<CauseId, { right: number; wrong: number; missed: number }>();
  const countOf = (cause: CauseId): { right: number; wrong: number; missed: number } => {
    const known = perCause.get(cause) ?? { right: 0, wrong: 0, missed: 0 };
    perCause.set(cause, known);
    return known;
  };
  for (const { score } of scored) {
    for (const { truth } of score.hits) countOf(truth.cause).right++;
    for (const { cause } of score.misses) countOf(cause).missed++;
    for (const { cause } of score.wrong) countOf(cause).wrong++;
  }
  const rows = [...perCause]
    .map(([cause, { right, wrong, missed }]) => ({ cause, ...ratesOf(right, wrong, missed) }))
    .sort((a, b) => a.cause.localeCompare(b.cause));
  const present = rows.filter(({ right, missed }) => right + missed > 0);
  const sum = (of: (row: Rates) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const negatives = scored.filter(({ isNegative }) => isNegative);
  const falseFindings = negatives.reduce((total, { score }) => total + score.wrong.length, 0);
  const exact = scored.filter(({ score }) => isExact(score));
  return {
    cases: scored.length,
    negatives: negatives.length,
    overall: ratesOf(
      sum(({ right }) => right),
      sum(({ wrong }) => wrong),
      sum(({ missed }) => missed),
    ),
    macroF1:
      present.length === 0 ? undefined : present.reduce((total, { f1 }) => total + (f1 ?? 0), 0) / present.length,
    perCause: rows,
    exactRatio: scored.length === 0 ? undefined : exact.length / scored.length,
    exactPerFamily: exactPerFamily(scored),
    falsePer100Negatives: negatives.length === 0 ? undefined : (100 * falseFindings) / negatives.length,
    confusion: confusionOf(scored.map(({ score }) => score)),
  };
}

export function isExact(score: CaseScore): boolean {
  return score.misses.length === 0 && score.wrong.length === 0;
}

function exactPerFamily(
  scored: readonly (Scored & { readonly score: CaseScore })[],
): Record<string, { exact: number; cases: number }> {
  const families: Record<string, { exact: number; cases: number }> = {};
  for (const { family, score } of scored) {
    families[family] ??= { exact: 0, cases: 0 };
    const row = families[family];
    row.cases++;
    if (isExact(score)) row.exact++;
  }
  return families;
}

function confusionOf(scores: readonly CaseScore[]): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  const add = (truth: string, said: string): void => {
    table[truth] ??= {};
    const row = table[truth];
    row[said] = (row[said] ?? 0) + 1;
  };
  for (const { hits, misses, wrong } of scores) {
    for (const { truth, found } of hits) add(truth.cause, found.cause);
    for (const { cause } of misses) {
      if (wrong.length === 0) add(cause, 'nothing');
      // The right cause at the wrong place must not look like a right answer.
      for (const said of wrong) add(cause, said.cause === cause ? `${cause} (another member)` : said.cause);
    }
    if (misses.length === 0) for (const { cause } of wrong) add('nothing', cause);
    if (hits.length + misses.length + wrong.length === 0) add('nothing', 'nothing');
  }
  return table;
}

export type ParameterError = {
  readonly caseId: string;
  readonly cause: CauseId;
  readonly name: string;
  readonly set: number;
  /** Undefined: the cause was found without this value. */
  readonly measured: number | undefined;
  /** |measured - set| / set. */
  readonly errorRatio: number | undefined;
  /** Whether the interval contains what was set; undefined without an interval. */
  readonly isCovered: boolean | undefined;
};

/** Measured values of what was found, beside what was set. */
export function parameterErrors(caseId: string, score: CaseScore): readonly ParameterError[] {
  return score.hits.flatMap(({ truth, found }) =>
    Object.entries(truth.measured ?? {}).map(([name, set]): ParameterError => {
      const estimate = found.measured[name];
      const { value, low, high } = estimate ?? {};
      return {
        caseId,
        cause: truth.cause,
        name,
        set,
        measured: value,
        errorRatio: value === undefined || set === 0 ? undefined : Math.abs(value - set) / set,
        isCovered: low === undefined && high === undefined ? undefined : set >= (low ?? 0) && set <= (high ?? Infinity),
      };
    }),
  );
}
