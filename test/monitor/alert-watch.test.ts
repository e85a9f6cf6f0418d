import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { HistoryEvent } from '../../src/model/history.ts';
import { type AlertSettings, DEFAULT_SCHEDULE, type Profile } from '../../src/model/profile.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { createMemoryHistory, type MemoryHistory } from '../helpers/memory-history.ts';
import { farmOf, REFUSED } from './exchanges.ts';
import { type Answer, START_MS, startFarm, type TestFarm } from './farm.ts';

const MIN = 60_000_000;
const WEB2 = directTo('web2');
type Told = {
  readonly kind: string;
  readonly text: string;
  readonly alert: { readonly id: string; readonly urgency: string };
};

/** A real receiver of webhooks and of Alertmanager's alerts on 127.0.0.1. */
async function receiver(status = 200) {
  const told: Told[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      paths.push(request.url ?? '');
      told.push(JSON.parse(Buffer.concat(parts).toString()) as Told);
      response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  after(() => server.close());
  return { url, told, paths };
}

function shop(alerts: Partial<AlertSettings> | undefined, more: Partial<Profile> = {}): Profile {
  const base = { ...farmOf(['web1', 'web2']), schedule: { ...DEFAULT_SCHEDULE, timezone: 'UTC' }, ...more };
  return alerts === undefined ? base : { ...base, alerts: { from: 'warning', after: 1, ...alerts } };
}

const webhook = (url: string) => ({ url: `${url}/hook?key=s3cret`, template: 'generic' as const, headers: {} });
const web2Down =
  (fromMinute: number, untilMinute: number): Answer =>
  ({ route, atUs }) =>
    route === WEB2 && atUs >= fromMinute * MIN && atUs < untilMinute * MIN ? { outcome: REFUSED } : {};

/** The receiver is real, the farm's clock is not: some turns of real time, until what is waited for is there. */
async function until(isThere: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !isThere(); i++) await pause(10);
}

async function run(farm: TestFarm, minutes: number, isThere: () => boolean = () => true): Promise<void> {
  await farm.advance(minutes * MIN);
  await until(isThere);
  await farm.stop();
}

describe('failures', () => {
  test('an outage of a member is one page, with its end, and both are events', async () => {
    const { url, told } = await receiver();
    const farm = startFarm(shop({ webhook: webhook(url) }), web2Down(10, 20));
    await run(farm, 40, () => told.length >= 2);
    assert.deepEqual(
      told.map(({ kind, alert }) => [kind, alert.urgency]),
      [
        ['opened', 'page'],
        ['recovered', 'page'],
      ],
    );
    assert.equal(told[0]?.alert.id, told[1]?.alert.id);
    assert.match(told[0]?.text ?? '', /^Alert: .*web2.*refused/);
    const events = farm.events.filter(({ kind }) => kind === 'alert');
    assert.deepEqual(
      events.map(({ severity, route }) => [severity, route]),
      [
        ['error', WEB2],
        ['info', WEB2],
      ],
    );
  });

  test('a healthy farm tells nobody, and neither does one that names nobody', async () => {
    const { url, told } = await receiver();
    const well = startFarm(shop({ webhook: webhook(url) }), () => ({}));
    await run(well, 120);
    const silent = startFarm(shop(undefined), web2Down(10, 20));
    await run(silent, 40);
    assert.deepEqual(told, []);
    assert.ok(![...well.events, ...silent.events].some(({ kind }) => kind === 'alert'));
  });

  test('in a maintenance window nobody is told, also not of its failures afterwards', async () => {
    const { url, told } = await receiver();
    const fromAtUs = START_MS * 1_000 + 9 * MIN;
    const maintenance = [{ kind: 'once' as const, fromAtUs, toAtUs: fromAtUs + 21 * MIN, reason: 'patch' }];
    const farm = startFarm(shop({ webhook: webhook(url) }, { maintenance }), web2Down(10, 29));
    await run(farm, 120);
    assert.deepEqual(told, []);
    const longer = startFarm(shop({ webhook: webhook(url) }, { maintenance }), web2Down(10, 40));
    await run(longer, 60, () => told.length >= 2);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['opened', 'recovered'],
      'what goes on after it is told',
    );
  });
});

test('a page at the first failure after an outage is named by what the burst showed, not by one request', async () => {
  const { url, told } = await receiver();
  const answer: Answer = ({ route, atUs }) => {
    const isDown = route === GATEWAY && ((atUs >= 30 * MIN && atUs < 33 * MIN) || atUs >= 70 * MIN);
    return isDown ? { outcome: REFUSED } : {};
  };
  await run(startFarm(shop({ webhook: webhook(url) }), answer), 75, () => told.length >= 3);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['opened', 'recovered', 'opened'],
  );
  assert.match(told[2]?.text ?? '', /^Alert: shop: The gateway fails and members do not: 5 of 5 requests fail/);
});

test('a gateway that goes down while a member is down already is an alert of its own', async () => {
  const { url, told } = await receiver();
  const answer: Answer = ({ route, atUs }) => {
    const isDown = (route === WEB2 && atUs >= 5 * MIN) || (route === GATEWAY && atUs >= 30 * MIN && atUs < 40 * MIN);
    return isDown ? { outcome: REFUSED } : {};
  };
  await run(startFarm(shop({ webhook: webhook(url) }), answer), 60, () => told.length >= 3);
  assert.deepEqual(
    told.map(({ kind, text }) => [kind, /^[A-Za-z]+: shop: (\w+ \w+)/.exec(text)?.[1]]),
    [
      ['opened', 'Member web2'],
      ['opened', 'The gateway'],
      ['recovered', 'The gateway'],
    ],
  );
});

