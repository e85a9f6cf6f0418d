import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { WordRule } from './log-words.ts';
import { byRule, firstRule, passedOn, quote, textOf } from './log-words.ts';

// Line of the category Yarp.ReverseProxy.Forwarder.HttpForwarder: `{error}: {message}` and the exception (source of YARP 2).
const FORWARDER =
  /Yarp\.ReverseProxy|\b(?:Request(?:TimedOut|Creation|Canceled|Body\w+)|ResponseHeaders|ResponseBody\w+|Upgrade\w+|NoAvailableDestinations): /;

const RULES: readonly WordRule[] = [
  { words: /\bNoAvailableDestinations\b|No available destinations/, outcome: 'pool/none' },
  { words: /ConnectTimeout|connect(?:ion)? .*timed? ?out/i, outcome: 'connect/timeout', sure: 0.9 },
  { words: /\bRequestTimedOut\b/, outcome: 'response/timeout', sure: 0.85, rivals: ['connect/timeout'] },
  {
    words: /\b(?:Request|RequestBody|ResponseBody|Upgrade\w*)Canceled\b/,
    outcome: 'client/abort',
    sure: 0.8,
    rivals: ['gateway/internal'],
  },
  { words: /\b(?:RequestBody|ResponseBody|UpgradeRe\w+)Client\b/, outcome: 'client/abort', sure: 0.85 },
  { words: /\bRequestCreation\b/, outcome: 'gateway/internal' },
  { words: /\bResponseHeaders\b/, outcome: 'response/malformed', sure: 0.9 },
  { words: /\bRequestBodyDestination\b/, outcome: 'request/send-failed', sure: 0.9 },
  { words: /\b(?:ResponseBody|UpgradeRe\w+)Destination\b/, outcome: 'response/truncated', sure: 0.9 },
  { words: /\bUpgradeActivityTimeout\b/, outcome: 'response/stalled' },
  // `Request` covers connect, send and headers: the exception tells them apart.
  { words: /SocketException \((?:111|10061)\)|actively refused|Connection refused/, outcome: 'connect/refused' },
  { words: /SocketException \((?:110|10060)\)/, outcome: 'connect/timeout' },
  { words: /SocketException \((?:113|101|10065|10051)\)/, outcome: 'connect/unreachable' },
  {
    words: /SocketException \((?:11001|-131073|00000001)\)|No such host|Name or service not known/,
    outcome: 'dns/failed',
  },
  { words: /RemoteCertificate|certificate is invalid/, outcome: 'tls/verify' },
  {
    words: /AuthenticationException|SSL connection could not be established/,
    outcome: 'tls/handshake',
    sure: 0.8,
    rivals: ['tls/verify'],
  },
  {
    words: /ended prematurely|ResponseEnded|SocketException \((?:104|10054)\)/,
    outcome: 'response/reset-before-headers',
    sure: 0.9,
    rivals: ['response/keepalive-race'],
  },
  { words: /invalid (?:status line|header)|InvalidResponse/i, outcome: 'response/malformed' },
  {
    words: /\bRequest: /,
    outcome: 'connect/failed',
    sure: 0.5,
    rivals: ['connect/refused', 'response/reset-before-headers', 'tls/verify', 'dns/failed'],
  },
];

/** YARP's forwarder error, where it was logged or sent to the event log. Its access lines are those of its host and say nothing of members. */
export function readYarpLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  for (const entry of [access, ...errors]) {
    const text = textOf(entry);
    if (!FORWARDER.test(text)) continue;
    const rule = firstRule(RULES, text);
    const received = /Received HTTP\/[\d.]+ response (\d{3})/.exec(text)?.[1];
    if (rule !== undefined) {
      const waitedUs = /timeout/.test(rule.outcome) ? access.durationUs : undefined;
      return byRule(rule, `forwarder: "${quote(text)}"`, { waitedUs });
    }
    if (received !== undefined && Number(received) === access.status) {
      return passedOn(access, 0.95, `forwarder: "${quote(text)}"`);
    }
  }
  return undefined;
}
