/** Requests that are kept one by one, with their ids for a log search. */
import { type Exchange, type Outcome, outcomeKey, responseTimeUs } from '../../model/exchange.ts';
import type { KeptExchange } from '../../model/history.ts';
import { formatDuration } from '../../model/quantity.ts';
import { longTable } from '../../report/html-parts.ts';
import { html, type Markup } from '../../report/markup.ts';
import { rowName } from './farm.ts';
import { timeElement } from './layout.ts';

const REASON: Readonly<Record<KeptExchange['reason'], string>> = {
  failure: 'failed',
  slow: 'slow',
  first: 'first after a pause',
};

export function keptTable(kept: readonly KeptExchange[]): Markup {
  if (kept.length === 0)
    return html`<p class="empty">No request of this time was kept: none failed, none was slow.</p>`;
  const columns = [
    { title: 'Request id' },
    { title: 'Due at (UTC)' },
    { title: 'Why kept' },
    { title: 'Route' },
    { title: 'Request' },
    { title: 'Outcome' },
    { title: 'Took', numeric: true },
    { title: 'Answered by' },
  ];
  const newest = [...kept].sort((a, b) => b.atUs - a.atUs);
  const rows = newest.map(({ atUs, reason, exchange }) => [
    html`<code>${exchange.requestId}</code>`,
    timeElement(atUs),
    REASON[reason],
    rowName(exchange.route),
    exchange.requestName,
    html`<code>${outcomeWithSubstatus(exchange.outcome)}</code>${slowestPhase(exchange)}`,
    formatDuration(responseTimeUs(exchange)),
    exchange.answeredBy ?? '–',
  ]);
  return longTable('Requests kept one by one', columns, rows, 'request');
}

/** `502.3`, where the answer carries it. */
export function outcomeWithSubstatus(outcome: Outcome): string {
  const key = outcomeKey(outcome);
  if (outcome.kind !== 'response' || outcome.substatus === undefined) return key;
  return key.replace(/^\d+/, (status) => `${status}.${outcome.substatus}`);
}

function slowestPhase({ phasesUs }: Exchange): Markup | false {
  const [slowest] = Object.entries(phasesUs ?? {}).sort((a, b) => b[1] - a[1]);
  return slowest !== undefined && html`<small>${slowest[0]} ${formatDuration(slowest[1])}</small>`;
}
