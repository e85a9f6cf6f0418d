/** Rows 16-31: connections that failed, answers that were cut, errors passed on. */
import { readIisLog } from '../gateways/iis-log.ts';
import type { CauseId } from '../model/causes.ts';
import type { HopReading } from '../model/hop.ts';
import {
  at,
  type Decision,
  fromFrontAlone,
  HIGH,
  is,
  isAbsent,
  kernelSays,
  LOW,
  MEDIUM,
  mayBe,
  says,
  type TableRow,
  withAbsence,
  withLine,
} from './decision.ts';
import { apart } from './log-crashes.ts';
import type { Facts } from './log-facts.ts';

const ABANDONED =
  /^(?:Connection_Abandoned_By_(?:AppPool|ReqQueue)|Request_Cancelled|Connection_Dropped(?:_List_Full)?)$/;
const REFUSED_BY_KERNEL = /^(?:QueueFull|ConnLimit|AppPoolTimer|Connections_Refused)$/;
const POOL_STOPPED = /^(?:AppOffline|Disabled|AppShutdown|N\/A)$/;
/** A request that a race loses had no time to be worked on. */
const AT_ONCE_US = 50_000;
/** A crash this near to the break is the break; one further off may be another. */
const CRASH_CLOSE_US = 15_000_000;

const isDropped = (f: Facts): boolean =>
  is(f, 'response/reset-before-headers', 'response/keepalive-race', 'request/send-failed', 'connect/reset');
/** On a connection that stood already. */
const isRaceLike = (f: Facts): boolean =>
  is(f, 'response/reset-before-headers', 'response/keepalive-race', 'request/send-failed');
const isCutShort = (f: Facts): boolean =>
  f.memberLine === 'aborted' ||
  (f.isSameRequest && (f.member?.access[0]?.bytesSent ?? 0) > (f.frontLine?.bytesSent ?? Number.POSITIVE_INFINITY));

const DROPPED_ROWS: readonly TableRow[] = [
  {
    row: '16',
    when: (f) => isRaceLike(f) && f.memberLine === 'none' && f.kernel.includes('Timer_ConnectionIdle'),
    decide: (f) => ({
      cause: 'connection/keep-alive-race',
      confidence: HIGH,
      because: `${says(f)}; the member closed idle connections in the same second (Timer_ConnectionIdle)`,
      ...at(f),
    }),
  },
  {
    row: '17',
    when: (f) =>
      f.memberLine === 'none' &&
      (is(f, 'response/keepalive-race') ||
        (isRaceLike(f) &&
          f.isReused === true &&
          isAbsent(f) &&
          (f.frontUs ?? Number.POSITIVE_INFINITY) <= AT_ONCE_US &&
          f.crash === undefined &&
          kernelSays(f, ABANDONED) === undefined)),
    decide: (f) => ({
      cause: 'connection/keep-alive-race',
      confidence: is(f, 'response/keepalive-race') ? fromFrontAlone(f) : MEDIUM,
      because: `${says(f)}${f.isReused === true ? ', at once and on a connection that had been used before; the member never saw the request' : ''}`,
      ...at(f),
    }),
  },
  {
    row: '19',
    when: (f) =>
      isDropped(f) && f.memberLine === 'none' && (kernelSays(f, ABANDONED) !== undefined || f.crash !== undefined),
    decide: (f) => {
      const reason = kernelSays(f, ABANDONED);
      const isClose = f.crash !== undefined && apart(f.crash, f.journey.endAtUs) <= CRASH_CLOSE_US;
      const crash = f.crash === undefined ? undefined : `the member’s process ended then: ${f.crash.what}`;
      return {
        cause: 'connection/dropped-before-response',
        confidence: reason !== undefined || isClose ? HIGH : MEDIUM,
        because: [says(f), reason === undefined ? undefined : `HTTPERR of the member says ${reason}`, crash]
          .filter((part) => part !== undefined)
          .join('; '),
        ...at(f),
      };
    },
  },
  {
    row: '20',
    when: (f) => is(f, 'response/truncated') || (mayBe(f, 'response/truncated') && isCutShort(f)),
    decide: (f) => ({
      cause: 'connection/dropped-mid-response',
      confidence: kernelSays(f, ABANDONED) === undefined ? withLine(f, true) : HIGH,
      because:
        f.memberLine === 'aborted'
          ? `${says(f)}; the member logged ${f.member?.access[0]?.status ?? 'an answer'} that was not delivered whole`
          : says(f),
      ...at(f),
    }),
  },
  {
    row: '20',
    when: (f) =>
      is(f, 'response/malformed') &&
      mayBe(f, 'response/truncated') &&
      f.memberLine === 'none' &&
      kernelSays(f, ABANDONED) !== undefined,
    decide: (f) => ({
      cause: 'connection/dropped-mid-response',
      confidence: HIGH,
      because: `${says(f)}; HTTPERR of the member says ${kernelSays(f, ABANDONED)}`,
      ...at(f),
    }),
  },
  {
    row: '21',
    when: (f) =>
      is(f, 'response/malformed', 'response/headers-too-large', 'response/excess-data', 'tls/protocol-mismatch'),
    decide: (f) => ({
      cause: 'connection/invalid-response',
      confidence: withLine(f, f.memberLine === 'ok'),
      because: says(f),
      ...at(f),
    }),
  },
];

