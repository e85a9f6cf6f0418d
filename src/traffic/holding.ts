/** Holding a used connection idle, to learn when and how the other side closes it. */
import type { HeldFacts } from '../model/exchange.ts';
import { type Clock, US_PER_SEC } from '../model/time.ts';
import type { Connection } from './connection.ts';

/**
 * Waits until the other side closes the connection, or `upToUs` after its last answer. Never rejects. `onAbortable` is given
 * a function that ends the wait. Undefined where it was not kept at all: after an answer with `Connection: close` our own
 * side ends it.
 */
export function holdIdle(
  connection: Connection,
  upToUs: number,
  clock: Clock,
  onAbortable: (abort: () => void) => void,
): Promise<Omit<HeldFacts, 'advertisedUs'> | undefined> {
  const sinceUs = connection.lastEndUs ?? clock.nowUs();
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      connection.onClosed = undefined;
      const { closedBy, socket } = connection;
      socket.off('close', settle);
      if (closedBy !== undefined) resolve({ idleUs: clock.nowUs() - sinceUs, closedBy });
      else resolve(socket.destroyed ? undefined : { idleUs: clock.nowUs() - sinceUs });
    };
    const timer = setTimeout(settle, Math.max(0, upToUs - (clock.nowUs() - sinceUs)) / 1_000);
    onAbortable(settle);
    connection.onClosed = settle;
    connection.socket.once('close', settle);
    // It may have come with the answer.
    if (connection.closedBy !== undefined || connection.socket.destroyed) settle();
  });
}

/** `Keep-Alive: timeout=5, max=100` → 5 s. */
export function advertisedUs(keepAlive: string | undefined): number | undefined {
  const seconds = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i.exec(keepAlive ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * US_PER_SEC;
}
