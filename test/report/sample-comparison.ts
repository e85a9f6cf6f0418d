/** Comparisons for tests of their writers. */
import type { Comparison, LatencyCurves, MetricChange } from '../../src/model/comparison.ts';

export const GATEWAY_P95: MetricChange = {
  id: 'gateway home p95',
  route: 'gateway',
  requestName: 'home',
  what: { kind: 'quantile', p: 0.95 },
  isControlled: true,
  state: 'worse',
  base: 400_000,
  head: 484_000,
  change: { value: 84_000, low: 61_000, high: 110_000 },
  changeRatio: { value: 0.21, low: 0.15, high: 0.275 },
  floor: 40_000,
  p: 1e-6,
  adjustedP: 1e-5,
  baseCount: 600,
  headCount: 600,
};
export const RUN = { runId: 'r', startedAt: '2026-03-04T05:06:07Z', profile: 'shop', requests: 1_800 };

export function comparison(changes: Partial<Comparison>): Comparison {
  return {
    schemaVersion: 1,
    base: RUN,
    head: RUN,
    verdict: 'worse',
    metrics: [GATEWAY_P95],
    phases: [],
    outcomes: [],
    curves: [],
    findings: [],
    differences: [],
    invalid: [],
    ...changes,
  };
}

const CURVE = [
  [0, 4_000],
  [0.5, 10_000],
  [0.9, 20_000],
  [0.99, 60_000],
] as const;

function curves(route: LatencyCurves['route'], factor: number): LatencyCurves {
  return { route, requestName: 'home', base: CURVE, head: CURVE.map(([p, us]) => [p, us * factor] as const) };
}

/** Everything that the page can show. */
export function fullComparison(): Comparison {
  const { adjustedP: _, ...bare } = GATEWAY_P95;
  return comparison({
    metrics: [
      GATEWAY_P95,
      { ...bare, id: 'gateway home p50', what: { kind: 'quantile', p: 0.5 }, state: 'inconclusive', needMore: 600 },
      { ...bare, id: 'direct:web1 home p95', route: 'direct:web1', state: 'same' },
      { ...bare, id: 'gateway home errors', what: { kind: 'errors' }, state: 'better', base: 0.02, head: 0 },
      { ...bare, id: 'direct:web2 home p99', route: 'direct:web2', state: 'insufficient' },
    ],
    curves: [curves('gateway', 1.4), curves('direct:web1', 1), curves('direct:web2', 1.02)],
    outcomes: [{ route: 'gateway', outcome: '502.3', base: 0, head: 40, baseOf: 600, headOf: 600, adjustedP: 1e-9 }],
    phases: [{ route: 'gateway', requestName: 'home', phase: 'wait', baseUs: 10_000, headUs: 14_000 }],
    differences: [{ what: 'host', base: '4 processors', head: '2 processors' }],
    findings: [
      {
        state: 'appeared',
        cause: 'timeout/gateway-response',
        scope: { route: 'gateway' },
        severity: 'error',
        title: 'The gateway gives up after 2 s.',
      },
    ],
  });
}
