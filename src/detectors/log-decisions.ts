/** Every journey of the logs with its decision, once per set of logs. */
import type { Measures } from '../analysis/measures.ts';
import type { Gateway } from '../gateways/gateway.ts';
import type { CauseId } from '../model/causes.ts';
import type { HopReading } from '../model/hop.ts';
import type { Journey, LogEvidence } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';
import { directTo } from '../model/route.ts';
import type { Decision } from './decision.ts';
import { decide } from './decision-table.ts';
import type { DetectorContext } from './detector.ts';
import { directDecision } from './direct-decision.ts';
import { idleClosed } from './idle-closes.ts';
import { cascades } from './log-cascades.ts';
import { crashesOf } from './log-crashes.ts';
import { type Facts, factsOf, type LogContext, toleranceUs } from './log-facts.ts';
import { isRestart } from './logged-cold.ts';
import { withWalls } from './logged-walls.ts';

export type Decided = {
  readonly journey: Journey;
  readonly facts: Facts;
  readonly decision: Decision;
  /** How many requests it stands for: a class of which 600 lines were kept counts in full. */
  readonly weight: number;
  /** How many lines of its class were kept, where not all were. */
  readonly sampledOf?: number;
};

const known = new WeakMap<LogEvidence, readonly Decided[]>();

/** Empty without logs. */
export function decidedJourneys(context: DetectorContext): readonly Decided[] {
  const { logs } = context.measures;
  if (logs === undefined) return [];
  let decided = known.get(logs);
  if (decided === undefined) {
    decided = decideAll(logs, context);
    known.set(logs, decided);
  }
  return decided;
}

function decideAll(logs: LogEvidence, context: DetectorContext): readonly Decided[] {
  const logContext = contextOf(logs, context);
  const standsFor = weights(logs);
  const decided = logs.journeys.map((journey): Decided => {
    const facts = factsOf(journey, logContext);
    const decision = journey.client?.direct === undefined ? decide(facts) : directDecision(facts);
    return { journey, facts, decision, ...standsFor(journey) };
  });
  return withWalls(decided, context);
}

function contextOf(logs: LogEvidence, { measures, gateway }: DetectorContext): LogContext {
  // What the probe itself held back is in nobody's log.
  const asked = logs.journeys.filter(
    ({ client }) => client !== undefined && client.direct === undefined && !client.outcome.startsWith('not-sent'),
  );
  const ofGateway = new Set(logs.sources.flatMap(({ role, index }) => (role === 'gateway' ? [index] : [])));
  const hasGatewayLog = ofGateway.size > 0;
  const memberOf = memberFinder(logs, measures.profile.members);
  const usualDelayUs = usualDelay(logs);
  const freshConnectUs = freshConnect(logs);
  const gaps = new Map(
    logs.afterGaps.filter((gap) => !isRestart(gap)).map((gap) => [`${gap.source}:${gap.line}`, gap]),
  );
  const clocks = new Map(logs.clocks.map((clock) => [clock.source, clock]));
  return {
    ...(usualDelayUs === undefined ? {} : { usualDelayUs }),
    ...(freshConnectUs === undefined ? {} : { freshConnectUs }),
    ...(asked.length === 0 || !hasGatewayLog
      ? {}
      : { joinedRatio: asked.filter(({ gateway }) => gateway.presence === 'present').length / asked.length }),
    hasGatewayLog,
    isForeignLog: isForeignLog(logs, asked),
    memberOf,
    isIdleClosed: idleClosed(logs),
    cascadeBefore: cascades(logs, gateway),
    crashes: crashesOf(logs),
    cutTogether: cutCounter(logs),
    leftAlike: leftCounter(logs),
    portsUsedUp: ({ events }) => events.find((event) => isOfUsedPorts(event) && ofGateway.has(event.source))?.code,
    gapBefore: ({ source, line }) => gaps.get(`${source}:${line}`),
    lastEnd: lastEnds(logs),
    takesTls: (member) => takesTls(member, measures),
    isClockKnown: ({ source }) => clocks.get(source)?.known === true,
  };
}

/** Fewer connections than this may all have met a member between two restarts. */
const MIN_CONNECTED = 5;