describe('an alert that is open when the monitor stops', () => {
  const downForever = web2Down(5, 1e9);
  async function stopped(): Promise<{
    readonly kept: MemoryHistory;
    readonly hook: Awaited<ReturnType<typeof receiver>>;
  }> {
    const hook = await receiver();
    const kept = createMemoryHistory();
    await run(startFarm(shop({ webhook: webhook(hook.url) }), downForever, { kept }), 20, () => hook.told.length >= 1);
    return { kept, hook };
  }
  const later = START_MS + 3_600_000;

  test('is not told again while it goes on, and its end is told under the same id', async () => {
    const { kept, hook } = await stopped();
    const profile = shop({ webhook: webhook(hook.url) });
    await run(startFarm(profile, web2Down(0, 1e9), { kept, startMs: later }), 30);
    assert.deepEqual(
      hook.told.map(({ kind }) => kind),
      ['opened'],
    );
    const well = startFarm(profile, () => ({}), { kept, startMs: later + 3_600_000 });
    await run(well, 30, () => hook.told.length >= 2);
    assert.deepEqual(
      hook.told.map(({ kind }) => kind),
      ['opened', 'recovered'],
    );
    assert.equal(hook.told[1]?.alert.id, hook.told[0]?.alert.id);
    assert.match(hook.told[1]?.text ?? '', /^Recovered: shop: Member web2 fails when asked directly/);
    await run(
      startFarm(profile, () => ({}), { kept, startMs: later + 7_200_000 }),
      30,
    );
    assert.equal(hook.told.length, 2, 'once');
  });

  test('another failure after the restart is an alert of its own, and named by what is known of it', async () => {
    const { kept, hook } = await stopped();
    const profile = shop({ webhook: webhook(hook.url) });
    const gatewayDown: Answer = ({ route }) => (route === WEB2 || route === GATEWAY ? { outcome: REFUSED } : {});
    await run(startFarm(profile, gatewayDown, { kept, startMs: later }), 20, () => hook.told.length >= 2);
    assert.deepEqual(
      hook.told.map(({ kind }) => kind),
      ['opened', 'opened'],
    );
    assert.match(hook.told[1]?.text ?? '', /^Alert: shop: The gateway goes down as well/);
  });

  test('ends when its member is taken out of the profile: no round would ever say so', async () => {
    const hook = await receiver();
    const farm = startFarm(shop({ webhook: webhook(hook.url) }), downForever);
    await farm.advance(20 * MIN);
    await until(() => hook.told.length >= 1);
    farm.save({ ...shop({ webhook: webhook(hook.url) }), members: farmOf(['web1', 'web3']).members });
    await run(farm, 10, () => hook.told.length >= 2);
    assert.deepEqual(
      hook.told.map(({ kind }) => kind),
      ['opened', 'recovered'],
    );
    assert.match(hook.told[1]?.text ?? '', /^Over, no longer watched: shop: Member web2/);
  });
});

describe('findings', () => {
  const finding = (nowAtUs: number, more: Partial<HistoryEvent> = {}): HistoryEvent => ({
    ...{ id: 'f', profile: 'shop', kind: 'finding', severity: 'warning', fromAtUs: nowAtUs, route: WEB2 },
    ...{ cause: 'member/slow', title: 'web2 is slow', facts: {}, ...more },
  });

  test('a finding is a ticket, its end is told, and both receivers get it', async () => {
    const hook = await receiver();
    const alertmanager = await receiver();
    let looks = 0;
    let openedAtUs = 0;
    const farm = startFarm(shop({ webhook: webhook(hook.url), alertmanagerUrl: alertmanager.url }), () => ({}), {
      judgeWindow: async ({ name }, nowAtUs) => {
        looks++;
        if (looks === 1) openedAtUs = nowAtUs;
        if (looks === 1) return { events: [finding(nowAtUs, { profile: name })] };
        return { events: looks === 3 ? [finding(openedAtUs, { profile: name, toAtUs: nowAtUs })] : [] };
      },
    });
    await run(farm, 30, () => hook.told.length >= 2 && alertmanager.paths.length >= 2);
    assert.deepEqual(
      hook.told.map(({ kind, alert }) => [kind, alert.urgency, alert.id]),
      [
        ['opened', 'ticket', 'f'],
        ['recovered', 'ticket', 'f'],
      ],
    );
    assert.deepEqual(alertmanager.paths, ['/api/v2/alerts', '/api/v2/alerts']);
  });

  test('one that is open from before a restart is not told again', async () => {
    const { url, told } = await receiver();
    const kept = createMemoryHistory();
    kept.putEvent(finding(START_MS * 1_000 - 60 * MIN, { profile: farmOf(['web1', 'web2']).name }));
    await run(
      startFarm(shop({ webhook: webhook(url) }), () => ({}), { kept }),
      30,
    );
    assert.deepEqual(told, []);
  });
});

test('a receiver that refuses is seen in the log and in the notes, without its address', async () => {
  const { url, told } = await receiver(403);
  const farm = startFarm(shop({ webhook: webhook(url) }), web2Down(5, 60));
  await farm.advance(20 * MIN);
  await until(() => told.length > 0 && farm.logged.some((line) => line.includes('not delivered')));
  const notes = farm.daemon.feed.state().profiles[0]?.notes ?? [];
  await farm.stop();
  assert.ok(
    notes.some((note) => /^ATTENTION: alerts to the webhook: answered 403; 0 wait, 1 were lost/.test(note)),
    notes.join('\n'),
  );
  assert.ok(farm.logged.some((line) => line.includes('webhook: an alert was not delivered: answered 403')));
  assert.ok(![...farm.logged, ...notes].some((line) => line.includes('s3cret')));
});
