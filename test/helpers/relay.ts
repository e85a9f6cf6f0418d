/**
 * A TCP relay on the loopback: bytes, FIN and RST arrive `delayMs` later in each direction, which gives a round-trip time of
 * twice that without rights on the network. The connection itself is made at once (the kernel accepts); what the delay
 * costs shows from the first byte on.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type RelayOptions = {
  readonly target: { readonly host: string; readonly port: number };
  /** One way, for each direction. */
  readonly delayMs: number;
  /** A connection that was silent for this long is forgotten, as a device on the path does: what comes later is swallowed. */
  readonly forgetAfterMs?: number;
};

export type Relay = {
  readonly port: number;
  /** Connections accepted so far. */
  accepted(): number;
  stop(): Promise<void>;
};

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const keep = (socket: Socket): Socket => {
    socket.setNoDelay(true);
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted++;
    keep(client);
    const { host, port } = options.target;
    const target = keep(connect({ host, port, allowHalfOpen: true }));
    const memory = createMemory(options.forgetAfterMs);
    forward(client, target, options.delayMs, memory);
    forward(target, client, options.delayMs, memory);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type Memory = { isForgotten(): boolean };

function createMemory(forgetAfterMs: number | undefined): Memory {
  let lastMs = performance.now();
  let forgotten = false;
  return {
    isForgotten() {
      const nowMs = performance.now();
      if (forgetAfterMs !== undefined && nowMs - lastMs > forgetAfterMs) forgotten = true;
      lastMs = nowMs;
      return forgotten;
    },
  };
}

/** Node's timers of one length fire in the order in which they were set, so that nothing overtakes. */
function forward(from: Socket, to: Socket, delayMs: number, memory: Memory): void {
  const later = (action: () => void): void => {
    if (memory.isForgotten()) return;
    if (delayMs > 0) setTimeout(action, delayMs);
    else action();
  };
  from.on('data', (chunk) => later(() => to.writable && to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  // A reset, or a target that refuses: the other side sees the same.
  from.on('error', () => later(() => to.resetAndDestroy()));
}
