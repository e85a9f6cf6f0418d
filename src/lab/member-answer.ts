import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Long enough for bytes on the loopback to be read before a reset, which may discard them at the receiver, overtakes them. */
const RESET_AFTER_MS = 20;

/** The page that http.sys writes itself, byte for byte (326). */
const UNAVAILABLE_PAGE = [
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">',
  '<HTML><HEAD><TITLE>Service Unavailable</TITLE>',
  '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>',
  '<BODY><h2>Service Unavailable</h2>',
  '<hr><p>HTTP Error 503. The service is unavailable.</p>',
  '</BODY></HTML>',
  '',
].join('\r\n');

const GARBAGE = '\x15\x03\x01 this is not an answer in HTTP \x00\xff\r\n\r\n';

export type Ending = 'fin' | 'rst';

/** A page that depends on path and status only, so that members answer alike. */
function page(path: string, status: number): string {
  const shown = path.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  const title = status < 400 ? 'Lab member' : `${status} - ${STATUS_CODES[status] ?? 'Error'}`;
  return [
    '<!DOCTYPE html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>`,
    `<body><h1>${title}</h1>`,
    `<p>This page answers ${shown}.</p>`,
    '<p>Every member of the farm writes the same bytes here, so that an answer can be compared between routes.</p>',
    '</body></html>',
    '',
  ].join('\r\n');
}

/** The body of an answer: the path's page, or filler when the caller asked for a size. */
export function createBody(path: string, status: number, bytes: number | undefined): Buffer {
  return bytes === undefined ? Buffer.from(page(path, status)) : Buffer.alloc(bytes, 'gateprobe lab member.\r\n');
}

function setHeaders(response: ServerResponse, memberName: string | undefined): void {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Server', 'Microsoft-IIS/10.0');
  response.setHeader('X-Powered-By', 'ASP.NET');
  if (memberName !== undefined) response.setHeader('X-Member', memberName);
  // IIS never announces its keep-alive time; Node would, and clients would spare us the race that a lab must show.
  response.removeHeader('Connection');
}

/** A whole answer. `memberName` is absent when it must not be told. */
export function sendAnswer(
  response: ServerResponse,
  status: number,
  body: Buffer,
  memberName: string | undefined,
): void {
  setHeaders(response, memberName);
  response.statusCode = status;
  const empty = status === 204 || status === 304;
  if (!empty) response.setHeader('Content-Length', body.length);
  response.end(empty ? undefined : body);
}

/** Half an answer, then the end of the connection. */
export function sendCutAnswer(
  response: ServerResponse,
  cut: { readonly status: number; readonly body: Buffer; readonly framing: 'length' | 'chunked'; readonly by: Ending },
  memberName: string | undefined,
): void {
  setHeaders(response, memberName);
  response.statusCode = cut.status;
  if (cut.framing === 'length') response.setHeader('Content-Length', cut.body.length);
  const socket = response.socket;
  response.write(cut.body.subarray(0, Math.ceil(cut.body.length / 2)), () => {
    if (socket !== null) endConnection(socket, cut.by, RESET_AFTER_MS);
  });
}

/** Ends a connection for both directions: with FIN after what is still to be written, or with RST after `resetAfterMs`. */
export function endConnection(socket: Socket, by: Ending, resetAfterMs = 0): void {
  if (by === 'fin') socket.destroySoon();
  else if (resetAfterMs === 0) socket.resetAndDestroy();
  else setTimeout(() => socket.resetAndDestroy(), resetAfterMs);
}

/** Bytes that no HTTP client can read, then FIN. */
export function sendGarbage(socket: Socket): void {
  socket.write(Buffer.from(GARBAGE, 'latin1'));
  socket.destroySoon();
}

/** The immediate refusal of http.sys when the request queue is full. */
export function sendQueueFull(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.writeHead(503, {
    'Content-Type': 'text/html; charset=us-ascii',
    Server: 'Microsoft-HTTPAPI/2.0',
    Connection: 'close',
    'Content-Length': Buffer.byteLength(UNAVAILABLE_PAGE),
  });
  response.end(UNAVAILABLE_PAGE);
}
