/** Made-up rounds of a farm, as the monitor hands them to history. */
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import type { KeptExchange, Round, RoundKind } from '../../src/model/history.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import type { Random } from '../../src/model/time.ts';

/** A Monday, 00:00 UTC. */
export const MONDAY_US = Date.UTC(2026, 0, 5) * 1_000;
export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

export function routesOf(members: number): readonly RouteId[] {
  return [GATEWAY, ...Array.from({ length: members }, (_, i) => directTo(`web${i + 1}`))];
}

export type Answer = {
  readonly route: RouteId;
  readonly elapsedUs: number;
  readonly dueUs?: number;
  readonly latenessUs?: number;
  readonly isNew?: boolean;
  readonly outcome?: Outcome;
};

export const OK: Outcome = { kind: 'response', status: 200, bodyBytes: 12, complete: true, bodyDigest: 7 };
export const FAILED: Outcome = { kind: 'response', status: 502, bodyBytes: 12, complete: true, bodyDigest: 8 };

export function exchangeOf(
  seq: number,
  { route, elapsedUs, dueUs = 0, latenessUs = 0, isNew, outcome }: Answer,
): Exchange {
  return {
    seq,
    requestId: seq.toString(16).padStart(16, '0'),
    experimentId: 'round',
    route,
    requestName: 'home',
    dueUs,
    sentUs: dueUs + latenessUs,
    endUs: dueUs + elapsedUs,
    connection: { id: seq, isNew: isNew ?? false, ageUs: 0, idleUs: 0 },
    outcome: outcome ?? OK,
  };
}

export function roundOf(
  startedAtUs: number,
  answers: readonly Answer[],
  { profile = 'shop', kind = 'scheduled' as RoundKind } = {},
): Round {
  const exchanges = answers.map((answer, i) => exchangeOf(i, answer));
  const endUs = Math.max(0, ...exchanges.map((exchange) => exchange.endUs));
  return { profile, kind, startedAtUs, endedAtUs: startedAtUs + endUs, lagUs: 0, exchanges };
}

/** One round of a farm as it may be: log-normal times, some failures. */
export function randomRound(
  random: Random,
  startedAtUs: number,
  { members = 8, failureRatio = 0.001, profile = 'shop', isNew = false } = {},
): { readonly round: Round; readonly kept: readonly KeptExchange[] } {
  const answers = routesOf(members).map((route): Answer => {
    // Box and Muller; the gateway is 1 ms slower than a member.
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const elapsedUs = Math.round(20_000 * Math.exp(0.4 * normal)) + (route === GATEWAY ? 1_000 : 0);
    const outcome = random.next() < failureRatio ? FAILED : OK;
    return { route, elapsedUs, latenessUs: Math.floor(random.next() * 200), isNew, outcome };
  });
  const round = roundOf(startedAtUs, answers, { profile });
  const failed = round.exchanges.filter(({ outcome }) => outcome === FAILED);
  const kept = failed.map(
    (exchange): KeptExchange => ({
      profile,
      atUs: startedAtUs + exchange.dueUs,
      reason: 'failure',
      exchange: withAnswer(exchange),
    }),
  );
  return { round, kept };
}

function withAnswer(exchange: Exchange): Exchange {
  const headers = { server: 'nginx', 'content-type': 'text/html', date: 'Mon, 05 Jan 2026 00:00:00 GMT' };
  const bodyStart = `<html><head><title>502 Bad Gateway</title></head><body>${'<!-- padding -->'.repeat(20)}</body></html>`;
  return { ...exchange, answer: { status: 502, headers, bodyStart } };
}
