/** Rows 37, 39, 42: the client got an answer, and yet something went wrong. */
import { at, fromFrontAlone, HIGH, is, kernelSays, LOW, MEDIUM, says, type TableRow } from './decision.ts';
import type { Facts } from './log-facts.ts';

const CUT = /^Connection_(?:Dropped|Abandoned_By_(?:AppPool|ReqQueue))$/;
/** Methods that may be repeated without harm (RFC 9110 9.2.2). */
const IDEMPOTENT = /^(?:GET|HEAD|OPTIONS|TRACE|PUT|DELETE)$/i;

/** The gateway called the answer whole, the member's side says that it was cut: by the member itself, not because somebody left. */
function isCutByMember(f: Facts): boolean {
  if (!is(f, 'ok') || f.frontLine?.clientGone === true) return false;
  if (f.journey.client?.outcome.endsWith(':truncated') === true) return true;
  const line = f.member?.access[0];
  return f.isSameRequest && (line?.win32 === 995 || kernelSays(f, CUT) !== undefined);
}

function isBrokenByMember(f: Facts): boolean {
  return f.journey.client?.outcome.endsWith(':truncated') === true && kernelSays(f, CUT) !== undefined;
}

export function isIdempotent({ frontLine, member }: Facts): boolean {
  return IDEMPOTENT.test(frontLine?.method ?? member?.access[0]?.method ?? '');
}

export const DECISIONS_ANSWERED: readonly TableRow[] = [
  {
    row: '39',
    when: isCutByMember,
    decide: (f) => ({
      cause: 'connection/dropped-mid-response',
      // The kernel of the member says that a connection was broken in this very moment, and the client got a part.
      confidence: isBrokenByMember(f) ? HIGH : f.memberLine === 'aborted' && f.isSameRequest ? MEDIUM : LOW,
      because: isBrokenByMember(f)
        ? 'the client got a part of the answer; HTTPERR of the member says Connection_Dropped'
        : f.memberLine === 'aborted'
          ? 'the member broke its answer off, and the gateway passed the part on as if it were whole'
          : 'the client got a part of the answer, which the gateway logged as whole',
      ...at(f),
    }),
  },
  {
    row: '42',
    when: (f) => f.executions > 1 && (f.status ?? 500) < 500,
    decide: (f) => ({
      cause: 'gateway/retry-duplicate',
      confidence: HIGH,
      because: `one ${f.frontLine?.method ?? 'request'} of the client is ${f.executions} times in the members’ logs: the gateway sent it again${isIdempotent(f) ? '' : ', though a repeat of this method may do its work twice'}`,
    }),
  },
  {
    row: '37',
    when: (f) => is(f, 'ok/retried'),
    decide: (f) => ({ cause: 'gateway/retry-duplicate', confidence: fromFrontAlone(f), because: says(f) }),
  },
];
