/** How it was found, and what was slow on purpose, in every format. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Recording } from '../../src/model/recording.ts';
import type { Report } from '../../src/model/report.ts';
import type { Trail } from '../../src/model/trail.ts';
import { buildReport } from '../../src/report/build.ts';
import { auditNote, trailSection } from '../../src/report/html-trail.ts';
import { jsonWriter } from '../../src/report/json.ts';
import { markdownWriter } from '../../src/report/markdown.ts';
import { renderTerminal } from '../../src/report/terminal.ts';
import { trailSentences } from '../../src/report/text-trail.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { pageOf } from './page-markup.ts';
import { clearReport, demoReport, HOSTILE } from './sample-report.ts';

const SCHEMA = JSON.parse(readFileSync(new URL('../../src/report/report.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strict: true }).compile(SCHEMA);

type PublicTrail = {
  readonly audit: unknown;
  readonly trail: {
    readonly budget: { readonly durationMs: number };
    readonly steps: readonly { readonly durationMs: number; readonly why: string }[];
  };
};

const TRAIL: Trail = {
  steps: [
    {
      experimentId: 'compare-1',
      what: 'baseline',
      why: 'Nothing is known yet.',
      gatewayRequests: 12,
      directRequests: 24,
      deliberate: 0,
      startUs: 30_000,
      durationUs: 4_200_000,
      result: '4 of 12 failed through the gateway.',
    },
    {
      experimentId: 'timeout-1',
      what: 'proof of a timer',
      why: 'Requests failed after 1.5 s.',
      gatewayRequests: 3,
      directRequests: 1,
      deliberate: 4,
      startUs: 4_300_000,
      durationUs: 9_000_000,
      result: '2 of 3 failed through the gateway.',
    },
  ],
  end: 'firm',
  because: 'The verdict stands.',
  notLookedFor: [{ what: 'the keep-alive race', why: 'no request failed at once' }],
  budget: { durationUs: 300_000_000, requests: 1_500, deliberate: 4 },
};
const AUDIT = { file: 'audit.jsonl', requests: 4 };

function withTrail(trail: Trail = TRAIL): Report {
  return { ...demoReport(), trail, audit: AUDIT };
}

describe('each format', () => {
  test('report.json keeps to the schema and is in milliseconds', async () => {
    const value = JSON.parse(await jsonWriter.render(withTrail())) as PublicTrail;
    const isValid: boolean = validate(value);
    assert.ok(isValid, JSON.stringify(validate.errors?.slice(0, 5)));
    assert.deepEqual(value.audit, AUDIT);
    assert.equal(value.trail.budget.durationMs, 300_000);
    assert.equal(value.trail.steps[1]?.durationMs, 9_000);
    assert.equal(value.trail.steps[1]?.why, 'Requests failed after 1.5 s.');
  });

  test('the page has a section and an entry of the contents, with a row for each step', async () => {
    const page = await pageOf(withTrail());
    assert.match(page, /<a href="#trail">How it was found \(2\)<\/a>/);
    assert.match(
      page,
      /id="trail"[\s\S]*The verdict stands\.[\s\S]*proof of a timer[\s\S]*2 of 3 failed[\s\S]*4 requests of this run were slow or failing on purpose[\s\S]*audit\.jsonl/,
    );
  });

  test('the terminal and Markdown tell the steps in short', async () => {
    const terminal = renderTerminal(withTrail(), { color: false });
    assert.match(
      terminal,
      /How it was found\n {2}1\. baseline \(12 requests through the gateway, 24 directly, 4\.2 s\)\n {2}2\. proof/,
    );
    const markdown = await markdownWriter.render(withTrail());
    assert.match(markdown, /### How it was found\n\n- 1\. baseline/);
    assert.match(markdown, /4 requests slow or failing on purpose: ids and reasons in audit\.jsonl/);
  });

  test('what a target or a profile says is only text', async () => {
    const [step] = TRAIL.steps;
    assert.ok(step !== undefined);
    const evil = { ...step, what: HOSTILE, why: HOSTILE, result: HOSTILE };
    const report = withTrail({ ...TRAIL, steps: [evil], because: HOSTILE });
    assert.doesNotMatch(await pageOf(report), /<script>|<img/);
    assert.doesNotMatch(renderTerminal(report, { color: false }), /\u001b/);
  });

  test('without them nothing is said', async () => {
    assert.equal(trailSection(clearReport()), false);
    assert.equal(auditNote(undefined), false);
    assert.deepEqual(trailSentences(clearReport()), []);
    assert.doesNotMatch(await pageOf(clearReport()), /How it was found|audit\.jsonl/);
  });

  test('a run that did not choose names its audit log beside the experiments', async () => {
    const page = await pageOf({ ...demoReport(), audit: { file: 'audit.jsonl', requests: 1 } });
    assert.match(page, /id="experiments"[\s\S]*1 request of this run was slow or failing on purpose/);
  });
});

describe('a recording with a trail', () => {
  function built(recording: Recording): Report {
    const judged = { findings: [], detectors: [], thresholds: [], invalidReasons: [] };
    return buildReport(recording, createMeasures(recording), judged);
  }
  const recording = makeRecording({ seed: 1 })
    .compare()
    .timeout({ gatewayTimeoutUs: 30_000_000, upToUs: 60_000_000 })
    .build();

  test('tells why it stopped and what was not looked for', () => {
    const trail: Trail = { ...TRAIL, end: 'nothing-wrong', because: 'Nothing looked wrong.' };
    const report = built({ ...recording, manifest: { ...recording.manifest, trail } });
    assert.ok(report.headline.includes('Nothing looked wrong.'));
    assert.deepEqual(report.untested[0], TRAIL.notLookedFor[0]);
    assert.deepEqual(report.trail, trail);
  });

  test('counts delays that were asked for, and failures that were repeated', () => {
    const delayed = recording.exchanges.filter(({ tag }) => tag?.kind === 'delay').length;
    assert.equal(built(recording).audit?.requests, delayed);
    const [first] = TRAIL.steps;
    assert.ok(first !== undefined);
    const trail = { ...TRAIL, steps: [{ ...first, deliberate: 3 }] };
    assert.equal(built({ ...recording, manifest: { ...recording.manifest, trail } }).audit?.requests, delayed + 3);
    assert.equal(built(makeRecording({ seed: 1 }).compare().build()).audit, undefined);
  });
});
