/**
 * `npm run fuzz -- [answers] [seed]`: made-up answers before our parser, whole and in pieces, and before Node's. Ends with 1 at a
 * disagreement that `test/traffic/wire/differences.ts` does not document. The short form runs with the tests.
 */
import { isDeepStrictEqual } from 'node:util';
import { createRandom } from '../../src/model/random.ts';
import { createResponseParser } from '../../src/traffic/wire/response-parser.ts';
import { disagreement } from '../traffic/wire/differences.ts';
import { makeAnswer } from '../traffic/wire/made-answers.ts';
import { LIMITS, readNodes, readOurs } from '../traffic/wire/reading.ts';

const ANSWERS = Number(process.argv[2] ?? 2_000_000);
const SEED = Number(process.argv[3] ?? 1);
/** Node's client needs some turns of the loop for an answer: many at once share them. */
const TOGETHER = 64;
const REPORT_EVERY = 100_000;
/** More of them say nothing new. */
const MAX_SHOWN = 20;

const random = createRandom(SEED);
const parser = createResponseParser(LIMITS);
const ends = new Map<string, number>();
let failures = 0;
let slowestMs = 0;

function report(text: string, why: string): void {
  failures++;
  if (failures <= MAX_SHOWN) console.log(`${why}\n  ${JSON.stringify(text)}`);
}

async function one(): Promise<void> {
  const { bytes, method, cuts } = makeAnswer(random);
  const text = bytes.toString('latin1');
  const startMs = performance.now();
  const ours = readOurs(bytes, method, [], parser);
  slowestMs = Math.max(slowestMs, performance.now() - startMs);
  if (!isDeepStrictEqual(readOurs(bytes, method, cuts, parser), ours))
    report(text, `read otherwise when cut at ${cuts}`);
  const why = disagreement(ours, await readNodes(bytes, method), text);
  if (why !== undefined) report(text, why);
  const end = ours.problem ?? ours.end;
  ends.set(end, (ends.get(end) ?? 0) + 1);
}

const startedMs = performance.now();
for (let done = 0; done < ANSWERS; done += TOGETHER) {
  await Promise.all(Array.from({ length: Math.min(TOGETHER, ANSWERS - done) }, one));
  if ((done / TOGETHER) % Math.floor(REPORT_EVERY / TOGETHER) === 0)
    console.log(`${done} answers, ${failures} disagreements, ${Math.round(process.memoryUsage.rss() / 1_048_576)} MiB`);
}
const seconds = (performance.now() - startedMs) / 1_000;
console.log(
  [...ends]
    .sort(([, a], [, b]) => b - a)
    .map(([end, count]) => `${end} ${count}`)
    .join('\n'),
);
console.log(
  `${ANSWERS} answers in ${seconds.toFixed(0)} s, ${failures} disagreements; ours took at most ${slowestMs.toFixed(1)} ms`,
);
process.exitCode = failures === 0 ? 0 : 1;
