/** Pieces of evidence that several detectors show in the same form. */
import { type Exchange, outcomeKey, responseTimeUs, serviceTimeUs } from '../model/exchange.ts';
import type { ExchangeRow, Exhibit } from '../model/finding.ts';
import { memberOf } from '../model/route.ts';

/** More rows than this help nobody; the total is said beside them. */
const ROWS_SHOWN = 25;

export function exchangeRow(exchange: Exchange): ExchangeRow {
  const { outcome } = exchange;
  const member = memberOf(exchange.route);
  const detail =
    outcome.kind === 'connection-error'
      ? outcome.detail
      : exchange.answeredBy === undefined
        ? undefined
        : `answered by ${exchange.answeredBy}`;
  return {
    requestId: exchange.requestId,
    dueUs: exchange.dueUs,
    route: member === undefined ? 'gateway' : `direct ${member}`,
    requestName: exchange.requestName,
    outcome:
      outcome.kind === 'response' && outcome.substatus !== undefined
        ? `${outcome.status}.${outcome.substatus}`
        : outcomeKey(outcome),
    elapsedUs: serviceTimeUs(exchange) ?? responseTimeUs(exchange),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** The exchanges behind a finding, with ids and times ready for a log search. */
export function exchangesExhibit(id: string, title: string, reading: string, exchanges: readonly Exchange[]): Exhibit {
  return {
    kind: 'exchanges',
    id,
    title,
    reading,
    rows: exchanges.slice(0, ROWS_SHOWN).map(exchangeRow),
    total: exchanges.length,
  };
}

export function seqsOf(exchanges: readonly Exchange[]): ReadonlySet<number> {
  return new Set(exchanges.map(({ seq }) => seq));
}
