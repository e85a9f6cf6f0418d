/** Lines that were put into an envelope on their way to the file: by container runtimes, docker compose, syslog or the journal. */
import type { Bytes } from './bytes.ts';

/** Of one line, as latin1. `isPart`: the next line goes on with it. Undefined: it has no such envelope, and stays as it is. */
type Opened = { readonly text: string; readonly isPart: boolean } | undefined;
export type Envelope = (line: string) => Opened;

/** A file may begin with other words (`-- Journal begins at …`), and a last line of the head may be torn. */
const LEAST_SHARE = 0.8;
const LINES_LOOKED_AT = 100;
const READ_BYTES = 256 << 10;
/** What has no line end for so long is no line of a log: passed on as it is, for the reader to say so. */
const MAX_CARRIED = 2 << 20;

const ISO = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)`;
// Kubernetes (CRI): `<time> stdout F <line>`, with P for a part of a line.
const CRI = new RegExp(`^${ISO} (?:stdout|stderr) ([FP])(?::\\S+)? `);
// `docker logs -t`, `kubectl logs --timestamps`: nanoseconds, which no format of ours begins with.
const STAMPED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;
// `docker compose logs`, with the service's name filled up with blanks.
const COMPOSE = /^[\w.-]+ +\| /;
// Syslog and `journalctl`, as rsyslog writes and as RFC 5424 has it. HAProxy's own reader knows more of the header than can be left out.
const SYSLOG = new RegExp(
  `^(?:<\\d{1,3}>)?(?:[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d|${ISO}) \\S+ (?![^ ]*haproxy)[^\\s[:]+(?:\\[\\d+\\])?: `,
  'i',
);
const SYSLOG_NEW = new RegExp(`^<\\d{1,3}>1 ${ISO} \\S+ (?!\\S*haproxy)\\S+ \\S+ \\S+ (?:-|\\[[^\\]]*\\]) `, 'i');
const HAPROXY_REST = /^\S+:\d+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}/;

const ENVELOPES: readonly Envelope[] = [
  fromDocker,
  behind(CRI, (found) => found[1] === 'P'),
  behind(STAMPED),
  behind(COMPOSE),
  notHaproxy(behind(SYSLOG)),
  notHaproxy(behind(SYSLOG_NEW)),
];

/** Docker's json-file driver: `{"log":"<line>\n","stream":"stdout","time":"…"}`; a long line comes in several. */
function fromDocker(line: string): Opened {
  if (!line.startsWith('{"log":"')) return undefined;
  try {
    const { log } = JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as { readonly log?: unknown };
    if (typeof log !== 'string') return undefined;
    const isPart = !log.endsWith('\n');
    const text = Buffer.from(isPart ? log : log.replace(/\r?\n$/, ''), 'utf8').toString('latin1');
    return { text, isPart };
  } catch {
    return undefined; // Half of a record, which stays as it is.
  }
}

function behind(prefix: RegExp, isPart: (found: RegExpExecArray) => boolean = () => false): Envelope {
  return (line) => {
    const found = prefix.exec(line);
    return found === null ? undefined : { text: line.slice(found[0].length), isPart: isPart(found) };
  };
}

function notHaproxy(envelope: Envelope): Envelope {
  return (line) => {
    const opened = envelope(line);
    return opened === undefined || HAPROXY_REST.test(opened.text) ? undefined : opened;
  };
}

/** The envelope that the lines of a text have; undefined: they stand as their program wrote them. */
export function envelopeOf(head: Buffer): Envelope | undefined {
  const lines = head
    .toString('latin1')
    .split('\n', LINES_LOOKED_AT)
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '');
  if (lines.length === 0) return undefined;
  return ENVELOPES.find(
    (envelope) => lines.filter((line) => envelope(line) !== undefined).length >= LEAST_SHARE * lines.length,
  );
}

/** The text without its envelopes. It is never longer than with them. */
export function unwrapped(bytes: Bytes, envelope: Envelope): Bytes {
  const input = Buffer.allocUnsafeSlow(READ_BYTES);
  let carried = '';
  let ready = Buffer.alloc(0);
  let isOver = false;
  const next = async (): Promise<void> => {
    const got = await bytes.fill(input, 0);
    isOver = got === 0;
    const text = carried + input.toString('latin1', 0, got);
    const cut = text.length > MAX_CARRIED || isOver ? text.length : text.lastIndexOf('\n') + 1;
    carried = text.slice(cut);
    ready = Buffer.from(text.slice(0, cut).replace(/[^\n]*\n|[^\n]+$/g, open), 'latin1');
  };
  const open = (line: string): string => {
    const end = /\r?\n$/.exec(line)?.[0] ?? '';
    const opened = envelope(end === '' ? line : line.slice(0, -end.length));
    if (opened === undefined) return line;
    return opened.isPart ? opened.text : `${opened.text}${end}`;
  };
  return {
    close: bytes.close,
    fill: async (target, start) => {
      while (ready.length === 0 && !isOver) await next();
      const copied = ready.copy(target, start);
      ready = ready.subarray(copied);
      return copied;
    },
  };
}
