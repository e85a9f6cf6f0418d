/** A member with faults and habits that the lab's member does not have. Its page is the same on every member. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDelays, drawServiceMs } from '../../../src/lab/member-service.ts';
import type { ServiceTime } from '../../../src/lab/options.ts';
import { createRandom } from '../../../src/model/random.ts';

/** A share of requests (0..1) on one path, or on all. */
type Part = { readonly ratio: number; readonly path?: string };

export type QuirkOptions = {
  /** A mixture: each request draws one of them by its share. */
  readonly services: readonly { readonly share: number; readonly service: ServiceTime }[];
  /** `Connection: close` on each answer, which is legal. */
  readonly closeEach?: boolean;
  /** Answers of the application other than 200. */
  readonly answers?: readonly (Part & {
    readonly status: number;
    readonly body?: string;
    readonly retryAfterSec?: number;
  })[];
  /** More per second and it answers 429. */
  readonly limitPerSec?: number;
  /** The application gives up by itself after this long and answers 500. */
  readonly ownTimeoutMs?: number;
  /** Head and half of the body, then nothing for `ms`, then the rest. */
  readonly bodyStall?: Part & { readonly ms: number };
  /** An event stream: so many pieces, one after the other. */
  readonly stream?: { readonly path: string; readonly pieces: number; readonly everyMs: number };
  /** One header of this size. */
  readonly bigHeader?: Part & { readonly bytes: number };
  /** Head and body in two writes with Nagle's algorithm on. */
  readonly splitWrites?: boolean;
  /** Listens and refuses in turn. */
  readonly flap?: { readonly upMs: number; readonly downMs: number };
  /** From `atMs` after the first request, for `forMs`, each answer takes `addMs` more. */
  readonly incident?: { readonly atMs: number; readonly forMs: number; readonly addMs: number };
  /** Service times swing around their value. */
  readonly swing?: { readonly periodMs: number; readonly amplitudeRatio: number };
  readonly keepAliveMs?: number;
};

export type QuirkMemberOptions = QuirkOptions & {
  readonly name: string;
  readonly seed: number;
};

const PAGE = `<!DOCTYPE html>\n<title>Lab member</title>\n${'<p>Every member writes the same bytes here.</p>\n'.repeat(12)}`;
const DEFAULT_KEEP_ALIVE_MS = 120_000;

