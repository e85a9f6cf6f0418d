/** A farm with a member that is down, under a real monitor, before a real Prometheus and a real Alertmanager. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Farm, startFarm } from '../../src/lab/farm.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { openHistory } from '../../src/store/history.ts';
import type { RunningGateway } from '../helpers/gateways/gateway-process.ts';
import { findProgram, missingProgram } from '../helpers/requires.ts';
import { dashboardQueries, readDashboard } from '../helpers/services/grafana.ts';
import { type RunningMonitor, startMonitor } from '../helpers/services/monitor.ts';
import { startAlertmanager, startPrometheus } from '../helpers/services/prometheus.ts';
import { timeoutFinding } from '../report/sample-findings.ts';

const INTEGRATIONS = join(import.meta.dirname, '..', '..', 'docs', 'integrations');
const PROFILE = 'lab-one-down';
/** Three rounds a second apart, scrapes and rules a second apart: five seconds on a free machine. */
const SEEN_WITHIN_MS = 30_000;
/** History is judged for the first time after five minutes: these panels are empty until then. */
const EMPTY_AT_FIRST = ['Findings are this old', 'Judging'];

type Series = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };
type Labelled = { readonly labels: Readonly<Record<string, string>>; readonly annotations: Record<string, string> };
type Setup = { farm: Farm; alertmanager: RunningGateway; monitor: RunningMonitor; prometheus: RunningGateway };

const skip = missingProgram('prometheus', 'promtool', 'prometheus-alertmanager');
const folder = mkdtempSync(join(tmpdir(), 'gateprobe-prometheus-'));
const started: { stop(): Promise<void> }[] = [];

async function kept<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const one = await starting;
  started.push(one);
  return one;
}

async function setUp(): Promise<Setup> {
  const scenario = SCENARIOS['one-down'];
  assert.ok(scenario !== undefined);
  const [farm, alertmanager] = await Promise.all([kept(startFarm(scenario, { seed: 1 })), kept(startAlertmanager())]);
  const profile = join(folder, 'shop.yaml');
  const alerts = `schedule: { every: 1s }\nalerts: { alertmanager: { url: "${alertmanager.url}" } }\n`;
  writeFileSync(profile, farm.profileYaml + alerts);
  const data = join(folder, 'data');
  keepFinding(data);
  const monitor = await kept(startMonitor([profile], data));
  const rules = readFileSync(join(INTEGRATIONS, 'prometheus', 'gateprobe.rules.yml'), 'utf8');
  const prometheus = await kept(
    startPrometheus({
      target: new URL(monitor.url).host,
      alertmanager: new URL(alertmanager.url).host,
      // The rules as they are shipped, but for how long they wait.
      rules: rules.replaceAll(/^( +for:) \d+m$/gm, '$1 2s'),
    }),
  );
  return { farm, alertmanager, monitor, prometheus };
}

/** Open from before: the monitor judges for the first time after five minutes. */
function keepFinding(data: string): void {
  const history = openHistory(data);
  const times = { firstSeenAtUs: Date.now() * 1_000 - 60_000_000, lastSeenAtUs: Date.now() * 1_000, timesSeen: 1 };
  try {
    assert.equal(history.putFinding({ id: 'f', profile: PROFILE, finding: timeoutFinding(), ...times }), undefined);
  } finally {
    history.close();
  }
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  assert.equal(response.status, 200, `${url}: ${text}`);
  return JSON.parse(text);
}

async function query(prometheus: RunningGateway, expression: string): Promise<readonly Series[]> {
  const answer = await json(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  return (answer as { data: { result: Series[] } }).data.result;
}

/** What `look` gives as soon as it is something; fails with what was seen last. */
async function eventually<T>(what: string, look: () => Promise<T | undefined>, seen: () => string): Promise<T> {
  const deadlineMs = performance.now() + SEEN_WITHIN_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) assert.fail(`${what} was not seen within ${SEEN_WITHIN_MS} ms\n${seen()}`);
    await delay(250);
  }
}

