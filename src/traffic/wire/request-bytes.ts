/** A request as the bytes that go over the wire (RFC 9112 §3). */

export type RequestParts = {
  readonly method: string;
  readonly path: string;
  /** Flat list of names and values. */
  readonly headers: readonly string[];
  readonly body: string | undefined;
};

/** Latin-1 text, or bytes where there is a body. */
export type RequestBytes = string | Buffer;

/** With a problem it must not be sent. */
export type WrittenRequest = { readonly bytes: RequestBytes; readonly problem: string | undefined };

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\u0021-\u007e]+$/;
/** RFC 9110 §5.5: nothing that could end the line. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** Methods whose requests have a body by their meaning: without one they say so (RFC 9110 §8.6). */
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Why these parts would not be one request; undefined where they are. */
export function requestProblem({ method, path, headers }: RequestParts): string | undefined {
  if (!TOKEN.test(method)) return `the method is not a token: ${JSON.stringify(method)}`;
  if (!TARGET.test(path)) return `the path holds a character that is not allowed: ${JSON.stringify(path)}`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!TOKEN.test(name)) return `the name of a header is not a token: ${JSON.stringify(name)}`;
    if (!VALUE.test(headers[i + 1] as string)) return `the header ${name} holds a character that is not allowed`;
  }
  return undefined;
}

/** Status line and headers up to the empty line. The headers must not frame the body: that is done here. */
export function requestHead({ method, path, headers, body }: RequestParts): string {
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  text += 'Connection: keep-alive\r\n';
  if (body !== undefined && body !== '') text += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  else if (WITH_BODY.has(method)) text += 'Content-Length: 0\r\n';
  return `${text}\r\n`;
}

export function writtenRequest(parts: RequestParts): WrittenRequest {
  return { bytes: joinRequest(requestHead(parts), bodyBytes(parts.body)), problem: requestProblem(parts) };
}

/** UTF-8; undefined where there is nothing to send. */
export function bodyBytes(body: string | undefined): Buffer | undefined {
  return body === undefined || body === '' ? undefined : Buffer.from(body);
}

/** Head and body in one piece, for one write. */
export function joinRequest(head: string, body: Buffer | undefined): RequestBytes {
  return body === undefined ? head : Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
