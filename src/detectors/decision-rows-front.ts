/** Rows 1-6, 18, 22, 36, 40-45: where the client's view, or the absence of lines, decides. */
import { at, fromFrontAlone, HIGH, is, isAbsent, LOW, MEDIUM, says, type TableRow, withLine } from './decision.ts';
import { type Facts, isMostOf, isPeerGone } from './log-facts.ts';

const KERNEL_OVERLOAD =
  /^(?:QueueFull|AppOffline|ConnLimit|Disabled|AppPoolTimer|Timer_AppPool|AppShutdown|Connections_Refused|N\/A)$/;
const KERNEL_BAD_REQUEST =
  /^(?:BadRequest|FieldLength|Header|Hostname|Invalid_CR\/LF|LengthRequired|RequestLength|URL|URL_Length|Verb|Version_N\/S|EntityTooLarge|Request_Too_Large|Forbidden|NotFound)$/;

function clientSaw({ journey }: Facts, pattern: RegExp): boolean {
  return journey.client !== undefined && pattern.test(journey.client.outcome);
}

/** Enough other requests of the run were found in this log, so that a missing one means something. */
function isJoined({ context }: Facts, atLeast = 0.5): boolean {
  return (context.joinedRatio ?? 0) >= atLeast;
}

function isProxied({ journey }: Facts): boolean {
  return journey.client !== undefined && journey.client.direct === undefined;
}

function kernel({ frontKernel, frontLine }: Facts, pattern: RegExp): string | undefined {
  return frontLine === undefined ? frontKernel.find((reason) => pattern.test(reason)) : undefined;
}

const gave = (facts: Facts): string => `the client saw ${facts.journey.client?.outcome ?? facts.status ?? 'no answer'}`;
/** No gateway closes its own idle connections sooner; what breaks before that was closed from behind. */
const LEAST_KEEP_ALIVE_US = 1_000_000;

const NO_FRONT_LINE: readonly TableRow[] = [
  {
    row: '1',
    when: (f) =>
      isProxied(f) && f.front === 'absent' && clientSaw(f, /^(?:error:(?:refused|unreachable)|timeout:connect)/),
    decide: (f) => ({
      cause: 'gateway/unreachable',
      confidence: HIGH,
      because: `${gave(f)}, and the gateway logged nothing`,
    }),
  },
  {
    row: '2',
    when: (f) => isProxied(f) && f.front !== 'present' && clientSaw(f, /^error:tls/),
    decide: (f) => ({
      cause: 'tls/failed',
      confidence: f.front === 'absent' ? HIGH : MEDIUM,
      because: `the handshake with the gateway itself failed (${gave(f)})`,
    }),
  },
  {
    row: '4',
    when: (f) => f.front !== 'present' && kernel(f, KERNEL_OVERLOAD) !== undefined,
    decide: (f) => ({
      cause: 'gateway/overloaded',
      confidence: kernel(f, KERNEL_OVERLOAD) === 'N/A' ? MEDIUM : HIGH,
      because: `HTTPERR of the gateway itself says ${kernel(f, KERNEL_OVERLOAD)}: the request never reached its site`,
    }),
  },
  {
    row: '4',
    when: (f) => f.front !== 'present' && kernel(f, KERNEL_BAD_REQUEST) !== undefined,
    decide: (f) => ({
      confidence: HIGH,
      because: `HTTPERR of the gateway itself says ${kernel(f, KERNEL_BAD_REQUEST)}: the request was refused before it reached a site`,
    }),
  },
  {
    row: '18',
    when: (f) =>
      isProxied(f) &&
      isJoined(f) &&
      f.front === 'absent' &&
      isAbsent(f) &&
      f.journey.client?.reusedConnection === true &&
      clientSaw(f, /^error:(?:closed|reset)/),
    decide: (f) => ({
      cause: 'connection/keep-alive-race',
      confidence: (f.journey.client?.idleUs ?? 0) < LEAST_KEEP_ALIVE_US ? MEDIUM : LOW,
      because: `the gateway closed a connection that had been used ${(f.journey.client?.idleUs ?? 0) < LEAST_KEEP_ALIVE_US ? 'a moment ago ' : ''}without an answer and without a line: it passes on that the member closed (HAProxy does so)`,
      ...at(f),
    }),
  },
  {
    row: '3',
    when: (f) =>
      isProxied(f) && isJoined(f) && f.front === 'absent' && f.memberPresence === 'absent' && (f.status ?? 0) >= 500,
    decide: (f) => ({
      cause: 'timeout/middlebox',
      // 503 and 400 may be the kernel's own at the gateway, of which only HTTPERR tells.
      confidence: isJoined(f, 0.9) && f.status !== 503 ? MEDIUM : LOW,
      because: `${gave(f)}, but neither the gateway nor a member logged the request: something before the gateway answered`,
    }),
  },
  {
    row: '44',
    when: (f) =>
      isProxied(f) &&
      f.memberPresence !== 'present' &&
      ((f.front === 'absent' && !isJoined(f)) ||
        (f.front === 'unknown' && f.context.isForeignLog && f.journey.client?.status !== undefined)),
    decide: () => ({
      cause: 'log/unjoined',
      confidence: MEDIUM,
      because:
        'hardly any request of the probe is in the gateway’s log, although it covers the time: another site, another host or another time zone',
    }),
  },
  {
    row: '43',
    when: (f) => f.front === 'absent' && f.frontLine === undefined && f.memberPresence === 'present',
    decide: (f) => ({
      cause: 'log/unjoined',
      confidence: LOW,
      because:
        'the member logged a request that the gateway’s log does not have: it came another way (health test, direct), or lines were lost',
      ...at(f),
    }),
  },
];