export async function startQuirkMember(
  options: QuirkMemberOptions,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const delays = createDelays();
  const decide = createDecisions(options);
  const server = http.createServer({ noDelay: options.splitWrites !== true }, (request, response) => {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://member');
    const { serviceMs, send } = decide(url);
    delays.after(serviceMs, () => {
      if (!response.destroyed) send(response);
    });
  });
  server.keepAliveTimeout = options.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS;
  server.keepAliveTimeoutBuffer = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (options.flap !== undefined) flap(server, port, options.flap, delays.after);
  return {
    port,
    async stop() {
      delays.stop();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Decision = { readonly serviceMs: number; send(response: http.ServerResponse): void };

function createDecisions(options: QuirkMemberOptions): (url: URL) => Decision {
  const root = createRandom(options.seed);
  const draws = { service: root.fork('service'), mixture: root.fork('mixture'), fate: root.fork('fate') };
  const isLimited = createLimit(options.limitPerSec);
  const change = createChange(options);
  const hits = (part: Part | undefined, path: string, chance: number): boolean =>
    part !== undefined && (part.path === undefined || part.path === path) && chance < part.ratio;
  return (url) => {
    const chance = draws.fate.next();
    const asked = url.searchParams.get('ms');
    const service = chooseService(options, draws.mixture.next());
    const drawnMs = change(drawServiceMs(service, draws.service));
    const serviceMs = asked === null || asked === '' ? drawnMs : Number(asked);
    if (isLimited()) return plain(0, 429, 'Too many requests.\n', options, { 'Retry-After': '1' });
    const other = options.answers?.find((answer) => hits(answer, url.pathname, chance));
    if (other !== undefined) {
      const headers: Record<string, string> =
        other.retryAfterSec === undefined ? {} : { 'Retry-After': String(other.retryAfterSec) };
      return plain(serviceMs, other.status, other.body ?? `Status ${other.status}\n`, options, headers);
    }
    if (options.ownTimeoutMs !== undefined && serviceMs > options.ownTimeoutMs)
      return plain(options.ownTimeoutMs, 500, 'The query did not answer in time.\n', options);
    if (hits(options.bodyStall, url.pathname, chance))
      return { serviceMs, send: (response) => sendStalled(response, options, options.bodyStall?.ms ?? 0) };
    const { stream } = options;
    if (stream !== undefined && stream.path === url.pathname)
      return { serviceMs, send: (response) => sendStream(response, options, stream) };
    const big: Record<string, string> = hits(options.bigHeader, url.pathname, chance)
      ? { 'X-Debug': 'd'.repeat(options.bigHeader?.bytes ?? 0) }
      : {};
    return plain(serviceMs, 200, PAGE, options, big);
  };
}

function chooseService({ services }: QuirkOptions, chance: number): ServiceTime {
  let rest = chance;
  for (const { share, service } of services) {
    rest -= share;
    if (rest < 0) return service;
  }
  return services.at(-1)?.service ?? { kind: 'constant', ms: 0 };
}

function createLimit(perSec: number | undefined): () => boolean {
  let second = 0;
  let count = 0;
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) count = 0;
    second = now;
    count++;
    return perSec !== undefined && count > perSec;
  };
}

/** How the time of day changes a service time. */
function createChange({ swing, incident }: QuirkOptions): (ms: number) => number {
  let firstMs: number | undefined;
  return (ms) => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    const sinceMs = nowMs - firstMs;
    const swung =
      swing === undefined ? ms : ms * (1 + swing.amplitudeRatio * Math.sin((2 * Math.PI * sinceMs) / swing.periodMs));
    const isHit = incident !== undefined && sinceMs >= incident.atMs && sinceMs < incident.atMs + incident.forMs;
    return isHit ? swung + incident.addMs : swung;
  };
}

function plain(
  serviceMs: number,
  status: number,
  body: string,
  options: QuirkMemberOptions,
  headers: Readonly<Record<string, string>> = {},
): Decision {
  return {
    serviceMs,
    send(response) {
      setHeaders(response, options);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.statusCode = status;
      response.setHeader('Content-Length', Buffer.byteLength(body));
      if (options.splitWrites === true) response.flushHeaders();
      response.end(body);
    },
  };
}

function sendStalled(response: http.ServerResponse, options: QuirkMemberOptions, ms: number): void {
  setHeaders(response, options);
  const half = Math.ceil(PAGE.length / 2);
  response.setHeader('Content-Length', PAGE.length);
  response.write(PAGE.slice(0, half));
  const timer = setTimeout(() => response.end(PAGE.slice(half)), ms);
  response.once('close', () => clearTimeout(timer));
}

function sendStream(
  response: http.ServerResponse,
  options: QuirkMemberOptions,
  { pieces, everyMs }: NonNullable<QuirkOptions['stream']>,
): void {
  setHeaders(response, options);
  response.setHeader('Content-Type', 'text/event-stream');
  let sent = 0;
  const next = (): void => {
    sent++;
    const piece = `data: step ${sent} of ${pieces}\n\n`;
    if (sent === pieces) response.end(piece);
    else response.write(piece);
    if (sent === pieces) clearInterval(timer);
  };
  const timer = setInterval(next, everyMs);
  response.once('close', () => clearInterval(timer));
  next();
}

function setHeaders(response: http.ServerResponse, { name, closeEach }: QuirkMemberOptions): void {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Server', 'quirk-member');
  response.setHeader('X-Member', name);
  if (closeEach === true) response.setHeader('Connection', 'close');
  // Members do not announce how long they keep a connection: gateways would spare us the race.
  else response.removeHeader('Connection');
}

function flap(
  server: http.Server,
  port: number,
  { upMs, downMs }: NonNullable<QuirkOptions['flap']>,
  after: (ms: number, done: () => void) => void,
): void {
  const goDown = (): void => {
    server.close();
    server.closeAllConnections();
    after(downMs, goUp);
  };
  const goUp = (): void => {
    server.listen(port, '127.0.0.1');
    after(upMs, goDown);
  };
  after(upMs, goDown);
}
