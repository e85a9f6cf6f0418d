import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { HopOutcome, HopReading } from '../../src/model/hop.ts';
import { HOP_OUTCOMES } from '../../src/model/hop.ts';
import { GATEWAYS } from './gateways.ts';
import { labLogs } from './lab-entries.ts';

/** What the case does to the member. `alsoTrue`: coarser or seen from the other side, and not wrong. */
type Expected = {
  readonly outcome?: HopOutcome;
  readonly alsoTrue?: readonly HopOutcome[];
  readonly undecidable?: string;
};

const EXPECTED = JSON.parse(
  readFileSync(new URL('../fixtures/gateway-lab/expected-outcomes.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Expected>>;
/** From here on a reading is believed. */
const SURE = 0.7;
const CASES = labLogs();

type Verdict = 'exact' | 'also true' | 'rival named' | 'unknown' | 'wrong, unsure' | 'wrong, sure' | 'no line';

function readCase(
  gateway: string,
  log: NonNullable<(typeof CASES)[number]['log']>,
  withErrors: boolean,
): HopReading | undefined {
  const file = GATEWAYS.find(({ kind }) => kind === gateway);
  return file?.readLog?.(log.access, withErrors ? log.errors : []);
}

function judge(found: HopReading | undefined, expected: Expected): Verdict {
  if (found === undefined || expected.undecidable !== undefined) return 'no line';
  const right = [expected.outcome, ...(expected.alsoTrue ?? [])];
  if (found.outcome === expected.outcome) return 'exact';
  if (right.includes(found.outcome)) return 'also true';
  if (found.outcome === 'unknown') return 'unknown';
  if (found.sure >= SURE) return 'wrong, sure';
  return (found.rivals ?? []).some((rival) => right.includes(rival)) ? 'rival named' : 'wrong, unsure';
}

function table(withErrors: boolean): {
  readonly text: string;
  readonly wrong: readonly string[];
  readonly counts: Map<string, number>;
} {
  const counts = new Map<string, number>();
  const confusions: string[] = [];
  const wrong: string[] = [];
  for (const { key, gateway, log } of CASES) {
    const expected = EXPECTED[key];
    assert.ok(expected !== undefined, `no expectation for ${key}`);
    const found = log === undefined ? undefined : readCase(gateway, log, withErrors);
    const verdict = judge(found, expected);
    counts.set(`${gateway} ${verdict}`, (counts.get(`${gateway} ${verdict}`) ?? 0) + 1);
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const line = `${key}: ${expected.outcome} read as ${found?.outcome} (${found?.sure}), ${found?.because}`;
    if (verdict !== 'exact' && verdict !== 'no line') confusions.push(`${verdict}: ${line}`);
    if (verdict === 'wrong, sure') wrong.push(line);
  }
  return {
    text: [...[...counts].sort().map(([name, count]) => `${name}: ${count}`), ...confusions.sort()].join('\n'),
    wrong,
    counts,
  };
}

test('every case of the laboratory has an expectation, and the other way round', () => {
  assert.equal(CASES.length, 324);
  assert.deepEqual(Object.keys(EXPECTED).sort(), CASES.map(({ key }) => key).sort());
  for (const [key, { outcome, undecidable }] of Object.entries(EXPECTED)) {
    assert.ok((outcome === undefined) !== (undecidable === undefined), key);
    if (outcome !== undefined) assert.ok(HOP_OUTCOMES.includes(outcome), key);
  }
});

test('access and error lines together: no reading that is sure is wrong', (t) => {
  const { text, wrong, counts } = table(true);
  t.diagnostic(`\n${text}`);
  assert.deepEqual(wrong, []);
  const right = (counts.get('exact') ?? 0) + (counts.get('also true') ?? 0);
  assert.ok(right >= 300, `only ${right} of ${CASES.length} were read right`);
  assert.equal(counts.get('no line'), 1);
});

test('access lines alone: no reading that is sure is wrong', (t) => {
  const { text, wrong } = table(false);
  t.diagnostic(`\n${text}`);
  assert.deepEqual(wrong, []);
});

test('readings are whole: a sentence, a share, no rival that is the outcome itself', () => {
  for (const { key, gateway, log } of CASES) {
    for (const withErrors of [true, false]) {
      const found = log === undefined ? undefined : readCase(gateway, log, withErrors);
      if (found === undefined) continue;
      assert.ok(found.sure >= 0 && found.sure <= 1, key);
      assert.ok(found.because.length > 10, key);
      assert.doesNotMatch(found.because, /undefined|NaN|\[object/, key);
      assert.ok(!(found.rivals ?? []).includes(found.outcome), key);
      if (found.outcome === 'unknown') assert.equal(found.sure, 0, key);
      if (/^(?:connect|response)\/timeout$/.test(found.outcome)) assert.ok((found.waitedUs ?? 0) >= 0, key);
    }
  }
});

test('what was waited for is the timer of 2 s, where a line tells', () => {
  let checked = 0;
  for (const { key, gateway, log } of CASES) {
    const found = log === undefined ? undefined : readCase(gateway, log, true);
    if (found?.waitedUs === undefined || !/timeout$/.test(found.outcome) || found.outcome === 'pool/queue-timeout')
      continue;
    // HAProxy tries the connection four times; request timers of the client and the acquire timer are others.
    const isRepeated = gateway === 'haproxy' && /^connect|^tls/.test(found.outcome);
    const expected = isRepeated ? 8_000_000 : 2_000_000;
    assert.ok(Math.abs(found.waitedUs - expected) < 0.05 * expected, `${key}: ${found.waitedUs}`);
    checked += 1;
  }
  assert.ok(checked >= 12, `only ${checked}`);
});
