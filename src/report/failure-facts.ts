/** What is known of failures through the gateway for which no cause was found: where to look next. */
import type { Measures } from '../analysis/measures.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Finding } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';

/** A few have nothing in common but chance. */
const LEAST_FAILURES = 5;
/** Quicker failures were made without a wait, and their time tells nothing. */
const LEAST_WAIT_US = 300_000;
/** Nine in ten within so much of their median: one timer, or one number of attempts. */
const ALIKE_RATIO = 0.05;

/** Sentences for the headline: the note that comes nearest, that they took the same time, and that members did not fail. */
export function knownOfFailures(measures: Measures, findings: readonly Finding[]): readonly string[] {
  const failed = measures
    .exchanges({ route: GATEWAY })
    .filter((exchange) => exchange.sentUs !== undefined && isFailure(exchange) && exchange.outcome.kind !== 'aborted');
  if (failed.length < LEAST_FAILURES) return [];
  const nearest = findings
    .filter(
      ({ affected, scope }) =>
        scope.route === 'gateway' && affected !== undefined && 2 * affected.count >= failed.length,
    )
    .sort((a, b) => (b.affected?.count ?? 0) - (a.affected?.count ?? 0))[0];
  const alikeUs = alikeTime(failed);
  const time = alikeUs === undefined ? '' : ` Nearly all of them took ${formatDuration(alikeUs)}.`;
  return [
    ...(nearest === undefined ? [] : [`Nearest comes a note, which is no more than possible: ${nearest.title}`]),
    ...(isOnlyGateway(failed, measures)
      ? [
          `Members asked directly at the same time did not fail at these requests: the fault is in the gateway or on its way to a member, and its own log says which.${time}`,
        ]
      : time === ''
        ? []
        : [time.trim()]),
  ];
}

/** Median of times that agree; undefined where they do not. */
function alikeTime(failed: readonly Exchange[]): number | undefined {
  const times = failed.map(({ sentUs = 0, endUs }) => endUs - sentUs).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? 0;
  const middle = at(0.5);
  return middle >= LEAST_WAIT_US && at(0.95) - at(0.05) <= 2 * ALIKE_RATIO * middle ? middle : undefined;
}

/** Every member was asked for the same as often as there were failures, and none failed. */
function isOnlyGateway(failed: readonly Exchange[], measures: Measures): boolean {
  const names = new Set(failed.map(({ requestName }) => requestName));
  return (
    measures.members.length > 0 &&
    measures.members.every((member) =>
      [...names].every((requestName) => {
        const { sent, failed: own } = measures.counts({ route: directTo(member), requestName });
        return own === 0 && sent >= LEAST_FAILURES;
      }),
    )
  );
}
