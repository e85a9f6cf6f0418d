/** What docs/metrics.md says, what is exported, and what rules and dashboard ask for are the same metrics. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '../../src/monitor/metrics.ts';
import { dashboardQueries } from '../helpers/services/grafana.ts';
import { BAD, NOW_US, sampleFarm } from './sample-farm.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Without what `export` writes of a run: the monitor has other metrics. */
const GUIDE = readFileSync(join(ROOT, 'docs', 'metrics.md'), 'utf8').replace(/^## A run\n[\s\S]*?(?=^## )/m, '');
const RULES = readFileSync(join(ROOT, 'docs', 'integrations', 'prometheus', 'gateprobe.rules.yml'), 'utf8');

type Metric = { readonly name: string; readonly type: string; readonly labels: readonly string[] };

function documented(): Metric[] {
  const rows = GUIDE.matchAll(/^\| `(\w+)` \| (\w+) \| ([\w, ]*?) ?\| .+ \|$/gm);
  return [...rows].map(([, name = '', type = '', labels = '']) => ({
    name,
    type,
    labels: labels === '' ? [] : labels.split(', ').sort(),
  }));
}

/** A farm on which every metric has a value. */
async function exported(): Promise<Metric[]> {
  const farm = sampleFarm();
  const metrics = createMetrics(farm.feed, farm.history);
  const [profile] = farm.feed.state().profiles;
  farm.setState({
    profiles: [
      {
        ...profile!,
        lastRound: {
          kind: 'scheduled',
          startedAtUs: NOW_US,
          endedAtUs: NOW_US,
          lagUs: 0,
          due: 6,
          notSent: 0,
          failed: 0,
        },
        judged: { endedAtUs: NOW_US, tookUs: 1, lagUs: 1 },
        deliveries: [{ name: 'webhook', delivered: 1, lost: 0, waiting: 0, failedTries: 0 }],
      },
    ],
  });
  const round = farm.addRound(BAD);
  const certificate = { subject: 'a', issuer: 'b', validFromAt: '2026-01-01', validToAt: '2027-01-01', sans: [] };
  const exchanges = round.exchanges.map((one) => ({ ...one, certificate }) as unknown as typeof one);
  const summary = { ...round, due: 6, notSent: 0, failed: 6 };
  farm.feed.publish({ kind: 'round', round: { ...round, exchanges }, summary });
  const probe = await metrics.renderProbe('shop/web1', undefined);
  assert.ok('text' in probe);
  return metricsIn(`${await metrics.render()}\n${probe.text}`);
}

function metricsIn(text: string): Metric[] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => {
    const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? \\S+$`, 'gm'))];
    assert.ok(series.length > 0, `${name} has no value in this test`);
    const labels = series.flatMap(([, pairs = '']) => [...pairs.matchAll(/(\w+)="/g)].map(([, key = '']) => key));
    return { name, type, labels: [...new Set(labels)].filter((key) => key !== 'le').sort() };
  });
}

const byName = (a: Metric, b: Metric): number => (a.name < b.name ? -1 : 1);

test('what is documented is exported, with the same type and labels, and the other way round', async () => {
  assert.deepEqual(documented().sort(byName), (await exported()).sort(byName));
});

test('rules and dashboard ask for nothing that is not exported', async () => {
  const known = new Set((await exported()).map(({ name }) => name));
  const recorded = new Set([...RULES.matchAll(/record: (\S+)/g)].map(([, name]) => name));
  const asked = `${RULES.replaceAll(/^ *#.*$/gm, '')}\n${dashboardQueries('5m')
    .map(({ expr }) => expr)
    .join('\n')}`;
  for (const [name] of asked.matchAll(/\b(?:gateprobe|process)_\w+|\bgateprobe:[\w:]+/g)) {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(known.has(name) || known.has(base) || recorded.has(name), `${name} is asked for and not exported`);
  }
});

test('every alert that the guide names is one of the rules', () => {
  for (const [name] of GUIDE.matchAll(/Gateprobe[A-Z]\w+/g)) assert.match(RULES, new RegExp(`alert: ${name}\n`));
});
