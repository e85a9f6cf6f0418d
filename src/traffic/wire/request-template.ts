/** Requests written once: only what differs from one to the next is put in each time. */
import type { RequestSpec } from '../../model/profile.ts';
import type { Written } from '../exchange.ts';
import type { RouteTarget, SenderSetup } from '../protocol.ts';
import { prepareRequest } from '../request.ts';
import type { ShotShape } from '../schedule.ts';
import { bodyBytes, joinRequest, requestHead, requestProblem } from './request-bytes.ts';

/** Stands for the id while the request is written: no header of a user may hold it. */
const HOLE = '\0id\0';
/** An id has as many digits. */
const SOME_ID = '0'.repeat(16);

export type Template = {
  readonly cookie: string;
  readonly delayMs: number | undefined;
  /** The head, cut where the id goes. */
  readonly pieces: readonly string[];
  readonly body: Buffer | undefined;
  /** Why it cannot be sent. */
  readonly problem: string | undefined;
};

/** Of one route, by name of the request. */
export type Templates = Map<string, Template>;

/** The request as it goes out over HTTP/1.1, with its id in it. */
export function writeRequest(
  templates: Templates,
  spec: RequestSpec,
  route: RouteTarget,
  setup: SenderSetup,
  requestId: string,
  shape: Pick<ShotShape, 'delayMs' | 'limitUs' | 'connection'>,
  cookie: string,
): Omit<Written, 'wantsAnswer'> {
  let template = templates.get(spec.name);
  if (template === undefined || template.cookie !== cookie || template.delayMs !== shape.delayMs) {
    template = templateOf(spec, route, setup, shape, cookie);
    templates.set(spec.name, template);
  }
  return {
    method: spec.method,
    limitUs: shape.limitUs ?? setup.limits.requestTimeoutUs,
    maxBodyBytes: setup.limits.maxBodyBytes,
    spec,
    memberId: setup.memberId,
    connectionHeader: setup.connectionHeader,
    bytes: joinRequest(template.pieces.join(requestId), template.body),
    problem: template.problem,
  };
}

export function templateOf(
  spec: RequestSpec,
  route: RouteTarget,
  setup: SenderSetup,
  shape: Pick<ShotShape, 'delayMs' | 'connection'>,
  cookie: string,
): Template {
  const parts = prepareRequest(spec, route, setup, setup, HOLE, shape, cookie);
  // Checked with an id in it: the hole itself is no character of a request.
  const problem = requestProblem(prepareRequest(spec, route, setup, setup, SOME_ID, shape, cookie));
  return {
    cookie,
    delayMs: shape.delayMs,
    pieces: requestHead(parts).split(HOLE),
    body: bodyBytes(parts.body),
    problem,
  };
}
