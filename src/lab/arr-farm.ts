/** The farm as the gateway sees it: who is in rotation, whose turn it is, how many requests each has. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { GatewayOptions } from './options.ts';

export type FarmServer = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Value of the affinity cookie that pins to it. */
  readonly affinity: string;
  readonly agent: http.Agent;
  isHealthy: boolean;
  inFlight: number;
  readonly waiting: (() => void)[];
};

export type Rotation = {
  readonly servers: readonly FarmServer[];
  /** Round robin over healthy servers; a pinned one first while it is healthy. Undefined: none is left. */
  choose(cookie: string | undefined): FarmServer | undefined;
  /** Resolves when the server may take one more request; `release` gives the place back. */
  enter(server: FarmServer): Promise<void>;
  leave(server: FarmServer): void;
  stop(): void;
};

export function createRotation(options: GatewayOptions): Rotation {
  const servers = options.members.map(
    ({ name, host, port }): FarmServer => ({
      name,
      host,
      port,
      affinity: createHash('sha256').update(`${host}:${port}`).digest('hex'),
      // Idle connections are given up after the pool's time; the member may close them earlier, which is the race.
      agent: new http.Agent({
        keepAlive: true,
        timeout: options.poolIdleMs,
        maxSockets: Number.POSITIVE_INFINITY,
        agentKeepAliveTimeoutBuffer: 0,
      }),
      isHealthy: true,
      inFlight: 0,
      waiting: [],
    }),
  );
  let next = 0;
  const timer = options.health === undefined ? undefined : setInterval(() => test(), options.health.intervalMs);
  if (options.health !== undefined) test();

  function test(): void {
    const { health } = options;
    if (health === undefined) return;
    for (const server of servers) {
      const request = http.get({
        host: server.host,
        port: server.port,
        path: health.path,
        timeout: health.timeoutMs,
        agent: false,
      });
      const fail = (): void => {
        const healthyOthers = servers.filter((other) => other !== server && other.isHealthy).length;
        if (healthyOthers >= health.minServers) server.isHealthy = false;
      };
      request.on('timeout', () => request.destroy(new Error('health test timed out')));
      request.on('error', fail);
      request.on('response', (response) => {
        response.resume();
        if ((response.statusCode ?? 500) < 400) server.isHealthy = true;
        else fail();
      });
    }
  }

  return {
    servers,
    choose(cookie) {
      const pinned = options.affinity
        ? servers.find(({ affinity, isHealthy }) => isHealthy && cookie?.includes(`ARRAffinity=${affinity}`) === true)
        : undefined;
      if (pinned !== undefined) return pinned;
      for (let tried = 0; tried < servers.length; tried++) {
        const server = servers[next++ % servers.length];
        if (server?.isHealthy === true) return server;
      }
      return undefined;
    },
    enter(server) {
      if (options.maxPerMember === undefined || server.inFlight < options.maxPerMember) {
        server.inFlight++;
        return Promise.resolve();
      }
      return new Promise((resolve) => server.waiting.push(resolve));
    },
    leave(server) {
      const waiting = server.waiting.shift();
      // The place goes over to the one that waits.
      if (waiting !== undefined) waiting();
      else server.inFlight--;
    },
    stop() {
      clearInterval(timer);
      for (const { agent } of servers) agent.destroy();
    },
  };
}
