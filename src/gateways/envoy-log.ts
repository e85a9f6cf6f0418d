import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { LooseExtras, WordRule } from './log-words.ts';
import { byRule, firstRule, isOf, lastMember, passedOn, reading, untold } from './log-words.ts';

// RESPONSE_CODE_DETAILS, exact where flags are coarse (source of Envoy). Older versions have blanks for the underscores.
const DETAILS: readonly WordRule[] = [
  { words: /after_response_started/, outcome: 'response/truncated', madeBy: 'member' },
  { words: /TLS_error.*(?:CERTIFICATE_VERIFY_FAILED|verify)|verify_cert_failed/i, outcome: 'tls/verify' },
  { words: /WRONG_VERSION_NUMBER/i, outcome: 'tls/protocol-mismatch' },
  { words: /TLS_error|transport_failure.*(?:handshake|OPENSSL)/i, outcome: 'tls/handshake', sure: 0.9 },
  { words: /before_response_started\{connection_timeout/, outcome: 'connect/timeout' },
  { words: /delayed_connect_error:?_?(?:111|61|10061)|connection_refused/i, outcome: 'connect/refused' },
  { words: /delayed_connect_error:?_?(?:113|101)\b/, outcome: 'connect/unreachable' },
  {
    words: /(?:remote_)?connection_failure|delayed_connect_error/,
    outcome: 'connect/failed',
    sure: 0.9,
    rivals: ['connect/refused', 'connect/unreachable', 'tls/handshake'],
  },
  {
    words: /\{(?:connection_termination|remote_reset)/,
    outcome: 'response/reset-before-headers',
    sure: 0.9,
    rivals: ['response/keepalive-race'],
  },
  { words: /\{protocol_error/, outcome: 'response/malformed' },
  { words: /\{overflow|drop_overload/, outcome: 'pool/circuit-open' },
  { words: /per_try_idle_timeout/, outcome: 'response/stalled', sure: 0.85, rivals: ['response/timeout'] },
  { words: /upstream_(?:response|per_try)_timeout|^response_timeout|max_stream_duration/, outcome: 'response/timeout' },
  { words: /no_healthy_upstream/, outcome: 'pool/none' },
  { words: /cluster_not_found|filter_chain_not_found/, outcome: 'gateway/config' },
  { words: /route_not_found|route_configuration_not_found/, outcome: 'gateway/no-route' },
  { words: /maintenance_mode|ext_authz_denied|rbac_access_denied/, outcome: 'gateway/denied' },
  { words: /direct_response/, outcome: 'gateway/local-response' },
  { words: /downstream_remote_disconnect/, outcome: 'client/abort' },
  { words: /request_(?:headers?|overall)_timeout/, outcome: 'client/timeout' },
  {
    words: /stream_idle_timeout|duration_timeout|downstream_local_disconnect/,
    outcome: 'gateway/local-timeout',
    sure: 0.95,
  },
  { words: /^overload/, outcome: 'gateway/resource' },
  { words: /request_payload_too_large/, outcome: 'client/too-large' },
  { words: /response_payload_too_large|upgrade_failed|websocket_handshake/, outcome: 'response/malformed' },
  {
    words:
      /^http[12]\.|low_version|missing_host|missing_path|invalid_path|absolute_path|path_normalization|strict_check/,
    outcome: 'client/bad-request',
    sure: 0.9,
  },
];

type FlagRule = { readonly outcome: HopOutcome; readonly sure: number; readonly rivals?: readonly HopOutcome[] };

// RESPONSE_FLAGS. Those that only accompany another (URX, DI) come last.
const FLAGS: Readonly<Record<string, FlagRule>> = {
  DC: { outcome: 'client/abort', sure: 0.95 },
  DR: { outcome: 'client/abort', sure: 0.85 },
  UH: { outcome: 'pool/none', sure: 1 },
  UO: { outcome: 'pool/circuit-open', sure: 1 },
  NR: { outcome: 'gateway/no-route', sure: 1 },
  NC: { outcome: 'gateway/config', sure: 1 },
  DF: { outcome: 'dns/failed', sure: 0.95, rivals: ['dns/timeout'] },
  UT: { outcome: 'response/timeout', sure: 1 },
  UMSDR: { outcome: 'response/timeout', sure: 0.95 },
  UPE: { outcome: 'response/malformed', sure: 0.95, rivals: ['response/headers-too-large'] },
  UF: {
    outcome: 'connect/failed',
    sure: 0.9,
    rivals: ['connect/refused', 'connect/timeout', 'connect/unreachable', 'tls/verify', 'tls/handshake'],
  },
  UC: {
    outcome: 'response/reset-before-headers',
    sure: 0.85,
    rivals: ['response/keepalive-race', 'response/truncated'],
  },
  UR: { outcome: 'response/reset-before-headers', sure: 0.85, rivals: ['response/truncated'] },
  LR: { outcome: 'gateway/internal', sure: 0.6, rivals: ['connect/timeout', 'connect/failed', 'response/timeout'] },
  SI: { outcome: 'gateway/local-timeout', sure: 0.95 },
  DT: { outcome: 'gateway/local-timeout', sure: 0.95 },
  LH: { outcome: 'gateway/shutdown', sure: 0.85 },
  RL: { outcome: 'gateway/rate-limit', sure: 1 },
  RLSE: { outcome: 'gateway/internal', sure: 0.9 },
  UAEX: { outcome: 'gateway/denied', sure: 1 },
  FI: { outcome: 'gateway/fault-injected', sure: 1 },
  IH: { outcome: 'client/bad-request', sure: 0.95 },
  DPE: { outcome: 'client/bad-request', sure: 0.95 },
  NFCF: { outcome: 'gateway/config', sure: 0.95 },
  OM: { outcome: 'gateway/resource', sure: 0.95 },
  DO: { outcome: 'pool/circuit-open', sure: 0.95 },
  UDO: { outcome: 'pool/circuit-open', sure: 0.95 },
  RFCF: { outcome: 'gateway/local-response', sure: 0.95 },
  URX: { outcome: 'unknown', sure: 0 },
};

function extraOf(access: LogEntry, words: RegExp): string {
  const found = Object.entries(access.extra ?? {}).find(
    ([name, value]) => words.test(name) && value !== '' && value !== '-',
  );
  return found?.[1] ?? '';
}

/** Envoy: details of the code where they are logged, else the response flags. There is no error line per request. */
export function readEnvoyLog(access: LogEntry): HopReading | undefined {
  if (!isOf(access, 'envoy') || access.kind !== 'access') return undefined;
  const details = extraOf(access, /details/i).replaceAll(' ', '_');
  const transport = extraOf(access, /transport/i).replaceAll(' ', '_');
  const flags =
    access.flags === undefined || access.flags === '-' ? [] : access.flags.split(',').map((flag) => flag.trim());
  const extras: LooseExtras = {
    member: lastMember(access),
    code: flags.length === 0 ? undefined : flags.join(','),
    failedTries: access.retries,
  };
  const text = [details, transport].filter((part) => part !== '').join(' ');
  const rule = firstRule(DETAILS, text);
  const status = access.status ?? 0;
  if (rule !== undefined) {
    const waitedUs = /timeout/.test(rule.outcome) ? access.durationUs : undefined;
    return byRule(rule, `response code details: ${text}`, { ...extras, waitedUs });
  }
  if (details === 'via_upstream') return passedOn(access, 1, 'response code details: via_upstream', extras);
  const found =
    flags.find((flag) => FLAGS[flag] !== undefined && flag !== 'URX') ??
    flags.find((flag) => FLAGS[flag] !== undefined);
  const flag = found === undefined ? undefined : FLAGS[found];
  if (found !== undefined && flag !== undefined) return byFlag(access, found, flag, extras);
  if (flags.length > 0 && flags[0] !== 'DI') return untold(`response flags ${flags.join(',')} are not known`, extras);
  if (access.flags === undefined) return untold('the line has no response flags', extras);
  if (status === 0) return reading('client/abort', 'client', 0.8, 'status 0: the client left', extras);
  if (access.upstream?.length === 0)
    return reading(
      'gateway/local-response',
      'gateway',
      0.85,
      `no member was asked, and Envoy answered ${status}`,
      extras,
    );
  return passedOn(access, 0.95, 'no response flag: the member answered', extras);
}

function byFlag(access: LogEntry, name: string, flag: FlagRule, extras: LooseExtras): HopReading {
  const status = access.status ?? 0;
  // A member that goes away after its headers leaves its own status in the line.
  if ((name === 'UC' || name === 'UR') && status > 0 && status < 400) {
    return reading(
      'response/truncated',
      'member',
      0.95,
      `response flag ${name} with ${status}: gone in the middle of the answer`,
      extras,
    );
  }
  if (flag.outcome === 'unknown') return untold(`response flag ${name} without another: retries were used up`, extras);
  const waitedUs = /timeout/.test(flag.outcome) ? access.durationUs : undefined;
  const madeBy = flag.outcome.startsWith('client/') ? 'client' : 'gateway';
  return reading(flag.outcome, madeBy, flag.sure, `response flag ${name}`, {
    ...extras,
    waitedUs,
    rivals: flag.rivals,
  });
}
