import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { Exchange, Outcome } from '../../src/model/exchange.ts';
import { createMetrics } from '../../src/monitor/metrics.ts';
import { findProgram, missingProgram } from '../helpers/requires.ts';
import { BAD, makeRound, NOW_US, sampleFarm, summaryOf } from './sample-farm.ts';

function watch() {
  const farm = sampleFarm();
  const metrics = createMetrics(farm.feed, farm.history);
  return { farm, metrics };
}

/** Value of one series; undefined when there is none. `labels` in any order, all of them. */
function seriesValue(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null || match[1] !== name) continue;
    const own = Object.fromEntries(
      [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((m) => [m[1], m[2]]),
    );
    if (Object.entries(labels).every(([key, value]) => own[key] === value)) return Number(match[3]);
  }
  return undefined;
}

test('every due request is counted, by how it ended, with substatus', async () => {
  const { farm, metrics } = watch();
  farm.addRound();
  farm.addRound(BAD);
  const text = await metrics.render();
  const labels = { profile: 'shop', route: 'direct', member: 'web2', request: 'home' };
  assert.equal(seriesValue(text, 'gateprobe_requests_total', { ...labels, status: '200', class: 'ok' }), 2);
  assert.equal(
    seriesValue(text, 'gateprobe_requests_total', { ...labels, status: '502', substatus: '3', class: 'error' }),
    2,
  );
  assert.equal(seriesValue(text, 'gateprobe_rounds_total', { profile: 'shop', kind: 'scheduled' }), 2);
  assert.equal(seriesValue(text, 'gateprobe_success', { route: 'gateway' }), 0, 'the last round failed');
  assert.equal(seriesValue(text, 'gateprobe_response_seconds_count', { ...labels, connection: 'new' }), 2);
});

test('what was not sent is counted and has no time', async () => {
  const { farm, metrics } = watch();
  farm.addRound({ kind: 'not-sent', reason: 'cap' });
  const text = await metrics.render();
  assert.equal(
    seriesValue(text, 'gateprobe_requests_total', { route: 'gateway', outcome: 'not-sent:cap', class: 'not-sent' }),
    2,
  );
  assert.equal(seriesValue(text, 'gateprobe_response_seconds_count', { route: 'gateway' }), undefined);
  assert.equal(seriesValue(text, 'gateprobe_success', { route: 'gateway' }), undefined, 'nothing sent says nothing');
});

test('a 120 s timeout has a bucket between 95 and 120 s, and one beyond', async () => {
  const { farm, metrics } = watch();
  const round = makeRound('shop', NOW_US, 1, () => BAD);
  const late = (us: number) => round.exchanges.slice(0, 1).map((one): Exchange => ({ ...one, endUs: one.dueUs + us }));
  for (const us of [119_900_000, 120_020_000]) {
    const own = { ...round, exchanges: late(us) };
    farm.feed.publish({ kind: 'round', round: own, summary: summaryOf(own) });
  }
  const text = await metrics.render();
  const at = (le: string) => seriesValue(text, 'gateprobe_response_seconds_bucket', { route: 'gateway', le });
  assert.deepEqual([at('95'), at('120'), at('125')], [0, 1, 2]);
});

