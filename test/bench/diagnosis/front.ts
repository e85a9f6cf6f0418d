/** What a case puts between the probe and the gateway. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { startRelay } from '../../helpers/relay.ts';
import { startDeafFront } from './deaf-front.ts';
import type { Front } from './scenario.ts';

export type RunningFront = { readonly url: string; stop(): Promise<void> };

export async function startFront(front: Front, gatewayUrl: string): Promise<RunningFront> {
  const { hostname: host, port: text } = new URL(gatewayUrl);
  const target = { host, port: Number(text) };
  switch (front.kind) {
    case 'relay': {
      const { port, stop } = await startRelay({ target, delayMs: front.delayMs });
      return { url: `http://127.0.0.1:${port}`, stop };
    }
    case 'middlebox':
      return startMiddlebox(target, front.timeoutMs);
    case 'tls':
      return startTls(target, front.handshakeMs ?? 0);
    case 'deaf':
      return startDeafFront(target, front);
  }
}

type Target = { readonly host: string; readonly port: number };

/** A forwarder with a timer of its own, as a content delivery network has. */
async function startMiddlebox({ host, port }: Target, timeoutMs: number): Promise<RunningFront> {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    const onward = http.request({ host, port, method, path, headers, agent });
    const timer = setTimeout(() => {
      onward.destroy();
      response.writeHead(504, { Server: 'edge', 'Content-Type': 'text/plain' });
      response.end('edge: origin timeout\n');
    }, timeoutMs);
    onward.on('response', (answer) => {
      clearTimeout(timer);
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => {
      clearTimeout(timer);
      if (!response.headersSent) response.writeHead(502, { Server: 'edge' }).end();
    });
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function startTls({ host, port }: Target, handshakeMs: number): Promise<RunningFront> {
  const ending = tls.createServer(selfSigned(), (client) => {
    const onward = connect(port, host);
    client.pipe(onward).pipe(client);
    client.on('error', () => onward.destroy());
    onward.on('error', () => client.destroy());
  });
  // A client that refuses the certificate is what is wanted here.
  ending.on('tlsClientError', () => {});
  // Its first message waits in the socket meanwhile: the connection is made at once, and only the handshake is late.
  const server = createServer((socket) => {
    socket.on('error', () => {});
    setTimeout(() => ending.emit('connection', socket), handshakeMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Made anew each time: a key in the repository would look like a secret. */
function selfSigned(): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-bench-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=shop.example.com'];
    execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
