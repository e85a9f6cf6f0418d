/** The gateway's timer for connecting: failures pile up at one elapsed time where a member cannot be reached directly either. */
import { GATEWAY } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, notApplicable } from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { findTimers, interval, unreachableMembers } from './timeout.ts';

export const gatewayConnectTimeout: Detector = {
  cause: 'timeout/gateway-connect',
  detect(context): Detection {
    const { measures } = context;
    const unreachable = unreachableMembers(measures);
    if (unreachable.length === 0) return notApplicable('every member accepts connections');
    const candidates = findTimers(context)
      .filter((timer) => timer.ordinary.length > 0 && !timer.isConfirmed)
      .map((timer): Candidate => {
        const member = unreachable[0] as string;
        return {
          cause: 'timeout/gateway-connect',
          scope: { route: 'gateway', member },
          severity: 'error',
          confidence: 'likely',
          p: timer.p,
          title: `The gateway gives up connecting to ${unreachable.join(', ')} after ${interval(timer.timeout)}.`,
          meaning: `${timer.ordinary.length} requests failed at this elapsed time, whatever they asked for. Direct connection attempts to ${unreachable.join(', ')} hang as well: nothing answers there.`,
          measured: { timeoutUs: timer.timeout },
          exhibits: [
            exchangesExhibit(
              'connect-timeout-exchanges',
              'Requests that waited for a connection',
              'They failed at one elapsed time, independent of what was asked for.',
              timer.ordinary,
            ),
          ],
          rivals: [
            { cause: 'timeout/gateway-response', whyNot: 'the member never accepted a connection, directly either' },
          ],
          affected: {
            count: timer.ordinary.length,
            of: measures.counts({ route: GATEWAY, roles: ORDINARY_ROLES }).sent,
          },
          explains: seqsOf(timer.ordinary),
        };
      });
    return candidatesOr(candidates, 'no failures through the gateway agree in their elapsed time');
  },
};
