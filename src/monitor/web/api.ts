/** The JSON form of what the pages show. Times are ISO 8601 in UTC, durations milliseconds. */
import { type Exchange, outcomeKey, responseTimeUs, serviceTimeUs } from '../../model/exchange.ts';
import type { FindingRecord, HistoryEvent, HistoryInterval, KeptExchange, QuietSpan } from '../../model/history.ts';
import { memberOf } from '../../model/route.ts';
import type { MonitorState } from '../feed.ts';
import type { FarmRow, ProfileView } from './farm.ts';
import { outcomeWithSubstatus } from './kept-table.ts';
import { type Decode, quantileOf, type Summary, summarise } from './time-bins.ts';
import type { TimeRange } from './time-range.ts';

type Json = Readonly<Record<string, unknown>>;

export function publicState(state: MonitorState): Json {
  return {
    version: state.version,
    startedAt: iso(state.startedAtUs),
    now: iso(state.nowAtUs),
    isStopping: state.isStopping,
    writingPaused:
      state.paused === undefined
        ? null
        : {
            reason: state.paused.reason,
            text: state.paused.text,
            since: iso(state.paused.sinceAtUs),
            roundsLost: state.paused.roundsLost,
          },
    refused: state.refused.map(({ file, atUs, problems }) => ({ file, at: iso(atUs), problems })),
    profiles: state.profiles.map((profile) => ({
      profile: profile.profile,
      file: profile.file,
      schedule: profile.schedule,
      intervalMs: profile.intervalUs === undefined ? null : ms(profile.intervalUs),
      isFaster: profile.isFaster,
      nextRoundAt: isoOrNull(profile.nextRoundAtUs),
      lastRoundAt: isoOrNull(profile.lastRound?.startedAtUs),
      lagMs: { last: ms(profile.lag.lastUs), p99: ms(profile.lag.p99Us), max: ms(profile.lag.maxUs) },
      rounds: profile.rounds,
      overlapped: profile.overlapped,
      requests: profile.requests,
      maintenanceUntil: isoOrNull(profile.maintenance?.untilAtUs),
      certificates: profile.certificates.map(({ route, member, subject, issuer, validToAtUs }) => ({
        ...{ route, member: member ?? null, subject, issuer, validTo: iso(validToAtUs) },
      })),
      outlook: profile.outlook,
      notes: profile.notes,
    })),
  };
}

export function publicView(view: ProfileView): Json {
  return {
    profile: view.profile,
    isWatched: view.state !== undefined,
    openFindings: view.findings.map(publicFindingHead),
    routes: view.rows.map(publicRow),
  };
}

function publicRow(row: FarmRow): Json {
  return {
    route: row.route,
    member: memberOf(row.route) ?? null,
    state: row.condition,
    since: isoOrNull(row.sinceAtUs),
    ...counts(row.all),
    connection: row.timed.connection,
    responseMs: quantiles(row.timed),
    bins: row.bins.map((bin) => ({ from: iso(bin.startAtUs), count: bin.count, failed: bin.failed })),
  };
}

function counts({ count, failed, outcomes }: Summary): Json {
  return { count, failed, outcomes };
}

function quantiles(summary: Summary): Json {
  const at = (p: number): number | null => {
    const us = summary.response.count === 0 ? undefined : quantileOf(summary, p);
    return us === undefined ? null : ms(us);
  };
  return {
    count: summary.response.count,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: summary.response.count === 0 ? null : ms(summary.maxUs),
  };
}

export function publicInterval(interval: HistoryInterval, decode: Decode): Json {
  const summary = summarise([interval], decode);
  return {
    level: interval.level,
    from: iso(interval.startAtUs),
    route: interval.route,
    request: interval.requestName,
    connection: interval.connection,
    ...counts(summary),
    responseMs: quantiles(summary),
    /** HdrHistogram V2, deflated, base64; integer µs: adds up exactly with others. */
    responseHistogram: interval.response,
    serviceHistogram: interval.service,
  };
}

export function publicEvent(event: HistoryEvent): Json {
  return {
    id: event.id,
    profile: event.profile,
    kind: event.kind,
    severity: event.severity,
    from: iso(event.fromAtUs),
    to: isoOrNull(event.toAtUs),
    route: event.route ?? null,
    member: event.member ?? null,
    cause: event.cause ?? null,
    title: event.title,
    facts: event.facts,
  };
}

function publicFindingHead({ id, finding }: FindingRecord): Json {
  return { id, cause: finding.cause, severity: finding.severity, title: finding.title };
}

export function publicFinding(record: FindingRecord): Json {
  const { finding } = record;
  return {
    id: record.id,
    profile: record.profile,
    cause: finding.cause,
    severity: finding.severity,
    confidence: finding.confidence,
    scope: finding.scope,
    title: finding.title,
    meaning: finding.meaning,
    measured: finding.measured,
    rivals: finding.rivals,
    remedy: finding.remedy,
    firstSeenAt: iso(record.firstSeenAtUs),
    lastSeenAt: iso(record.lastSeenAtUs),
    closedAt: isoOrNull(record.closedAtUs),
    timesSeen: record.timesSeen,
  };
}

export function publicQuiet({ route, fromAtUs, toAtUs, why }: QuietSpan): Json {
  return { route, from: iso(fromAtUs), to: iso(toAtUs), why };
}

/** Without headers and bodies of answers: they may hold what only the application's users may see. */
export function publicKept({ atUs, reason, exchange }: KeptExchange): Json {
  const service = serviceTimeUs(exchange);
  return {
    at: iso(atUs),
    reason,
    requestId: exchange.requestId,
    route: exchange.route,
    request: exchange.requestName,
    outcome: outcomeKey(exchange.outcome),
    outcomeWithSubstatus: outcomeWithSubstatus(exchange.outcome),
    responseMs: ms(responseTimeUs(exchange)),
    serviceMs: service === undefined ? null : ms(service),
    phasesMs: phases(exchange),
    connection: exchange.connection === undefined ? null : exchange.connection.isNew ? 'new' : 'warm',
    answeredBy: exchange.answeredBy ?? null,
  };
}

function phases({ phasesUs }: Exchange): Json {
  return Object.fromEntries(Object.entries(phasesUs ?? {}).map(([name, us]) => [name, ms(us)]));
}

export function publicRange({ fromAtUs, toAtUs, binUs, level }: TimeRange): Json {
  return { from: iso(fromAtUs), to: iso(toAtUs), binMs: ms(binUs), level };
}

function ms(us: number): number {
  return us / 1_000;
}

function iso(atUs: number): string {
  return new Date(atUs / 1_000).toISOString();
}

function isoOrNull(atUs: number | undefined): string | null {
  return atUs === undefined ? null : iso(atUs);
}
