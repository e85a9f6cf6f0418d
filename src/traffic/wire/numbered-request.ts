/** A request whose bytes are written once; each time only its number goes in. */
import type { RequestSpec } from '../../model/profile.ts';
import type { RouteTarget, SenderSetup } from '../protocol.ts';
import type { ShotShape } from '../schedule.ts';
import { SEND_BUFFER_BYTES } from './channel.ts';
import { templateOf } from './request-template.ts';

/** Its bytes are overwritten by `putId`. */
export type Numbered = {
  readonly cookie: string;
  readonly bytes: Buffer;
  /** Where the digits of the number end. */
  readonly idEnds: readonly number[];
  /** It fits into what any system keeps for sending: it is out when `write` returns. */
  readonly isShort: boolean;
  /** Why it cannot be sent. */
  readonly problem: string | undefined;
};

const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Of an id: the first half is the run's, the second the number's (see `requestIdOf`). */
const RUN_DIGITS = 8;
const NUMBER_DIGITS = 8;

export function createNumbered(
  spec: RequestSpec,
  route: RouteTarget,
  setup: SenderSetup,
  shape: Pick<ShotShape, 'delayMs' | 'connection'>,
  cookie: string,
): Numbered {
  const { pieces, body, problem } = templateOf(spec, route, setup, shape, cookie);
  const id = setup.runId.slice(0, RUN_DIGITS) + '0'.repeat(NUMBER_DIGITS);
  const idEnds: number[] = [];
  let at = 0;
  for (const piece of pieces.slice(0, -1)) {
    at += piece.length + id.length;
    idEnds.push(at);
  }
  const head = Buffer.from(pieces.join(id), 'latin1');
  const bytes = body === undefined ? head : Buffer.concat([head, body]);
  return { cookie, bytes, idEnds, isShort: bytes.length <= SEND_BUFFER_BYTES, problem };
}

/** Numbers of more than 8 digits do not occur: `limits.maxRequests` is far below. */
export function putId({ bytes, idEnds }: Numbered, seq: number): void {
  for (const end of idEnds) {
    let rest = seq;
    for (let at = end - 1; at >= end - NUMBER_DIGITS; at--) {
      bytes[at] = DIGITS[rest & 15] as number;
      rest >>>= 4;
    }
  }
}
