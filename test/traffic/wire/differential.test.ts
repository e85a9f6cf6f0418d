/** Ours and Node's parser before the same made-up answers. The long form is `npm run fuzz`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../src/model/random.ts';
import { PARSE_PROBLEMS } from '../../../src/traffic/wire/parse-problem.ts';
import { createResponseParser } from '../../../src/traffic/wire/response-parser.ts';
import { disagreement, STRICTER } from './differences.ts';
import { makeAnswer } from './made-answers.ts';
import { LIMITS, readNodes, readOurs } from './reading.ts';

const SEED = 20_261_121;
const COMPARED = 3_000;
const SPLIT = 30_000;

test(`${COMPARED} answers from a seed are read as Node's parser reads them, or refused for a known reason`, async () => {
  const random = createRandom(SEED);
  const ends = new Map<string, number>();
  for (let i = 0; i < COMPARED; i++) {
    const { bytes, method, cuts } = makeAnswer(random);
    const text = bytes.toString('latin1');
    const ours = readOurs(bytes, method, cuts);
    assert.equal(disagreement(ours, await readNodes(bytes, method), text), undefined, JSON.stringify(text));
    ends.set(ours.end, (ends.get(ours.end) ?? 0) + 1);
  }
  // The answers must not all end alike, or the comparison would say nothing.
  for (const end of ['complete', 'cut', 'problem'])
    assert.ok((ends.get(end) ?? 0) > COMPARED / 20, JSON.stringify([...ends]));
});

test(`${SPLIT} answers from a seed read the same, whole and in pieces`, () => {
  const random = createRandom(SEED + 1);
  const parser = createResponseParser(LIMITS);
  for (let i = 0; i < SPLIT; i++) {
    const { bytes, method, cuts } = makeAnswer(random);
    const whole = readOurs(bytes, method, [], parser);
    assert.deepEqual(readOurs(bytes, method, cuts, parser), whole, JSON.stringify([bytes.toString('latin1'), cuts]));
  }
});

test('each documented difference is one of another problem, and has its reason', () => {
  assert.equal(new Set(STRICTER.map(({ problem }) => problem)).size, STRICTER.length);
  for (const { why, problem } of STRICTER) {
    assert.notEqual(why, '');
    assert.ok(PARSE_PROBLEMS.includes(problem));
  }
});
