/** Lines of both sides about the same request, under each other: the evidence that decides. */
import type { Exhibit, LinesRow } from '../model/finding.ts';
import { plural } from './format.ts';
import { groupLines, type LineGroup, lineTime, reasonSentence } from './line-rows.ts';
import { html, type Markup } from './markup.ts';

export function linesList(exhibit: Exhibit & { kind: 'lines' }): Markup {
  if (exhibit.rows.length === 0) return html`<p class="empty">No line was kept.</p>`;
  const more = exhibit.total - exhibit.rows.length;
  return html`<ol class="journeys">${exhibit.rows.map((row, at) => journey(row, exhibit.rows[at - 1]))}</ol>${
    more > 0 &&
    html`<p class="note">${plural(more, 'more request')} ${more === 1 ? 'was' : 'were'} decided in the same way.</p>`
  }`;
}

/** A reason that is the same as that of the request before is not said again. */
function journey(row: LinesRow, before: LinesRow | undefined): Markup {
  const isNew = before === undefined || before.because !== row.because;
  return html`<li class="journey">${
    isNew &&
    html`<p class="journey-says">${reasonSentence(row)}</p>
`
  }<p class="journey-when"><span class="time">${lineTime(row)}</span> <span>row ${row.row} of the decision table</span></p>
<dl class="log-lines">${groupLines(row).map(side)}</dl></li>
`;
}

/** A line can be longer than any screen: it breaks, so that all of it is seen, also on a telephone and on paper. */
function side({ who, isGateway, lines }: LineGroup): Markup {
  const items = lines.map(
    ({ place, text }, at) =>
      html`<dd class="log-line">${at > 0 && place !== '' && html`<small>${place}</small>`}<code>${text}</code></dd>`,
  );
  return html`<div class="log-side${isGateway && ' is-gateway'}"><dt class="log-who">${who} <small>${lines[0]?.place}</small></dt>${items}</div>`;
}
