/** What a keep-alive race looks like: pause against elapsed time, and who closes when. */
import type { IdleTimeout, Sweep, TimeoutRange } from '../analysis/keep-alive.ts';
import type { Exhibit, XySeries } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { memberOf } from '../model/route.ts';

const LINE_POINTS = 12;

export function raceExhibit({ points, baseUs }: Sweep, timeout: TimeoutRange, kind: 'lost' | 'masked'): Exhibit {
  const shown = (wanted: readonly string[]): (readonly [number, number])[] =>
    points
      .filter((point) => wanted.includes(point.kind))
      .map(({ gapUs, elapsedUs }) => [Math.round(gapUs), Math.max(1, Math.round(elapsedUs))]);
  const fromUs = Math.min(...points.filter((point) => point.kind === kind).map(({ gapUs }) => gapUs));
  const lift = kind === 'lost' ? 0 : baseUs;
  const line = Array.from({ length: LINE_POINTS }, (_, i): [number, number] => {
    const gapUs = fromUs + ((timeout.value - fromUs) * i) / (LINE_POINTS - 1);
    return [Math.round(gapUs), Math.max(1, Math.round(timeout.value - gapUs + lift))];
  });
  const series: XySeries[] = [
    { name: kind === 'lost' ? 'failed' : 'repeated', role: 'failure', style: 'points', points: shown([kind]) },
    { name: 'other requests', role: 'gateway', style: 'points', points: shown(['clean', 'other-failure']) },
    {
      name: kind === 'lost' ? 'pause + elapsed = idle timeout' : 'pause + delay = idle timeout',
      role: 'model',
      style: 'line',
      points: line,
    },
  ];
  return {
    kind: 'xy',
    id: `keep-alive-${kind}-line-${Math.round(timeout.value / 1_000)}`,
    title: 'Pause before the request against its elapsed time',
    reading: `Requests that met the close lie on a falling line: the later they come, the sooner the close is there. It ends at the idle timeout, ${formatDuration(timeout.value)}.`,
    x: { title: 'pause before the request', unit: 'us', scale: 'linear' },
    y: { title: 'elapsed time', unit: 'us', scale: 'linear' },
    series,
    marks: [{ axis: 'x', value: timeout.value, label: `idle timeout: ${formatDuration(timeout.value)}` }],
  };
}

export function timeoutsExhibit(timeouts: readonly IdleTimeout[]): Exhibit {
  return {
    kind: 'table',
    id: 'keep-alive-timeouts',
    title: 'Who closes idle connections when',
    reading:
      'Measured by holding connections after one answer. What a Keep-Alive header promises is beside it, and not used.',
    columns: [
      { title: 'route', unit: 'text' },
      { title: 'closed after', unit: 'us' },
      { title: 'from', unit: 'us' },
      { title: 'to', unit: 'us' },
      { title: 'how', unit: 'text' },
      { title: 'promised', unit: 'us' },
    ],
    rows: timeouts.map((one) => [
      memberOf(one.route) ?? 'the gateway (to its clients)',
      one.timeoutUs?.value ?? null,
      one.timeoutUs?.low ?? null,
      one.timeoutUs?.high ?? null,
      closedText(one),
      one.advertisedUs ?? null,
    ]),
  };
}

function closedText({ finCount, rstCount, heldCount, waitedUs }: IdleTimeout): string {
  const open = heldCount - finCount - rstCount;
  const parts = [
    ...(finCount > 0 ? [`${finCount} by FIN`] : []),
    ...(rstCount > 0 ? [`${rstCount} by RST`] : []),
    ...(open > 0 ? [`${open} still open after ${formatDuration(waitedUs)}`] : []),
  ];
  return parts.length === 0 ? 'none was held' : parts.join(', ');
}
