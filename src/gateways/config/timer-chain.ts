/** The audit of timers: each outer one must be longer than the inner one, and a gateway must drop idle connections before its member. */

import type { DeclaredSetting, PlacedConfig, SettingMeaning } from '../../model/declared.ts';
import { formatDuration } from '../../model/quantity.ts';
import { memberAddress } from './address.ts';
import { citation } from './setting-for.ts';
import { auditAlone } from './timer-alone.ts';
import { isDeclared, type MeasuredTimer, type MeasuredTimers, type TimerProblem } from './timer-problem.ts';

/** More would not be read; a configuration that has so many has the same fault everywhere. */
const MAX_PROBLEMS = 200;

type Timer = DeclaredSetting | MeasuredTimer;

/**
 * All problems of the timers along client → gateway → member, faults first. Configurations stand in the order in which a request meets
 * them; what was measured takes part where it is given.
 */
export function auditTimers(configs: readonly PlacedConfig[], measured: MeasuredTimers = {}): readonly TimerProblem[] {
  const gateways = configs.filter((config) => roleOf(config) === 'gateway');
  const members = configs.filter((config) => roleOf(config) === 'member');
  const problems: TimerProblem[] = [];
  for (const [i, gateway] of gateways.entries()) {
    const responses = responseTimers(gateway);
    if (i === 0) problems.push(...againstClient(measured.client, responses), ...repeats(gateway, measured.client));
    const next = gateways[i + 1];
    if (next !== undefined) problems.push(...againstNext(responses, responseTimers(next)));
    problems.push(...againstWork(responses, measured.memberWork ?? []));
    const inner = members.flatMap((member) => limitsOf(member).map((timer) => ({ timer, member: member.member })));
    if (i === gateways.length - 1) problems.push(...againstApplications(responses, inner));
    if (i === gateways.length - 1) problems.push(...members.flatMap((member) => queues(responses, member)));
    const idle = [...members, ...gateways.slice(i + 1, i + 2)].flatMap((member) =>
      timersOf(member, 'keep-alive-client').map((timer) => ({ timer, member: member.member })),
    );
    const seen = (measured.memberIdle ?? []).map((timer) => ({ timer, member: timer.member }));
    problems.push(...keepAlive(gateway, [...idle, ...seen]));
  }
  for (const config of configs) problems.push(...auditAlone(config));
  return unique(problems).slice(0, MAX_PROBLEMS);
}

function roleOf({ role, kind, members }: PlacedConfig): 'gateway' | 'member' {
  return role ?? (kind === 'arr' || members.length > 0 ? 'gateway' : 'member');
}

function timersOf(config: PlacedConfig, meaning: SettingMeaning): readonly DeclaredSetting[] {
  return config.settings.filter((one) => one.meaning === meaning && one.valueUs !== undefined && one.valueUs > 0);
}

/** With farms, ARR's server-level timer holds only for what no farm takes. */
function responseTimers(config: PlacedConfig): readonly DeclaredSetting[] {
  const all = timersOf(config, 'response-timeout');
  const ofMembers = all.filter(({ members }) => members !== undefined);
  return ofMembers.length > 0 ? ofMembers : all;
}

/** What ends a request in a member: the application's limit, or the wait of a further hop. */
function limitsOf(member: PlacedConfig): readonly DeclaredSetting[] {
  const own = timersOf(member, 'app-timeout');
  return own.length > 0 ? own : timersOf(member, 'response-timeout');
}

function concerns(setting: DeclaredSetting, member: string | undefined): boolean {
  if (member === undefined || setting.members === undefined) return true;
  return setting.members.includes(memberAddress(member, 80));
}

function text(timer: Timer): string {
  return isDeclared(timer) ? citation(timer) : timer.what;
}

function span(timer: Timer): string {
  return formatDuration(timer.valueUs ?? 0);
}

function againstClient(
  client: MeasuredTimer | undefined,
  responses: readonly DeclaredSetting[],
): readonly TimerProblem[] {
  if (client === undefined) return [];
  return responses
    .filter(({ valueUs = 0 }) => client.valueUs <= valueUs)
    .map((inner) => ({
      id: 'client-shorter-than-gateway',
      level: 'fault',
      outer: client,
      inner,
      problem: `Clients wait ${span(client)}, the gateway ${span(inner)}.`,
      why: 'The client has left before the gateway says what was wrong: it sees its own timeout, and the gateway logs a client that went away instead of an error.',
      fix: `Let clients wait longer than ${span(inner)}, or lower ${text(inner)} below ${span(client)}.`,
    }));
}

