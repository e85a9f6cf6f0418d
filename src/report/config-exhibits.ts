/** What the configuration says, apart from any finding: timers that do not fit together. */
import type { Measures } from '../analysis/measures.ts';
import { citation } from '../gateways/config/setting-for.ts';
import { auditTimers } from '../gateways/config/timer-chain.ts';
import { isDeclared, type TimerProblem } from '../gateways/config/timer-problem.ts';
import type { Exhibit } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';

/** Empty where no configuration was read. */
export function configExhibits({ configs = [] }: Measures): readonly Exhibit[] {
  if (configs.length === 0) return [];
  const problems = auditTimers(configs);
  const files = [...new Set(configs.flatMap((config) => config.files))].join(', ');
  if (problems.length === 0) return [timerTable(`Read: ${files}. The timers that it sets fit together.`, [])];
  return [
    timerTable(
      `Read: ${files}. Each outer timer must be longer than the inner one, and a gateway must let go of idle connections before its member does.`,
      problems,
    ),
  ];
}

function timerTable(reading: string, problems: readonly TimerProblem[]): Exhibit {
  return {
    kind: 'table',
    id: 'timers-declared',
    title: 'Timers in the configuration',
    reading,
    columns: [
      { title: 'weight', unit: 'text' },
      { title: 'problem', unit: 'text' },
      { title: 'where', unit: 'text' },
      { title: 'against', unit: 'text' },
      { title: 'what to do', unit: 'text' },
    ],
    rows: problems.map(({ level, problem, why, outer, inner, fix }) => [
      level,
      `${problem} ${why}`,
      timerText(outer),
      inner === undefined ? null : timerText(inner),
      fix,
    ]),
  };
}

function timerText(timer: TimerProblem['outer']): string {
  return isDeclared(timer) ? citation(timer) : `${timer.what} (${formatDuration(timer.valueUs)}, measured)`;
}
