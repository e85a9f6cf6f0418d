/** The real sending thread: which connection a request takes, TLS, HTTP/2, the forward proxy. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { outcomeKey } from '../../src/model/exchange.ts';
import type { Target } from '../../src/model/profile.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { closedPort, createServers, requestOf, startTestSender, type TestSender, targetOf } from './sending-setup.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const CERT = readFileSync(join(FIXTURES, 'traffic', 'tls', 'server.pem'), 'utf8');
const KEY = readFileSync(join(FIXTURES, 'traffic', 'tls', 'server-key.pem'), 'utf8');
const CLIENT_CERT = readFileSync(join(FIXTURES, 'profiles', 'tls', 'client.pem'), 'utf8');
const CLIENT_KEY = readFileSync(join(FIXTURES, 'profiles', 'tls', 'client-key.pem'), 'utf8');
/** In the certificate, and nowhere else. */
const NAME = 'shop.gateprobe.test';

type Seen = { readonly sni: unknown; readonly host: string | undefined; readonly version: string };

const servers = createServers();
const seen: Seen[] = [];
const connects: string[] = [];
/** Server's side of plain connections, by the port of the client. */
const plainSockets = new Map<number, net.Socket>();
let sender: TestSender;

const answer = (request: http.IncomingMessage | http2.Http2ServerRequest, response: { end(text: string): unknown }) => {
  const socket = request.socket as TLSSocket;
  const { ':authority': authority, host } = request.headers;
  seen.push({ sni: socket.servername, host: host ?? (authority as string | undefined), version: request.httpVersion });
  response.end('hello');
};

/** CONNECT to anything ends at `port`; a wrong name is refused. */
function proxyTo(port: number): http.Server {
  const proxy = http.createServer();
  proxy.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    connects.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    if (request.url?.startsWith('forbidden') === true) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const onward = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
  });
  return proxy;
}

