/** A long way to a member without rights on the network: a relay in its process that hands everything on later. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type LongWay = {
  readonly port: number;
  stop(): Promise<void>;
};

/**
 * Bytes, FIN and RST arrive `oneWayMs` later in each direction. The connection itself is made at once (the kernel accepts):
 * what the way costs shows from the first byte on. Rejects when the port cannot be had.
 */
export async function startLongWay(options: {
  readonly host: string;
  readonly port: number;
  readonly targetPort: number;
  readonly oneWayMs: number;
}): Promise<LongWay> {
  const { host, port, targetPort, oneWayMs } = options;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    socket.setNoDelay(true);
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ host, port: targetPort, allowHalfOpen: true });
    forward(keep(client), keep(target), oneWayMs);
    forward(target, client, oneWayMs);
  });
  server.listen({ host, port });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Timers of one length fire in the order in which they were set, so that nothing overtakes. */
function forward(from: Socket, to: Socket, oneWayMs: number): void {
  const later = (action: () => void): void => {
    setTimeout(action, oneWayMs);
  };
  from.on('data', (chunk) => later(() => to.writable && to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  // A reset, or a target that refuses: the other side sees the same.
  from.on('error', () => later(() => to.resetAndDestroy()));
}
