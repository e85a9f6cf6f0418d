/** The summary for a terminal. */
import type { Rates, Scores } from './score.ts';
import { lineOf, type Summary } from './summary.ts';

export function renderText(summary: Summary): string {
  const { gateprobe, naive, states, cost, form } = summary;
  const wrongCases = summary.cases.filter(({ isExact }) => !isExact);
  return [
    `${summary.cases.length} cases (${gateprobe.negatives} with nothing to find), seed ${form.seed}${form.isShort ? ', short form' : ''}, ${form.logs ? 'with' : 'without'} logs, ${(summary.durationMs / 1_000).toFixed(0)} s`,
    `judged ${states.judged}, not valid ${states.notValid}, broken ${states.broken}`,
    '',
    table([['', 'gateprobe', 'status codes alone'], ...headRows(gateprobe, naive)]),
    '',
    table([
      ['cause', 'right', 'false', 'missed', 'precision', 'recall', 'F1', 'F1 of status codes'],
      ...gateprobe.perCause.map((row) => [
        row.cause,
        ...rateCells(row),
        percent(naive.perCause.find(({ cause }) => cause === row.cause)?.f1),
      ]),
    ]),
    '',
    table([
      ['family', 'exact', 'of status codes', 'cases'],
      ...Object.entries(gateprobe.exactPerFamily).map(([family, { exact, cases }]) => [
        family,
        String(exact),
        String(naive.exactPerFamily[family]?.exact ?? 0),
        String(cases),
      ]),
    ]),
    '',
    table([
      ['measured value', 'cases', 'without', 'median error', 'worst error', 'in interval'],
      ...summary.parameters.map((group) => [
        `${group.cause} ${group.name}`,
        String(group.count),
        String(group.withoutValue),
        percent(group.medianErrorRatio),
        percent(group.worstErrorRatio),
        `${group.covered} of ${group.withInterval}`,
      ]),
    ]),
    '',
    'what was said (right answers left out):',
    table([['there', 'said', 'cases'], ...confusionRows(gateprobe)]),
    '',
    `median case: ${cost.medianGatewayRequests} requests through the gateway, ${cost.medianDirectRequests} direct, ${(cost.medianCaseMs / 1_000).toFixed(1)} s; ${cost.inducedEjections} members taken out in ${cost.casesWithKnownEjections} cases whose fault does not do that`,
    ...(wrongCases.length === 0 ? [] : ['', 'not exact:', ...wrongCases.map(lineOf)]),
  ].join('\n');
}

export function headRows(gateprobe: Scores, naive: Scores): string[][] {
  const row = (name: string, of: (scores: Scores) => string): string[] => [name, of(gateprobe), of(naive)];
  return [
    row('precision', ({ overall }) => percent(overall.precision)),
    row('recall', ({ overall }) => percent(overall.recall)),
    row('F1', ({ overall }) => percent(overall.f1)),
    row('mean F1 of causes', ({ macroF1 }) => percent(macroF1)),
    row('cases exactly right', ({ exactRatio }) => percent(exactRatio)),
    row('false findings per 100 negatives', ({ falsePer100Negatives: count }) => count?.toFixed(1) ?? '–'),
  ];
}

export function rateCells({ right, wrong, missed, precision, recall, f1 }: Rates): string[] {
  return [String(right), String(wrong), String(missed), percent(precision), percent(recall), percent(f1)];
}

export function confusionRows({ confusion }: Scores): string[][] {
  return Object.entries(confusion)
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([there, said]) =>
      Object.entries(said)
        .filter(([cause]) => cause !== there)
        .map(([cause, count]) => [there, cause, String(count)]),
    );
}

export function percent(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${(100 * ratio).toFixed(1)} %`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}
