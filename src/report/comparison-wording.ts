/** The words of a comparison, the same in every format. Numbers become text here. */
import type {
  Calibration,
  ChangeState,
  Comparison,
  ComparisonVerdict,
  FindingChange,
  MetricChange,
} from '../model/comparison.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { memberOf } from '../model/route.ts';
import { isAtLeast } from '../model/severity.ts';
import { visibleText } from '../model/visible-text.ts';
import { formatCount, NO_VALUE, plural } from './format.ts';

export const VERDICT_WORD: Readonly<Record<ComparisonVerdict, string>> = {
  worse: 'Worse',
  better: 'Better',
  same: 'No change',
  'cannot-tell': 'Cannot tell',
  invalid: 'Not valid',
};
export const STATE_WORD: Readonly<Record<ChangeState, string>> = {
  worse: 'worse',
  better: 'better',
  same: '= no change',
  inconclusive: 'cannot tell',
  insufficient: 'too few',
};
export const FINDING_WORD: Readonly<Record<FindingChange['state'], string>> = {
  appeared: 'appeared',
  vanished: 'vanished',
  changed: 'changed',
  stayed: 'in both',
  'unjudged-before': 'only in head; base could not tell',
  'unjudged-now': 'only in base; head could not tell',
};

/** The first sentence: the answer. */
export function answerOf(comparison: Comparison): string {
  const { verdict } = comparison;
  return `${VERDICT_WORD[verdict]}: ${reasonOf(comparison)}.`;
}

function reasonOf({ verdict, metrics, findings, invalid, repeat }: Comparison): string {
  switch (verdict) {
    case 'worse':
    case 'better':
      return changed(verdict, metrics, findings);
    case 'same':
      return `the gateway's ${quantilesSaid(metrics)}${failuresSaid(metrics)}`;
    case 'cannot-tell':
      return repeat === undefined || repeat.refuted.length === 0
        ? needSaid(metrics)
        : `${repeat.refuted.join(', ')} looked changed, and a second run does not say so`;
    case 'invalid':
      return `the probe was at its own limit (${invalid.join('; ')})`;
    default:
      return verdict satisfies never;
  }
}

/** The change that matters most: of the gateway before one of a member, failures before times, the larger first. */
function changed(
  verdict: 'worse' | 'better',
  metrics: readonly MetricChange[],
  findings: readonly FindingChange[],
): string {
  const wanted = metrics.filter(({ state }) => state === verdict);
  const [first, ...others] = wanted.toSorted((a, b) => rankOf(b) - rankOf(a));
  if (first === undefined) {
    const state = verdict === 'worse' ? 'appeared' : 'vanished';
    const finding = findings.find((one) => one.state === state && isAtLeast(one.severity, 'warning'));
    return finding === undefined ? NO_VALUE : `a finding ${state}: ${finding.title.replace(/\.$/, '')}`;
  }
  const more = others.length === 0 ? '' : ` (and ${plural(others.length, 'other change')} for the ${verdict})`;
  return `${changeSentence(first, metrics)}${more}`;
}

function rankOf({ route, what, changeRatio }: MetricChange): number {
  return (
    (what.kind === 'errors' ? 2_000 : 0) +
    (route === 'gateway' ? 1_000 : 0) +
    Math.min(999, Math.abs(changeRatio?.value ?? 0))
  );
}

/** `the gateway's p95 of home grew by 84 ms (61–110 ms) while the members did not`. */
function changeSentence(metric: MetricChange, metrics: readonly MetricChange[]): string {
  const { what, change, base, head, requestName } = metric;
  const value = change?.value ?? 0;
  const verb = value > 0 ? 'grew' : 'fell';
  if (what.kind === 'errors') {
    return `failures of ${requestName} ${whoseWay(metric)} ${verb} from ${formatRatio(base ?? 0)} to ${formatRatio(head ?? 0)}`;
  }
  const range = change === undefined ? '' : ` (${rangeText(change)})`;
  return `${whose(metric)} ${quantileWord(what.p)} of ${requestName} ${verb} by ${formatDuration(Math.abs(value))}${range}${againstMembers(metric, metrics)}`;
}

function againstMembers(metric: MetricChange, metrics: readonly MetricChange[]): string {
  if (!metric.isControlled) return '';
  const members = metrics.filter(
    ({ route, requestName, what }) =>
      route !== 'gateway' &&
      requestName === metric.requestName &&
      what.kind === 'quantile' &&
      metric.what.kind === 'quantile' &&
      what.p === metric.what.p,
  );
  // Where it cannot be told whether the members moved, what is known is only the difference from them.
  const areSame = members.length > 0 && members.every(({ state }) => state === 'same');
  return areSame ? ' while the members did not' : ' beyond what its members did';
}

/** Of a size, without its sign: the verb says the direction. */
function rangeText({ value, low = value, high = value }: Estimate): string {
  const [a, b] = value < 0 ? [-high, -low] : [low, high];
  return `${formatDuration(a)}–${formatDuration(b)}`;
}

