/** A valid profile as it is written → the profile as the program uses it: defaults filled in, numbers in internal units. */
import type {
  Auth,
  ExperimentSpec,
  GatewayTarget,
  HistorySettings,
  Limits,
  LogSource,
  Member,
  Profile,
  RequestSpec,
  Target,
} from '../model/profile.ts';
import { US_PER_MS } from '../model/time.ts';
import type { WrittenExperiment } from './experiment-shape.ts';
import { certificatesOf } from './later-shape.ts';
import { DEFAULT_LIMITS, DEFAULT_NEW_CONNECTION_RATIO, defaultRequestTimeoutUs, limitNotes } from './limits.ts';
import { DEFAULT_MASK, isSecretHeader, MIN_SECRET_LENGTH } from './mask.ts';
import { DEFAULT_REQUEST_NAME } from './names.ts';
import { present } from './parsed.ts';
import { alertsOf, maintenanceOf, scheduleOf } from './schedule.ts';
import type { WrittenProfile } from './shape.ts';

/** Each gap is tried twice, because one slow answer is chance. */
const DEFAULT_IDLE_REPEATS = 2;

/** `secrets` and `notes` are what is known from reading; those that follow from the content are added. */
export function buildProfile(written: WrittenProfile, secrets: readonly string[], notes: readonly string[]): Profile {
  const experiments = (written.experiments ?? []).flatMap((experiment) => experimentOf(experiment) ?? []);
  const auth = written.auth === undefined ? undefined : authOf(written.auth);
  const allSecrets = [...new Set([...secrets, ...secretsOf(written, auth)])].filter((secret) => secret !== '');
  const requests = (written.requests ?? [{ name: DEFAULT_REQUEST_NAME, path: '/' }]).map(requestOf);
  const limits = limitsOf(written.limits ?? {}, experiments);
  return {
    schemaVersion: 1,
    name: written.name,
    gateway: present({ ...targetOf(written.gateway), kind: written.gateway.kind }) satisfies GatewayTarget,
    members: written.members.map((member): Member => ({ name: member.name, ...targetOf(member) })),
    requests,
    experiments,
    limits,
    thresholds: written.thresholds ?? [],
    failOn: written.failOn ?? 'warning',
    ...(written.onUndecided === undefined ? {} : { onUndecided: written.onUndecided }),
    ...(written.spin === true ? { spin: true } : {}),
    ...(written.threads === undefined ? {} : { threads: written.threads }),
    ...memberIdOf(written.memberId),
    ...(auth === undefined ? {} : { auth }),
    cookies: { ...written.cookies },
    logs: (written.logs ?? []).map((log): LogSource => present(log)),
    ...(written.config === undefined ? {} : { config: [written.config].flat() }),
    ...(written.history === undefined ? {} : { history: historyOf(written.history) }),
    ...(written.schedule === undefined ? {} : { schedule: scheduleOf(written.schedule) }),
    ...(written.maintenance === undefined ? {} : { maintenance: [written.maintenance].flat().map(maintenanceOf) }),
    ...(written.alerts === undefined ? {} : { alerts: alertsOf(written.alerts) }),
    ...(written.certificates === undefined ? {} : { certificates: certificatesOf(written.certificates) }),
    mask: [...new Set([...DEFAULT_MASK, ...(written.mask ?? [])])],
    secrets: allSecrets,
    notes: [...notes, ...limitNotes(written, { limits, requests }), ...notesOf(written, allSecrets)],
  };
}

function limitsOf(written: NonNullable<WrittenProfile['limits']>, experiments: readonly ExperimentSpec[]): Limits {
  const upToUs = experiments.flatMap((spec) => (spec.kind === 'timeout' ? [spec.upToUs] : []));
  return {
    maxRatePerSec: written.maxRate ?? DEFAULT_LIMITS.maxRatePerSec,
    maxRequests: written.maxRequests ?? DEFAULT_LIMITS.maxRequests,
    maxInFlight: written.maxInFlight ?? DEFAULT_LIMITS.maxInFlight,
    maxNewConnectionsPerSec: written.maxNewConnections ?? DEFAULT_LIMITS.maxNewConnectionsPerSec,
    requestTimeoutUs: written.requestTimeout ?? defaultRequestTimeoutUs(upToUs),
    connectTimeoutUs: written.connectTimeout ?? DEFAULT_LIMITS.connectTimeoutUs,
    maxBodyBytes: written.maxBody ?? DEFAULT_LIMITS.maxBodyBytes,
  };
}

