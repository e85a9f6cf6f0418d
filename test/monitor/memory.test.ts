/** What the monitor holds after many rounds: windows of a fixed length, and nothing of what has left them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { queryObjects } from 'node:v8';
import type { HistoryEvent } from '../../src/model/history.ts';
import type { Profile } from '../../src/model/profile.ts';
import { DEFAULT_SCHEDULE } from '../../src/model/profile.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import type { JudgeWindow } from '../../src/monitor/deps.ts';
import { USES_REMEMBERED } from '../../src/monitor/idle-drops.ts';
import { createMetrics } from '../../src/monitor/metrics.ts';
import { createMemoryHistory, type MemoryHistory } from '../helpers/memory-history.ts';
import { farmOf, REFUSED, statusOf } from './exchanges.ts';
import { type Answer, startFarm, type TestFarm } from './farm.ts';

const SEC = 1_000_000;
const MIN = 60 * SEC;
const HOUR = 60 * MIN;
const EVERY_US = 10 * SEC;
/** Until what fills the longest is full: uses of kept and of new connections, which take turns from round to round. */
const FULL_HOURS = Math.ceil((2 * USES_REMEMBERED * EVERY_US) / HOUR);

/** Every hour a member is gone for five minutes, the gateway answers with one status after the other, and all are slow once. */
const troubled: Answer = ({ route, atUs }) => {
  const minute = (atUs % HOUR) / MIN;
  if (route === directTo('web2') && minute >= 20 && minute < 25) return { outcome: REFUSED };
  if (route === GATEWAY && minute >= 40 && minute < 41)
    return { outcome: statusOf(500 + (Math.floor(atUs / SEC) % 99)) };
  return minute >= 50 && minute < 51 ? { us: 900_000 } : {};
};

/** A finding that opens every quarter of an hour and closes five minutes later. */
function judgeWindow(): JudgeWindow {
  return async ({ name }, nowAtUs) => {
    const beganAtUs = nowAtUs - (nowAtUs % (15 * MIN));
    const isOver = nowAtUs - beganAtUs >= 5 * MIN;
    const event: HistoryEvent = {
      ...{ id: `finding ${beganAtUs}`, profile: name, kind: 'finding', severity: 'warning', title: 'something' },
      ...{ fromAtUs: beganAtUs, cause: 'member/slow', route: directTo('web1'), facts: {} },
      ...(isOver ? { toAtUs: nowAtUs } : {}),
    };
    return { events: [event] };
  };
}

function shop(): Profile {
  const rhythm = { kind: 'every' as const, everyUs: EVERY_US, jitterRatio: 1 };
  const webhook = { url: 'http://127.0.0.1:9/', template: 'generic' as const, headers: {} };
  return {
    ...farmOf(['web1', 'web2']),
    schedule: { ...DEFAULT_SCHEDULE, timezone: 'UTC', rhythm },
    alerts: { from: 'warning', after: 1, repeatUs: HOUR, webhook },
  };
}

/** Takes everything, as the file would, and holds nothing. */
function forgetfulHistory(): MemoryHistory {
  const take = (): undefined => undefined;
  return { ...createMemoryHistory(), append: take, addQuiet: take, putEvent: take, putFinding: take };
}

/**
 * Receivers of alerts answer at once; gives back how many were sent. Put there by hand: a mock remembers every call. A limit of time
 * would be held for ten real seconds, in which hours pass here.
 */
function answerAlerts(t: TestContext): () => number {
  const { fetch } = globalThis;
  const { timeout } = AbortSignal;
  const never = new AbortController().signal;
  let sent = 0;
  globalThis.fetch = async () => {
    sent++;
    return new Response(null);
  };
  AbortSignal.timeout = () => never;
  t.after(() => Object.assign(globalThis, { fetch }) && Object.assign(AbortSignal, { timeout }));
  return () => sent;
}

/** How many there are once what nobody holds is collected. Counts, because bytes also grow with the code that is compiled. */
function objectsHeld(farm: TestFarm): number {
  for (const notes of [farm.rounds, farm.events, farm.logged, farm.calls]) (notes as unknown[]).length = 0;
  return queryObjects(Object, { format: 'count' });
}

test('after thousands of rounds with failures, findings and alerts it holds no more than when its windows were full', async (t) => {
  const alertsSent = answerAlerts(t);
  const history = forgetfulHistory();
  const farm = startFarm(shop(), troubled, { kept: history, judgeWindow: judgeWindow() });
  const metrics = createMetrics(farm.daemon.feed, history);
  const after = async (hours: number) => {
    for (let hour = 0; hour < hours; hour++) {
      await farm.advance(HOUR);
      await metrics.render();
    }
    const rounds = farm.daemon.feed.state().profiles[0]?.rounds.scheduled ?? 0;
    return { rounds, alerts: alertsSent(), objects: objectsHeld(farm) };
  };
  const full = await after(FULL_HOURS + 2);
  const later = await after(6);
  await farm.stop();
  metrics.close();
  const [rounds, alerts] = [later.rounds - full.rounds, later.alerts - full.alerts];
  assert.ok(rounds > 2_000 && alerts >= 12, `${rounds} rounds, ${alerts} alerts`);
  // A finding that is not let go is four objects, a spell more.
  assert.ok(later.objects - full.objects < 40, `${later.objects - full.objects} objects more after ${rounds} rounds`);
});
