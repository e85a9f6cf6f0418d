/** Takes OTLP/HTTP in JSON, as a collector does, and keeps what came. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Attributes = readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
type Scoped = { readonly resource: { readonly attributes: Attributes } };
export type Point = {
  readonly attributes: Attributes;
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bucketCounts?: readonly number[];
  readonly explicitBounds?: readonly number[];
};
export type OtlpMetric = {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly isMonotonic: boolean;
    readonly aggregationTemporality: number;
    readonly dataPoints: readonly Point[];
  };
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly histogram?: { readonly aggregationTemporality: number; readonly dataPoints: readonly Point[] };
};
export type OtlpLog = {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: Attributes;
};
export type MetricsBody = {
  readonly resourceMetrics: readonly (Scoped & {
    readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
  })[];
};
export type LogsBody = {
  readonly resourceLogs: readonly (Scoped & {
    readonly scopeLogs: readonly { readonly logRecords: readonly OtlpLog[] }[];
  })[];
};
export type Taken = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: unknown };

export type OtlpReceiver = {
  readonly url: string;
  readonly taken: readonly Taken[];
  /** Of all requests so far. */
  metrics(): readonly OtlpMetric[];
  logs(): readonly OtlpLog[];
  /** What is answered from now on; 200 at first. */
  answer(status: number): void;
  stop(): Promise<void>;
};

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const taken: Taken[] = [];
  let status = 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    taken.push({
      path: request.url ?? '',
      headers: request.headers,
      body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bodies = <T>(path: string): T[] => taken.filter((one) => one.path === path).map(({ body }) => body as T);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    metrics: () =>
      bodies<MetricsBody>('/v1/metrics').flatMap(({ resourceMetrics }) =>
        resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
      ),
    logs: () =>
      bodies<LogsBody>('/v1/logs').flatMap(({ resourceLogs }) =>
        resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
      ),
    answer: (next) => {
      status = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function plain(attributes: Attributes): Record<string, string | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}
