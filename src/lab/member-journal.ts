import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { openHttpErrLog, openW3cLog, w3cValues } from './iis-log.ts';

/** The peer went away: ERROR_NETNAME_DELETED, as IIS writes it. */
const PEER_LEFT = 64;

/** How one request goes into the logs of its machine. Each request writes one row, into the one log or the other. */
export type Entry = {
  /** The application answered; `peerLeft` when nobody was there to take it. */
  answered(status: number, peerLeft: boolean): void;
  /** http.sys ended it: the site's log knows nothing. `status` is absent when nothing was sent. */
  ended(reason: string, status?: number): void;
};

export type Journal = {
  /** Begins the entry of a request; its time taken runs from here. */
  begin(request: IncomingMessage, path: string, query: string): Entry;
  /** http.sys closed a connection that had no request. */
  idle(socket: Socket): void;
  /** Writes what is buffered; later rows are ignored. Rejects when a row could not be written. */
  stop(): Promise<void>;
};

/** For a member that keeps no logs. */
const NO_JOURNAL: Journal = {
  begin: () => ({ answered: () => {}, ended: () => {} }),
  idle: () => {},
  stop: async () => {},
};

/** The path as IIS logs it: decoded, where it can be. */
function stemOf(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** Client and server as a row of the http.sys log begins with them. */
function endsOf(socket: Socket): readonly (string | number | undefined)[] {
  const plain = (address: string | undefined): string | undefined => address?.replace(/^::ffff:/, '');
  return [plain(socket.remoteAddress), socket.remotePort, plain(socket.localAddress), socket.localPort];
}

/** Opens the site log and the http.sys log of one machine in `folder`. */
export function openJournal(folder: string | undefined): Journal {
  if (folder === undefined) return NO_JOURNAL;
  const site = openW3cLog(folder);
  const httpErr = openHttpErrLog(folder);
  const bytesSeen = new WeakMap<Socket, { readonly sent: number; readonly received: number }>();
  let stopped = false;
  return {
    begin: (request, path, query) => {
      const beginMs = performance.now();
      const { socket } = request;
      // A closed socket no longer knows its addresses.
      const ends = endsOf(socket);
      const method = request.method ?? 'GET';
      const earlier = bytesSeen.get(socket) ?? { sent: 0, received: 0 };
      let written = false;
      return {
        answered: (status, peerLeft) => {
          if (written || stopped) return;
          written = true;
          bytesSeen.set(socket, { sent: socket.bytesWritten, received: socket.bytesRead });
          const row = w3cValues({
            method,
            path: stemOf(path),
            query,
            serverPort: Number(ends[3] ?? 0),
            clientIp: String(ends[0] ?? ''),
            userAgent: request.headers['user-agent'],
            referer: request.headers.referer,
            status,
            substatus: 0,
            win32Status: peerLeft ? PEER_LEFT : 0,
            bytesSent: socket.bytesWritten - earlier.sent,
            bytesReceived: socket.bytesRead - earlier.received,
            takenMs: performance.now() - beginMs,
          });
          site.write(row);
        },
        ended: (reason, status) => {
          if (written || stopped) return;
          written = true;
          // One site and one application pool: a lab machine has no more.
          httpErr.write([...ends, 'HTTP/1.1', method, request.url, undefined, status, 1, reason, 'DefaultAppPool']);
        },
      };
    },
    idle: (socket) => {
      if (stopped) return;
      const nothing = undefined;
      const empty = [nothing, nothing, nothing, nothing, nothing, nothing];
      httpErr.write([...endsOf(socket), ...empty, 'Timer_ConnectionIdle', nothing]);
    },
    stop: async () => {
      stopped = true;
      await Promise.all([site.close(), httpErr.close()]);
    },
  };
}
