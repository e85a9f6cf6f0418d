import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import {
  courseSentence,
  historiesOf,
  historyExhibit,
  historySection,
  historySentences,
  publicHistory,
} from '../../src/report/run-history.ts';
import type { RunEntry } from '../../src/report/run-index.ts';
import { normal } from '../analysis/noise.ts';

/** `factor` from run 23 on; `until` a run from which on all is as before. */
function entries(factor: number, { memberFactor = 1, until = 99, profile = 'shop' } = {}): readonly RunEntry[] {
  const random = createRandom(7);
  return Array.from({ length: 40 }, (_, at): RunEntry => {
    const isAfter = at + 1 >= 23 && at + 1 < until;
    const scatter = (): number => Math.exp(0.02 * normal(random));
    return {
      name: `${profile}-${at + 1}`,
      profile,
      startedAt: new Date(Date.UTC(2026, 9, 12 + at, 2, 3, 4)).toISOString(),
      isValid: true,
      titles: [],
      latencyMs: {
        'gateway p95': 60 * (isAfter ? factor : 1) * scatter(),
        'direct:web1 p95': 55 * (isAfter ? memberFactor : 1) * scatter(),
      },
    };
  });
}

test('the sentence names the run, the time, the size, the levels, and what the members did', () => {
  const [history] = historiesOf(entries(1.18));
  const sentences = historySentences(history!);
  assert.equal(sentences.length, 1);
  assert.match(
    sentences[0]!,
    /^Since run 23 \(3 November 2026.*\) the gateway’s p95 is 1[78](\.\d)? % higher: [67]\d(\.\d+)? ms, before (59|60)(\.\d+)? ms; its members, asked directly in the same runs, did not change so\.$/,
  );
});

test('where the members changed as well, that is said; their own change comes after', () => {
  const [history] = historiesOf(entries(1.3, { memberFactor: 1.3 }));
  const [gateway, member] = historySentences(history!);
  assert.match(
    gateway!,
    /the gateway’s p95 is .*; that of its members, asked directly in the same runs, is \d+(\.\d)? % higher\.$/,
  );
  assert.match(member!, /p95 of web1 is \d+(\.\d)? % higher: [^;]*\.$/);
});

test('a change that went away says from when to when', () => {
  const [history] = historiesOf(entries(1.5, { until: 33 }));
  const sentences = historySentences(history!);
  assert.match(sentences[0]!, /^Since run 33 .* lower/);
  assert.match(sentences[1]!, /^From run 23 \(.*\) to run 32 the gateway’s p95 was .* higher/);
});

test('no change is said with its number of runs; not valid runs and other profiles do not count', () => {
  const [history] = historiesOf(entries(1));
  assert.deepEqual(historySentences(history!), ['No change over 40 runs: the gateway’s p95.']);
  const invalid = entries(1).map((entry, at) => ({ ...entry, isValid: at < 20 }));
  assert.deepEqual(historiesOf(invalid), []);
  const both = [...entries(1), ...entries(1, { profile: 'api' }).slice(0, 10)];
  assert.deepEqual(
    historiesOf(both).map(({ profile }) => profile),
    ['shop'],
  );
});

test('for one sentence: the newest change of the gateway, nothing of members or without a change', () => {
  const changed = courseSentence(historiesOf(entries(1.3))[0]!);
  assert.match(changed ?? '', /^Over its 40 runs: Since run .* the gateway’s p95 is/);
  assert.equal(courseSentence(historiesOf(entries(1))[0]!), undefined);
  const [history] = historiesOf(entries(1.3, { memberFactor: 1.3 }));
  const series = history!.series.map((one) => (one.id.startsWith('gateway') ? { ...one, changes: [] } : one));
  assert.ok(series.some(({ changes }) => changes.length > 0));
  assert.equal(courseSentence({ ...history!, series }), undefined);
});

test('the chart has a plot for the gateway with its levels; the page escapes names', async () => {
  const [history] = historiesOf(entries(1.3));
  const exhibit = historyExhibit(history!);
  assert.ok(exhibit.kind === 'xy');
  assert.deepEqual([...new Set(exhibit.series.map(({ panel }) => panel))], ['the gateway’s p95']);
  const levels = exhibit.series.find(({ style }) => style === 'line')?.points ?? [];
  assert.equal(new Set(levels.map(([, us]) => us)).size, 2);
  assert.equal(
    levels.findIndex(([, us]) => us === levels.at(-1)?.[1]),
    22,
  );
  const markup = await historySection(historiesOf(entries(1.3, { profile: '<b>shop' })));
  assert.ok(markup !== false);
  assert.match(markup.markup, /Since run 23/);
  assert.match(markup.markup, /<svg/);
  assert.doesNotMatch(markup.markup, /<b>shop/);
  const two = await historySection(historiesOf([...entries(1.3), ...entries(1, { profile: 'api' })]));
  assert.ok(two !== false);
  assert.match(two.markup, /<li>api: No change over 40 runs/);
  assert.match(two.markup, /<li>shop: Since run 23/);
  assert.equal(await historySection([]), false);
});

test('the public form is in milliseconds', () => {
  const [history] = historiesOf(entries(1.3));
  const { series, sentences } = publicHistory(history!) as {
    series: { id: string; points: { number: number; ms: number }[]; changes: { number: number; beforeMs: number }[] }[];
    sentences: string[];
  };
  assert.equal(series[0]?.id, 'gateway p95');
  assert.ok(Math.abs((series[0]?.points[0]?.ms ?? 0) - 60) < 6);
  assert.equal(series[0]?.changes[0]?.number, 23);
  assert.ok(Math.abs((series[0]?.changes[0]?.beforeMs ?? 0) - 60) < 2);
  assert.equal(sentences.length, 1);
});
