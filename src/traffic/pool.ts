import type { Limits } from '../model/profile.ts';
import type { Clock } from '../model/time.ts';
import { type Connection, type ConnectResult, closeConnection, openConnection } from './connection.ts';
import type { RouteTarget } from './protocol.ts';
import { createReuseCount, type ReuseCount } from './reuse-count.ts';
import type { Channel } from './wire/channel.ts';

/** Bytes that no request had asked for, of one route. Mutable. */
export type StrayCount = { bytesBehindAnswers: number; bytesIdle: number; connections: number };

export function createStrayCount(): StrayCount {
  return { bytesBehindAnswers: 0, bytesIdle: 0, connections: 0 };
}

function countStray(channel: Channel, stray: StrayCount): void {
  let isFirst = true;
  channel.onStray = (bytes, isBehindAnswer) => {
    if (isFirst) stray.connections++;
    isFirst = false;
    if (isBehindAnswer) stray.bytesBehindAnswers += bytes;
    else stray.bytesIdle += bytes;
  };
}

/** The idle connections of one route. */
export type Pool = {
  /** An idle connection, the one used last (so that a low rate keeps few alive), or a new one. */
  acquire(connection: 'warm' | 'new'): Connection | Promise<ConnectResult>;
  /** Gives a connection back; closed ones and those of the `new` arm are dropped. */
  release(connection: Connection, reusable: boolean): void;
  /** Opens connections until `count` are idle. Failures are ignored: the exchange that needs one meets them itself. */
  prepare(count: number): Promise<void>;
  closeIdle(): void;
  /** The same, and whatever is given back from now on is closed: nobody will ask for it any more. */
  retire(): void;
};

/** `stray` and `reuse` are kept up to date. */
export function createPool(
  route: RouteTarget,
  limits: Limits,
  trusted: readonly string[],
  clock: Clock,
  stray?: StrayCount,
  reuse: ReuseCount = createReuseCount(),
): Pool {
  const idle: Connection[] = [];
  let opening = 0;
  let isRetired = false;

  async function open(): Promise<ConnectResult> {
    const ahead = opening++;
    const result = await openConnection(route, limits, trusted, clock);
    opening--;
    if ('connection' in result) {
      const { connection } = result;
      connection.openedBehind = ahead;
      if (connection.channel !== undefined && stray !== undefined) countStray(connection.channel, stray);
      // A connection that the other side closes while idle must not be handed out again.
      connection.socket.once('close', () => {
        const index = idle.indexOf(connection);
        if (index < 0) return;
        idle.splice(index, 1);
        reuse.lostIdle++;
      });
    }
    return result;
  }

  function closeIdle(): void {
    for (const connection of idle.splice(0)) closeConnection(connection);
  }

  return {
    acquire(kind) {
      while (kind === 'warm' && idle.length > 0) {
        const connection = idle.pop() as Connection;
        // An answer may come before the request is out: its rest would stand before the next one.
        if (isUsable(connection) && connection.channel?.isSending !== true) return connection;
        closeConnection(connection);
        reuse.lostIdle++;
      }
      return open();
    },
    release(connection, reusable) {
      if (isRetired) closeConnection(connection);
      else if (reusable && isUsable(connection)) idle.push(connection);
      else {
        closeConnection(connection);
        if (reusable) reuse.lostAfterAnswer++;
      }
    },
    async prepare(count) {
      const opened = await Promise.all(Array.from({ length: Math.max(0, count - idle.length) }, open));
      for (const result of opened) if ('connection' in result) idle.push(result.connection);
    },
    closeIdle,
    retire() {
      isRetired = true;
      closeIdle();
    },
  };
}

/** Whether a request may be sent on it, as far as we know. */
export function isUsable(connection: Connection): boolean {
  return (
    !connection.socket.destroyed &&
    connection.closedBy === undefined &&
    connection.channel?.isSpent !== true &&
    connection.socket.readable &&
    connection.socket.writable
  );
}