function quantilesSaid(metrics: readonly MetricChange[]): string {
  const same = metrics.filter(
    ({ route, what, state }) => route === 'gateway' && what.kind === 'quantile' && state === 'same',
  );
  const limits = new Map<string, number>();
  for (const { what, floor, base } of same) {
    if (what.kind !== 'quantile' || floor === undefined || base === undefined) continue;
    const name = quantileWord(what.p);
    limits.set(name, Math.max(limits.get(name) ?? 0, floor / base));
  }
  return [...limits].map(([name, limit]) => `${name} is within ±${formatRatio(limit)}`).join(', ');
}

function failuresSaid(metrics: readonly MetricChange[]): string {
  const errors = metrics.filter(({ route, what }) => route === 'gateway' && what.kind === 'errors');
  if (errors.length === 0 || errors.some(({ base, head }) => base !== 0 || head !== 0)) return '';
  const [base, head] = [errors.reduce((n, m) => n + m.baseCount, 0), errors.reduce((n, m) => n + m.headCount, 0)];
  return `, and none of ${formatCount(base)} and ${formatCount(head)} requests failed`;
}

function needSaid(metrics: readonly MetricChange[]): string {
  const open = metrics.filter(
    ({ route, what, state }) => route === 'gateway' && what.kind === 'quantile' && what.p <= 0.95 && state !== 'same',
  );
  if (open.length === 0) return 'the two recordings have no compare of the same request through the gateway';
  const worst = open.toSorted(
    (a, b) => (b.needMore ?? Number.POSITIVE_INFINITY) - (a.needMore ?? Number.POSITIVE_INFINITY),
  )[0];
  if (worst === undefined) return NO_VALUE;
  const about =
    worst.what.kind === 'quantile' ? `${quantileWord(worst.what.p)} of ${worst.requestName}` : worst.requestName;
  if (worst.needMore === undefined)
    return `the gateway's ${about} lies too near its floor, or scatters too much, for more requests to help`;
  return `needs about ${roundedCount(worst.needMore)} more requests through the gateway in each recording (for ${about})`;
}

/** Two digits: it is an estimate. */
function roundedCount(count: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return formatCount(Math.ceil(count / step) * step);
}

export function quantileWord(p: number): string {
  return `p${String(p).slice(2).padEnd(2, '0')}`;
}

function whose({ route }: MetricChange): string {
  const member = memberOf(route);
  return member === undefined ? "the gateway's" : `${member}'s (asked directly)`;
}

function whoseWay({ route }: MetricChange): string {
  const member = memberOf(route);
  return member === undefined ? 'through the gateway' : `sent directly to ${member}`;
}

export function valueText({ what }: MetricChange, value: number | undefined): string {
  if (value === undefined) return NO_VALUE;
  return what.kind === 'errors' ? formatRatio(value) : formatDuration(value);
}

/** `+8.2 ms (+6.1 ms to +11 ms)`. */
export function changeText(metric: MetricChange): string {
  const { change } = metric;
  if (change === undefined) return NO_VALUE;
  const signed = (value: number): string => `${value > 0 ? '+' : ''}${valueText(metric, value)}`;
  return `${signed(change.value)} (${signed(change.low ?? change.value)} to ${signed(change.high ?? change.value)})`;
}

export function ratioText({ changeRatio }: MetricChange): string {
  return changeRatio === undefined ? NO_VALUE : `${changeRatio.value > 0 ? '+' : ''}${formatRatio(changeRatio.value)}`;
}

/** What became of it, with what is missing. */
export function stateText({ state, needMore }: MetricChange): string {
  return needMore === undefined ? STATE_WORD[state] : `${STATE_WORD[state]}: about ${roundedCount(needMore)} more`;
}

export function metricName({ route, requestName, what }: MetricChange): string {
  const way = memberOf(route) === undefined ? 'gateway' : `${memberOf(route)}, direct`;
  return `${way} ${requestName} ${what.kind === 'errors' ? 'failures' : quantileWord(what.p)}`;
}

export const HOW_TO_READ =
  'A change of the gateway is what its members, asked in the same moments, do not explain; of a member, whatever moved it. ' +
  '"No change" means that the 90 % interval lies within the floor: 5 % at p50, 10 % at p95, 20 % at p99, at least 1 ms.';

export function calibrationText({ recordings, pairs, alarms, metrics }: Calibration): string {
  const lines = [
    `${formatCount(alarms)} of ${formatCount(pairs)} pairs of ${plural(recordings, 'recording')} look changed (${formatRatio(pairs === 0 ? 0 : alarms / pairs)}).`,
    'If nothing was changed between them, each is a false alarm. Pairs share recordings: the share is less certain than the number of pairs suggests.',
    '',
    'Pairs whose 95 % interval excludes zero, before floors (5 % is what chance gives):',
    ...metrics.map(
      ({ id, pairs: of, excluded }) =>
        `  ${id}: ${formatCount(excluded)} of ${formatCount(of)} (${formatRatio(excluded / of)})`,
    ),
  ];
  return visibleText(`${lines.join('\n')}\n`);
}
