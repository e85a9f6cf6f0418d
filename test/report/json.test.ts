import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { CAUSES } from '../../src/model/causes.ts';
import { GATEWAY_KINDS } from '../../src/model/profile.ts';
import { jsonWriter } from '../../src/report/json.ts';
import { timeoutPlane, timerTable } from './sample-exhibits.ts';
import { demoReport, hugeReport, SAMPLE_REPORTS } from './sample-report.ts';

const SCHEMA = JSON.parse(readFileSync(new URL('../../src/report/report.schema.json', import.meta.url), 'utf8'));
const validate: ValidateFunction = new Ajv2020({ allErrors: true, strict: true }).compile(SCHEMA);

// biome-ignore lint/suspicious/noExplicitAny: the value is broken on purpose, in ways that no type allows.
type Written = any;

async function written(report = demoReport()): Promise<Written> {
  return JSON.parse(await jsonWriter.render(report));
}

for (const [name, build] of Object.entries({ ...SAMPLE_REPORTS, huge: hugeReport })) {
  test(`the ${name} report keeps to the schema`, async () => {
    const value = await written(build());
    assert.ok(validate(value), JSON.stringify(validate.errors?.slice(0, 5), undefined, 2));
  });
}

const BROKEN: readonly (readonly [name: string, breakIt: (value: Written) => void])[] = [
  [
    'an unknown field',
    (value) => {
      value['extra'] = 1;
    },
  ],
  [
    'a missing field',
    (value) => {
      delete value['worst'];
    },
  ],
  [
    'an unknown cause',
    (value) => {
      value['findings'][0].cause = 'timeout/unheard-of';
    },
  ],
  [
    'a measured quantity in µs',
    (value) => {
      value['findings'][0].measured = { timeoutUs: { value: 1 } };
    },
  ],
  [
    'a unit of µs',
    (value) => {
      value['exhibits'][0].y.unit = 'us';
    },
  ],
  [
    'a quantile that is neither known nor explained',
    (value) => {
      value['overheadMs'].p50 = { value: null };
    },
  ],
  [
    'an unknown verdict',
    (value) => {
      value['detectors'][0].verdict = 'maybe';
    },
  ],
  [
    'no headline',
    (value) => {
      value['headline'] = [];
    },
  ],
];
for (const [name, breakIt] of BROKEN) {
  test(`the schema refuses ${name}`, async () => {
    const value = await written();
    breakIt(value);
    assert.equal(validate(value), false);
  });
}

test('the schema knows every cause and every kind of gateway', () => {
  assert.deepEqual(SCHEMA.$defs.causeId.enum, Object.keys(CAUSES));
  assert.deepEqual(SCHEMA.$defs.gatewayKind.enum, [...GATEWAY_KINDS]);
});

test('every field of the schema is described', () => {
  const undescribed: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, child] of Object.entries(node)) {
      if (path.endsWith('/properties') && !/kind$|series|categories|stacked|columns|style|axis|text$/.test(name)) {
        const said = 'description' in child || '$ref' in child || 'const' in child || 'enum' in child;
        if (!said) undescribed.push(`${path}/${name}`);
      }
      walk(child, `${path}/${name}`);
    }
  };
  walk(SCHEMA, '');
  assert.deepEqual(undescribed, []);
});

test('times are milliseconds with three decimals', async () => {
  const value = await written();
  assert.equal(value.durationMs, 187_400);
  assert.deepEqual(value.routes[0].latencyMs.p50, { value: 13.8, low: 13.386, high: 14.352 });
  assert.deepEqual(value.routes[0].latencyMs.p99, { value: 193.2, low: 154.56 }, 'an open interval has no high');
  assert.deepEqual(value.routes[0].latencyMs.p999, { value: null, need: 3_688, have: 2_286 });
  assert.deepEqual(value.overheadMs.p95, { value: -0.21, low: -0.9, high: 0.7 });
  assert.deepEqual(value.routes[0].phasesMs.connect, { p50: 0.4, p99: 2.1, count: 60 });
  assert.equal(value.quality.latenessMs.p99, 0.184);
});

test('measured quantities carry their unit in the name', async () => {
  const [timeout, , , queue] = (await written()).findings;
  assert.deepEqual(Object.keys(timeout.measured), ['timeoutMs', 'directP99Ms', 'errorRatio']);
  assert.deepEqual(timeout.measured.timeoutMs, { value: 2_004.3, low: 2_001.9, high: 2_006.8 });
  assert.deepEqual(timeout.measured.errorRatio, { value: 0.0313, low: 0.0246, high: 0.0392 });
  assert.deepEqual(queue.measured.capacityPerSec, { value: 252, low: 244, high: 261 });
});

test('nothing anywhere is in µs', async () => {
  const text = await jsonWriter.render(demoReport());
  assert.doesNotMatch(text, /"[A-Za-z0-9]+Us":/);
  assert.doesNotMatch(text, /"unit": "us"/);
});

test('exhibits are converted along each of their axes', async () => {
  const value = await written({ ...demoReport(), exhibits: [timeoutPlane(8), timerTable()] });
  const [plane, table] = value.exhibits;
  assert.deepEqual([plane.x.unit, plane.y.unit], ['ms', 'ms']);
  assert.equal(plane.marks[0].value, 2_000);
  assert.ok(plane.series[2].points.every(([, y]: number[]) => (y ?? 0) > 2_003 && (y ?? 0) < 2_014));
  assert.deepEqual(table.rows[1], ['/report?ms=2200', 2_200, 'gateway', 2_006.9, '502.3']);
  assert.deepEqual(table.rows[3], ['/report?ms=60000', 60_000, 'web2, direct', null, 'not tried']);
});

test('requests carry wall time, so that a log can be searched', async () => {
  const rows = (await written()).findings[0].exhibits[2].rows;
  assert.deepEqual([rows[0].dueAt, rows[0].dueMs], ['2026-03-02T09:15:04.662Z', 412.345]);
});

test('detectors say what they came to and why', async () => {
  const byId = new Map<string, { verdict: string; detail: string }>(
    (await written()).detectors.map((one: { id: string }) => [one.id, one]),
  );
  assert.deepEqual(byId.get('queue/gateway'), { id: 'queue/gateway', verdict: 'found', detail: '1 finding' });
  assert.equal(byId.get('timeout/gateway-send')?.detail, 'needs 30 failures on one route; has 9');
});

test('numbers that are none are null or left out, never text', async () => {
  const report = demoReport();
  const [finding] = report.findings;
  assert.ok(finding);
  const odd = { ...finding, measured: { driftUs: { value: Number.NaN, low: Number.NEGATIVE_INFINITY, high: 5_000 } } };
  const value = await written({ ...report, findings: [odd] });
  assert.deepEqual(value.findings[0].measured, { driftMs: { value: null, high: 5 } });
  assert.ok(validate(value));
});
