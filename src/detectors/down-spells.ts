/** A member that goes down and comes back: refused connections that come in spells, and the requests that it cut when it went. */
import type { Measures } from '../analysis/measures.ts';
import { binomialTail } from '../analysis/proportion.ts';
import type { Exchange } from '../model/exchange.ts';
import { directTo } from '../model/route.ts';
import { ORDINARY_ROLES } from './elapsed.ts';

/** Fewer refusals or answers are no spells. */
const LEAST_EACH = 4;
/** That refusals follow each other by chance, as where one of two machines behind an address is down, must be this improbable. */
const CHANCE_P = 1e-3;
/** A process that ends cuts its requests and closes its port at once; the next attempt within this time meets the closed port. */
const RIGHT_AFTER_US = 1_000_000;

export type DownSpells = {
  /** How often it went from answering to refusing, or began so. */
  readonly count: number;
  /** Requests in work that ended without an answer just before its port was found closed. */
  readonly cut: ReadonlySet<number>;
};

export function isRefused({ outcome }: Exchange): boolean {
  return outcome.kind === 'connection-error' && outcome.phase === 'connect' && outcome.code === 'refused';
}

/** Undefined where refusals are not in spells, or where there was no answer in between. */
export function downSpells(measures: Measures, member: string): DownSpells | undefined {
  const asked = measures
    .exchanges({ route: directTo(member), roles: ORDINARY_ROLES })
    .filter(({ sentUs }) => sentUs !== undefined)
    .toSorted((a, b) => (a.sentUs ?? 0) - (b.sentUs ?? 0));
  // Attempts only: a connection that is open stays so without a new one.
  const attempts = asked.filter((exchange) => isRefused(exchange) || exchange.connection?.isNew === true);
  const refused = attempts.filter(isRefused).length;
  const others = attempts.length - refused;
  if (refused < LEAST_EACH || others < LEAST_EACH) return undefined;
  const starts = attempts.filter((one, i) => isRefused(one) && !(i > 0 && isRefused(attempts[i - 1]!))).length;
  // A refusal begins a spell by chance as often as attempts are not refused.
  if (1 - binomialTail(starts + 1, refused, others / attempts.length) > CHANCE_P) return undefined;
  const cut = asked.filter((exchange) => wasCut(exchange) && isDownAfter(exchange, attempts));
  return { count: starts, cut: new Set(cut.map(({ seq }) => seq)) };
}

function wasCut({ outcome }: Exchange): boolean {
  if (outcome.kind === 'response') return !outcome.complete;
  return outcome.kind === 'connection-error' && (outcome.code === 'closed' || outcome.code === 'reset');
}

function isDownAfter({ endUs }: Exchange, attempts: readonly Exchange[]): boolean {
  const next = attempts.find(({ sentUs = 0 }) => sentUs >= endUs);
  return next !== undefined && isRefused(next) && (next.sentUs ?? 0) - endUs <= RIGHT_AFTER_US;
}