function targetOf(written: WrittenProfile['members'][number] | WrittenProfile['gateway']): Target {
  const { url, host, sni, tls = {}, http, httpProxy } = written;
  const { verify, ca, cert, key } = tls;
  return present({
    url,
    host,
    sni,
    tls: present({ verify: verify ?? true, ca, cert, key }),
    http: http === 2 ? (2 as const) : (1 as const),
    httpProxy,
  });
}

type WrittenRequest = NonNullable<WrittenProfile['requests']>[number];

function requestOf(written: WrittenRequest): RequestSpec {
  const { name, path, method, headers, body, weight, safe, expect = {} } = written;
  return present({
    name,
    path,
    method: method ?? 'GET',
    headers: { ...headers },
    body,
    weight: weight ?? 1,
    safe: safe ?? false,
    expect: present({
      status: expect.status,
      bodyIncludes: expect.body?.includes,
      maxUs: expect.maxMs === undefined ? undefined : Math.round(expect.maxMs * US_PER_MS),
    }),
  });
}

function experimentOf(written: WrittenExperiment): ExperimentSpec | undefined {
  const { compare, ramp, burst, volley, idle, timeout, 'keep-alive': keepAlive } = written;
  if (compare !== undefined) {
    const { rate, newConnections, arrival, requests } = compare;
    return present({
      kind: 'compare' as const,
      ratePerSec: rate,
      durationUs: compare.for,
      newConnectionRatio: newConnections ?? DEFAULT_NEW_CONNECTION_RATIO,
      arrival: arrival ?? 'poisson',
      requests,
    });
  }
  if (ramp !== undefined) {
    return present({
      kind: 'ramp' as const,
      fromPerSec: ramp.from,
      toPerSec: ramp.to,
      durationUs: ramp.for,
      replay: ramp.replay === undefined ? undefined : { log: ramp.replay.log, speed: 1 },
      request: ramp.request,
    });
  }
  if (burst !== undefined) {
    const { rate, connections, replay, arrival, engine, request } = burst;
    // Its rate is known when the log is read.
    const replayed = { loop: 'open' as const, ratePerSec: 0 };
    const load =
      replay !== undefined
        ? { ...replayed, replay: { log: replay.log, speed: replay.speed ?? 1 } }
        : rate === undefined
          ? present({ loop: 'closed' as const, connections: connections ?? 1, engine })
          : { loop: 'open' as const, ratePerSec: rate };
    return present({ kind: 'burst' as const, load, durationUs: burst.for, arrival: arrival ?? 'uniform', request });
  }
  if (volley !== undefined) {
    const { sizes, request, beside } = volley;
    return present({ kind: 'volley' as const, sizes, request, beside });
  }
  if (idle !== undefined) {
    return present({
      kind: 'idle' as const,
      gapsUs: idle.gaps,
      repeats: idle.repeats ?? DEFAULT_IDLE_REPEATS,
      request: idle.request,
    });
  }
  if (timeout !== undefined)
    return present({ kind: 'timeout' as const, request: timeout.request, upToUs: timeout.upTo });
  if (keepAlive !== undefined) {
    const { upTo, request, connectionHeader } = keepAlive;
    return present({ kind: 'keep-alive' as const, upToUs: upTo, request, connectionHeader });
  }
  return undefined;
}

function historyOf({ keep, levels, exchanges, maxSize }: NonNullable<WrittenProfile['history']>): HistorySettings {
  const levelsUs = levels === undefined ? undefined : present(levels);
  return present({ keepUs: keep, levelsUs, exchangesUs: exchanges, maxBytes: maxSize });
}

function memberIdOf(written: WrittenProfile['memberId']): Pick<Profile, 'memberId'> {
  if (written?.header !== undefined) return { memberId: { header: written.header } };
  return written?.cookie === undefined ? {} : { memberId: { cookie: written.cookie } };
}

function authOf(written: NonNullable<WrittenProfile['auth']>): Auth | undefined {
  const { basic, bearer, login } = written;
  if (basic !== undefined) return { kind: 'basic', ...basic };
  if (bearer !== undefined) return { kind: 'bearer', token: bearer };
  if (login === undefined) return undefined;
  const { path, method, headers, form } = login;
  const formType: Record<string, string> =
    form === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' };
  const body = form === undefined ? login.body : new URLSearchParams(form).toString();
  return present({
    kind: 'login' as const,
    path,
    method: method ?? 'POST',
    headers: { ...formType, ...headers },
    body,
  });
}

