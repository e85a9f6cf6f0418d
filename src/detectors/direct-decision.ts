/** Requests that went to a member directly: the member's own lines about them. Rows as in the table, without a gateway. */
import type { Decision } from './decision.ts';
import { type Facts, isMostOf } from './log-facts.ts';

const DROPPED = /^(?:Connection_Dropped|Connection_Abandoned_By_(?:AppPool|ReqQueue)|Request_Cancelled)/;

export function directDecision(facts: Facts): Decision {
  const { journey, memberLine, memberUs, kernel } = facts;
  const { client } = journey;
  const member = client?.direct;
  const scope = member === undefined ? {} : { member };
  const reason = kernel.find((one) => DROPPED.test(one));
  // Where the probe itself gave up, the member notes a dropped connection as well.
  const isOurs = client?.outcome.startsWith('timeout:') === true;
  // A part of the answer came: the same line of the kernel is then about its middle.
  const isCut = client?.outcome.endsWith(':truncated') === true;
  if (client?.isFailure === true && !isOurs && memberLine !== 'ok' && reason !== undefined)
    return {
      row: isCut ? '20' : '19',
      cause: isCut ? 'connection/dropped-mid-response' : 'connection/dropped-before-response',
      confidence: 'confirmed',
      because: `HTTPERR of the member says ${reason}`,
      ...scope,
    };
  if (client?.isFailure === true && memberLine === 'error' && facts.isSameRequest)
    return {
      row: '28',
      cause: 'application/error',
      confidence: 'confirmed',
      because: 'the member logged the error itself',
      ...scope,
    };
  if (
    client?.isFailure === false &&
    memberUs !== undefined &&
    !facts.isAmbiguous &&
    isMostOf(memberUs, client.elapsedUs)
  )
    return {
      row: '33',
      cause: 'application/slow',
      confidence: 'confirmed',
      because: 'the member itself took the time',
      ...scope,
    };
  return {
    row: '45',
    confidence: 'possible',
    because: 'the member’s log does not say more',
    undecided: true,
    ...scope,
  };
}
