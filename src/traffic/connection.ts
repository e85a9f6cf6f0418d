/** Connections that we make ourselves, so that their identity, phases and ends are seen. */
import net from 'node:net';
import tls from 'node:tls';
import type { Client } from 'undici';
import type { CertificateFacts, Outcome, PhaseName } from '../model/exchange.ts';
import type { Limits } from '../model/profile.ts';
import type { Clock } from '../model/time.ts';
import { certificateFacts } from './certificate.ts';
import { failureOutcome, forwardProxyError, goneError } from './failure.ts';
import type { RouteTarget } from './protocol.ts';
import { secureContextOf } from './secure-context.ts';
import { type Channel, createChannel, type Inlet, inletOption } from './wire/channel.ts';
import { createGathered, type Gathered } from './wire/gathered.ts';

/** An open connection to one route. Mutable: the pool and the exchange on it keep its state up to date. */
export type Connection = {
  readonly id: number;
  readonly socket: net.Socket;
  /** HTTP/2 only. */
  readonly client: Client | undefined;
  /** HTTP/1.1 only. */
  readonly channel: Channel | undefined;
  /** The start of the body of its latest answer. */
  readonly bodyStart: Gathered;
  readonly localPort: number | undefined;
  readonly openedUs: number;
  readonly phasesUs: Readonly<Partial<Record<PhaseName, number>>>;
  /** What the other side showed in the handshake. */
  readonly certificate: CertificateFacts | undefined;
  /** End of the last answer; undefined before the first. */
  lastEndUs: number | undefined;
  uses: number;
  /** How many attempts to the same route were under way when it was opened; the pool counts them. */
  openedBehind: number;
  closedBy: 'fin' | 'rst' | undefined;
  /** Called once when the other side closes it. */
  onClosed: (() => void) | undefined;
};

export type ConnectFailure = {
  readonly outcome: Outcome;
  readonly phasesUs: Readonly<Partial<Record<PhaseName, number>>>;
  /** Also of a handshake that failed because of it. */
  readonly certificate?: CertificateFacts;
};
export type ConnectResult = { readonly connection: Connection } | { readonly failure: ConnectFailure };

/** No timer of undici may end anything: a day is longer than any run of one request. Its hint handling is disarmed by the threshold. */
const DAY_MS = 86_400_000;
/** Larger than any sensible header block, smaller than an attack: beyond it the answer counts as too large. */
const MAX_HEADER_BYTES = 64 * 1024;

let nextConnectionId = 1;
let connectionIdStep = 1;

/** Connections of this thread are numbered so from now on: several threads must not give the same number. */
export function numberConnections(first: number, step: number): void {
  nextConnectionId = first;
  connectionIdStep = step;
}

type ClientClass = typeof Client;

/** Loads what speaks HTTP/2. Only where a target may: it takes longer to load than all else of the sending thread. */
export async function loadHttp2(): Promise<ClientClass> {
  return (await import('undici')).Client;
}

/**
 * Opens a connection: TCP to the resolved address (never two families at once), an optional CONNECT through a forward
 * proxy, an optional TLS handshake. Never rejects.
 */
export async function openConnection(
  route: RouteTarget,
  limits: Limits,
  trusted: readonly string[],
  clock: Clock,
): Promise<ConnectResult> {
  const phasesUs: Partial<Record<PhaseName, number>> = {};
  if (route.address === undefined) {
    const outcome = failureOutcome(
      Object.assign(new Error(route.resolveError ?? 'the name does not resolve'), { code: 'ENOTFOUND' }),
      { phase: 'dns', bytesReceived: 0 },
    );
    return { failure: { outcome, phasesUs } };
  }
  const http2 = route.target.http === 2 ? await loadHttp2() : undefined;
  const limitMs = Math.ceil(limits.connectTimeoutUs / 1_000);
  // Before the clock starts: what it takes us is no time of the target's.
  const secureOptions = route.secure ? tlsOptions(route, trusted) : {};
  const startUs = clock.nowUs();
  // The answer of a forward proxy, TLS through it and HTTP/2 are read as streams.
  const isDirect = route.target.httpProxy === undefined;
  const inlet: Inlet | undefined = isDirect && http2 === undefined ? { channel: undefined } : undefined;
  const options = {
    ...endpointOf(route, route.address),
    autoSelectFamily: false,
    ...(inlet === undefined ? {} : { onread: inletOption(inlet) }),
  };
  // Where nothing is in between, TLS connects by itself: on a socket of ours it would read as a stream.
  const isSecureAtOnce = route.secure && isDirect;
  const socket = isSecureAtOnce
    ? tls.connect({ ...options, ...secureOptions }).setNoDelay(true)
    : net.connect({ ...options, noDelay: true });
  let phase: PhaseName = 'connect';
  let current: net.Socket = socket;
  let timedOut = false;
  let certificate: CertificateFacts | undefined;
  const timer = setTimeout(() => {
    timedOut = true;
    socket.destroy(new Error('connect timed out'));
  }, limitMs);
  try {
    await eventOf(socket, 'connect');
    if (route.target.httpProxy !== undefined) await tunnel(socket, route);
    phasesUs.connect = clock.nowUs() - startUs;
    if (route.secure) {
      phase = 'tls';
      const tlsStartUs = clock.nowUs();
      const secure = isSecureAtOnce ? (socket as tls.TLSSocket) : tls.connect({ socket, ...secureOptions });
      current = secure;
      // Emitted before the certificate is verified; a socket that failed on it has none to show any more.
      secure.prependListener('secure', () => {
        certificate = certificateFacts(secure);
      });
      await eventOf(secure, 'secureConnect');
      phasesUs.tls = clock.nowUs() - tlsStartUs;
    }
    const isSecond = (current as tls.TLSSocket).alpnProtocol === 'h2';
    const client = isSecond && http2 !== undefined ? clientOn(http2, route, current) : undefined;
    return { connection: wrap(current, client, inlet, limits, phasesUs, certificate, clock.nowUs()) };
  } catch (error) {
    socket.destroy();
    if (phase === 'connect') phasesUs.connect = clock.nowUs() - startUs;
    const outcome: Outcome = timedOut
      ? { kind: 'timeout', waitingFor: 'connect', limitUs: limits.connectTimeoutUs, bytesReceived: 0 }
      : failureOutcome(error, { phase, bytesReceived: 0 });
    return { failure: { outcome, phasesUs, ...(certificate === undefined ? {} : { certificate }) } };
  } finally {
    clearTimeout(timer);
  }
}

