/** Headers that syslog puts before HAProxy's lines, and what its own messages say. */
import { monthOf } from '../wall-time.ts';

/** Severities by number (RFC 5424, 6.2.1), by HAProxy's own names. */
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export type SyslogHeader = {
  /** Undefined: the header has no time that could be used. */
  readonly atUs?: number;
  readonly resolutionUs: number;
  readonly level?: string;
  readonly hostName?: string;
  readonly program: string;
  readonly processId?: number;
  readonly message: string;
};

// RFC 5424, without structured data or with it.
const NEW = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?(.*)$/s;
// RFC 3164, also with the ISO time that rsyslog writes to files.
const OLD =
  /^(?:<(\d{1,3})>)?(?:(\w{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d)|(\d{4}-\d\d-\d\dT\S+)) (?:(\S+) )?([^\s[:]+)(?:\[(\d+)\])?: (.*)$/s;
// `.` and three to nine digits; a zone is a must, which journalctl writes without a colon.
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-]\d\d):?(\d\d))$/;

const DAY_MS = 86_400_000;

/** `nearMs`: a time of about the same days, for headers without a year; undefined when nothing is known. */
export function syslogHeader(
  text: string,
  toUtc: (localMs: number) => number,
  nearMs: number | undefined,
): SyslogHeader | undefined {
  const current = NEW.exec(text);
  if (current !== null) {
    const [, priority = '', time = '', host = '', program = '', process = '', message = ''] = current;
    return header(priority, isoUs(time), host, program, process, message);
  }
  const old = OLD.exec(text);
  if (old === null) return undefined;
  const [, priority = '', month, day, hour, minute, second, iso, host = '', program = '', process = '', message = ''] =
    old;
  const clock = (Number(hour) * 3_600 + Number(minute) * 60 + Number(second)) * 1_000;
  const time = iso === undefined ? yearless(monthOf(month ?? ''), Number(day), clock, toUtc, nearMs) : isoUs(iso);
  return header(priority, time, host, program, process, message);
}

type Time = { readonly atUs: number; readonly resolutionUs: number } | undefined;

function header(
  priority: string,
  time: Time,
  host: string,
  program: string,
  process: string,
  message: string,
): SyslogHeader {
  const level = priority === '' ? undefined : SEVERITIES[Number(priority) % 8];
  return {
    resolutionUs: time?.resolutionUs ?? 1_000_000,
    ...(time === undefined ? {} : { atUs: time.atUs }),
    ...(level === undefined ? {} : { level }),
    ...(host === '' || host === '-' ? {} : { hostName: host }),
    program,
    ...(/^\d{1,10}$/.test(process) ? { processId: Number(process) } : {}),
    message,
  };
}

function isoUs(text: string): Time {
  const [, whole, fraction = '', utc, hours, minutes] = ISO.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const ms = Date.parse(`${whole}${utc ?? `${hours}:${minutes}`}`);
  // µs are exact until 2255.
  if (!Number.isSafeInteger(ms * 1_000 + 1_000_000)) return undefined;
  const digits = fraction.slice(0, 6);
  return {
    atUs: ms * 1_000 + Number(digits.padEnd(6, '0')),
    resolutionUs: digits === '' ? 1_000_000 : 10 ** (6 - digits.length),
  };
}

/** The year in which the day lies nearest to a known time. */
function yearless(
  month: number,
  day: number,
  clockMs: number,
  toUtc: (localMs: number) => number,
  nearMs: number | undefined,
): Time {
  if (nearMs === undefined || month < 0 || !(day >= 1 && day <= 31) || !(clockMs <= DAY_MS)) return undefined;
  const year = new Date(nearMs).getUTCFullYear();
  const times = [year - 1, year, year + 1].map((one) => toUtc(Date.UTC(one, month, day) + clockMs));
  const best = times.reduce((a, b) => (Math.abs(b - nearMs) < Math.abs(a - nearMs) ? b : a));
  return Number.isNaN(best) ? undefined : { atUs: Math.round(best) * 1_000, resolutionUs: 1_000_000 };
}

const STATE =
  /^(?:Backup )?[Ss]erver (?<backend>[^\s/]+)\/(?<server>\S+) (?:is|was|remains) (?<state>UP|DOWN|going DOWN|entering drain|leaving drain|stopping|MAINT)|^Health check for (?:backup )?server (?<backend2>[^\s/]+)\/(?<server2>\S+) (?<state2>failed|succeeded)|^(?:backend|proxy) '?(?<backend3>[^\s']+)'? has no server available/i;
const REASON = /, reason: ([^,]+)/;
const INFO = /, info: "([^"]*)"/;

/** What a message about servers says; undefined for other messages. */
export function stateOf(message: string): Readonly<Record<string, string>> | undefined {
  const found = STATE.exec(message)?.groups;
  if (found === undefined) return undefined;
  const backend = found['backend'] ?? found['backend2'] ?? found['backend3'];
  const server = found['server'] ?? found['server2'];
  const state = found['state'] ?? found['state2'];
  const reason = REASON.exec(message)?.[1];
  const info = INFO.exec(message)?.[1];
  return {
    ...(backend === undefined ? {} : { backend }),
    ...(server === undefined ? {} : { server }),
    ...(state === undefined ? {} : { state }),
    ...(reason === undefined ? {} : { reason }),
    ...(info === undefined ? {} : { info }),
  };
}