function againstNext(outers: readonly DeclaredSetting[], inners: readonly DeclaredSetting[]): readonly TimerProblem[] {
  return pairs(outers, inners).map(([outer, inner]) => ({
    id: 'gateway-shorter-than-next',
    level: 'fault',
    outer,
    inner,
    problem: `The first gateway waits ${span(outer)}, the one behind it ${span(inner)}.`,
    why: 'The first gateway gives up while the second still waits, so the error of the second, which would name the member, is never sent on.',
    fix: `Raise ${text(outer)} above ${span(inner)}, or lower ${text(inner)}.`,
  }));
}

function againstApplications(
  outers: readonly DeclaredSetting[],
  inners: readonly { readonly timer: DeclaredSetting; readonly member: string | undefined }[],
): readonly TimerProblem[] {
  return inners.flatMap(({ timer, member }) =>
    pairs(
      outers.filter((outer) => concerns(outer, member)),
      [timer],
    ).map(([outer, inner]) => ({
      id: 'gateway-shorter-than-application',
      level: 'fault',
      outer,
      inner,
      problem: `The gateway waits ${span(outer)}, the application may work for ${span(inner)}.`,
      why: 'What takes longer than the gateway waits is answered with the gateway’s error, while the member goes on working for nobody and logs a success.',
      fix: `Set the application’s limit below ${span(outer)} (${text(inner)}), or raise ${text(outer)} above ${span(inner)}.`,
    })),
  );
}

function againstWork(outers: readonly DeclaredSetting[], works: readonly MeasuredTimer[]): readonly TimerProblem[] {
  return works.flatMap((work) =>
    pairs(
      outers.filter((outer) => concerns(outer, work.member)),
      [work],
    ).map(([outer, inner]) => ({
      id: 'gateway-shorter-than-work',
      level: 'fault',
      outer,
      inner,
      problem: `The gateway waits ${span(outer)}, work that succeeds took ${span(inner)}.`,
      why: 'Requests that the member would answer are cut off by the gateway.',
      fix: `Make the request faster, or raise ${text(outer)} above ${span(inner)}.`,
    })),
  );
}

/** What waits longer than the gateway is done for nobody. */
function queues(outers: readonly DeclaredSetting[], member: PlacedConfig): readonly TimerProblem[] {
  const outer = outers
    .filter((one) => concerns(one, member.member))
    .reduce<DeclaredSetting | undefined>((a, b) => ((a?.valueUs ?? Infinity) <= (b.valueUs ?? 0) ? a : b), undefined);
  if (outer?.valueUs === undefined) return [];
  const waitUs = outer.valueUs;
  return member.settings.flatMap((inner): readonly TimerProblem[] => {
    const pool = /^application pool (.*)$/.exec(inner.scope)?.[1];
    if (inner.meaning !== 'queue-length' || pool === undefined || inner.count === undefined) return [];
    return [
      {
        id: 'queue-longer-than-timeout',
        level: 'note',
        outer,
        inner,
        problem: `Pool ${pool} lets ${inner.count} requests wait, but after ${span(outer)} the gateway has left.`,
        why: `Unless the pool answers ${Math.ceil((inner.count * 1_000_000) / waitUs)} requests per second, the last in a full queue are worked on for nobody.`,
        fix: `A shorter queue refuses early (503) and recovers sooner: ${text(inner)}.`,
      },
    ];
  });
}

/** The outer is not longer than the inner. */
function pairs<Inner extends Timer>(
  outers: readonly DeclaredSetting[],
  inners: readonly Inner[],
): readonly (readonly [DeclaredSetting, Inner])[] {
  return outers.flatMap((outer) =>
    inners.filter((inner) => (outer.valueUs ?? 0) <= (inner.valueUs ?? 0)).map((inner) => [outer, inner] as const),
  );
}