before(async () => {
  const plainServer = http.createServer({ keepAliveTimeout: 60_000 }, answer);
  plainServer.on('connection', (socket: net.Socket) => plainSockets.set(socket.remotePort ?? 0, socket));
  const plain = await servers.listen(plainServer);
  const secure = await servers.listen(https.createServer({ cert: CERT, key: KEY }, answer));
  const mutual = await servers.listen(
    https.createServer({ cert: CERT, key: KEY, ca: CLIENT_CERT, requestCert: true }, answer),
  );
  const second = await servers.listen(http2.createSecureServer({ cert: CERT, key: KEY, allowHTTP1: true }, answer));
  const proxy = await servers.listen(proxyTo(plain));
  const secureProxy = await servers.listen(proxyTo(secure));
  const deaf = await servers.listen(net.createServer());
  const https1 = `https://127.0.0.1:${secure}`;
  const trusted = { verify: true, ca: CERT };
  const members: Record<string, Target> = {
    unknown: targetOf(https1),
    trusted: targetOf(https1, { tls: trusted }),
    'read-refused': targetOf(https1),
    'read-trusted': targetOf(https1, { tls: trusted }),
    unverified: targetOf(https1, { tls: { verify: false } }),
    named: targetOf(https1, { tls: trusted, host: `${NAME}:444`, sni: NAME }),
    'sni-of-host': targetOf(https1, { tls: trusted, host: `${NAME}:444` }),
    'wrong-name': targetOf(https1, { tls: trusted, sni: 'other.gateprobe.test' }),
    'other-address': targetOf(https1, { tls: trusted, host: '127.0.0.9' }),
    'host-only': targetOf(https1, { tls: trusted, host: 'other.gateprobe.test', sni: NAME }),
    'with-certificate': targetOf(`https://127.0.0.1:${mutual}`, {
      tls: { ...trusted, cert: CLIENT_CERT, key: CLIENT_KEY },
    }),
    'without-certificate': targetOf(`https://127.0.0.1:${mutual}`, { tls: trusted }),
    'plain-behind-tls': targetOf(`https://127.0.0.1:${plain}`, { tls: trusted }),
    deaf: targetOf(`https://127.0.0.1:${deaf}`, { tls: trusted }),
    h2: targetOf(`https://127.0.0.1:${second}`, { tls: trusted, http: 2, sni: NAME }),
    'h2-spoken-as-1': targetOf(`https://127.0.0.1:${second}`, { tls: trusted }),
    'h2-wanted-1-offered': targetOf(https1, { tls: trusted, http: 2 }),
    proxied: targetOf('http://web1.invalid:8080', { httpProxy: `http://us%40er:p%3Ass@127.0.0.1:${proxy}` }),
    'proxied-tls': targetOf(`https://${NAME}:8443`, { tls: trusted, httpProxy: `http://127.0.0.1:${secureProxy}` }),
    forbidden: targetOf('http://forbidden.invalid:1', { httpProxy: `http://127.0.0.1:${proxy}` }),
    'no-proxy-there': targetOf('http://web1.invalid:8080', { httpProxy: `http://127.0.0.1:${await closedPort()}` }),
  };
  sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${plain}`),
    members,
    requests: [requestOf()],
    limits: { connectTimeoutUs: 2_000_000 },
  });
});
after(async () => {
  await sender?.close();
  await servers.close();
});

async function assertFails(route: RouteId, key: string, detail?: RegExp): Promise<void> {
  const { outcome } = await sender.ask(route);
  assert.equal(outcomeKey(outcome), key, JSON.stringify(outcome));
  if (detail !== undefined) assert.match('detail' in outcome ? outcome.detail : '', detail);
}

describe('which connection a request takes', () => {
  test('a warm request takes the idle one; a new one opens its own and leaves none', async () => {
    sender.closeIdle();
    const first = await sender.ask(GATEWAY, { connection: 'warm' });
    const again = await sender.ask(GATEWAY, { connection: 'warm' });
    const fresh = await sender.ask(GATEWAY, { connection: 'new' });
    const last = await sender.ask(GATEWAY, { connection: 'warm' });
    assert.ok(first.connection && again.connection && fresh.connection && last.connection);
    assert.deepEqual(
      [first, again, fresh, last].map(({ connection }) => connection?.isNew),
      [true, false, true, false],
    );
    assert.equal(again.connection.id, first.connection.id);
    assert.equal(last.connection.id, first.connection.id);
    assert.equal(again.connection.localPort, first.connection.localPort);
    assert.notEqual(fresh.connection.id, first.connection.id);
    assert.deepEqual([fresh.connection.ageUs, fresh.connection.idleUs], [0, 0]);
    assert.equal(again.connection.idleUs, (again.sentUs as number) - first.endUs);
    assert.ok(again.connection.ageUs > again.connection.idleUs);
    assert.equal(typeof first.phasesUs?.connect, 'number');
    assert.equal(again.phasesUs?.connect, undefined);
  });

  test('prepare opens connections beforehand: a volley finds them', async () => {
    sender.closeIdle();
    await sender.prepare(GATEWAY, 5);
    const ended = await sender.send(Array.from({ length: 5 }, () => ({ route: GATEWAY })));
    assert.ok(ended.every(({ connection }) => connection?.isNew === false));
    assert.equal(new Set(ended.map(({ connection }) => connection?.id)).size, 5);
    // How they were opened is told once: all at the same moment, each behind those before it.
    const opened = ended.flatMap(({ connection }) => connection?.opening ?? []);
    assert.deepEqual(opened.map(({ ahead }) => ahead).sort(), [0, 1, 2, 3, 4]);
    assert.ok(opened.every(({ connectUs }) => connectUs > 0));
    const again = await sender.send([{ route: GATEWAY }]);
    assert.equal(again[0]?.connection?.opening, undefined);
  });

  for (const end of ['end', 'resetAndDestroy'] as const) {
    test(`the server closes an idle connection (${end}): the next request does not fail`, async () => {
      const first = await sender.ask(GATEWAY);
      const socket = plainSockets.get(first.connection?.localPort ?? 0);
      assert.ok(socket);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket[end]();
      await closed;
      const next = await sender.ask(GATEWAY);
      assert.equal(outcomeKey(next.outcome), '200');
      assert.notEqual(next.connection?.id, first.connection?.id);
    });
  }

  test('closeIdle closes what is idle', async () => {
    const first = await sender.ask(GATEWAY);
    sender.closeIdle();
    const next = await sender.ask(GATEWAY);
    assert.equal(next.connection?.isNew, true);
    assert.notEqual(next.connection?.id, first.connection?.id);
  });
});

describe('TLS', () => {
  test('a certificate nobody vouches for is refused', () =>
    assertFails(directTo('unknown'), 'error:tls', /self.signed|unable to verify/i));
  test('a certificate for another name is refused', () =>
    assertFails(directTo('wrong-name'), 'error:tls', /ALTNAME|does not match/i));
  test('a certificate for another address than the Host is refused', () =>
    assertFails(directTo('other-address'), 'error:tls', /127\.0\.0\.9/));
  test('a server that speaks no TLS', () => assertFails(directTo('plain-behind-tls'), 'error:tls'));
  test('a server that wants a certificate we do not have', async () => {
    // TLS 1.3 learns of it only after the handshake.
    const { outcome } = await sender.ask(directTo('without-certificate'));
    assert.ok(outcome.kind === 'response' ? outcome.status >= 400 : outcome.kind === 'connection-error');
  });
  test('a server that says nothing during the handshake: our connect limit', () =>
    assertFails(directTo('deaf'), 'timeout:connect'));

  test('a certificate is read in the handshake, also where it is refused, and told once per route', async () => {
    const wanted = new X509Certificate(CERT);
    sender.closeIdle();
    await sender.ask(directTo('read-refused'), { connection: 'new' });
    await sender.ask(directTo('read-refused'), { connection: 'new' });
    await sender.ask(directTo('read-trusted'), { connection: 'new' });
    await sender.ask(directTo('read-trusted'), { connection: 'new' });
    for (const [member, outcome] of [
      ['read-refused', 'error:tls'],
      ['read-trusted', '200'],
    ] as const) {
      const asked = sender.exchanges.filter(({ route }) => route === directTo(member));
      assert.deepEqual(
        asked.map((exchange) => [outcomeKey(exchange.outcome), exchange.certificate !== undefined]),
        [
          [outcome, true],
          [outcome, false],
        ],
      );
      const certificate = asked[0]?.certificate;
      assert.equal(certificate?.validToAt, new Date(wanted.validTo).toISOString());
      assert.equal(certificate?.fingerprint, wanted.fingerprint256.replaceAll(':', '').toLowerCase());
      assert.ok(certificate?.names.includes(NAME), String(certificate?.names));
    }
  });

  const ACCEPTED = [
    { member: 'trusted', sni: false },
    { member: 'unverified', sni: false },
    { member: 'named', sni: NAME, host: `${NAME}:444` },
    { member: 'sni-of-host', sni: NAME, host: `${NAME}:444` },
    { member: 'host-only', sni: NAME, host: 'other.gateprobe.test' },
    { member: 'with-certificate', sni: false },
    { member: 'h2-spoken-as-1', sni: false },
    { member: 'h2-wanted-1-offered', sni: false },
  ];
  for (const { member, sni, host } of ACCEPTED) {
    test(`${member}: SNI ${sni}, Host ${host ?? 'the address'}`, async () => {
      seen.length = 0;
      const { outcome, phasesUs, connection } = await sender.ask(directTo(member));
      assert.equal(outcomeKey(outcome), '200', JSON.stringify(outcome));
      const { url } = sender.profile.members.find(({ name }) => name === member) as Target;
      assert.deepEqual(seen, [{ sni, host: host ?? new URL(url).host, version: '1.1' }]);
      assert.equal(connection?.isNew, true);
      assert.ok((phasesUs?.tls ?? 0) > 0 && phasesUs?.connect !== undefined);
    });
  }
});

describe('HTTP/2', () => {
  test('is spoken where the target says so, on one warm connection', async () => {
    seen.length = 0;
    const first = await sender.ask(directTo('h2'));
    const again = await sender.ask(directTo('h2'));
    assert.deepEqual(
      [first, again].map(({ outcome }) => outcomeKey(outcome)),
      ['200', '200'],
    );
    assert.deepEqual(
      seen.map(({ version, sni }) => `${version} ${sni}`),
      Array(2).fill(`2.0 ${NAME}`),
    );
    assert.equal(again.connection?.id, first.connection?.id);
    assert.equal(again.connection?.isNew, false);
  });
});

describe('the forward proxy', () => {
  test('is asked for the name and port of the target, with its credentials', async () => {
    connects.length = 0;
    seen.length = 0;
    const { outcome } = await sender.ask(directTo('proxied'));
    assert.equal(outcomeKey(outcome), '200', JSON.stringify(outcome));
    const credentials = Buffer.from('us@er:p:ss').toString('base64');
    assert.deepEqual(connects, [`web1.invalid:8080 Basic ${credentials}`]);
    assert.equal(seen[0]?.host, 'web1.invalid:8080');
  });

  test('carries TLS to the target', async () => {
    seen.length = 0;
    const { outcome, phasesUs } = await sender.ask(directTo('proxied-tls'));
    assert.equal(outcomeKey(outcome), '200', JSON.stringify(outcome));
    assert.deepEqual(seen, [{ sni: NAME, host: `${NAME}:8443`, version: '1.1' }]);
    assert.ok((phasesUs?.tls ?? 0) > 0);
  });

  test('that refuses is named as the one who did', async () => {
    const { outcome } = await sender.ask(directTo('forbidden'));
    assert.ok(outcome.kind === 'connection-error');
    assert.equal(outcome.code, 'proxy', JSON.stringify(outcome));
    assert.match(outcome.detail, /403/);
  });

  test('that is not there is a refused connection', () => assertFails(directTo('no-proxy-there'), 'error:refused'));
});
