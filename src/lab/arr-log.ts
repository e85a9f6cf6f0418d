import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { openW3cLog, w3cValues } from './iis-log.ts';

/** The client went away: ERROR_NETNAME_DELETED stands in place of any other code, with no bytes sent. */
const CLIENT_LEFT = 64;

/** What the gateway logs of a request when it is over. */
export type LogResult = {
  readonly status: number;
  readonly substatus: number;
  readonly win32Status: number;
  /** Status of the member; absent where none answered. */
  readonly serverStatus: number | undefined;
  readonly clientLeft: boolean;
};

export type GatewayLog = {
  /** Begins a request; its time taken runs from here. The row is written by the call of what is returned. */
  begin(request: IncomingMessage, logId: string): (result: LogResult) => void;
  /** Writes what is buffered; later rows are ignored. Rejects when a row could not be written. */
  stop(): Promise<void>;
};

const NO_LOG: GatewayLog = { begin: () => () => {}, stop: async () => {} };

/** The W3C log of the gateway's site. ARR appends its marks to the query of its own log only. */
export function openGatewayLog(folder: string | undefined): GatewayLog {
  if (folder === undefined) return NO_LOG;
  const log = openW3cLog(folder);
  const bytesSeen = new WeakMap<Socket, { readonly sent: number; readonly received: number }>();
  let stopped = false;
  return {
    begin(request, logId) {
      const beganMs = performance.now();
      const { socket, headers, url = '/' } = request;
      // A closed socket no longer knows its addresses.
      const { remoteAddress = '', localPort = 0 } = socket;
      const earlier = bytesSeen.get(socket) ?? { sent: 0, received: 0 };
      const at = url.indexOf('?');
      return ({ status, substatus, win32Status, serverStatus, clientLeft }) => {
        if (stopped) return;
        bytesSeen.set(socket, { sent: socket.bytesWritten, received: socket.bytesRead });
        const row = w3cValues({
          method: request.method ?? 'GET',
          path: stemOf(at < 0 ? url : url.slice(0, at)),
          query: queryOf(at < 0 ? '' : url.slice(at + 1), logId, serverStatus),
          serverPort: localPort,
          clientIp: remoteAddress,
          userAgent: headers['user-agent'],
          referer: headers.referer,
          status,
          substatus,
          win32Status: clientLeft ? CLIENT_LEFT : win32Status,
          bytesSent: clientLeft ? 0 : socket.bytesWritten - earlier.sent,
          bytesReceived: socket.bytesRead - earlier.received,
          takenMs: performance.now() - beganMs,
        });
        log.write(row);
      };
    },
    async stop() {
      stopped = true;
      await log.close();
    },
  };
}

/** The path as IIS logs it: decoded, where it can be. */
function stemOf(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function queryOf(query: string, logId: string, serverStatus: number | undefined): string {
  const marks = ['X-ARR-CACHE-HIT=0', `X-ARR-LOG-ID=${logId}`];
  if (serverStatus !== undefined) marks.push(`SERVER-STATUS=${serverStatus}`);
  return (query === '' ? marks : [query, ...marks]).join('&');
}
