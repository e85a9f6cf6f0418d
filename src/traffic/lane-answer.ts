/** What becomes of a lane's answers: rows where they are ordinary, exchanges where they are not. */
import { ROW } from '../model/answer-rows.ts';
import { type Exchange, type Outcome, requestIdOf } from '../model/exchange.ts';
import type { RequestSpec } from '../model/profile.ts';
import { memberOfAnswer } from './answered-by.ts';
import type { Connection } from './connection.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { Expected } from './expectation.ts';
import {
  connectionFacts,
  firstSight,
  keepsAnswers,
  type LaunchState,
  pauseRoute,
  type RouteState,
} from './launching.ts';
import { type Asked, answeredOf, hasLargeHead, type Reception } from './reception.ts';
import type { RowCollector } from './row-collector.ts';
import type { ShotShape } from './schedule.ts';
import type { KnownPiece } from './wire/body-digest.ts';
import type { AnswerHandler } from './wire/channel.ts';
import type { Numbered } from './wire/numbered-request.ts';
import type { ResponseParser } from './wire/response-parser.ts';

/** What the lanes of a closed loop share. */
export type Loop = {
  readonly experimentId: string;
  readonly state: LaunchState;
  readonly route: RouteState;
  readonly spec: RequestSpec;
  readonly shape: ShotShape;
  readonly rows: RowCollector;
  readonly deadlines: Deadlines;
  readonly knownPiece: KnownPiece;
  readonly record: (exchange: Exchange) => void;
  /** Called when the loop is stopped before its time. */
  readonly onStop: (listener: () => void) => void;
  readonly endUs: number;
  /** Least time between two requests of a lane, so that all together keep `limits.maxRate`. */
  readonly gapUs: number;
  due: number;
  sent: number;
};

/** Mutable. */
export type Lane = {
  readonly loop: Loop;
  readonly number: number;
  readonly asked: Asked;
  readonly deadline: Deadline;
  readonly finish: () => void;
  readonly handler: AnswerHandler;
  readonly expected: Expected;
  /** `waiting`: for its pace or a pause. `opening`: a connection. `asking`: for an answer. */
  doing: 'waiting' | 'opening' | 'asking' | 'nothing';
  connection: Connection | undefined;
  parser: ResponseParser | undefined;
  reception: Reception | undefined;
  request: Numbered | undefined;
  /** Not before that. */
  nextUs: number;
  seq: number;
  sentUs: number;
  readyUs: number;
  isNew: boolean;
  idleUs: number;
  /** The body of the answer may be wanted. */
  keepsBody: boolean;
  /** Place of the member that the last head read names: -1 where it names none, undefined where rows cannot name it. */
  readonly named: { headsRead: number; place: number | undefined };
};

/** Whether all that is to be told of the answer is in a row. */
export function isOrdinary(lane: Lane, { status }: Reception, endUs: number): boolean {
  const { expect } = lane.loop.spec;
  const { certificate } = lane.connection as Connection;
  return (
    status < 500 &&
    status !== 429 &&
    !keepsAnswers(lane.loop.route) &&
    expect.bodyIncludes === undefined &&
    (expect.status === undefined || expect.status.includes(status)) &&
    (expect.maxUs === undefined || endUs - lane.readyUs <= expect.maxUs) &&
    lane.asked.connectionHeader === undefined &&
    !(lane.isNew && certificate !== undefined && !lane.loop.route.certificatesTold.has(certificate.fingerprint)) &&
    !hasLargeHead(lane.reception as Reception)
  );
}

/** False where there are more members than rows can name. */
export function addRow(lane: Lane, reception: Reception, endUs: number): boolean {
  const { loop, isNew } = lane;
  const { rows, spec } = loop;
  const connection = lane.connection as Connection;
  const { expect } = spec;
  const memberPlace = placeNamed(lane, reception);
  if (memberPlace === undefined) return false;
  const place = rows.next();
  const { values } = rows;
  values[place + ROW.seq] = lane.seq;
  values[place + ROW.sentUs] = lane.sentUs;
  values[place + ROW.writtenUs] = reception.writtenUs;
  values[place + ROW.firstByteUs] = reception.firstByteUs ?? endUs;
  values[place + ROW.endUs] = endUs;
  values[place + ROW.status] = reception.status;
  values[place + ROW.bodyBytes] = reception.bytes;
  values[place + ROW.bodyDigest] = reception.digest;
  values[place + ROW.connectionId] = connection.id;
  values[place + ROW.localPort] = connection.localPort ?? 0;
  values[place + ROW.openedUs] = connection.openedUs;
  values[place + ROW.idleUs] = lane.idleUs;
  values[place + ROW.connectUs] = isNew ? (connection.phasesUs.connect ?? Number.NaN) : Number.NaN;
  values[place + ROW.tlsUs] = isNew ? (connection.phasesUs.tls ?? Number.NaN) : Number.NaN;
  values[place + ROW.answeredBy] = memberPlace;
  values[place + ROW.isMet] = expect.status === undefined && expect.maxUs === undefined ? 0 : 1;
  return true;
}

/** Read once from heads that are byte for byte the same. */
function placeNamed({ loop, asked, parser, named }: Lane, { header }: Reception): number | undefined {
  const { headsRead } = parser as ResponseParser;
  if (named.headsRead === headsRead) return named.place;
  const answeredBy = memberOfAnswer(header, asked.memberId);
  const place = answeredBy === undefined ? -1 : loop.rows.memberPlace(answeredBy);
  named.headsRead = headsRead;
  named.place = answeredBy !== undefined && place < 0 ? undefined : place;
  return named.place;
}

/** An exchange as everywhere else, for what has more to tell. */
export function recordWhole(lane: Lane, outcome: Outcome, isReusable: boolean, endUs: number): void {
  const { loop, asked, sentUs, readyUs, isNew, expected } = lane;
  const connection = lane.connection as Connection;
  const { reusable, retryAfter, keepAlive, phasesUs, ...answered } = answeredOf(
    lane.reception as Reception,
    outcome,
    isReusable,
    readyUs,
    endUs,
    asked,
    expected,
  );
  pauseRoute(loop.state, loop.route, answered, retryAfter);
  loop.record({
    ...baseOf(lane, sentUs),
    sentUs,
    connection: connectionFacts(connection, isNew, sentUs),
    phasesUs: isNew ? { ...connection.phasesUs, ...phasesUs } : phasesUs,
    ...answered,
    ...firstSight(loop.route, connection.certificate),
  });
}

/** What is known of a request when it is due. */
export function baseOf(
  { loop, seq }: Lane,
  dueUs: number,
): Pick<Exchange, 'seq' | 'requestId' | 'experimentId' | 'route' | 'requestName' | 'tag' | 'dueUs'> {
  return {
    seq,
    requestId: requestIdOf(loop.state.setup.runId, seq),
    experimentId: loop.experimentId,
    route: loop.shape.route,
    requestName: loop.spec.name,
    tag: { kind: 'load' },
    dueUs,
  };
}