test('a server that answers ever new codes does not make ever new series', async () => {
  const { farm, metrics } = watch();
  for (let substatus = 0; substatus < 500; substatus++) farm.addRound({ ...BAD, substatus } as Outcome);
  const text = await metrics.render();
  const series = text.split('\n').filter((line) => /^gateprobe_requests_total\{.*route="gateway"/.test(line));
  assert.equal(series.length, 61);
  assert.equal(seriesValue(text, 'gateprobe_requests_total', { route: 'gateway', outcome: 'other' }), 2 * 440);
});

test('open findings are there, and gone once closed', async () => {
  const { farm, metrics } = watch();
  const labels = { profile: 'shop', cause: 'timeout/read', severity: 'critical' };
  const query = { profile: 'shop', fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
  const [record] = farm.history.findings(query);
  assert.equal(
    seriesValue(await metrics.render(), 'gateprobe_finding', { ...labels, cause: record!.finding.cause }),
    1,
  );
  farm.history.putFinding({ ...record!, closedAtUs: NOW_US });
  assert.equal(seriesValue(await metrics.render(), 'gateprobe_finding'), undefined);
});

test('the monitor tells its own lateness and whether it still writes', async () => {
  const { farm, metrics } = watch();
  assert.equal(seriesValue(await metrics.render(), 'gateprobe_monitor_history_writable'), 1);
  farm.setState({
    paused: { reason: 'full', text: 'full', sinceAtUs: NOW_US - 90_000_000, roundsLost: 4 },
    lost: { pauses: 2, rounds: 9 },
  });
  const text = await metrics.render();
  assert.equal(seriesValue(text, 'gateprobe_monitor_history_writable'), 0);
  assert.equal(seriesValue(text, 'gateprobe_monitor_rounds_lost'), 4);
  assert.equal(seriesValue(text, 'gateprobe_monitor_rounds_lost_total'), 9);
  assert.equal(seriesValue(text, 'gateprobe_monitor_history_pauses_total'), 2);
  assert.equal(seriesValue(text, 'gateprobe_monitor_history_paused_seconds'), 90);
  assert.equal(seriesValue(text, 'gateprobe_monitor_round_lag_seconds', { profile: 'shop' }), 0.0012);
});

test('what became of alerts is told for each receiver, and where nobody is named nothing is', async () => {
  const { farm, metrics } = watch();
  assert.equal(seriesValue(await metrics.render(), 'gateprobe_alerts_sent_total'), undefined);
  const counts = { delivered: 7, lost: 2, waiting: 3, failedTries: 11 };
  const problem = { atUs: NOW_US, text: 'answered 500' };
  const [profile] = farm.feed.state().profiles;
  const deliveries = [
    { name: 'webhook', ...counts, problem },
    { name: 'alertmanager', ...counts, waiting: 0, problem },
  ];
  farm.setState({ profiles: [{ ...profile!, deliveries }] });
  const text = await metrics.render();
  const at = (name: string, receiver = 'webhook') => seriesValue(text, name, { profile: 'shop', receiver });
  assert.equal(at('gateprobe_alerts_sent_total'), 7);
  assert.equal(at('gateprobe_alerts_lost_total'), 2);
  assert.equal(at('gateprobe_alerts_waiting'), 3);
  assert.equal(at('gateprobe_alert_tries_failed_total'), 11);
  assert.equal(at('gateprobe_alerts_retrying'), 1);
  assert.equal(at('gateprobe_alerts_retrying', 'alertmanager'), 0, 'nothing waits: it was given up');
  assert.equal(seriesValue(await metrics.render(), 'gateprobe_alerts_sent_total'), 7, 'reading does not count');
});

test('judging tells how old, how late and how slow it is, once it was', async () => {
  const { farm, metrics } = watch();
  assert.equal(seriesValue(await metrics.render(), 'gateprobe_judging_timestamp_seconds'), undefined);
  const [profile] = farm.feed.state().profiles;
  const judged = { endedAtUs: NOW_US, tookUs: 1_500_000, lagUs: 20_000_000 };
  farm.setState({ profiles: [{ ...profile!, judged }] });
  const text = await metrics.render();
  assert.equal(seriesValue(text, 'gateprobe_judging_timestamp_seconds', { profile: 'shop' }), NOW_US / 1e6);
  assert.equal(seriesValue(text, 'gateprobe_judging_seconds', { profile: 'shop' }), 1.5);
  assert.equal(seriesValue(text, 'gateprobe_judging_lag_seconds', { profile: 'shop' }), 20);
});

test('each route counts from 0, in classes and kinds; what fails in maintenance is counted apart', async () => {
  const { farm, metrics } = watch();
  const web2 = { profile: 'shop', route: 'direct', member: 'web2' };
  const value = async (kind: string, one: string) =>
    seriesValue(await metrics.render(), 'gateprobe_route_requests_total', { ...web2, kind, class: one });
  assert.deepEqual([await value('scheduled', 'error'), await value('confirm', 'timeout')], [0, 0]);
  farm.addRound(BAD);
  assert.equal(await value('scheduled', 'error'), 2);
  const [profile] = farm.feed.state().profiles;
  farm.setState({ profiles: [{ ...profile!, maintenance: { fromAtUs: 0, untilAtUs: NOW_US } }] });
  farm.addRound(BAD);
  assert.deepEqual([await value('scheduled', 'error'), await value('maintenance', 'error')], [2, 2]);
});

test('a member that leaves the profile does not fail for ever', async () => {
  const { farm, metrics } = watch();
  farm.addRound(BAD);
  assert.equal(seriesValue(await metrics.render(), 'gateprobe_success', { member: 'web2' }), 0);
  const [profile] = farm.feed.state().profiles;
  const routes = profile!.routes.filter(({ member }) => member !== 'web2');
  farm.setState({ profiles: [{ ...profile!, routes }] });
  const text = await metrics.render();
  for (const name of ['gateprobe_success', 'gateprobe_route_requests_total', 'gateprobe_quiet'])
    assert.equal(seriesValue(text, name, { member: 'web2' }), undefined, name);
  assert.equal(seriesValue(text, 'gateprobe_success', { member: 'web1' }), 0);
});

test('labels from outside are escaped', async () => {
  const farm = sampleFarm({ name: 'a"b\\c\nd' });
  const metrics = createMetrics(farm.feed, farm.history);
  farm.addRound();
  assert.match(await metrics.render(), /profile="a\\"b\\\\c\\nd"/);
});

test('a probe is answered from the newest request, in the words of blackbox_exporter', async () => {
  const { farm, metrics } = watch();
  const text = async (target: string, module?: string): Promise<string> => {
    const answer = await metrics.renderProbe(target, module);
    assert.ok('text' in answer, JSON.stringify(answer));
    return answer.text;
  };
  assert.equal(seriesValue(await text('shop'), 'probe_success'), 0, 'nothing was measured yet');
  assert.equal(seriesValue(await text('shop'), 'probe_http_status_code'), undefined);
  farm.addRound();
  const good = await text('shop/web2', 'home');
  assert.equal(seriesValue(good, 'probe_success'), 1);
  assert.equal(seriesValue(good, 'probe_http_status_code'), 200);
  const age = seriesValue(good, 'gateprobe_probe_age_seconds');
  assert.ok(age !== undefined && age > 4 && age < 6, `${age} s`);
  const phases = ['resolve', 'connect', 'tls', 'processing', 'transfer'].map((phase) =>
    seriesValue(good, 'probe_http_duration_seconds', { phase }),
  );
  assert.equal(phases[1], 0.0009);
  assert.equal(phases[4], 0.0005);
  farm.addRound(BAD);
  assert.equal(seriesValue(await text('shop'), 'probe_success'), 0);
});

test('a probe of what is not watched says what is', async () => {
  const { farm, metrics } = watch();
  farm.addRound();
  for (const [target, module, problem] of [
    [undefined, undefined, /profiles: shop/],
    ['http://127.0.0.1/', undefined, /profiles: shop/],
    ['shop/web9', undefined, /no member/],
    ['shop', 'other', /no request called other/],
  ] as const) {
    const answer = await metrics.renderProbe(target, module);
    assert.ok('problem' in answer);
    assert.match(answer.problem, problem);
  }
});

test('after close nothing is counted', async () => {
  const { farm, metrics } = watch();
  metrics.close();
  farm.addRound();
  assert.equal((await metrics.render()).trim(), '');
});

test('promtool finds nothing to complain about', { skip: missingProgram('promtool') }, async () => {
  const { farm, metrics } = watch();
  farm.addRound();
  farm.addRound(BAD);
  farm.addRound({ kind: 'timeout', waitingFor: 'headers', limitUs: 1, bytesReceived: 0 });
  const probe = await metrics.renderProbe('shop/web1', undefined);
  assert.ok('text' in probe);
  for (const input of [await metrics.render(), probe.text]) {
    const { status, stdout, stderr } = spawnSync(findProgram('promtool')!, ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  }
});

test('promtool does complain about a wrong text', { skip: missingProgram('promtool') }, () => {
  const { status } = spawnSync(findProgram('promtool')!, ['check', 'metrics'], {
    input: '# TYPE a counter\na{x="1} 2\n',
    encoding: 'utf8',
  });
  assert.notEqual(status, 0);
});
