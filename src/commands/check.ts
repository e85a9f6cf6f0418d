import { Command } from 'commander';
import { neededCount } from '../analysis/quantile-interval.ts';
import { UserError } from '../errors.ts';
import type { Plan } from '../model/plan.ts';
import type { Profile, Threshold } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { checkLogPatterns, DEFAULT_BUDGET, planRun, previewRun, readReplays } from '../pipeline.ts';
import { loadProfile } from '../profile/load.ts';
import { describePreview } from './auto-preview.ts';
import { parseSeed } from './live-run.ts';
import { budgetOption } from './options.ts';
import { print } from './output.ts';

type Options = {
  readonly seed?: number;
  readonly json?: boolean;
  readonly auto?: boolean;
  readonly budget?: number;
};

export function checkCommand(): Command {
  return new Command('check')
    .description('validate a profile and print what a run would send, how much and for how long; sends nothing')
    .argument('<profile>', 'the YAML file')
    .option('--seed <number>', 'seed of the plan', parseSeed)
    .option('--auto', 'what run --auto might send instead: each step, when it is taken, and the most of all')
    .addOption(budgetOption())
    .option('--json', 'print the plan as JSON')
    .action(async (file: string, options: Options) => {
      const profile = await readReplays(await loadProfile(file), { baseFolder: process.cwd(), wallMs: Date.now });
      checkLogPatterns(profile);
      if (options.auto !== true && options.budget !== undefined) throw new UserError('--budget is for check --auto');
      if (options.auto === true) {
        const { budget: durationUs = DEFAULT_BUDGET.durationUs } = options;
        const preview = previewRun(profile, { ...DEFAULT_BUDGET, durationUs });
        print(options.json === true ? JSON.stringify(preview) : describePreview(file, profile, preview));
        return;
      }
      const plan = planRun(profile, options.seed ?? 0);
      print(options.json === true ? JSON.stringify(plan) : describePlan(file, profile, plan));
    });
}

function describePlan(file: string, profile: Profile, plan: Plan): string {
  const lines = [
    `${file} is valid: ${profile.name}, ${profile.gateway.url} with ${profile.members.length} ${profile.members.length === 1 ? 'member' : 'members'}.`,
    '',
    profile.experiments.length === 0
      ? 'It names no experiments; a run chooses these:'
      : 'A run does this, in this order:',
    ...plan.experiments.flatMap(({ id, describe, refused, durationUs }) => [
      `  ${id} (about ${formatDuration(durationUs)})${refused === undefined ? '' : `: NOT RUN, ${refused}`}`,
      ...describe.map((line) => `    ${line}`),
    ]),
    '',
    `Together about ${formatNumber(plan.totalRequests)} requests in about ${formatDuration(plan.durationUs)}, never more than ${formatNumber(plan.peakRatePerSec)}/s.`,
    `Limits: ${formatNumber(profile.limits.maxRatePerSec)}/s, ${formatNumber(profile.limits.maxRequests)} requests, ${formatNumber(profile.limits.maxInFlight)} in flight, ${formatDuration(profile.limits.requestTimeoutUs)} for one request.`,
    ...(plan.totalRequests > profile.limits.maxRequests
      ? [`limits.maxRequests ends the run before all of it is sent: ${formatNumber(plan.totalRequests)} are planned.`]
      : []),
    ...thresholdLines(profile, plan),
    ...profile.notes.map((note) => `Note: ${note}`),
  ];
  return lines.join('\n');
}

/** How many answers each threshold needs, beside how many the plan brings at most. */
function thresholdLines(profile: Profile, plan: Plan): string[] {
  if (profile.thresholds.length === 0) return [];
  return [
    '',
    'Thresholds:',
    ...profile.thresholds.map((threshold) => {
      const { text, metric, limit, subject } = threshold;
      if (subject.kind === 'change') return `  ${text}: needs a baseline: run --against, or diff`;
      // For a ratio of errors: as many as show, without any failure, that it is below the limit (rule of three).
      const need =
        metric.kind === 'quantile'
          ? neededCount(metric.p)
          : metric.kind === 'errors'
            ? Math.ceil(3 / Math.max(limit, 1e-6))
            : 1;
      const have = plannedAnswers(threshold, plan);
      const needed = `  ${text}: needs at least ${formatNumber(need)} independent answers`;
      if (have === undefined) return `${needed}; how many requests open a connection there is not known before`;
      const enough = have >= need ? '' : ' — too few, it will stay undecided';
      return `${needed}; about ${formatNumber(Math.floor(have))} are planned${enough}`;
    }),
  ];
}

/** How many requests of a plan a threshold is about; undefined where that depends on the connections that a load opens. */
function plannedAnswers({ metric, during, phase }: Threshold, plan: Plan): number | undefined {
  const chosen = plan.experiments.filter(
    ({ id, kind, refused }) => refused === undefined && (during === undefined || during === id || during === kind),
  );
  const isOpening = phase === 'dns' || phase === 'connect' || phase === 'tls';
  const shares = chosen.map(({ spec, requestsPerRoute }): number | undefined => {
    const all = requestsPerRoute.gateway ?? 0;
    // Errors are counted over every kind of connection and experiment, latencies over warm slots.
    if (metric.kind === 'errors') return all;
    if (spec.kind === 'compare') return all * (isOpening ? spec.newConnectionRatio : 1 - spec.newConnectionRatio);
    if (during === undefined) return 0;
    return isOpening ? undefined : all;
  });
  return shares.some((share) => share === undefined) ? undefined : shares.reduce<number>((a, b) => a + (b ?? 0), 0);
}
