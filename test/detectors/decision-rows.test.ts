import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DECISION_TABLE } from '../../src/detectors/decision-table.ts';
import { directDecision } from '../../src/detectors/direct-decision.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { decideFolder, ROWS_FOLDER } from './log-folder.ts';

type Expected = {
  readonly row: string;
  readonly kind: GatewayKind;
  readonly path: string;
  /** Of the requests to the path only those that the gateway answered so. */
  readonly status?: number;
  /** Left out: the row explains the request without a fault. */
  readonly cause?: string;
  readonly confidence?: string;
  readonly member?: string;
  readonly undecided?: true;
  /** Part of the reason. */
  readonly because?: string;
};

const FOLDERS = readdirSync(ROWS_FOLDER).sort();

for (const name of FOLDERS) {
  const folder = join(ROWS_FOLDER, name);
  const expected = JSON.parse(readFileSync(join(folder, 'expect.json'), 'utf8')) as Expected;
  test(`row ${name}: ${expected.cause ?? (expected.undecided ? 'undecided' : 'no fault')}`, async () => {
    const { decided } = await decideFolder(folder, expected.kind);
    const own = decided.filter(
      ({ journey, facts }) =>
        journey.path === expected.path &&
        (expected.status === undefined || facts.frontLine?.status === expected.status),
    );
    assert.ok(own.length > 0, 'no journey of the request');
    for (const { decision } of own) {
      const said = JSON.stringify(decision);
      assert.equal(decision.row, expected.row, said);
      assert.equal(decision.cause, expected.cause, said);
      if (expected.confidence !== undefined) assert.equal(decision.confidence, expected.confidence, said);
      if (expected.member !== undefined) assert.equal(decision.member, expected.member, said);
      assert.equal(decision.undecided, expected.undecided, said);
      assert.ok(decision.because.includes(expected.because ?? ''), said);
      assert.doesNotMatch(decision.because, /undefined|NaN|null/);
    }
  });
}

/** Rows of the decision table, as numbered. */
const ROWS = [...Array.from({ length: 45 }, (_, index) => String(index + 1)), '26b'];

test('every row of the table has a fixture, and no row has another number', () => {
  const covered = new Set(
    FOLDERS.map((name) => (JSON.parse(readFileSync(join(ROWS_FOLDER, name, 'expect.json'), 'utf8')) as Expected).row),
  );
  assert.deepEqual([...covered].sort(), [...ROWS].sort());
  for (const { row } of DECISION_TABLE) assert.ok(ROWS.includes(row), row);
  assert.equal(typeof directDecision, 'function');
});

for (const [name, reason] of [
  ['23-freb', 'hides the forwarder'],
  ['7-freb', 'hides the forwarder'],
] as const)
  test(`row ${name}: without the trace the gateway's number stays unknown`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateprobe-freb-'));
    try {
      cpSync(join(ROWS_FOLDER, name), folder, { recursive: true, filter: (file) => !file.endsWith('-freb.xml') });
      const { decided } = await decideFolder(folder, 'arr');
      const own = decided.find(({ journey }) => journey.path === '/incident');
      assert.match(own?.decision.because ?? '', new RegExp(reason));
      assert.equal(own?.decision.undecided, name === '23-freb' ? true : undefined);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
