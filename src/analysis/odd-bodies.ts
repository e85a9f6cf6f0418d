/** Good answers through the gateway with another body than every answer of every member: an error page that says 200 looks like this. */
import { type Exchange, outcomeKey } from '../model/exchange.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import type { Measures } from './measures.ts';

/** So many answers alike are no page that is made anew each time (as for members that differ). */
const LEAST_ALIKE = 5;
/** Two could be one incident. */
const LEAST_ODD = 3;

export type OddBodies = {
  readonly requestName: string;
  readonly odd: readonly Exchange[];
  /** Kept good answers through the gateway. */
  readonly of: number;
  readonly bytes: number;
};

/**
 * By request whose body is the same in all direct answers, and in some through the gateway: where all of the gateway's differ, it
 * changes bodies on purpose (compression, a banner).
 */
export function oddBodies(measures: Measures): readonly OddBodies[] {
  return measures.profile.requests.flatMap(({ name }) => {
    const direct = measures.members.map((member) => bodiesOf(measures, directTo(member), name));
    const [first] = direct[0] ?? [];
    const isOne = direct.every((own) => own.length >= LEAST_ALIKE && own.every((one) => sameBody(one, first)));
    if (first === undefined || !isOne) return [];
    const proxied = bodiesOf(measures, GATEWAY, name);
    const odd = proxied.filter((one) => !sameBody(one, first));
    const alike = proxied.length - odd.length;
    if (odd.length < LEAST_ODD || alike < LEAST_ALIKE) return [];
    return [{ requestName: name, odd, of: proxied.length, bytes: sizeOf(first) }];
  });
}

function bodiesOf(measures: Measures, route: RouteId, requestName: string): readonly Exchange[] {
  return measures.exchanges({ route, requestName, cohorts: ['ok'] });
}

function sameBody(a: Exchange, b: Exchange | undefined): boolean {
  return (
    b !== undefined &&
    a.outcome.kind === 'response' &&
    b.outcome.kind === 'response' &&
    outcomeKey(a.outcome) === outcomeKey(b.outcome) &&
    a.outcome.bodyDigest === b.outcome.bodyDigest &&
    a.outcome.bodyBytes === b.outcome.bodyBytes
  );
}

export function sizeOf({ outcome }: Exchange): number {
  return outcome.kind === 'response' ? outcome.bodyBytes : 0;
}
