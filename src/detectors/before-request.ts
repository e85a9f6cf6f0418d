/** Failures on the way to the gateway, before a request could be sent: its name, or the handshake with it. */
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import type { CauseId } from '../model/causes.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Rival } from '../model/finding.ts';
import { formatRatio } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { tallyOf } from './tally.ts';

/** Two could be one incident seen twice. */
const LEAST_EVENTS = 3;
/** Share of connections that fail in a healthy network at the most (as for members, methods C.2). */
const HEALTHY_RATIO = 1e-3;
/** Of all requests: from here on hardly anybody gets through. */
const NEARLY_ALL = 0.9;

export type BeforeRequest = {
  readonly cause: CauseId;
  readonly matches: (exchange: Exchange) => boolean;
  /** `share` is undefined where nearly all fail. */
  readonly title: (failed: readonly Exchange[], share: string | undefined) => string;
  readonly meaning: string;
  readonly exhibitTitle: string;
  readonly rivals: readonly Rival[];
};

/** The candidate where enough attempts to reach the gateway failed so. */
export function failedBeforeRequest(kind: BeforeRequest, { measures }: DetectorContext): Candidate | undefined {
  const tally = tallyOf(measures, { route: GATEWAY });
  const failed = tally.kept.filter(kind.matches);
  const count = tally.countOf(failed);
  // Only new connections can fail so; a slot meant for a warm one connects as well when there is none.
  const opened = tallyOf(measures, { route: GATEWAY, connection: 'new' });
  const of = opened.ended + count - opened.countOf(opened.kept.filter(kind.matches));
  const ratio = { value: count / Math.max(1, of), ...proportionInterval(count, of) };
  if (failed.length < LEAST_EVENTS || ratio.low <= HEALTHY_RATIO) return undefined;
  const isTotal = count >= NEARLY_ALL * tally.ended;
  return {
    cause: kind.cause,
    scope: { route: 'gateway' },
    // That nobody gets through at all is said by gateway/unreachable.
    severity: 'error',
    confidence: 'confirmed',
    p: binomialTail(count, of, HEALTHY_RATIO),
    title: kind.title(failed, isTotal ? undefined : formatRatio(ratio.value)),
    meaning: `${count} of ${of} new connections to the gateway ended so, and no request was sent on them. ${kind.meaning}`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(
        `${kind.cause.replace('/', '-')}-gateway`,
        kind.exhibitTitle,
        'The words are those of the system or its TLS library.',
        failed,
      ),
    ],
    rivals: kind.rivals,
    affected: { count, of },
    // Nearly all: they are explained by gateway/unreachable, and this, the reason, stands beside it.
    explains: isTotal ? new Set<number>() : seqsOf(failed),
  };
}
