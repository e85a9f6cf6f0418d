/** Everything that is told about a run of the benchmark, as one value: written as JSON, and made into text and a page. */
import type { CaseResult } from './running.ts';
import { isClaim, isExact, type ParameterError, parameterErrors, type Scores, scoreAll, scoreCase } from './score.ts';

export type Summary = {
  readonly schemaVersion: 1;
  readonly form: { readonly seed: number; readonly isShort: boolean; readonly logs: boolean };
  readonly durationMs: number;
  readonly states: { readonly judged: number; readonly notValid: number; readonly broken: number };
  /** Over all cases but the broken ones; a run that is not valid has found nothing. */
  readonly gateprobe: Scores;
  readonly naive: Scores;
  readonly parameters: readonly ParameterGroup[];
  readonly cost: {
    readonly medianGatewayRequests: number;
    readonly medianDirectRequests: number;
    readonly medianCaseMs: number;
    /** Members taken out in cases whose fault does not do that, where the gateway's logs tell. */
    readonly inducedEjections: number;
    readonly casesWithKnownEjections: number;
  };
  readonly cases: readonly ScoredCase[];
};

export type ParameterGroup = {
  readonly cause: string;
  readonly name: string;
  readonly count: number;
  /** Found, but without this value. */
  readonly withoutValue: number;
  readonly medianErrorRatio: number | undefined;
  readonly worstErrorRatio: number | undefined;
  /** Of those with an interval. */
  readonly covered: number;
  readonly withInterval: number;
};

export type ScoredCase = CaseResult & {
  readonly isExact: boolean;
  readonly isNaiveExact: boolean;
  readonly misses: readonly string[];
  readonly wrong: readonly string[];
  readonly parameterErrors: readonly ParameterError[];
};

export function nameOf({ cause, member }: { readonly cause: string; readonly member?: string }): string {
  return member === undefined ? cause : `${cause}@${member}`;
}

export function summarise(results: readonly CaseResult[], form: Summary['form'], durationMs: number): Summary {
  const scored = results.filter(({ state }) => state !== 'broken');
  const cases = results.map(scoredCase);
  const quiet = scored.filter(({ isEjecting, ejections }) => !isEjecting && ejections !== undefined);
  return {
    schemaVersion: 1,
    form,
    durationMs: Math.round(durationMs),
    states: {
      judged: results.filter(({ state }) => state === 'judged').length,
      notValid: results.filter(({ state }) => state === 'not-valid').length,
      broken: results.length - scored.length,
    },
    gateprobe: scoreAll(scored),
    naive: scoreAll(scored.map((one) => ({ ...one, found: one.naive }))),
    parameters: groupsOf(cases.flatMap((one) => one.parameterErrors)),
    cost: {
      medianGatewayRequests: medianOf(scored.map(({ requests }) => requests.gateway)) ?? 0,
      medianDirectRequests: medianOf(scored.map(({ requests }) => requests.direct)) ?? 0,
      medianCaseMs: medianOf(scored.map((one) => one.durationMs)) ?? 0,
      inducedEjections: quiet.reduce((sum, { ejections }) => sum + (ejections ?? 0), 0),
      casesWithKnownEjections: quiet.length,
    },
    cases,
  };
}

function scoredCase(result: CaseResult): ScoredCase {
  const score = scoreCase(result, result.found);
  const isScored = result.state !== 'broken';
  return {
    ...result,
    isExact: isScored && isExact(score),
    isNaiveExact: isScored && isExact(scoreCase(result, result.naive)),
    misses: score.misses.map(nameOf),
    wrong: score.wrong.map(nameOf),
    parameterErrors: parameterErrors(result.id, score),
  };
}

function groupsOf(errors: readonly ParameterError[]): ParameterGroup[] {
  const keys = [...new Set(errors.map(({ cause, name }) => `${cause} ${name}`))].sort();
  return keys.map((key) => {
    const group = errors.filter(({ cause, name }) => `${cause} ${name}` === key);
    const ratios = group.map(({ errorRatio }) => errorRatio).filter((ratio) => ratio !== undefined);
    const [cause = '', name = ''] = key.split(' ');
    return {
      ...{ cause, name, count: group.length },
      withoutValue: group.filter(({ measured }) => measured === undefined).length,
      medianErrorRatio: medianOf(ratios),
      worstErrorRatio: ratios.length === 0 ? undefined : Math.max(...ratios),
      covered: group.filter(({ isCovered }) => isCovered === true).length,
      withInterval: group.filter(({ isCovered }) => isCovered !== undefined).length,
    };
  });
}

function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

/** What a case came to, in one line. */
export function lineOf(one: ScoredCase): string {
  const said = one.found.filter(isClaim).map(nameOf).join(', ') || 'nothing';
  const wanted = one.truth.map(nameOf).join(', ') || 'nothing';
  const values = one.parameterErrors.map(({ name, set, measured, errorRatio }) =>
    measured === undefined || errorRatio === undefined
      ? `${name} not measured`
      : `${name} ${shown(measured)} for ${shown(set)} (${(100 * errorRatio).toFixed(1)} %)`,
  );
  const verdict =
    one.state === 'broken' ? 'BROKEN' : one.state === 'not-valid' ? 'NOT VALID' : one.isExact ? 'right' : 'WRONG';
  const why = one.because === undefined ? '' : ` — ${one.because.split('\n')[0]}`;
  const seconds = (one.durationMs / 1_000).toFixed(1);
  return `${verdict.padEnd(9)} ${one.id}: ${said}${one.isExact ? '' : `; wanted ${wanted}`}${values.length === 0 ? '' : `; ${values.join(', ')}`} [${seconds} s${one.attempts > 1 ? `, ${one.attempts} attempts` : ''}]${why}`;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