function keepAlive(
  gateway: PlacedConfig,
  idle: readonly { readonly timer: Timer; readonly member: string | undefined }[],
): readonly TimerProblem[] {
  const kept = timersOf(gateway, 'keep-alive-member');
  const endless = gateway.settings.filter(
    ({ meaning, valueUs, value }) =>
      meaning === 'keep-alive-member' && valueUs === undefined && value.startsWith('none'),
  );
  return idle.flatMap(({ timer: inner, member }): readonly TimerProblem[] => [
    ...kept
      .filter((outer) => concerns(outer, member) && (outer.valueUs ?? 0) >= (inner.valueUs ?? 0))
      .map((outer) => ({
        id: 'keep-alive-race' as const,
        level: reuses(gateway, outer) ? ('fault' as const) : ('note' as const),
        outer,
        inner,
        problem: `The gateway keeps idle connections to members for ${span(outer)}, the member closes them after ${span(inner)}.`,
        why: 'A request that is sent in the moment when the member closes is lost: a 502 without any entry at the member, most often after a pause, and for a POST never repeated.',
        fix: `Lower ${text(outer)} below ${span(inner)}, or raise the member’s: ${text(inner)}.`,
      })),
    ...endless
      .filter((outer) => concerns(outer, member))
      .map((outer) => ({
        id: 'keep-alive-without-limit' as const,
        level: 'note' as const,
        outer,
        inner,
        problem: `The gateway keeps idle connections until the member closes them, after ${span(inner)}.`,
        why: 'A request that is sent in the moment when the member closes is lost; the gateway has no timer that would come first.',
        fix: `Set ${outer.directive} below ${span(inner)}, or raise the member’s: ${text(inner)}.`,
      })),
  ]);
}

/** Before 1.29.7 nginx keeps connections only where it is told to speak HTTP/1.1. */
function reuses({ kind, settings }: PlacedConfig, kept: DeclaredSetting): boolean {
  if (kind !== 'nginx') return true;
  return settings.some(
    ({ directive, value, members = [] }) =>
      directive === 'proxy_http_version' &&
      value.startsWith('1.1') &&
      members.some((one) => kept.members?.includes(one)),
  );
}

/** A GET that times out on one member is tried on the next: the user waits for all of them. */
function repeats(gateway: PlacedConfig, client: MeasuredTimer | undefined): readonly TimerProblem[] {
  if (gateway.kind !== 'nginx') return [];
  const whens = gateway.settings.filter(({ meaning, value }) => meaning === 'retry-when' && /\btimeout\b/.test(value));
  return whens.flatMap((when): readonly TimerProblem[] => {
    const same = (meaning: SettingMeaning) =>
      gateway.settings.find((one) => one.meaning === meaning && one.members?.some((m) => when.members?.includes(m)));
    const response = same('response-timeout');
    const upstream = gateway.settings.find(
      ({ meaning, members = [] }) =>
        meaning === 'keep-alive-count' && members.length > 1 && members.some((m) => when.members?.includes(m)),
    );
    const tries = Math.min(upstream?.members?.length ?? 1, same('retries')?.count || Number.POSITIVE_INFINITY);
    const limit = same('retry-time')?.valueUs || Number.POSITIVE_INFINITY;
    if (response?.valueUs === undefined || tries < 2 || limit <= response.valueUs) return [];
    const total = tries * response.valueUs;
    const late = client !== undefined && client.valueUs <= total;
    return [
      {
        id: 'repeated-timeouts',
        level: late ? 'fault' : 'note',
        outer: client ?? response,
        inner: when,
        problem: `A GET that times out is repeated on up to ${tries} members: users wait up to ${formatDuration(total)}, not ${span(response)}.`,
        why: 'Each try has the whole timeout, and each takes its member out of use for a while (max_fails, fail_timeout; the last one also with a single try).',
        fix: `Set proxy_next_upstream error (without timeout), or proxy_next_upstream_tries and proxy_next_upstream_timeout: ${text(when)}.`,
      },
    ];
  });
}

function unique(problems: readonly TimerProblem[]): readonly TimerProblem[] {
  const seen = new Map(
    problems.map((one) => [`${one.id} ${text(one.outer)} ${one.inner === undefined ? '' : text(one.inner)}`, one]),
  );
  return [...seen.values()].sort((a, b) => (a.level === b.level ? 0 : a.level === 'fault' ? -1 : 1));
}
