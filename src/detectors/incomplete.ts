/** Answers through the gateway that are shorter than what members send. */

import { median } from '../analysis/medians.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import type { Exchange } from '../model/exchange.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { tallyOf } from './tally.ts';
import { findReadTimer } from './timeout-read.ts';

/** Share of answers that networks cut off at the most (as for connections, methods C.2). */
const HEALTHY_RATIO = 1e-3;
const LEAST_EVENTS = 3;
/** So many equal bodies of each member show that the page does not change. */
const LEAST_EQUAL = 5;
/** Cuts that agree in time this closely (2 %) are a timer's. */
const TIMER_SPREAD = 0.02;
const LEAST_TIMER_US = 300_000;

/** Complete answers through the gateway with a shorter body than the one that all members always send. Only pages that never change can tell. */
export function launderedAnswers({ measures }: DetectorContext): readonly Exchange[] {
  return measures.profile.requests.flatMap(({ name }) => {
    const expected = constantBody(name, { measures });
    if (expected === undefined) return [];
    return measures
      .exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, requestName: name, cohorts: ['ok'] })
      .filter(
        ({ outcome }) =>
          outcome.kind === 'response' &&
          outcome.status === expected.status &&
          outcome.bodyDigest !== expected.digest &&
          outcome.bodyBytes < expected.bytes,
      );
  });
}

type Body = { readonly status: number; readonly bytes: number; readonly digest: number };

function constantBody(requestName: string, { measures }: Pick<DetectorContext, 'measures'>): Body | undefined {
  let body: Body | undefined;
  for (const member of measures.members) {
    const answers = measures.exchanges({
      route: directTo(member),
      roles: ORDINARY_ROLES,
      requestName,
      cohorts: ['ok'],
    });
    if (answers.length < LEAST_EQUAL) return undefined;
    for (const { outcome } of answers) {
      if (outcome.kind !== 'response') return undefined;
      body ??= { status: outcome.status, bytes: outcome.bodyBytes, digest: outcome.bodyDigest };
      if (outcome.bodyDigest !== body.digest || outcome.bodyBytes !== body.bytes) return undefined;
    }
  }
  return body;
}

/** Answers that are cut off through the gateway only, at no common time: the fault is between gateway and members, and no member shows it directly. */
export function truncatedByGateway({ measures }: DetectorContext): Candidate | undefined {
  const tally = tallyOf(measures, { route: GATEWAY, roles: ORDINARY_ROLES });
  const cut = tally.kept.filter(({ outcome }) => outcome.kind === 'response' && !outcome.complete);
  const count = tally.countOf(cut);
  const ratio = { value: count / Math.max(1, tally.ended), ...proportionInterval(count, tally.ended) };
  if (cut.length < LEAST_EVENTS || ratio.low <= HEALTHY_RATIO || isTimer(cut) || findReadTimer(measures) !== undefined)
    return undefined;
  const direct = measures.members.reduce(
    (sum, member) => sum + measures.counts({ route: directTo(member), roles: ORDINARY_ROLES }).ok,
    0,
  );
  return {
    cause: 'connection/dropped-mid-response',
    scope: { route: 'gateway' },
    severity: 'error',
    confidence: 'possible',
    p: binomialTail(count, tally.ended, HEALTHY_RATIO),
    title: `${formatRatio(ratio.value)} of answers through the gateway end in the middle; ${direct} direct answers were complete.`,
    meaning: `${count} of ${tally.ended} answers through the gateway were shorter than their header promised. Asked directly, members send everything, so the answer is cut between member and gateway, or by the gateway itself.`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(
        'dropped-mid-response-gateway',
        'Answers through the gateway that were cut off',
        `They ended after ${formatDuration(median(cut.map(afterSendUs)))} in the median.`,
        cut,
      ),
    ],
    rivals: [{ cause: 'timeout/gateway-read', whyNot: 'they do not end at one common time' }],
    affected: { count, of: tally.ended },
    explains: seqsOf(cut),
  };
}

function isTimer(cut: readonly Exchange[]): boolean {
  const times = cut.map(afterSendUs);
  const shortest = Math.min(...times);
  return shortest >= LEAST_TIMER_US && Math.max(...times) - shortest <= TIMER_SPREAD * shortest;
}
