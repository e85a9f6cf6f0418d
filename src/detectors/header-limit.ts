/** Headers that a member sends and the probe takes, but the gateway does not: each has a limit of its own. */
import type { Measures } from '../analysis/measures.ts';
import { proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { formatBytes, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { gatewayMade } from './connection.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { LEAST_TIMER_US } from './outage.ts';
import { tallyOf } from './tally.ts';

/** The smallest buffer that a gateway has for a header by default (nginx `proxy_buffer_size`, one page of memory). */
const LEAST_LIMIT_BYTES = 4_000;
/** Two could be one incident seen twice (methods C.2). */
const LEAST_EVENTS = 3;
/** Failures are as frequent as large headers are, give or take half: a gateway may send some members more. */
const SHARE_SLACK = 0.5;

type Large = { readonly member: string; readonly exchanges: readonly Exchange[] };

/** Set where quick failures of the gateway are as frequent as headers above all that it ever passed on. */
export function headerLimit(context: DetectorContext): Candidate | undefined {
  const { measures } = context;
  const gateway = tallyOf(measures, { route: GATEWAY, roles: ORDINARY_ROLES });
  const failures = gateway.kept.filter(
    (exchange) =>
      isFailure(exchange) &&
      exchange.outcome.kind === 'response' &&
      gatewayMade(exchange, context) &&
      afterSendUs(exchange) < Math.max(LEAST_TIMER_US, 2 * longestDirect(measures)),
  );
  if (failures.length < LEAST_EVENTS) return undefined;
  const passed = gateway.kept.filter((exchange) => !isFailure(exchange));
  const passedBytes = Math.max(0, ...passed.map(({ headerBytes = 0 }) => headerBytes));
  const asked = measures.members.map((member) => answersOf(member, measures));
  const large = asked
    .map(({ member, exchanges }): Large => {
      const isLarge = ({ headerBytes = 0 }: Exchange): boolean =>
        headerBytes > Math.max(passedBytes, LEAST_LIMIT_BYTES);
      return { member, exchanges: exchanges.filter(isLarge) };
    })
    .filter(({ exchanges }) => exchanges.length > 0);
  const largeCount = large.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
  const of = asked.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
  if (largeCount < LEAST_EVENTS) return undefined;
  const share = { value: largeCount / of, ...proportionInterval(largeCount, of) };
  const count = gateway.countOf(failures);
  const failed = { value: count / gateway.ended, ...proportionInterval(count, gateway.ended) };
  if (failed.high < share.low * SHARE_SLACK || failed.low > share.high * (1 + SHARE_SLACK)) return undefined;
  // That the gateway passed none on by chance, if it passes them on at all.
  const p = (1 - share.low) ** passed.length;
  return candidateOf({ large, failures, passed, passedBytes, share, failed, count, of: gateway.ended, p });
}

function answersOf(member: string, measures: Measures): Large {
  const exchanges = measures.exchanges({ route: directTo(member), roles: ORDINARY_ROLES, cohorts: ['ok'] });
  return { member, exchanges };
}

function longestDirect(measures: Measures): number {
  return Math.max(0, ...measures.members.flatMap((member) => answersOf(member, measures).exchanges.map(afterSendUs)));
}

type Found = {
  readonly large: readonly Large[];
  readonly failures: readonly Exchange[];
  readonly passed: readonly Exchange[];
  readonly passedBytes: number;
  readonly share: { readonly value: number; readonly low: number; readonly high: number };
  readonly failed: { readonly value: number; readonly low: number; readonly high: number };
  readonly count: number;
  readonly of: number;
  readonly p: number;
};

function candidateOf({ large, failures, passed, passedBytes, share, failed, count, of, p }: Found): Candidate {
  const all = large.flatMap(({ exchanges }) => exchanges);
  const sizes = all.map(({ headerBytes = 0 }) => headerBytes);
  const only = large.length === 1 ? large[0]?.member : undefined;
  const who = only ?? large.map(({ member }) => member).join(', ');
  // Where a request always fails, whatever else is about it may be the reason.
  const names = new Set(passed.map(({ requestName }) => requestName));
  const isMixed = failures.some(({ requestName }) => names.has(requestName));
  const takes = passedBytes > 0 ? `none above ${formatBytes(passedBytes)}` : 'none of 2 kB or more';
  return {
    cause: 'connection/invalid-response',
    scope: only === undefined ? { route: 'gateway' } : { route: 'gateway', member: only },
    severity: 'error',
    confidence: isMixed ? 'likely' : 'possible',
    p,
    title: `${who}: headers of ${formatBytes(Math.min(...sizes))} to ${formatBytes(Math.max(...sizes))} come with ${formatRatio(share.value)} of direct answers; the gateway passes on ${takes} and fails ${formatRatio(failed.value)} of requests at once.`,
    meaning: `The gateway reads an answer's header into a buffer of fixed size (nginx proxy_buffer_size 4 or 8 kB, HAProxy tune.bufsize 16 kB, Apache ResponseFieldSize 8 kB, Varnish http_resp_size 32 kB by default) and throws away what does not fit: ${count} of ${of} requests failed at once, and of ${passed.length} that came through none had such a header. Cookies that grow, tokens and debugging output are the usual reason.${isMixed ? '' : ' But this request always fails through the gateway, so that something else about it may be the reason.'}`,
    measured: { headerBytes: { value: Math.min(...sizes) }, errorRatio: failed },
    exhibits: [
      exchangesExhibit(
        'header-limit-gateway',
        'Requests through the gateway that failed at once',
        'As frequent as large headers are on direct answers; the error log of the gateway says "too big header" or the like.',
        failures,
      ),
      exchangesExhibit(
        'header-limit-direct',
        'Direct answers with a large header',
        `The largest header has ${formatBytes(Math.max(...sizes))}; the probe itself takes 64 kB.`,
        all,
      ),
    ],
    rivals: [
      {
        cause: 'connection/dropped-before-response',
        whyNot: 'asked directly, members answer these requests completely',
      },
      { cause: 'timeout/gateway-response', whyNot: 'the failures come at once' },
    ],
    affected: { count, of },
    explains: seqsOf(failures),
  };
}
