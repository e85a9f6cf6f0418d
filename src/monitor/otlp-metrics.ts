/** The metrics of `/metrics` in OpenTelemetry's data model: same names, labels as attributes, cumulative since the start. */
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { MetricValues } from './metrics.ts';

/** Both in µs since 1970. */
export type OtlpTimes = { readonly startAtUs: number; readonly nowAtUs: number };

type Metric = MetricValues[number];
type Value = Metric['values'][number] & { readonly metricName?: string };

export function otlpMetrics(values: MetricValues, times: OtlpTimes): MetricData[] {
  return values.flatMap((metric) => {
    const data = otlpMetric(metric, { startTime: hrTime(times.startAtUs), endTime: hrTime(times.nowAtUs) });
    // Without points it says nothing; receivers refuse it.
    return data.dataPoints.length === 0 ? [] : [data];
  });
}

type PointTimes = Pick<DataPoint<number>, 'startTime' | 'endTime'>;

function otlpMetric(metric: Metric, times: PointTimes): MetricData {
  const { name, help, values } = metric;
  const base = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  // The package's types call it a number; what comes is a word.
  const type = String(metric.type);
  if (type === 'histogram')
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms(values, times) };
  const dataPoints = values.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), value }));
  return type === 'counter'
    ? { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
}

/** UCUM, as OpenTelemetry asks for. */
function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 's';
  return /_bytes(_total)?$/.test(name) ? 'By' : '1';
}

/** An empty label is one that is not there, as for Prometheus. */
function attributesOf(labels: Value['labels']): Attributes {
  const given = Object.entries(labels as Record<string, string | number>);
  return Object.fromEntries(
    given.filter(([key, value]) => key !== 'le' && value !== '').map(([key, value]) => [key, String(value)]),
  );
}

type Parts = { readonly attributes: Attributes; readonly buckets: [number, number][]; sum: number; count: number };

/** From buckets that hold all below to buckets that hold their own. */
function histograms(values: readonly Value[], times: PointTimes): DataPoint<Histogram>[] {
  const all = new Map<string, Parts>();
  for (const { metricName = '', labels, value } of values) {
    const attributes = attributesOf(labels);
    const key = JSON.stringify(Object.entries(attributes).sort());
    const parts = all.get(key) ?? { attributes, buckets: [], sum: 0, count: 0 };
    all.set(key, parts);
    if (metricName.endsWith('_sum')) parts.sum = value;
    else if (metricName.endsWith('_count')) parts.count = value;
    else parts.buckets.push([upperOf(labels), value]);
  }
  return [...all.values()].map(({ attributes, buckets, sum, count }) => {
    const sorted = buckets.toSorted(([a], [b]) => a - b);
    const counts = sorted.map(([, below], i) => below - (sorted[i - 1]?.[1] ?? 0));
    const boundaries = sorted.map(([upper]) => upper).filter(Number.isFinite);
    return { ...times, attributes, value: { buckets: { boundaries, counts }, sum, count } };
  });
}

function upperOf(labels: Value['labels']): number {
  const upper = (labels as Record<string, string | number>)['le'];
  return upper === '+Inf' ? Number.POSITIVE_INFINITY : Number(upper);
}

/** Whole seconds and nanoseconds. */
export function hrTime(atUs: number): HrTime {
  const us = Math.round(atUs);
  return [Math.floor(us / 1_000_000), (us % 1_000_000) * 1_000];
}
