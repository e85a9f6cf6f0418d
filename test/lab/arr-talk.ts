import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../../src/lab/arr.ts';
import type { GatewayOptions } from '../../src/lab/options.ts';

export const PLAIN_GATEWAY: GatewayOptions = {
  port: 0,
  seed: 1,
  members: [],
  timers: { resolveMs: 5_000, connectMs: 5_000, sendMs: 5_000, responseMs: 5_000 },
  poolIdleMs: 60_000,
  refusedMs: 0,
  affinity: false,
  errorPages: 'custom',
};

export type TestMember = {
  readonly port: number;
  /** The request heads that have come, in order. */
  readonly heads: readonly string[];
  connections(): number;
  close(): Promise<void>;
};

/** A member down at the socket: `answer` is called for each request head, and for nothing else. */
export async function startTestMember(answer: (socket: Socket, head: string) => void): Promise<TestMember> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        if (!/^[A-Z]+ \S+ HTTP/.test(head)) continue;
        heads.push(head);
        answer(socket, head);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heads,
    connections: () => connections,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A member that speaks HTTP as Node does. */
export async function startHttpMember(listener: RequestListener): Promise<Pick<TestMember, 'port' | 'close'>> {
  const server = createHttpServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** The rows of the gateway's log by field name. */
async function rowsOf(folder: string): Promise<Record<string, string>[]> {
  const rows: Record<string, string>[] = [];
  let fields: string[] = [];
  for (const file of await readdir(folder)) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\r\n')) {
      const cells = line.split(' ');
      if (line.startsWith('#Fields: ')) fields = cells.slice(1);
      else if (line !== '' && !line.startsWith('#'))
        rows.push(Object.fromEntries(fields.map((field, at) => [field, cells[at] ?? ''])));
    }
  }
  return rows;
}

/** Runs `use` against a gateway before the members, and returns what its log says after it has stopped. The members are closed. */
export async function withGateway(
  members: readonly Pick<TestMember, 'port' | 'close'>[],
  options: Partial<GatewayOptions>,
  use: (port: number) => Promise<void>,
): Promise<readonly Record<string, string>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-arr-'));
  const places = members.map(({ port }, at) => ({ name: `web${at + 1}`, host: '127.0.0.1', port }));
  try {
    const gateway = await startGateway({ ...PLAIN_GATEWAY, members: places, logFolder: folder, ...options });
    try {
      await use(gateway.port);
    } finally {
      await gateway.stop();
    }
    return await rowsOf(folder);
  } finally {
    await Promise.all(members.map((member) => member.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** `sc-status sc-substatus sc-win32-status` of a row. */
export function statusOf(row: Record<string, string> | undefined): string {
  return `${row?.['sc-status']} ${row?.['sc-substatus']} ${row?.['sc-win32-status']}`;
}
