import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launchChromium, requireChromium } from '../helpers/chromium.ts';
import { runCli } from '../helpers/cli.ts';

type Interval = { readonly value: number; readonly low?: number; readonly high?: number };
type PublicFinding = {
  readonly cause: string;
  readonly severity: string;
  readonly scope: { readonly route: string; readonly member?: string };
  readonly measured: Readonly<Record<string, Interval>>;
};
type PublicReport = {
  readonly validity: { readonly ok: boolean; readonly reasons: readonly string[] };
  readonly findings: readonly PublicFinding[];
};

/** What the demo farm is made of: see lab/scenario-demo.ts. */
const TRUTH = { timeoutMs: 2_000, idleThresholdMs: 1_500, penaltyMs: 1_200, concurrencyLimit: 2, ratePerSec: 25 };

function holds(interval: Interval | undefined, truth: number, slackRatio = 0): void {
  assert.ok(interval !== undefined);
  const { low = interval.value, high = interval.value } = interval;
  assert.ok(truth >= low * (1 - slackRatio) && truth <= high * (1 + slackRatio), `${truth} is not in ${low}–${high}`);
}

describe('the demo', () => {
  let folder = '';
  let report: PublicReport | undefined;
  let durationMs = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gateprobe-demo-'));
    const result = await runCli(['demo', '--out', folder, '--seed', '11', '--json'], { timeoutMs: 120_000 });
    assert.equal(result.code, 0, result.stderr);
    durationMs = result.durationMs;
    report = JSON.parse(result.stdout) as PublicReport;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  function finding(cause: string): PublicFinding {
    const found = report?.findings.find((one) => one.cause === cause);
    assert.ok(found, `${cause} was not found; found: ${report?.findings.map((one) => one.cause).join(', ')}`);
    return found;
  }

  test('is valid and ends within 90 s', () => {
    assert.deepEqual(report?.validity, { ok: true, reasons: [] });
    assert.ok(durationMs < 90_000, `${durationMs} ms`);
  });

  test('finds the four faults on the right hop and nothing else', () => {
    const serious = report?.findings.filter(({ severity }) => severity !== 'info') ?? [];
    const names = serious.map(({ cause, scope }) => `${cause} ${scope.member ?? scope.route}`).sort();
    assert.deepEqual(names, [
      'cold-start/idle web3',
      'connection/dropped-before-response web4',
      'queue/member web2',
      'timeout/gateway-response gateway',
    ]);
  });

  test('measures the timeout within 2 %', () => {
    const { timeoutMs } = finding('timeout/gateway-response').measured;
    assert.ok(Math.abs((timeoutMs?.value ?? 0) / TRUTH.timeoutMs - 1) <= 0.02, JSON.stringify(timeoutMs));
  });

  test('prints intervals that hold the truth', () => {
    holds(finding('cold-start/idle').measured['idleThresholdMs'], TRUTH.idleThresholdMs);
    // The start-up of a process on a busy machine is longer than its timer by some ms.
    holds(finding('cold-start/idle').measured['penaltyMs'], TRUTH.penaltyMs, 0.05);
    holds(finding('queue/member').measured['concurrencyLimit'], TRUTH.concurrencyLimit);
    holds(finding('queue/member').measured['ratePerSec'], TRUTH.ratePerSec, 0.03);
  });

  test('writes every format, and a report that a browser shows without scripts and without any request', async (t) => {
    for (const name of [
      'report.html',
      'report.json',
      'report.md',
      'report.css',
      'junit.xml',
      'latency.hlog',
      'recording/manifest.json',
    ]) {
      assert.ok((await stat(join(folder, name))).size > 0, name);
    }
    assert.ok((await stat(join(folder, 'report.html'))).size < 250_000);
    const path = requireChromium(t);
    if (path === undefined) return;
    const browser = await launchChromium(path);
    try {
      const page = await browser.view(`file://${join(folder, 'report.html')}`, { widthPx: 1_280, scripts: false });
      assert.deepEqual(page.complaints, []);
      assert.deepEqual(
        page.requests.filter((address) => !address.startsWith('file:') && !address.startsWith('data:')),
        [],
      );
      assert.ok((page.dom.match(/<svg/g) ?? []).length >= 6, 'charts are missing');
    } finally {
      await browser.close();
    }
  });

  test('is judged the same again from its recording', async () => {
    const again = await runCli(['diagnose', folder, '--json', '--out', join(folder, 'again')]);
    assert.equal(again.code, 1, again.stderr);
    assert.deepEqual((JSON.parse(again.stdout) as PublicReport).findings, report?.findings);
    const text = await runCli(['report', folder, '--format', 'markdown']);
    assert.match(text.stdout, /gives up after/);
    assert.match(await readFile(join(folder, 'junit.xml'), 'utf8'), /<testsuite/);
  });
});
