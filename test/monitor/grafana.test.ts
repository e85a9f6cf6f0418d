/** The shipped dashboard, as far as it can be judged without Grafana; its queries run in test/end-to-end/prometheus.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardQueries, type Panel, readDashboard } from '../helpers/services/grafana.ts';

const { panels, templating } = readDashboard();

test('panels have a number and a place of their own, within the grid', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const overlaps = (a: Panel, b: Panel): boolean => {
    const [p, q] = [a.gridPos, b.gridPos];
    return p.x < q.x + q.w && q.x < p.x + p.w && p.y < q.y + q.h && q.y < p.y + p.h;
  };
  for (const [i, panel] of panels.entries()) {
    assert.ok(panel.gridPos.x + panel.gridPos.w <= 24, panel.title);
    assert.equal(panels.slice(i + 1).find((other) => overlaps(panel, other))?.title, undefined, panel.title);
  }
});

test('the rows of the dashboard', () => {
  assert.deepEqual(
    panels.filter(({ type }) => type === 'row').map(({ title }) => title),
    [
      'Farm',
      'Findings',
      'Response times, from the moment a request was due',
      'Outcomes',
      'Alerts of the monitor',
      'The monitor itself',
    ],
  );
});

test('each variable that a query uses is there, and each is used', () => {
  const text = JSON.stringify(panels);
  const used = new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name));
  const known = templating.list.map(({ name }) => name);
  assert.deepEqual([...used].sort(), known.toSorted());
  for (const { panel, expr } of dashboardQueries('5m')) assert.ok(!expr.includes('$'), `${panel}: ${expr}`);
});