describe('a monitor before Prometheus and Alertmanager', { skip, timeout: 120_000 }, () => {
  let setup: Setup;
  before(async () => {
    setup = await setUp();
  });
  after(async () => {
    for (const one of started.toReversed()) await one.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  test('promtool has nothing to say about what the monitor exports', async () => {
    const input = await (await fetch(`${setup.monitor.url}/metrics`)).text();
    assert.match(input, /^gateprobe_route_requests_total\{.*member="web3"/m);
    const { status, stdout, stderr } = spawnSync(findProgram('promtool') ?? '', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });

  test('the rule of the member that is down fires, and none of the others', async () => {
    const { prometheus, monitor } = setup;
    const firing = (labels: string) => query(prometheus, `ALERTS{alertstate="firing",${labels}}`);
    const [alert] = await eventually(
      'the alert',
      async () => {
        const found = await firing('alertname="GateprobeMemberFails"');
        return found.length > 0 ? found : undefined;
      },
      monitor.log,
    );
    const { profile, route, member, severity } = alert?.metric ?? {};
    assert.deepEqual(
      { profile, route, member, severity },
      { profile: PROFILE, route: 'direct', member: 'web3', severity: 'warning' },
    );
    assert.deepEqual(
      (await firing('alertname=~"GateprobeMemberFails",member!="web3"')).map(({ metric }) => metric),
      [],
    );
    const finding = await firing('alertname="GateprobeFinding"');
    assert.deepEqual(
      finding.map(({ metric }) => metric['cause']),
      ['timeout/gateway-response'],
    );
    assert.deepEqual(
      await firing('alertname=~"Gateprobe(Monitor.*|History.*|Rounds.*|Profile.*|Judging.*|Alerts.*)"'),
      [],
    );
    const refused = await query(prometheus, 'sum by (member) (gateprobe_requests_total{route="direct",class="error"})');
    assert.deepEqual(
      refused.map(({ metric }) => metric['member']),
      ['web3'],
    );
  });

  test('Alertmanager has it from Prometheus and from the monitor, each once', async () => {
    const { alertmanager, monitor, prometheus } = setup;
    let last: readonly Labelled[] = [];
    const own = (alerts: readonly Labelled[]) =>
      alerts.filter(({ labels }) => labels['alertname'] === 'gateprobe' && labels['profile'] === PROFILE);
    const ruled = (alerts: readonly Labelled[]) =>
      alerts.filter(({ labels }) => labels['alertname'] === 'GateprobeMemberFails');
    const alerts = await eventually(
      'both alerts',
      async () => {
        last = (await json(`${alertmanager.url}/api/v2/alerts`)) as Labelled[];
        return own(last).length > 0 && ruled(last).length > 0 ? last : undefined;
      },
      () => `${JSON.stringify(last)}\n${monitor.log()}`,
    );
    assert.equal(ruled(alerts).length, 1);
    assert.match(ruled(alerts)[0]?.annotations['summary'] ?? '', /^lab-one-down: member web3 has failed for a minute/);
    assert.equal(
      own(alerts).filter(({ labels }) => labels['cause'] === 'one-member').length,
      1,
      JSON.stringify(own(alerts)),
    );
    assert.match(JSON.stringify(own(alerts)), /web3/);
    const sent = await eventually(
      'the count of what was sent',
      async () => {
        const [series] = await query(prometheus, `gateprobe_alerts_sent_total{receiver="alertmanager"} > 0`);
        return series;
      },
      monitor.log,
    );
    assert.equal(sent.metric['profile'], PROFILE);
    assert.deepEqual(await query(prometheus, 'gateprobe_alerts_lost_total > 0'), []);
  });

  test('every query of the Grafana dashboard has an answer with numbers', async () => {
    const empty: string[] = [];
    for (const { panel, expr } of dashboardQueries('30s')) {
      const series = await query(setup.prometheus, expr);
      const hasNumbers = series.some(({ value }) => Number.isFinite(Number(value[1])));
      if (hasNumbers === EMPTY_AT_FIRST.includes(panel)) empty.push(`${panel}: ${expr} ${JSON.stringify(series)}`);
    }
    assert.deepEqual(empty, []);
  });

  test('every variable of the dashboard has something to choose', async () => {
    for (const { name, definition } of readDashboard().templating.list) {
      if (definition === undefined) continue;
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      const series = await query(setup.prometheus, `count by (${label}) (${selector?.replace('$job', '.+')})`);
      assert.ok((series[0]?.metric[label ?? ''] ?? '') !== '', `${name}: ${definition}`);
    }
  });
});