const CLIENT_LEFT: readonly TableRow[] = [
  {
    row: '3',
    // Found by the request's own id, or the two lines could be of two requests.
    when: (f) =>
      isProxied(f) &&
      f.journey.gateway.joinedBy === 'probe-id' &&
      f.frontLine !== undefined &&
      isPeerGone(f.frontLine) &&
      (f.journey.client?.status ?? 0) >= 500 &&
      (f.frontLine.bytesSent ?? 0) === 0,
    decide: (f) => ({
      cause: 'timeout/middlebox',
      confidence: HIGH,
      because: `${gave(f)}, while the gateway sent nothing and logged that its client had gone: something before the gateway gave up and answered`,
      ...(f.journey.client === undefined ? {} : { waitedUs: f.journey.client.elapsedUs }),
    }),
  },
  {
    row: '5',
    when: (f) =>
      clientSaw(f, /^timeout:/) &&
      f.front === 'present' &&
      f.memberUs !== undefined &&
      !f.isAmbiguous &&
      isMostOf(f.memberUs, f.journey.client?.elapsedUs ?? Number.POSITIVE_INFINITY),
    decide: (f) => ({
      cause: 'timeout/probe',
      confidence: f.isSameRequest ? HIGH : MEDIUM,
      because: 'the member worked longer than the probe waited, and the gateway was still waiting',
      ...at(f),
    }),
  },
  {
    row: '6',
    when: (f) => clientSaw(f, /^timeout:/) && isAbsent(f) && /^CQ/.test(f.frontLine?.flags ?? ''),
    decide: () => ({
      cause: 'queue/gateway',
      confidence: MEDIUM,
      because: 'the request was still in the gateway’s queue when the probe left (CQ)',
    }),
  },
  {
    row: '5',
    // A guess at an abort hides whatever else it was: see the rows that follow.
    when: (f) => is(f, 'client/abort') && fromFrontAlone(f) === MEDIUM,
    decide: (f) => ({ confidence: MEDIUM, because: `${says(f)}: the client left before the answer` }),
  },
];

const OWN_ANSWERS: readonly TableRow[] = [
  {
    row: '41',
    when: (f) =>
      is(
        f,
        'client/bad-request',
        'client/too-large',
        'client/timeout',
        'client/tls',
        'gateway/denied',
        'gateway/no-route',
      ) && (f.status ?? 500) < 500,
    decide: (f) => ({
      confidence: fromFrontAlone(f),
      because: `${says(f)}: the gateway refused the request by its own rules`,
    }),
  },
  {
    row: '41',
    when: (f) => is(f, 'gateway/rate-limit', 'gateway/conn-limit', 'gateway/saturated'),
    decide: (f) => ({ cause: 'gateway/overloaded', confidence: fromFrontAlone(f), because: says(f) }),
  },
  {
    row: '22',
    when: (f) => is(f, 'response/malformed') && (f.status === 200 || f.status === 9),
    decide: (f) => ({
      cause: 'connection/invalid-response',
      confidence: withLine(f, f.memberLine !== 'none'),
      because: `${says(f)}; it was passed on as it was`,
      ...at(f),
    }),
  },
  {
    row: '40',
    when: (f) =>
      clientSaw(f, /:truncated/) &&
      is(f, 'ok') &&
      f.memberLine === 'ok' &&
      f.isSameRequest &&
      (f.frontLine?.bytesSent ?? 0) >= (f.member?.access[0]?.bytesSent ?? 0),
    decide: () => ({
      cause: 'timeout/middlebox',
      confidence: LOW,
      because:
        'gateway and member logged a whole answer, the client got a part: it was lost between gateway and client',
    }),
  },
];

export const DECISIONS_FRONT: readonly TableRow[] = [...NO_FRONT_LINE, ...CLIENT_LEFT, ...OWN_ANSWERS];
