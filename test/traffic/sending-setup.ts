/** For tests of this folder: a profile with its sender, schedules in one line, servers that are closed at the end. */
import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Auth, Limits, MemberId, Profile, RequestSpec, Target } from '../../src/model/profile.ts';
import type { RouteId } from '../../src/model/route.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { packSchedule, type Shot } from '../../src/traffic/schedule.ts';
import { type Sender, startSender } from '../../src/traffic/sender.ts';

export const RUN_ID = '0123456789abcdef0123456789abcdef';

export const LIMITS: Limits = {
  maxRatePerSec: 1_000,
  maxRequests: 100_000,
  maxInFlight: 100,
  maxNewConnectionsPerSec: 1_000,
  requestTimeoutUs: 10 * US_PER_SEC,
  connectTimeoutUs: 5 * US_PER_SEC,
  maxBodyBytes: 1_000_000,
};

export function requestOf(more: Partial<RequestSpec> = {}): RequestSpec {
  return { name: 'home', path: '/', method: 'GET', headers: {}, weight: 1, safe: true, expect: {}, ...more };
}

export function targetOf(url: string, more: Partial<Target> = {}): Target {
  return { url, tls: { verify: true }, http: 1, ...more };
}

export type ProfileParts = {
  readonly gateway: Target;
  readonly members?: Readonly<Record<string, Target>>;
  readonly requests?: readonly RequestSpec[];
  readonly limits?: Partial<Limits>;
  readonly auth?: Auth;
  readonly memberId?: MemberId;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly spin?: boolean;
  readonly threads?: number;
};

export function profileOf({ members = {}, requests = [requestOf()], limits = {}, ...more }: ProfileParts): Profile {
  return {
    schemaVersion: 1,
    name: 'test',
    cookies: {},
    ...more,
    members: Object.entries(members).map(([name, target]) => ({ name, ...target })),
    requests,
    experiments: [],
    limits: { ...LIMITS, ...limits },
    thresholds: [],
    failOn: 'never',
    logs: [],
    mask: [],
    secrets: [],
    notes: [],
  };
}

export type TestSender = Sender & {
  readonly profile: Profile;
  /** Everything that has arrived so far. */
  readonly exchanges: readonly Exchange[];
  /** Fires and gives the exchanges of this firing, in order of their due times. */
  send(shots: readonly (Partial<Shot> & Pick<Shot, 'route'>)[]): Promise<readonly Exchange[]>;
  /** The one exchange of a firing with one shot. */
  ask(route: RouteId, more?: Partial<Shot>): Promise<Exchange>;
};

export async function startTestSender(parts: ProfileParts): Promise<TestSender> {
  const profile = profileOf(parts);
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const exchanges: Exchange[] = [];
  const targets = await resolveTargets(profile, clock);
  const sender = await startSender({
    profile,
    targets,
    runId: RUN_ID,
    version: '0.0.0-test',
    epoch,
    clock,
    sink: (batch) => exchanges.push(...batch),
  });
  let firings = 0;
  const send: TestSender['send'] = async (shots) => {
    const id = `firing-${++firings}`;
    const whole = shots.map((shot) => ({
      dueUs: 0,
      request: profile.requests[0]?.name ?? '',
      connection: 'warm' as const,
      ...shot,
    }));
    const result = await sender.fire(id, packSchedule(whole));
    const found = exchanges.filter(({ experimentId }) => experimentId === id);
    assert.equal(found.length, shots.length, 'every due request yields exactly one exchange');
    assert.equal(result.due, shots.length);
    return found.toSorted((a, b) => a.dueUs - b.dueUs || a.seq - b.seq);
  };
  return {
    ...sender,
    profile,
    exchanges,
    send,
    ask: async (route, more = {}) => (await send([{ ...more, route }]))[0] as Exchange,
  };
}

/** Servers of a test file: each listens on a free port of 127.0.0.1. */
export type Servers = {
  /** Gives the port. */
  listen(server: net.Server): Promise<number>;
  /** A server that answers by hand: `onData` gets a socket and what it received first. */
  raw(answer: (socket: net.Socket, text: string) => void): Promise<number>;
  close(): Promise<void>;
};

export function createServers(): Servers {
  const servers: net.Server[] = [];
  const sockets = new Set<net.Socket>();
  async function listen(server: net.Server): Promise<number> {
    servers.push(server);
    server.on('connection', (socket: net.Socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
  return {
    listen,
    raw: (answer) =>
      listen(net.createServer((socket) => socket.on('data', (chunk) => answer(socket, chunk.toString('latin1'))))),
    async close() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function membersAt(ports: Readonly<Record<string, number>>): Record<string, Target> {
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, targetOf(`http://127.0.0.1:${port}`)]));
}
