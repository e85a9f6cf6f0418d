/** The summary as a page that loads nothing. */
import { isClaim } from './score.ts';
import { nameOf, type ScoredCase, type Summary } from './summary.ts';
import { headRows, percent, rateCells } from './text.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 2rem}th,td{padding:.2rem .7rem;border-bottom:1px solid #d9dee3;text-align:right;vertical-align:top}
th:first-child,td:first-child,td.text,th.text{text-align:left}td.off{background:#fdecea}td.on{background:#e8f5e9}.wrong{color:#a1260d}.note{color:#57606a}`;

export function renderPage(summary: Summary): string {
  const { gateprobe, naive, form, states, cost } = summary;
  const causes = gateprobe.perCause.map((row) => [
    row.cause,
    ...rateCells(row),
    percent(naive.perCause.find(({ cause }) => cause === row.cause)?.f1),
  ]);
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>gateprobe: fault benchmark</title><style>${STYLE}</style></head><body>
<h1>Fault benchmark</h1>
<p>${summary.cases.length} cases, ${gateprobe.negatives} of them with nothing to find; seed ${form.seed}${form.isShort ? ', short form' : ''}, ${form.logs ? 'with' : 'without'} logs.
Judged ${states.judged}, not valid ${states.notValid}, broken ${states.broken}. Median case: ${cost.medianGatewayRequests} requests through the gateway, ${cost.medianDirectRequests} direct,
${(cost.medianCaseMs / 1_000).toFixed(1)} s. Members taken out in cases whose fault does not do that: ${cost.inducedEjections} in ${cost.casesWithKnownEjections} cases.</p>
<p class="note">A finding counts from severity warning and confidence likely on. The second column is a rule that knows status codes only, scored the same way, and never asked for a member.</p>
${table(['', 'gateprobe', 'status codes alone'], headRows(gateprobe, naive))}
<h2>Causes</h2>
${table(['cause', 'right', 'false', 'missed', 'precision', 'recall', 'F1', 'F1 of status codes'], causes)}
<h2>Measured values</h2>
${table(
  ['value', 'cases', 'without', 'median error', 'worst error', 'in interval'],
  summary.parameters.map((group) => [
    `${group.cause} ${group.name}`,
    String(group.count),
    String(group.withoutValue),
    percent(group.medianErrorRatio),
    percent(group.worstErrorRatio),
    `${group.covered} of ${group.withInterval}`,
  ]),
)}
<h2>What is there, and what was said</h2>
${confusionTable(summary)}
<h2>Cases</h2>
${casesTable(summary.cases)}
</body></html>
`;
}

function confusionTable({ gateprobe: { confusion } }: Summary): string {
  const rows = Object.keys(confusion).sort();
  const columns = [...new Set(Object.values(confusion).flatMap(Object.keys))].sort();
  const head = `<tr><th>there \\ said</th>${columns.map((one) => `<th>${escapeHtml(one)}</th>`).join('')}</tr>`;
  const body = rows.map((there) => {
    const cells = columns.map((said) => {
      const count = confusion[there]?.[said];
      if (count === undefined) return '<td></td>';
      return `<td class="${there === said ? 'on' : 'off'}">${count}</td>`;
    });
    return `<tr><th class="text">${escapeHtml(there)}</th>${cells.join('')}</tr>`;
  });
  return `<table>${head}${body.join('')}</table>`;
}

function casesTable(cases: readonly ScoredCase[]): string {
  const head = ['case', 'there', 'said', 'confidence', 'verdict', 'requests', 'time'];
  const rows = cases.map((one) => {
    const claims = one.found.filter(isClaim);
    const verdict = one.state === 'judged' ? (one.isExact ? 'right' : 'not exact') : one.state;
    const cells = [
      `<a href="${encodeURIComponent(one.id)}/report.html">${escapeHtml(one.id)}</a><br><span class="note">${escapeHtml(one.title)}<br>${escapeHtml(parametersText(one))}</span>`,
      escapeHtml(one.truth.map(nameOf).join(', ') || 'nothing'),
      escapeHtml(claims.map(nameOf).join(', ') || 'nothing'),
      escapeHtml(claims.map(({ confidence }) => confidence).join(', ')),
      `<span class="${one.isExact ? '' : 'wrong'}">${verdict}</span>`,
      String(one.requests.gateway + one.requests.direct),
      `${(one.durationMs / 1_000).toFixed(1)} s`,
    ];
    return `<tr>${cells.map((cell) => `<td class="text">${cell}</td>`).join('')}</tr>`;
  });
  return `<table><tr>${head.map((one) => `<th class="text">${one}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function parametersText({ parameters }: ScoredCase): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`)
    .join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('')}</table>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