function endpointOf(route: RouteTarget, address: string): { host: string; port: number; family?: number } {
  if (route.target.httpProxy === undefined) return { host: address, port: route.port, family: route.family ?? 4 };
  const proxy = new URL(route.target.httpProxy);
  return { host: proxy.hostname, port: Number(proxy.port || 80) };
}

function tlsOptions(route: RouteTarget, trusted: readonly string[]): tls.ConnectionOptions {
  const { tls: settings, http } = route.target;
  const name = serverName(route);
  return {
    // RFC 6066 forbids an address as SNI.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: settings.verify,
    ALPNProtocols: http === 2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    secureContext: secureContextOf(settings, trusted),
    // Node does not know whom an open socket leads to: without a server name it would check "localhost".
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
  };
}

/** Whom the certificate must name: the SNI as given, else the host header's name or address, else the URL's. */
function serverName(route: RouteTarget): string {
  const { sni, host } = route.target;
  return sni ?? host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '') ?? route.hostname;
}

function eventOf(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      socket.off(event, onReady).off('error', settle).off('close', onClose);
      error === undefined ? resolve() : reject(error);
    };
    const onReady = (): void => settle();
    const onClose = (): void => settle(Object.assign(new Error(`closed during ${event}`), { code: 'ECONNRESET' }));
    socket.on(event, onReady).on('error', settle).on('close', onClose);
  });
}

/** CONNECT through a forward proxy (RFC 9110 §9.3.6). */
async function tunnel(socket: net.Socket, route: RouteTarget): Promise<void> {
  const authority = `${route.hostname.includes(':') ? `[${route.hostname}]` : route.hostname}:${route.port}`;
  const proxy = new URL(route.target.httpProxy as string);
  const credentials =
    proxy.username === ''
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`);
  const head = await readHead(socket);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined || !status.startsWith('2'))
    throw forwardProxyError(`the forward proxy answered CONNECT with: ${head.split('\r\n', 1)[0]}`);
}

function readHead(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = '';
    const settle = (error?: Error): void => {
      socket.off('data', onData).off('error', settle).off('close', onClose);
      socket.pause();
      error === undefined ? resolve(head) : reject(error);
    };
    const onClose = (): void => settle(forwardProxyError('the forward proxy closed the connection'));
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (head.includes('\r\n\r\n')) settle();
      else if (head.length > MAX_HEADER_BYTES) settle(forwardProxyError('the forward proxy sent an endless header'));
    };
    socket.on('data', onData).on('error', settle).on('close', onClose);
  });
}

function wrap(
  socket: net.Socket,
  client: Client | undefined,
  inlet: Inlet | undefined,
  limits: Limits,
  phasesUs: Partial<Record<PhaseName, number>>,
  certificate: CertificateFacts | undefined,
  openedUs: number,
): Connection {
  const id = nextConnectionId;
  nextConnectionId += connectionIdStep;
  const closedBy = (how: 'fin' | 'rst'): void => {
    if (connection.closedBy !== undefined) return;
    connection.closedBy = how;
    connection.onClosed?.();
  };
  // Before all other listeners: who hears of the end asks how it came.
  socket.prependListener('end', () => closedBy('fin'));
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') closedBy('rst');
  });
  const connection: Connection = {
    id,
    socket,
    client,
    channel:
      client === undefined
        ? createChannel(socket, inlet, { maxHeadBytes: MAX_HEADER_BYTES, maxBodyBytes: limits.maxBodyBytes })
        : undefined,
    bodyStart: createGathered(),
    localPort: socket.localPort,
    openedUs,
    phasesUs: { ...phasesUs },
    certificate,
    lastEndUs: undefined,
    uses: 0,
    openedBehind: 0,
    closedBy: undefined,
    onClosed: undefined,
  };
  return connection;
}

/** undici for HTTP/2, on this socket and no other. */
function clientOn(Client: ClientClass, route: RouteTarget, socket: net.Socket): Client {
  let handedOver = false;
  return new Client(
    `${route.secure ? 'https' : 'http'}://${route.hostname.includes(':') ? `[${route.hostname}]` : route.hostname}:${route.port}`,
    {
      // undici would open a second connection after the first is gone: that would be a silent retry.
      connect: (_options, callback) => {
        const isFirst = !handedOver;
        handedOver = true;
        // Called back at once, undici would not notice that it is connected.
        queueMicrotask(() => (isFirst ? callback(null, socket) : callback(goneError(), null)));
      },
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: DAY_MS,
      keepAliveMaxTimeout: DAY_MS,
      keepAliveTimeoutThreshold: -DAY_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      allowH2: true,
    },
  );
}

/** Closes without waiting for anything; a closed connection is closed once more without harm. */
export function closeConnection(connection: Connection): void {
  connection.client?.destroy().catch(() => {});
  connection.socket.destroy();
}
