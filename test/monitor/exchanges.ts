/** Made-up exchanges and profiles of a monitor. */
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import type { Profile } from '../../src/model/profile.ts';
import type { RouteId } from '../../src/model/route.ts';
import { membersAt, type ProfileParts, profileOf, targetOf } from '../traffic/sending-setup.ts';

export function statusOf(status: number): Outcome {
  return { kind: 'response', status, bodyBytes: 2, complete: true, bodyDigest: 1 };
}

export const REFUSED: Extract<Outcome, { kind: 'connection-error' }> = {
  kind: 'connection-error',
  phase: 'connect',
  code: 'refused',
  detail: 'refused',
  bytesReceived: 0,
};

let lastSeq = 0;
/** 10 ms after its begin it has its answer. */
export function exchangeOf(route: RouteId, outcome: Outcome = statusOf(200), more: Partial<Exchange> = {}): Exchange {
  const seq = ++lastSeq;
  const dueUs = more.dueUs ?? 0;
  return {
    seq,
    requestId: seq.toString(16).padStart(16, '0'),
    experimentId: 'scheduled',
    route,
    requestName: 'home',
    dueUs,
    sentUs: dueUs,
    endUs: dueUs + 10_000,
    connection: { id: seq, isNew: true, ageUs: 0, idleUs: 0 },
    outcome,
    ...more,
  };
}

/** A farm on ports where nothing needs to listen. */
export function farmOf(members: readonly string[], more: Partial<ProfileParts> = {}): Profile {
  const ports = Object.fromEntries(members.map((name, i) => [name, 10 + i]));
  return {
    ...profileOf({ gateway: targetOf('http://127.0.0.1:9'), members: membersAt(ports), ...more }),
    name: 'shop',
  };
}
