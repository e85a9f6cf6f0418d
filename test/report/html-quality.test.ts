/** What the probe says of itself, in every form of the report. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeCheck } from '../../src/model/report.ts';
import { htmlWriter } from '../../src/report/html.ts';
import { qualitySection } from '../../src/report/html-quality.ts';
import { jsonWriter } from '../../src/report/json.ts';
import { markdownWriter } from '../../src/report/markdown.ts';
import { terminalWriter } from '../../src/report/terminal.ts';
import { demoReport } from './sample-report.ts';

const caution = (text: string): ProbeCheck => ({
  id: 'bias',
  title: 'what late sending added',
  state: 'caution',
  text,
});
const CHECKS: readonly ProbeCheck[] = [
  { id: 'quota', title: 'held back by the quota', state: 'good', text: 'never' },
  caution('Response times above 230 ms may be up to 30 ms too long, because the probe sent late.'),
  { id: 'steal', title: 'given to other machines', state: 'unknown', text: 'this platform does not tell' },
];

test('the page has every check, what asks for attention first', () => {
  const page = qualitySection({ ...demoReport(), checks: CHECKS }).markup;
  const places = ['up to 30 ms too long', 'held back by the quota', 'given to other machines'].map((text) =>
    page.indexOf(text),
  );
  assert.ok(places.every((at) => at > 0));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.match(page, /The answer stands; what to mistrust of it is said below/);
});

test('the answer on the first screen says that there are cautions, and leads to them', async () => {
  const pageWith = async (checks: readonly ProbeCheck[]): Promise<string> =>
    (await htmlWriter.render({ ...demoReport(), checks })).toString();
  assert.match(await pageWith(CHECKS), /One caution about these numbers: <a href="#quality">/);
  assert.match(await pageWith([...CHECKS, caution('More.')]), /2 cautions about these numbers/);
  assert.doesNotMatch(await pageWith(CHECKS.filter(({ state }) => state !== 'caution')), /about these numbers/);
});

test('a report without checks has no table for them', () => {
  const { checks: _, ...report } = demoReport();
  assert.doesNotMatch(qualitySection(report).markup, /checked of itself/);
});

test('terminal and Markdown say cautions only, the terminal three of them', async () => {
  const cautions = Array.from({ length: 5 }, (_, i) => caution(`Times may be ${i} ms too long.`));
  const report = { ...demoReport(), checks: [...CHECKS.filter(({ state }) => state !== 'caution'), ...cautions] };
  const text = await terminalWriter.render(report);
  assert.match(text, /Caution: Times may be 2 ms too long/);
  assert.doesNotMatch(text, /Times may be 3 ms|quota/);
  assert.match(text, /and 2 more cautions in the report/);
  const markdown = await markdownWriter.render(report);
  assert.match(markdown, /### The probe itself\n\n- Times may be 0 ms too long\./);
  assert.match(markdown, /4 ms too long/);
  assert.doesNotMatch(await markdownWriter.render({ ...report, checks: [] }), /The probe itself/);
});

test('the JSON has every check as it is', async () => {
  const json = JSON.parse(await jsonWriter.render({ ...demoReport(), checks: CHECKS })) as {
    quality: { checks: unknown };
  };
  assert.deepEqual(json.quality.checks, CHECKS);
});

test('a run of closed loops was never late, and says why', () => {
  const report = demoReport();
  const closed = { ...report, quality: { ...report.quality, latenessCount: 0 } };
  const page = qualitySection(closed).markup;
  assert.match(page, /no request had a due time of its own/);
  assert.doesNotMatch(page, /median service time/);
  assert.match(String(terminalWriter.render(closed)), /Probe: no request had a due time of its own/);
  assert.match(String(terminalWriter.render(report)), /Probe: sent .* late at p99/);
});

test('the terminal tells a closed loop from too few answers', () => {
  const report = demoReport();
  const routes = report.routes.map((route) => ({
    ...route,
    latencyUs: { ...route.latencyUs, p50: { state: 'n/a' as const, have: 0, need: 6 } },
  }));
  const text = String(terminalWriter.render({ ...report, routes }));
  assert.match(text, /a closed loop counts answers but tells no latencies/);
  assert.doesNotMatch(String(terminalWriter.render(report)), /a closed loop/);
});
