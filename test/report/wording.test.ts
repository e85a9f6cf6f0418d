import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAUSES, type CauseId } from '../../src/model/causes.ts';
import type { Declaration, Finding, Scope } from '../../src/model/finding.ts';
import type { Report } from '../../src/model/report.ts';
import { renderHtml } from '../../src/report/html.ts';
import { blamedHops } from '../../src/report/html-hops.ts';
import { markdownWriter } from '../../src/report/markdown.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import {
  coverageSentence,
  findingAnchors,
  gatewayLabel,
  slug,
  verdictLabel,
  whereLabel,
} from '../../src/report/wording.ts';
import { raceFinding, timeoutFinding } from './sample-findings.ts';
import { clearReport, demoReport, interruptedReport, invalidReport } from './sample-report.ts';

const WHERE: readonly (readonly [cause: CauseId, scope: Scope, where: string, hops: string])[] = [
  ['timeout/gateway-response', { route: 'gateway' }, 'in the gateway', 'gateway'],
  ['timeout/gateway-connect', { route: 'gateway', member: 'web2' }, 'in the gateway, towards web2', 'gateway'],
  ['member/slow', { route: 'direct', member: 'web2' }, 'at the member web2', 'member'],
  ['application/slow', { route: 'direct' }, 'at the members', 'member'],
  [
    'connection/keep-alive-race',
    { route: 'gateway', member: 'web2' },
    'between the gateway and web2',
    'gateway back-path member',
  ],
  ['connection/silent-idle-drop', { route: 'direct', member: 'web1' }, 'on the path to web1', 'back-path'],
  ['timeout/middlebox', { route: 'gateway' }, 'on the path', 'front-path'],
  ['connection/invalid-response', { route: 'gateway' }, 'in the gateway or behind it', 'gateway back-path member'],
  ['queue/rejected', { route: 'gateway' }, 'in the gateway or behind it', 'gateway back-path member'],
  ['stall/pause', { route: 'direct', member: 'web1' }, 'at the member web1', 'member'],
  ['probe/saturated', { route: 'probe' }, 'in the probe', 'probe'],
];
for (const [cause, scope, where, hops] of WHERE) {
  test(`${cause} ${JSON.stringify(scope)} is ${where}`, () => {
    assert.equal(whereLabel({ cause, scope }), where);
    assert.equal([...blamedHops({ cause, scope })].join(' '), hops);
  });
}

test('every cause has a place and a hop', () => {
  for (const cause of Object.keys(CAUSES) as CauseId[]) {
    for (const route of ['gateway', 'direct', 'probe'] as const) {
      assert.match(whereLabel({ cause, scope: { route } }), /^(in|at|on|between) /);
      assert.ok(blamedHops({ cause, scope: { route } }).size > 0);
    }
  }
});

test('the label of a report', () => {
  assert.equal(verdictLabel(demoReport()), '4 findings: 1 critical, 1 error, 1 warning, 1 note');
  assert.equal(verdictLabel({ ...demoReport(), findings: [raceFinding()], worst: 'error' }), '1 finding: 1 error');
  assert.equal(verdictLabel(clearReport()), 'No fault found');
  const [gateway, ...members] = clearReport().routes;
  const failing = { ...(gateway as Report['routes'][number]), outcomes: { '200': 990, '502': 10 }, count: 1_000 };
  const { failureRatio: _, ...counted } = failing;
  assert.equal(
    verdictLabel({ ...clearReport(), routes: [counted, ...members] }),
    'No cause found for 10 failed requests',
  );
  assert.equal(verdictLabel(invalidReport()), 'This run is not valid');
  assert.equal(verdictLabel(interruptedReport()), 'No fault found, but too little was measured to rule one out');
});

test('coverage is counted, nothing is claimed that was not looked at', () => {
  assert.equal(
    coverageSentence(demoReport()),
    '53 causes looked for, 4 found, 29 clear, 5 with too little data to tell, 14 not applicable to this run, 1 check failed.',
  );
});

test('anchors are stable, and numbered only when cause and member repeat', () => {
  const odd: Finding = { ...raceFinding(), scope: { route: 'gateway', member: '"><b>Web 2</b>' } };
  const findings = [timeoutFinding(), raceFinding(), raceFinding(), odd];
  assert.deepEqual(
    [...findingAnchors(findings).values()],
    [
      'finding-timeout-gateway-response',
      'finding-connection-keep-alive-race-web2',
      'finding-connection-keep-alive-race-web2-2',
      'finding-connection-keep-alive-race-b-web-2-b',
    ],
  );
  assert.equal(slug('東京'), 'x');
});

test('a gateway that is only guessed is called probable', () => {
  const known = demoReport().gateway;
  assert.equal(gatewayLabel(known), 'IIS with ARR');
  assert.equal(gatewayLabel({ ...known, certainty: 0.6 }), 'probably IIS with ARR');
  assert.equal(gatewayLabel({ ...known, certainty: 0.6, declared: true }), 'IIS with ARR');
  assert.equal(gatewayLabel({ ...known, kind: 'unknown' }), 'kind of gateway not recognised');
});

test('a declared value that is not the measured one is marked in every text', async () => {
  const [first, ...rest] = demoReport().findings as readonly [Finding, ...Finding[]];
  const declaration = (directive: string, disagreement?: string): Declaration => {
    const place = { file: 'nginx.conf', line: 18, directive, value: '60s', scope: 'http' };
    const citation = `nginx.conf:18 ${directive} 60s (http)`;
    return { ...place, citation, agrees: disagreement === undefined, ...(disagreement && { disagreement }) };
  };
  const declared = [declaration('proxy_read_timeout', 'measured 2 s, declared 60 s'), declaration('send_timeout')];
  const report = { ...demoReport(), findings: [{ ...first, declared }, ...rest] };
  for (const text of [
    renderTerminal(report, { color: false }),
    await markdownWriter.render(report),
    (await renderHtml(report)).replaceAll(/<[^>]*>/g, ''),
  ]) {
    const flat = text.replaceAll(/[`\s]+/g, ' ').replaceAll('\\', '');
    assert.match(flat, /60s \(http\) ?: not what was measured \(measured 2 s, declared 60 s\)/);
    assert.equal(flat.split('not what was measured').length, 2, flat);
  }
});
