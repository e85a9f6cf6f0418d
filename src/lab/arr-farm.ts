/** The farm as the gateway sees it: who is in rotation, whose turn it is, how many requests each has. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { startHealthTests } from './arr-health.ts';
import type { GatewayOptions } from './options.ts';

export type FarmServer = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Value of the affinity cookie that pins to it. */
  readonly affinity: string;
  /** Keeps the idle connections to it. */
  readonly agent: http.Agent;
  isHealthy: boolean;
  inFlight: number;
  readonly waiting: (() => void)[];
};

export type Rotation = {
  /** Round robin over healthy servers; a pinned one first while it is healthy. Undefined: none is left. */
  choose(cookie: string | undefined): FarmServer | undefined;
  /** Waits, first come first served, until the server may take one more request; `leave` gives the place back. False: the client left first. */
  enter(server: FarmServer, client: http.ServerResponse): Promise<boolean>;
  leave(server: FarmServer): void;
  stop(): void;
};

/** Connections rest in the pool for its own time and no other: WinHTTP, unlike Node, asks no `Keep-Alive` header of the member. */
function createPool(idleMs: number): http.Agent {
  const agent = new http.Agent({ keepAlive: true, timeout: idleMs });
  agent.keepSocketAlive = (stream) => {
    if (idleMs <= 0) return false;
    (stream as import('node:net').Socket).setTimeout(idleMs);
    return true;
  };
  return agent;
}

function createServers({ members, poolIdleMs }: GatewayOptions): FarmServer[] {
  return members.map(({ name, host, port }) => ({
    name,
    host,
    port,
    affinity: createHash('sha256').update(`${host}:${port}`).digest('hex'),
    agent: createPool(poolIdleMs),
    isHealthy: true,
    inFlight: 0,
    waiting: [],
  }));
}

/** Puts all members into rotation and starts the health tests, if any. */
export function createRotation(options: GatewayOptions): Rotation {
  const { maxPerMember = Number.POSITIVE_INFINITY } = options;
  const servers = createServers(options);
  const stopTests = options.health === undefined ? undefined : startHealthTests(servers, options.health);
  let next = 0;
  return {
    choose(cookie) {
      const pin = options.affinity ? /(?:^|;\s*)ARRAffinity=([0-9a-f]{64})/.exec(cookie ?? '')?.[1] : undefined;
      const pinned = servers.find(({ affinity, isHealthy }) => isHealthy && affinity === pin);
      if (pinned !== undefined) return pinned;
      for (let tried = 0; tried < servers.length; tried++) {
        const server = servers[next++ % servers.length];
        if (server?.isHealthy === true) return server;
      }
      return undefined;
    },
    enter(server, client) {
      if (server.inFlight < maxPerMember) {
        server.inFlight++;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const proceed = (): void => {
          client.off('close', quit);
          resolve(true);
        };
        const quit = (): void => {
          server.waiting.splice(server.waiting.indexOf(proceed), 1);
          resolve(false);
        };
        server.waiting.push(proceed);
        client.once('close', quit);
      });
    },
    leave(server) {
      const proceed = server.waiting.shift();
      // The place goes over to the one that waits.
      if (proceed === undefined) server.inFlight--;
      else proceed();
    },
    stop() {
      stopTests?.();
      for (const { agent } of servers) agent.destroy();
    },
  };
}
