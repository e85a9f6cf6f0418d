import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SaxesParser } from 'saxes';
import type { Report } from '../../src/model/report.ts';
import { junitWriter } from '../../src/report/junit.ts';
import { dialectFaults } from '../helpers/junit-dialect.ts';
import { clearReport, demoReport, interruptedReport, invalidReport, SAMPLE_REPORTS } from './sample-report.ts';

type Node = {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Node[];
  text: string;
};

async function parse(report: Report): Promise<Node> {
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const node: Node = { name, attributes: attributes as Record<string, string>, children: [], text: '' };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on('closetag', () => void open.pop());
  parser.on('text', (text) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += text;
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(await junitWriter.render(report)).close();
  const [top] = root.children;
  assert.ok(top);
  return top;
}

const suiteOf = (root: Node, name: string) => root.children.find(({ attributes }) => attributes['name'] === name);
const resultOf = (root: Node, suite: string, name: string) =>
  suiteOf(root, suite)?.children.find((one) => one.attributes['name'] === name)?.children[0];

for (const [name, build] of Object.entries(SAMPLE_REPORTS)) {
  test(`the ${name} report is well-formed, and its totals are true`, async () => {
    const root = await parse(build());
    const cases = root.children.flatMap(({ children }) => children.filter((one) => one.name === 'testcase'));
    const count = (kind: string) =>
      String(cases.filter(({ children }) => children.some((one) => one.name === kind)).length);
    const skipped = root.children.reduce((sum, { attributes }) => sum + Number(attributes['skipped']), 0);
    assert.deepEqual(
      [root.attributes['tests'], root.attributes['failures'], root.attributes['errors'], String(skipped)],
      [String(cases.length), count('failure'), count('error'), count('skipped')],
    );
    assert.deepEqual(dialectFaults(await junitWriter.render(build())), []);
    const report = build();
    // A run is valid or not; of logs two things are asked: were they the right ones, and is every error explained.
    const own = report.logs?.balance === undefined ? 1 : 2;
    assert.equal(cases.length, own + report.thresholds.length + report.detectors.length);
  });
}

test('found at warning and above fails, with the text of the finding', async () => {
  const root = await parse(demoReport());
  const timeout = resultOf(root, 'detectors', 'timeout/gateway-response');
  assert.equal(timeout?.name, 'failure');
  assert.match(timeout?.attributes['message'] ?? '', /^The gateway gives up after 2 s/);
  for (const part of ['timeout: 2 s (2 to 2.01 s)', "/[name='shop-farm']", 'How to verify: Run the same'])
    assert.ok(timeout?.text.includes(part), part);
  assert.equal(resultOf(root, 'detectors', 'cold-start/idle')?.name, 'failure');
  assert.equal(resultOf(root, 'detectors', 'queue/gateway')?.name, 'system-out', 'a note does not fail a build');
});

test('what could not be told is skipped with its reason, a broken check is an error, clear passes', async () => {
  const root = await parse(demoReport());
  assert.deepEqual(
    { ...resultOf(root, 'detectors', 'timeout/gateway-send')?.attributes },
    {
      message: 'too little data: needs 30 failures on one route; has 9',
    },
  );
  assert.deepEqual(
    { ...resultOf(root, 'detectors', 'timeout/gateway-read')?.attributes },
    {
      message: 'does not apply: The run had no experiment that shows it.',
    },
  );
  assert.equal(resultOf(root, 'detectors', 'dns/slow')?.name, 'error');
  assert.equal(resultOf(root, 'detectors', 'timeout/gateway-connect'), undefined);
});

test('thresholds pass, fail or are skipped', async () => {
  const root = await parse(demoReport());
  assert.equal(resultOf(root, 'thresholds', 'gateway p99 < 800ms')?.name, 'system-out');
  assert.match(resultOf(root, 'thresholds', 'gateway errors < 0.1%')?.text ?? '', /^Measured 3\.13 %/);
  assert.equal(resultOf(root, 'thresholds', 'overhead p99 < 15ms')?.name, 'skipped');
});

test('a run that is not valid is one error, and nothing is said about the target', async () => {
  const root = await parse(invalidReport());
  const error = resultOf(root, 'run', 'the run is valid');
  assert.equal(error?.name, 'error');
  assert.match(error?.text ?? '', /Requests were sent late/);
  assert.deepEqual([root.attributes['failures'], root.attributes['errors']], ['0', '1']);
});

test('an interrupted run says so; a clear one passes', async () => {
  assert.match(
    resultOf(await parse(interruptedReport()), 'run', 'the run is valid')?.text ?? '',
    /interrupted after 1\.24 s/,
  );
  const clear = await parse(clearReport());
  assert.deepEqual([clear.attributes['failures'], clear.attributes['errors']], ['0', '0']);
});

test('a finding of a cause that no detector is listed for is not lost', async () => {
  const report = demoReport();
  const root = await parse({
    ...report,
    detectors: report.detectors.filter(({ id }) => id !== 'connection/keep-alive-race'),
  });
  assert.equal(resultOf(root, 'detectors', 'connection/keep-alive-race')?.name, 'failure');
});
