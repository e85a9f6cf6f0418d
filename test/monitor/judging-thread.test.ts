import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import type { JudgeOrder } from '../../src/monitor/judged-span.ts';
import { startJudgingThread } from '../../src/monitor/judging-thread.ts';
import { openHistory } from '../../src/store/history.ts';
import { HOUR_US, MINUTE_US, MONDAY_US, randomRound } from '../store/rounds.ts';
import { farmOf } from './exchanges.ts';

const folder = mkdtempSync(join(tmpdir(), 'gateprobe-judging-'));
const history = openHistory(folder);
const MEMBERS = 2;
const random = createRandom(1);
for (let i = 0; i < 12 * 60; i++) {
  const options = { profile: 'shop', members: MEMBERS, isNew: i % 2 === 0, failureRatio: 0 };
  const { round, kept } = randomRound(random, MONDAY_US + i * MINUTE_US, options);
  history.append(round, kept);
}
history.maintain(MONDAY_US + 12 * HOUR_US);
const order: JudgeOrder = {
  profile: farmOf(['web1', 'web2']),
  ...{ nowAtUs: MONDAY_US + 12 * HOUR_US, spanUs: 24 * HOUR_US, looks: 288 },
};
after(() => {
  history.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the thread that judges history', { timeout: 60_000 }, () => {
  test('judges while this thread goes on: rounds are not late because of it', async () => {
    const thread = startJudgingThread({ file: history.file, version: '0' });
    try {
      let isJudged = false;
      const judging = thread.judge(order).finally(() => {
        isJudged = true;
      });
      let written = 0;
      // Were it judged here, not one of these turns would come before the end.
      for (; !isJudged; await new Promise((resolve) => setImmediate(resolve)))
        if (++written <= 3)
          history.append(
            randomRound(random, MONDAY_US + (13 * 60 + written) * MINUTE_US, { profile: 'shop', members: MEMBERS })
              .round,
            [],
          );
      const { findings, detectors } = await judging;
      assert.deepEqual(findings, []);
      assert.ok(detectors.length > 20 && detectors.some(({ verdict }) => verdict.state === 'clear'));
      assert.ok(written > 3, `${written} turns`);
    } finally {
      await thread.close();
    }
  });

  test('a history that cannot be read is told, and the next look may succeed', async () => {
    const thread = startJudgingThread({ file: join(folder, 'none.sqlite'), version: '0' });
    await assert.rejects(thread.judge(order), /there is no history/);
    await assert.rejects(thread.judge(order), /there is no history/);
    await thread.close();
  });

  test('closed, it answers what waits and what comes', async () => {
    const thread = startJudgingThread({ file: history.file, version: '0' });
    const waiting = thread.judge(order);
    const refused = assert.rejects(waiting, /ended/);
    await thread.close();
    await refused;
    await assert.rejects(thread.judge(order), /closed/);
  });
});
