/** The dashboard, the JSON API and the metrics, on one port. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { UserError } from '../errors.ts';
import type { History } from '../model/history.ts';
import type { Clock } from '../model/time.ts';
import type { MonitorFeed } from './feed.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createAccess, isLoopback } from './web/access.ts';
import { createApp } from './web/app.ts';
import { createChangeStream } from './web/change-stream.ts';
import { createReports } from './web/reports.ts';
import type { Site } from './web/site.ts';
import { createDecoder } from './web/time-bins.ts';

export const DEFAULT_WEB_HOST = '127.0.0.1';
export const DEFAULT_WEB_PORT = 8_464;

/** 16 random characters cannot be guessed at the pace that `access.ts` allows; words of a person often can. */
const LEAST_TOKEN_LENGTH = 16;

export type WebOptions = {
  readonly history: History;
  readonly feed: MonitorFeed;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Needed wherever the host is not of loopback. */
  readonly token?: string | undefined;
  /** Where runs write their reports; left out: none are listed. */
  readonly reportsFolder?: string | undefined;
  readonly clock: Clock;
  /** Gets errors that are ours, for the monitor's log. */
  readonly report?: (error: unknown) => void;
};

export type Web = {
  readonly url: string;
  /** What `/metrics` shows. */
  readonly metrics: Metrics;
  /** Ends open connections too. */
  close(): Promise<void>;
};

/** Throws a `UserError` when it may not listen there, or cannot. */
export async function startWeb(options: WebOptions): Promise<Web> {
  const { history, feed, host, port, token, reportsFolder, clock, report = () => {} } = options;
  checkAccess(host, token);
  const metrics = createMetrics(feed, history);
  const changes = createChangeStream(feed);
  const site: Site = {
    history,
    feed,
    changes,
    metrics,
    access: createAccess(token, () => clock.nowUs()),
    reports: createReports(reportsFolder),
    decode: createDecoder(),
    nowAtUs: () => clock.wallMs() * 1_000,
  };
  const app = createApp(site, isLoopback(host), report);
  // Requests have no body to speak of; what comes slowly would hold a connection.
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000 },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  );
  const end = (): void => {
    changes.close();
    metrics.close();
  };
  try {
    await listen(server, host, port);
  } catch (error) {
    end();
    throw listenError(error, host, port);
  }
  return {
    url: addressOf(server, host),
    metrics,
    async close() {
      end();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function checkAccess(host: string, token: string | undefined): void {
  if (token !== undefined && token.length < LEAST_TOKEN_LENGTH)
    throw new UserError(`the token is too short: it has ${token.length} characters`, {
      hint: `use at least ${LEAST_TOKEN_LENGTH} random characters`,
    });
  if (token === undefined && !isLoopback(host))
    throw new UserError(
      `listening on ${host} needs a token: everybody who reaches this address could read the history`,
      {
        hint: `set a token, or listen on ${DEFAULT_WEB_HOST}`,
      },
    );
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function listenError(error: unknown, host: string, port: number): UserError {
  const code = (error as { code?: unknown }).code;
  const why = code === 'EADDRINUSE' ? 'another program listens there' : String(code ?? error);
  return new UserError(`the dashboard cannot listen on ${host}:${port}: ${why}`, {
    hint: 'choose another port with --port',
    cause: error,
  });
}

function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
