import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesFromLogs } from '../../src/report/log-routes.ts';
import { gatewaySource, logEvidence } from './sample-logs.ts';

test('gateway first, then members in their order, each as its own log counts', () => {
  const routes = routesFromLogs(logEvidence(), ['web2', 'web1', 'idle']);
  assert.deepEqual(
    routes.map(({ route, member, count }) => [route, member, count]),
    [
      ['gateway', undefined, 4_080],
      ['direct', 'web2', 2_006],
      ['direct', 'web1', 2_040],
    ],
  );
});

test('outcomes have the keys of measured requests, and add up', () => {
  const [gateway] = routesFromLogs(logEvidence(), []);
  assert.deepEqual(gateway?.outcomes, { '200': 3_670, '304': 355, '404': 7, '502.3': 48 });
  assert.equal(gateway?.failureRatio?.value, 51 / 4_080);
  const odd = { ...gatewaySource(), classes: gatewaySource().classes.map((one) => ({ ...one, status: 0 })) };
  assert.deepEqual(routesFromLogs({ ...logEvidence(), sources: [odd] }, [])[0]?.outcomes, { 'no-status': 4_080 });
});

test('times are exact to 1.1 %, and n/a where no answer lies beyond the quantile', () => {
  const [gateway, , web2] = routesFromLogs(logEvidence(), ['web1', 'web2']);
  assert.deepEqual(gateway?.latencyUs['p50'], { state: 'known', value: 124_000, low: 122_636, high: 125_364 });
  assert.deepEqual([gateway?.latencyCount, gateway?.maxUs], [4_029, 29_700_000]);
  assert.deepEqual(web2?.latencyUs['p99'], { state: 'n/a', need: 100, have: 60 });
  assert.equal(web2?.latencyUs['p90']?.state, 'known');
});

test('a log without durations has counts and no times', () => {
  const { okDurationUs: _, ...source } = gatewaySource();
  const [gateway] = routesFromLogs({ ...logEvidence(), sources: [source] }, []);
  assert.deepEqual([gateway?.latencyUs, gateway?.latencyCount, gateway?.maxUs], [{}, 0, undefined]);
});

test('hosts without a log of requests have no route', () => {
  const sources = logEvidence().sources.filter(({ format }) => format === 'httperr' || format === 'nginx-error');
  assert.deepEqual(routesFromLogs({ ...logEvidence(), sources }, ['web1', 'web2']), []);
});
