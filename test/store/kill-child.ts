/** Writes rounds as fast as it can until it is killed. Arguments: folder, seed. Prints one dot for each round that is written. */
import { writeSync } from 'node:fs';
import { createRandom } from '../../src/model/random.ts';
import { openHistory } from '../../src/store/history.ts';
import { DAY_US, MONDAY_US, randomRound } from './rounds.ts';

const STDOUT = 1;
const [folder = '', seed = '1'] = process.argv.slice(2);
const history = openHistory(folder, {
  // Deletion happens as well while it is killed.
  settingsOf: () => ({ levelsUs: { '10s': DAY_US / 4 } }),
});
const random = createRandom(Number(seed));
// Goes on where the one before was killed.
const [last] = history.rounds({ profile: 'shop', fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER, limit: 1 });
for (let atUs = (last?.startedAtUs ?? MONDAY_US) + 30_000_000; ; atUs += 30_000_000) {
  const { round, kept } = randomRound(random, atUs, { failureRatio: 0.1 });
  if (history.append(round, kept) !== undefined) throw new Error('not written');
  writeSync(STDOUT, '.');
  if (random.next() < 0.1 && history.maintain(atUs) !== undefined) throw new Error('not maintained');
}