/** Whether the probe got so many answers of a member over TLS, and was never refused by it. */
function takesTls(member: string, measures: Measures): boolean {
  const url = measures.profile.members.find(({ name }) => name === member)?.url ?? '';
  const { ok, outcomes } = measures.counts({ route: directTo(member) });
  return url.startsWith('https:') && ok >= MIN_CONNECTED && (outcomes['error:refused'] ?? 0) === 0;
}

/** Fewer requests than this may all have been lost. */
const MIN_ASKED = 10;

function isForeignLog({ sources }: LogEvidence, asked: readonly Journey[]): boolean {
  const lastUs = Math.max(...asked.map(({ endAtUs }) => endAtUs));
  return (
    asked.length >= MIN_ASKED &&
    asked.every(({ gateway }) => gateway.presence !== 'present') &&
    sources.some(({ role, entries, lastAtUs }) => role === 'gateway' && entries > 0 && (lastAtUs ?? 0) > lastUs)
  );
}

/** Windows: all local ports, or all to one address, were in use. */
function isOfUsedPorts({ code = '' }: PlacedEntry): boolean {
  return /^Tcpip\/42(?:27|31)$/.test(code);
}

const ABANDONED = /^Connection_Abandoned_By_(?:AppPool|ReqQueue)$/;

function cutCounter({ journeys }: LogEvidence): LogContext['cutTogether'] {
  const keysOf = ({ members }: Journey): string[] =>
    members.flatMap(({ member, details }) =>
      details
        .filter(({ flags }) => ABANDONED.test(flags ?? ''))
        .map(({ atUs }) => `${member} ${Math.floor(atUs / 1_000_000)}`),
    );
  const counts = new Map<string, number>();
  for (const journey of journeys) for (const key of keysOf(journey)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return (journey) => Math.max(0, ...keysOf(journey).map((key) => counts.get(key) ?? 0));
}

function leftCounter({ journeys }: LogEvidence): LogContext['leftAlike'] {
  const times = (isOne: (reading: HopReading) => boolean): number[] =>
    journeys.flatMap(({ gateway: { reading, access } }) =>
      reading !== undefined && isOne(reading) ? (access[0]?.durationUs ?? []) : [],
    );
  const left = times(({ outcome, rivals = [] }) => outcome === 'client/abort' && rivals.includes('response/timeout'));
  const timed = times(({ outcome }) => outcome === 'response/timeout');
  return ({ gateway: { access } }) => {
    const us = access[0]?.durationUs ?? 0;
    const agreeing = [...left, ...timed].filter((other) => Math.abs(other - us) <= toleranceUs(us)).length;
    return { agreeing, of: left.length };
  };
}

/** Ends of workers that are followed by a cold start: idle (5186) and recycling, by member. */
const WORKER_END = /^WAS\/(?:5186|5074|5075|5076|5077|5078|5079|5080|5117)$/;

function lastEnds({ events, sources, clocks }: LogEvidence): LogContext['lastEnd'] {
  const members = new Map(sources.map(({ index, member }) => [index, member]));
  const offsets = new Map(clocks.map(({ source, offsetUs }) => [source, offsetUs]));
  const ends = events
    .filter(({ code = '' }) => WORKER_END.test(code))
    .map(({ source, atUs, code = '' }) => ({
      member: members.get(source),
      atUs: atUs - (offsets.get(source) ?? 0),
      code,
    }))
    .sort((a, b) => b.atUs - a.atUs);
  return (member, beforeUs) => {
    const last = ends.find((end) => end.member === member && end.atUs <= beforeUs);
    return last === undefined ? undefined : { code: last.code, agoUs: beforeUs - last.atUs };
  };
}

function usualDelay({ journeys }: LogEvidence): number | undefined {
  const delays = journeys.flatMap(({ gateway, members }) =>
    (gateway.access[0]?.status ?? 500) < 400
      ? members.flatMap(({ delayUs, ambiguous }) => (delayUs === undefined || ambiguous > 0 ? [] : [delayUs.value]))
      : [],
  );
  return delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)];
}

/** So many connects that took time, nine in ten of them at least this long, show that a new connection never logs 0. */
const MIN_CONNECTS = 5;
const LEAST_FRESH_US = 2_000;

