/** Runs the sending code a few times against a server in the same thread, so that the first measured requests do not pay for its compilation. */
import net, { type AddressInfo } from 'node:net';
import type { RequestSpec } from '../model/profile.ts';
import { GATEWAY } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import { createDeadlines } from './deadlines.ts';
import { createRouteState, type LaunchState, launchRequest } from './launching.ts';
import type { RouteTarget, SenderSetup } from './protocol.ts';

/** After about 60 requests their time no longer falls (measured: the first takes 15 ms, the fiftieth 0.4 ms). */
const REQUESTS = 60;
const REQUEST: RequestSpec = {
  name: 'warm up',
  path: '/',
  method: 'GET',
  headers: {},
  weight: 1,
  safe: true,
  expect: {},
};

/** The last ones on a connection at hand tell what is left of a time when nothing is in between. */
const BLANKS = 20;

/**
 * Never rejects: a thread that could not warm up is only slower at first. Gives the median service time (µs) of its last requests;
 * undefined where there were none.
 */
export async function warmUp(setup: SenderSetup, clock: Clock): Promise<number | undefined> {
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const target: RouteTarget = {
      route: GATEWAY,
      target: { url: `http://127.0.0.1:${port}`, tls: { verify: true }, http: 1 },
      hostname: '127.0.0.1',
      port,
      secure: false,
      address: '127.0.0.1',
      family: 4,
    };
    const route = createRouteState(target, { limits: setup.limits, trusted: [] }, clock);
    const state: LaunchState = {
      setup: { ...setup, limits: { ...setup.limits, maxRequests: REQUESTS, maxInFlight: REQUESTS } },
      clock,
      deadlines: createDeadlines(clock),
      routes: new Map([[GATEWAY, route]]),
      requests: new Map([[REQUEST.name, REQUEST]]),
      abortable: new Map(),
      onPortShortage: () => {},
      together: undefined,
      nextSeq: 0,
      seqStep: 1,
      launched: 0,
      sentTotal: 0,
      inFlight: 0,
      stopped: undefined,
    };
    const times: number[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      const { sentUs, endUs, connection } = await launchRequest(state, {
        experimentId: 'warm up',
        shape: { route: GATEWAY, request: REQUEST.name, connection: i % 3 === 0 ? 'new' : 'warm' },
        slot: -1,
        dueUs: clock.nowUs(),
      });
      if (sentUs !== undefined && connection?.isNew === false) times.push(endUs - sentUs);
    }
    route.pool.closeIdle();
    return times.slice(-BLANKS).toSorted((a, b) => a - b)[BLANKS / 2];
  } catch {
    // A machine without a free loopback port will say so in the run itself.
    return undefined;
  } finally {
    server.close();
  }
}