/** Local ports: in nginx’s words EADDRNOTAVAIL (99), 10048 and 10055 in Windows’, `RC` in HAProxy’s. */
const NO_PORTS = /\(99: |\b100(?:48|55)\b|assign requested address|^RC/;

const CONNECT_ROWS: readonly TableRow[] = [
  {
    row: '24',
    // ARR has one code for a closed port and for none of its own; only the events tell.
    when: (f) =>
      is(f, 'connect/refused') && mayBe(f, 'gateway/resource') && f.context.portsUsedUp(f.journey) !== undefined,
    decide: (f) => ({
      cause: 'connection/port-exhaustion',
      confidence: MEDIUM,
      because: `${says(f)}; the gateway’s machine had used up its local ports then (${f.context.portsUsedUp(f.journey)})`,
    }),
  },
  {
    row: '24',
    when: (f) => is(f, 'gateway/resource'),
    decide: (f) =>
      NO_PORTS.test(says(f))
        ? { cause: 'connection/port-exhaustion', confidence: withAbsence(f), because: says(f) }
        : { cause: 'gateway/overloaded', confidence: fromFrontAlone(f), because: says(f) },
  },
  {
    row: '26',
    when: (f) =>
      is(f, 'connect/refused') &&
      mayBe(f, 'tls/verify', 'tls/handshake') &&
      f.memberName !== undefined &&
      f.context.takesTls(f.memberName),
    decide: (f) => ({
      cause: 'tls/failed',
      confidence: MEDIUM,
      because: `${says(f)}; at the same time the member took the probe’s own TLS connections, so its port is open and it is the handshake that fails`,
      ...at(f),
    }),
  },
  {
    row: '23',
    when: (f) => is(f, 'connect/refused'),
    decide: (f) => ({ cause: 'connection/refused', confidence: withAbsence(f), because: says(f), ...at(f) }),
  },
  {
    row: '23',
    when: (f) => is(f, 'connect/unreachable'),
    decide: (f) => ({ cause: 'connection/unreachable', confidence: withAbsence(f), because: says(f), ...at(f) }),
  },
  {
    row: '23',
    when: (f) => is(f, 'connect/failed'),
    decide: (f) => ({
      cause: 'connection/refused',
      confidence: LOW,
      because: `${says(f)}; refused, unreachable or no TLS: the line does not tell which`,
      ...at(f),
    }),
  },
  {
    row: '25',
    when: (f) => is(f, 'dns/failed'),
    decide: (f) => ({ cause: 'dns/failed', confidence: withAbsence(f), because: says(f), ...at(f) }),
  },
  {
    row: '26',
    when: (f) => is(f, 'tls/verify', 'tls/handshake'),
    decide: (f) => ({ cause: 'tls/failed', confidence: withAbsence(f), because: says(f), ...at(f) }),
  },
  {
    row: '26b',
    when: (f) =>
      is(f, 'pool/none', 'pool/member-ejected', 'pool/member-down') &&
      f.context.cascadeBefore(f.journey.startAtUs) !== undefined,
    decide: (f) => ({
      cause: 'gateway/cascade',
      confidence: f.context.cascadeBefore(f.journey.startAtUs)?.isProved === true ? HIGH : fromFrontAlone(f),
      because: `${says(f)}; just before, ${f.context.cascadeBefore(f.journey.startAtUs)?.what} and taken them out`,
    }),
  },
  {
    row: '27',
    when: (f) => is(f, 'pool/none', 'pool/member-ejected', 'pool/member-down', 'pool/member-drain'),
    decide: (f) => ({ cause: 'member/none-available', confidence: withAbsence(f), because: says(f) }),
  },
];

const REFUSED_ROWS: readonly TableRow[] = [
  {
    row: '29',
    when: (f) => isPassedOnOrUntold(f) && f.memberLine === 'none' && kernelSays(f, REFUSED_BY_KERNEL) !== undefined,
    decide: (f) => ({
      cause: 'queue/rejected',
      confidence: HIGH,
      because: `${says(f)}; HTTPERR of the member says ${kernelSays(f, REFUSED_BY_KERNEL)}`,
      ...at(f),
    }),
  },
  {
    row: '30',
    when: (f) => isPassedOnOrUntold(f) && f.memberLine === 'none' && kernelSays(f, POOL_STOPPED) !== undefined,
    decide: (f) => {
      const reason = kernelSays(f, POOL_STOPPED);
      return {
        cause: 'member/errors',
        // http.sys writes N/A for lack of memory as well.
        confidence: reason === 'N/A' ? MEDIUM : HIGH,
        because: `HTTPERR of the member says ${reason}: its application pool was stopped${f.crash === undefined ? '' : `, after ${f.crash.what}`}`,
        ...at(f),
      };
    },
  },
  {
    row: '29',
    when: (f) => is(f, 'pool/queue-full', 'pool/member-limit', 'pool/circuit-open'),
    decide: (f) => ({ cause: 'queue/rejected', confidence: withAbsence(f), because: says(f), ...at(f) }),
  },
];

const PASSED_ON_ROWS: readonly TableRow[] = [
  {
    row: '31',
    when: (f) => isPassedOn(f) && innerReading(f) !== undefined,
    decide: innerHop,
  },
  {
    row: '28',
    when: isPassedOn,
    decide: (f) => {
      if (isAbsent(f))
        return {
          confidence: LOW,
          undecided: true,
          because: `${says(f)}, but the member’s access log has no line of it: its kernel (HTTPERR) or something before it answered`,
        };
      const isOwn = f.memberLine === 'error' && f.isSameRequest;
      return {
        cause: 'application/error',
        // Its line alone could be that of a gateway that was taken for a member: two sides are a proof.
        confidence: isOwn ? (hasTwoSides(f) ? HIGH : MEDIUM) : fromFrontAlone(f),
        because: isOwn ? `the member logged ${f.member?.access[0]?.status} itself` : says(f),
        ...at(f),
      };
    },
  },
  {
    row: '19',
    when: isDropped,
    decide: (f) => ({
      cause: 'connection/dropped-before-response',
      // Dropped at once on a connection that may have been used: the member may just have closed it as idle.
      confidence: f.reading?.rivals?.includes('response/keepalive-race') === true ? LOW : fromFrontAlone(f),
      because: says(f),
      ...at(f),
    }),
  },
];

export const DECISIONS_FAILED: readonly TableRow[] = [
  ...DROPPED_ROWS,
  ...CONNECT_ROWS,
  ...REFUSED_ROWS,
  ...PASSED_ON_ROWS,
];

/** The gateway's line, or the probe's own eyes, beside the member's. */
function hasTwoSides({ frontLine, journey }: Facts): boolean {
  return frontLine !== undefined || journey.client !== undefined;
}

/** A 5xx that the gateway says is the member's, or says nothing about. */
function isPassedOnOrUntold(f: Facts): boolean {
  return (f.status ?? 0) >= 500 && is(f, 'member/status', 'unknown');
}

/** The error is the member's own, whoever shows it. */
function isPassedOn(f: Facts): boolean {
  if ((f.status ?? 0) < 500) return false;
  if (is(f, 'member/status')) return true;
  if (f.memberLine !== 'error' || f.isAmbiguous) return false;
  const line = f.member?.access[0];
  return f.frontLine === undefined ? f.front !== 'present' : line?.status === f.status && is(f, 'unknown');
}

/** What IIS at the member says about its own hop to the application behind it. Undefined: the error is the application's. */
function innerReading(f: Facts): HopReading | undefined {
  const line = f.member?.access[0];
  if (line === undefined || f.memberLine !== 'error' || !/^iis-/.test(line.format)) return undefined;
  const reading = readIisLog(line, f.member?.details ?? []);
  return reading === undefined || INNER[reading.outcome] === undefined ? undefined : reading;
}

/** Cause of a fault between a member and the process behind it. */
const INNER: Readonly<Partial<Record<HopReading['outcome'], CauseId>>> = {
  'response/timeout': 'timeout/member',
  'connect/timeout': 'timeout/member',
  'connect/refused': 'member/errors',
  'connect/failed': 'member/errors',
  'pool/member-down': 'member/errors',
  'gateway/config': 'member/errors',
  'response/reset-before-headers': 'connection/dropped-before-response',
  'response/malformed': 'connection/invalid-response',
};

function innerHop(f: Facts): Omit<Decision, 'row'> {
  const reading = innerReading(f);
  const cause = INNER[reading?.outcome ?? 'unknown'] ?? 'application/error';
  return {
    cause,
    confidence: f.isSameRequest && (reading?.sure ?? 0) >= 0.5 ? HIGH : MEDIUM,
    because: `the member is a gateway too and logged ${reading?.because ?? 'the error'}: the fault is one hop further`,
    ...at(f),
  };
}
