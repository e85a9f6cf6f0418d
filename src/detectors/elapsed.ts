import { type Distribution, distributionOf } from '../analysis/distribution.ts';
import type { Measures } from '../analysis/measures.ts';
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';

/** Time since the request was written: what a timer of the gateway sees. Without connecting, which is ours. */
export function afterSendUs(exchange: Exchange): number {
  const { dns = 0, connect = 0, tls = 0, send = 0 } = exchange.phasesUs ?? {};
  return (serviceTimeUs(exchange) ?? 0) - dns - connect - tls - send;
}

/** What the gateway adds to a fast request, from the slots of a compare; its times for ordinary requests where there are no members. */
export function gatewayOverhead(measures: Measures): Distribution {
  const differences = measures.slotDifferences().filter((us) => us > 0);
  if (differences.length >= 5) return distributionOf(differences);
  return distributionOf([0]);
}

/** Largest share of requests through the gateway that fail for other reasons: upper bound, never below one in the sample. */
export function backgroundFailureRatio(exchanges: readonly Exchange[]): number {
  const sent = exchanges.filter(({ outcome }) => outcome.kind !== 'not-sent' && outcome.kind !== 'aborted');
  const failed = sent.filter(isFailure).length;
  return (failed + 1) / (sent.length + 2);
}

/** Ordinary traffic: everything but requests that were slow on purpose or only prepared something. */
export const ORDINARY_ROLES = ['slot', 'load', 'canary', 'volley', 'idle'] as const;
