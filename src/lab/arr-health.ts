import http from 'node:http';
import type { FarmServer } from './arr-farm.ts';
import type { GatewayOptions } from './options.ts';

type HealthOptions = NonNullable<GatewayOptions['health']>;

/** `statusCodeMatch` of ARR's health test by default. */
function isMatch(status: number): boolean {
  return status >= 200 && status <= 399;
}

/**
 * Asks every server for the test's path at once and then at every interval. One failure takes a server out of rotation, unless
 * fewer than `minServers` would be left, and one success brings it back. Returns what ends the tests.
 */
export function startHealthTests(servers: readonly FarmServer[], health: HealthOptions): () => void {
  const underWay = new Map<FarmServer, http.ClientRequest>();

  const fail = (server: FarmServer): void => {
    const left = servers.filter((other) => other !== server && other.isHealthy).length;
    if (left >= health.minServers) server.isHealthy = false;
  };
  const test = (server: FarmServer): void => {
    if (underWay.has(server)) return;
    const { host, port } = server;
    const request = http.get({ host, port, path: health.path, agent: false });
    underWay.set(server, request);
    const timer = setTimeout(() => request.destroy(new Error('the health test timed out')), health.timeoutMs);
    request.on('error', () => {
      if (underWay.get(server) === request) fail(server);
    });
    request.on('response', (response) => {
      response.on('error', () => {});
      response.resume();
      if (isMatch(response.statusCode ?? 0)) server.isHealthy = true;
      else fail(server);
    });
    request.on('close', () => {
      clearTimeout(timer);
      underWay.delete(server);
    });
  };
  const testAll = (): void => servers.forEach(test);
  const interval = setInterval(testAll, health.intervalMs);
  testAll();
  return () => {
    clearInterval(interval);
    const requests = [...underWay.values()];
    underWay.clear();
    for (const request of requests) request.destroy();
  };
}