function freshConnect({ journeys }: LogEvidence): number | undefined {
  const times = journeys
    .flatMap(({ gateway }) => gateway.access[0]?.upstream ?? [])
    .flatMap(({ connectUs = 0 }) => (connectUs > 0 ? [connectUs] : []))
    .sort((a, b) => a - b);
  const low = times[Math.floor(times.length / 10)];
  return times.length >= MIN_CONNECTS && low !== undefined && low >= LEAST_FRESH_US ? low : undefined;
}

/** From what a gateway calls a member (address, `backend/server`, `balancer` URL) to its name. */
function memberFinder(logs: LogEvidence, members: readonly { name: string; url: string }[]): LogContext['memberOf'] {
  const names = new Map<string, string>();
  for (const { name, url } of members) {
    names.set(name.toLowerCase(), name);
    const host = URL.canParse(url) ? new URL(url) : undefined;
    if (host !== undefined) {
      names.set(`${host.hostname}:${host.port || (host.protocol === 'https:' ? '443' : '80')}`, name);
      if (members.filter((other) => other.url.includes(`//${host.hostname}`)).length === 1)
        names.set(host.hostname, name);
    }
  }
  for (const { member, addresses } of logs.sources)
    if (member !== undefined) for (const address of addresses) names.set(address.toLowerCase(), member);
  return (address) => {
    if (address === undefined) return undefined;
    const text = address
      .toLowerCase()
      .replace(/^[a-z]+:\/\//, '')
      .replace(/\/$/, '');
    const last = text.split('/').at(-1) ?? text;
    return (
      names.get(text) ??
      names.get(last) ??
      names.get(text.replace(/:\d+$/, '')) ??
      names.get(text.split('/')[0] ?? text)
    );
  };
}

/** Only classes of failures are sampled evenly; of ordinary lines the slowest and a few others are kept, which stand for themselves. */
function weights(logs: LogEvidence): (journey: Journey) => Pick<Decided, 'weight' | 'sampledOf'> {
  const keyOf = (source: number, status = -1, substatus = -1, win32 = -1): string =>
    `${source} ${status} ${substatus} ${win32}`;
  const totals = new Map(
    logs.sources.flatMap(({ classes }) =>
      classes
        .filter(({ kept, count }) => kept > 0 && kept < count)
        .map((one) => [keyOf(one.source, one.status, one.substatus, one.win32), one.count] as const),
    ),
  );
  const keyOfJourney = ({ gateway, members, client }: Journey): string | undefined => {
    const entry = gateway.access[0] ?? members.find(({ access }) => access.length > 0)?.access[0];
    return entry === undefined || client !== undefined
      ? undefined
      : keyOf(entry.source, entry.status, entry.substatus, entry.win32);
  };
  const kept = new Map<string, number>();
  for (const journey of logs.journeys) {
    const key = keyOfJourney(journey);
    if (key !== undefined) kept.set(key, (kept.get(key) ?? 0) + 1);
  }
  return (journey) => {
    const key = keyOfJourney(journey) ?? '';
    const total = totals.get(key);
    const own = kept.get(key);
    return total === undefined || own === undefined || total <= own
      ? { weight: 1 }
      : { weight: total / own, sampledOf: own };
  };
}

/** Requests that the gateway's logs hold in all; those of the members where there is no gateway log. */
export function countedRequests({ sources }: LogEvidence): number {
  const ofRole = (wanted: string) => sources.filter(({ role }) => role === wanted);
  const own = ofRole('gateway').length > 0 ? ofRole('gateway') : sources;
  const requests = (some: typeof own): number =>
    some.reduce((sum, { minutes }) => sum + minutes.reduce((part, { count }) => part + count, 0), 0);
  // Both logs of Varnish have a line for the same request.
  const [ncsa, transactions] = (['varnish', 'varnishlog'] as const).map((id) =>
    own.filter(({ format }) => format === id),
  );
  return requests(own) - Math.min(requests(ncsa ?? []), requests(transactions ?? []));
}

/** The response timers that a gateway has unless configured, by cause. */
export function defaultTimers(gateway: Gateway, cause: CauseId): readonly { name: string; us: number }[] {
  return gateway.timers.flatMap((timer) =>
    timer.cause === cause && timer.defaultUs !== undefined ? [{ name: timer.directive, us: timer.defaultUs }] : [],
  );
}