/** Values that are secret by their place, wherever they came from. */
function secretsOf(written: WrittenProfile, auth: Auth | undefined): string[] {
  const proxies = [written.gateway, ...written.members].flatMap(({ httpProxy }) =>
    httpProxy === undefined ? [] : [new URL(httpProxy)],
  );
  const headers = (written.requests ?? []).flatMap((request) => Object.entries(request.headers ?? {}));
  const secrets = [
    ...Object.values(written.cookies ?? {}),
    ...proxies.flatMap(({ username, password }) => {
      const [user, word] = [decodeURIComponent(username), decodeURIComponent(password)];
      // As it is sent: base64 of the password alone does not occur in it.
      return word === '' ? [] : [word, Buffer.from(`${user}:${word}`).toString('base64')];
    }),
    ...(written.requests ?? []).flatMap(({ path }) => markedValues(path, [...DEFAULT_MASK, ...(written.mask ?? [])])),
  ];
  const { webhook } = written.alerts ?? {};
  if (webhook !== undefined) {
    secrets.push(webhook.url);
    headers.push(...Object.entries(webhook.headers ?? {}));
  }
  if (auth?.kind === 'basic') {
    secrets.push(auth.password, Buffer.from(`${auth.user}:${auth.password}`).toString('base64'));
  }
  if (auth?.kind === 'bearer') secrets.push(auth.token);
  if (auth?.kind === 'login') {
    headers.push(...Object.entries(auth.headers));
    if (auth.body !== undefined) secrets.push(auth.body, ...credentialsIn(auth.body));
  }
  // Of "Bearer abc" the second half is the secret, also when it turns up alone.
  const ofHeaders = headers.filter(([name]) => isSecretHeader(name)).map(([, value]) => value);
  return [...secrets, ...ofHeaders, ...ofHeaders.map((value) => /^[A-Za-z]+ (\S+)$/.exec(value)?.[1] ?? '')];
}

/**
 * Values of the query parameters that are hidden by their name, as written and decoded: an application may show the value
 * alone. Placeholders are none, and a value too short to be searched for is hidden in its own place.
 */
function markedValues(path: string, maskParams: readonly string[]): string[] {
  const names = new Set(maskParams.map((name) => name.toLowerCase()));
  const pairs = path.slice(path.indexOf('?') + 1).split(/[&;]/);
  return pairs.flatMap((pair) => {
    const at = pair.indexOf('=');
    const [[name = '', value = ''] = []] = new URLSearchParams(pair);
    if (at < 0 || !names.has(name.toLowerCase()) || value.length < MIN_SECRET_LENGTH || value.includes('{')) return [];
    return [pair.slice(at + 1), value];
  });
}

/** Values of a login's fields whose names say that they are secret. A user's name is none: it may be any word of a report. */
function credentialsIn(body: string): string[] {
  const fields = body.trimStart().startsWith('{') ? jsonFields(body) : [...new URLSearchParams(body)];
  return fields.filter(([name]) => /pass|pwd|secret|token|pin$|code|key/i.test(name)).map(([, value]) => value);
}

function jsonFields(body: string): [string, string][] {
  try {
    return Object.entries(JSON.parse(body) as object).filter(
      (field): field is [string, string] => typeof field[1] === 'string',
    );
  } catch {
    // Not JSON after all: the body is hidden as a whole.
    return [];
  }
}

function notesOf(written: WrittenProfile, secrets: readonly string[]): string[] {
  const notes: string[] = [];
  const { alerts } = written;
  if (alerts?.command !== undefined)
    notes.push('alerts.command is read but not used by this version: no program is ever started');
  if (alerts !== undefined && alerts.webhook === undefined && alerts.alertmanager === undefined)
    notes.push('alerts names neither webhook nor alertmanager: nobody is told');
  if (written.history?.runs !== undefined)
    notes.push('history.runs is read but not used by this version: history is kept by its age and its size');
  if (secrets.some((secret) => secret.length < MIN_SECRET_LENGTH)) {
    notes.push(
      `a secret has fewer than ${MIN_SECRET_LENGTH} characters: it is hidden in its own place, but not where the same characters turn up elsewhere`,
    );
  }
  return notes;
}
