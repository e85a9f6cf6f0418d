/**
 * Tells an OpenTelemetry collector over OTLP/HTTP (JSON): metrics every half minute, events as logs. Sent by the official SDK,
 * which repeats what a receiver asks for again; what was measured does not wait for it.
 */
import { type Logger, SeverityNumber } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, type MetricProducer, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { HistoryEvent } from '../model/history.ts';
import { memberOf } from '../model/route.ts';
import type { Severity } from '../model/severity.ts';
import type { Clock } from '../model/time.ts';
import { wallUs } from './deps.ts';
import type { MonitorFeed } from './feed.ts';
import type { Metrics } from './metrics.ts';
import { hrTime, otlpMetrics } from './otlp-metrics.ts';

export type OtlpSignal = 'metrics' | 'events';

export type OtlpOptions = {
  /** Of the collector, without `/v1/…` and without a slash at the end. Headers come from OTEL_EXPORTER_OTLP_HEADERS. */
  readonly url: string;
  readonly feed: MonitorFeed;
  readonly metrics: Pick<Metrics, 'read'>;
  readonly clock: Clock;
  /** `service.instance.id`: which of several monitors this is. */
  readonly instance: string;
  readonly exportEveryMs?: number;
  /** Called when deliveries begin to fail, and when they work (again); not for each one. */
  readonly onFailure?: (signal: OtlpSignal, text: string) => void;
  readonly onSuccess?: (signal: OtlpSignal) => void;
};

export type Otlp = {
  /** Sends what is left, for a second at most. */
  close(): Promise<void>;
};

/** As often as a farm is asked where its profile says nothing. */
const EXPORT_EVERY_MS = 30_000;
/** With all its tries. The monitor ends within five seconds, also before a receiver that does not answer. */
const SEND_WITHIN_MS = 4_000;
const CLOSE_WITHIN_US = 1_000_000;
/** Somebody who reads logs wants an event soon; several at one moment go together. */
const EVENTS_AFTER_MS = 1_000;
/** Newer ones beyond it are lost: the same number as for alerts is too few for a night without a collector. */
const MOST_EVENTS_WAITING = 1_000;

export function startOtlp(options: OtlpOptions): Otlp {
  const { url, feed, clock, exportEveryMs = EXPORT_EVERY_MS } = options;
  const { version } = feed.state();
  const resource = resourceOf(options.instance, version);
  const health = createHealth(options);
  const reader = new PeriodicExportingMetricReader({
    exporter: watched(exporterFor(OTLPMetricExporter, `${url}/v1/metrics`), 'metrics', health),
    exportIntervalMillis: exportEveryMs,
    exportTimeoutMillis: Math.min(exportEveryMs, SEND_WITHIN_MS),
    metricProducers: [producerOf(options, resource, version)],
  });
  const meters = new MeterProvider({ resource, readers: [reader] });
  const logs = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({
        exporter: watched(exporterFor(OTLPLogExporter, `${url}/v1/logs`), 'events', health),
        scheduledDelayMillis: EVENTS_AFTER_MS,
        exportTimeoutMillis: SEND_WITHIN_MS,
        maxQueueSize: MOST_EVENTS_WAITING,
      }),
    ],
  });
  const logger = logs.getLogger('gateprobe', version);
  const unsubscribe = feed.subscribe((message) => {
    if (message.kind === 'event') emit(logger, message.event, wallUs(clock));
  });
  return {
    async close() {
      unsubscribe();
      const ended = new AbortController();
      const all = Promise.allSettled([meters.shutdown(), logs.shutdown()]);
      await Promise.race([all, clock.sleep(CLOSE_WITHIN_US, ended.signal)]);
      ended.abort();
    },
  };
}

function exporterFor<T>(kind: new (config: { url: string; timeoutMillis: number }) => T, url: string): T {
  return new kind({ url, timeoutMillis: SEND_WITHIN_MS });
}

/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before what we say of ourselves. */
function resourceOf(instance: string, version: string): Resource {
  const own = { 'service.name': 'gateprobe', 'service.version': version, 'service.instance.id': instance };
  return resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
}

function producerOf({ metrics, feed, clock }: OtlpOptions, resource: Resource, version: string): MetricProducer {
  const startAtUs = feed.state().startedAtUs;
  return {
    async collect() {
      const values = await metrics.read();
      const scope = { name: 'gateprobe', version };
      const found = otlpMetrics(values, { startAtUs, nowAtUs: wallUs(clock) });
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics: found }] }, errors: [] };
    },
  };
}

const SEVERITIES: Readonly<Record<Severity, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warning: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  critical: SeverityNumber.FATAL,
};

/** One record for each time that an event is told: at its begin, when it changes, at its end. */
function emit(logger: Logger, event: HistoryEvent, nowAtUs: number): void {
  const { id, profile, kind, severity, fromAtUs, toAtUs, route, title } = event;
  const member = event.member ?? (route === undefined ? undefined : memberOf(route));
  logger.emit({
    eventName: `gateprobe.${kind}`,
    timestamp: hrTime(toAtUs ?? fromAtUs),
    observedTimestamp: hrTime(nowAtUs),
    severityNumber: SEVERITIES[severity],
    severityText: severity.toUpperCase(),
    body: title,
    attributes: {
      'gateprobe.event.id': id,
      'gateprobe.event.state': toAtUs === undefined ? 'open' : 'over',
      'gateprobe.event.from': isoOf(fromAtUs),
      ...(toAtUs === undefined ? {} : { 'gateprobe.event.to': isoOf(toAtUs) }),
      profile,
      ...(route === undefined ? {} : { route: route === 'gateway' ? 'gateway' : 'direct' }),
      ...(member === undefined ? {} : { member }),
    },
  });
}

function isoOf(atUs: number): string {
  return new Date(atUs / 1_000).toISOString();
}

type Health = (signal: OtlpSignal, error: Error | undefined, hasFailed: boolean) => void;

/** Tells changes only: a collector that is away for a night would fill the log. */
function createHealth({ onFailure, onSuccess }: OtlpOptions): Health {
  const works = new Map<OtlpSignal, boolean>();
  return (signal, error, hasFailed) => {
    if (works.get(signal) === !hasFailed) return;
    works.set(signal, !hasFailed);
    if (hasFailed) onFailure?.(signal, error?.message ?? 'no answer');
    else onSuccess?.(signal);
  };
}

type Result = { readonly code: number; readonly error?: Error };
type Exporter<T> = { export(items: T, done: (result: Result) => void): void };

/** The exporter itself, listened to: the SDK tells failures to nobody. */
function watched<T, E extends Exporter<T>>(exporter: E, signal: OtlpSignal, health: Health): E {
  const send = exporter.export.bind(exporter);
  exporter.export = (items: T, done: (result: Result) => void): void =>
    send(items, (result) => {
      health(signal, result.error, result.code !== 0);
      done(result);
    });
  return exporter;
}
