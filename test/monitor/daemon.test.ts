import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProfileError } from '../../src/errors.ts';
import type { Profile, ScheduleSpec } from '../../src/model/profile.ts';
import { DEFAULT_SCHEDULE } from '../../src/model/profile.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { lastSeenAtUs } from '../../src/monitor/daemon.ts';
import { createMemoryHistory } from '../helpers/memory-history.ts';
import { exchangeOf, farmOf, REFUSED, statusOf } from './exchanges.ts';
import { type Answer, START_MS, startFarm } from './farm.ts';

const SEC = 1_000_000;
const MIN = 60 * SEC;
const HOUR = 60 * MIN;
const WEB2 = directTo('web2');
const WELL: Answer = () => ({});

function shop(schedule: Partial<ScheduleSpec> = {}, more: Partial<Profile> = {}): Profile {
  return { ...farmOf(['web1', 'web2']), schedule: { ...DEFAULT_SCHEDULE, timezone: 'UTC', ...schedule }, ...more };
}

describe('a healthy farm', () => {
  test('an hour every 30 s: every route once in each round, on new and kept connections in turn, nothing told', async () => {
    const farm = startFarm(shop(), WELL);
    await farm.advance(HOUR);
    const [state] = farm.daemon.feed.state().profiles;
    await farm.stop();
    assert.ok(farm.rounds.length >= 119 && farm.rounds.length <= 121, `${farm.rounds.length} rounds`);
    for (const [i, { exchanges, kind, lagUs }] of farm.rounds.entries()) {
      assert.equal(kind, 'scheduled');
      assert.equal(lagUs, 0);
      assert.deepEqual(exchanges.map(({ route }) => route).sort(), [WEB2, directTo('web1'), GATEWAY].sort());
      assert.ok(exchanges.every(({ connection }) => connection?.isNew === (i % 2 === 0)));
    }
    assert.deepEqual([...new Set(farm.events.map(({ kind }) => kind))], ['monitor']);
    assert.deepEqual(state?.rounds, { scheduled: farm.rounds.length, confirm: 0, experiment: 0 });
    assert.equal(state?.requests, 3 * farm.rounds.length);
    assert.equal(state?.routes[0]?.last?.outcome, '200');
  });

  test('rounds that take longer than the interval never overlap; what is left out is counted', async () => {
    const farm = startFarm(shop(), () => ({ us: 50 * SEC }));
    await farm.advance(HOUR);
    const [state] = farm.daemon.feed.state().profiles;
    await farm.clock.advance(MIN);
    assert.ok(farm.rounds.slice(1).every(({ startedAtUs }, i) => startedAtUs >= (farm.rounds[i]?.endedAtUs ?? 0)));
    assert.ok((state?.overlapped ?? 0) > 20, `${state?.overlapped} left out`);
    // They began at once when the one before had ended: the farm held them up.
    assert.equal(state?.lag.maxUs, 0);
  });
});

describe('a farm that fails', () => {
  test('is confirmed at once, asked faster, and told again when it is well', async () => {
    const isDown = (atUs: number) => atUs >= 10 * MIN && atUs < 15 * MIN;
    const farm = startFarm(shop(), ({ route, atUs }) => (route === WEB2 && isDown(atUs) ? { outcome: REFUSED } : {}));
    await farm.advance(30 * MIN);
    await farm.stop();
    const told = farm.events.filter(({ kind }) => kind === 'failing');
    assert.deepEqual(new Set(told.map(({ id }) => id)).size, 1);
    const [begun, over] = told;
    assert.match(begun?.title ?? '', /^Member web2 fails when asked directly: 5 of 5 requests fail \(error:refused\)/);
    const startUs = START_MS * 1_000;
    const sinceUs = (begun?.fromAtUs ?? 0) - startUs - 10 * MIN;
    assert.ok(sinceUs >= 0 && sinceUs < MIN, 'seen with the next round');
    const lastedUs = (over?.toAtUs ?? 0) - startUs - 15 * MIN;
    assert.ok(lastedUs >= 0 && lastedUs < 11 * SEC, 'its end is known to the faster interval');
    const confirms = farm.rounds.filter(({ kind }) => kind === 'confirm');
    assert.equal(confirms.length, 1);
    assert.equal(confirms[0]?.exchanges.length, 15);
    assert.ok((confirms[0]?.startedAtUs ?? 0) - (begun?.fromAtUs ?? 0) < SEC, 'within a second');
    assert.equal(farm.history.event(begun?.id ?? '')?.toAtUs, over?.toAtUs);
    const kept = farm.history.kept({ profile: 'shop', fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER });
    assert.equal(kept.filter(({ reason }) => reason === 'failure').length, over?.facts['failures']);
  });

  test('a spell that lasted when the monitor was stopped goes on when it starts again', async () => {
    const first = startFarm(shop(), ({ route }) => (route === WEB2 ? { outcome: REFUSED } : {}));
    await first.advance(5 * MIN);
    await first.stop();
    const begun = first.events.find(({ kind }) => kind === 'failing');
    const again = startFarm(shop(), WELL, { kept: first.history, startMs: START_MS + 3_600_000 });
    await again.advance(5 * MIN);
    await again.stop();
    assert.equal(again.rounds.filter(({ kind }) => kind === 'confirm').length, 0);
    const over = again.events.find(({ kind }) => kind === 'failing');
    assert.equal(over?.id, begun?.id);
    assert.ok((over?.toAtUs ?? 0) > (START_MS + 3_600_000) * 1_000);
    const spans = again.history.quiet({ profile: 'shop', fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER });
    assert.deepEqual(
      spans.map(({ why }) => why),
      ['stopped', 'stopped', 'stopped'],
    );
  });

  test('a bug in what sends costs a round, which is told, and not the profile', async () => {
    let sends = 0;
    const farm = startFarm(shop(), () => {
      if (++sends === 10) throw new Error('thread ended');
      return {};
    });
    await farm.advance(10 * MIN);
    await farm.stop();
    assert.ok(farm.rounds.length >= 18);
    assert.equal(farm.events.filter(({ title }) => title.startsWith('A round was lost')).length, 1);
  });
});

describe('quiet windows', () => {
  test('night by night the idle timeout of a member is narrowed; in a window nothing is sent', async () => {
    const timeoutUs = 20 * MIN;
    const farm = startFarm(
      shop({ rhythm: { kind: 'every', everyUs: 2 * MIN, jitterRatio: 1 } }),
      ({ route, silenceUs }) => (route === WEB2 && silenceUs >= timeoutUs ? { us: 8 * SEC } : {}),
    );
    await farm.advance(4 * 24 * HOUR);
    const [state] = farm.daemon.feed.state().profiles;
    await farm.stop();
    const web2 = state?.routes.find(({ route }) => route === WEB2)?.idle;
    assert.ok((web2?.longestWarmUs ?? 0) < timeoutUs && (web2?.shortestColdUs ?? 0) >= timeoutUs);
    assert.ok((web2?.shortestColdUs ?? 0) - (web2?.longestWarmUs ?? 0) < 3 * MIN, JSON.stringify(web2));
    const web1 = state?.routes.find(({ member }) => member === 'web1')?.idle;
    assert.equal(web1?.shortestColdUs, undefined);
    const cold = farm.events.filter(({ kind }) => kind === 'cold-start');
    assert.ok(cold.length >= 3 && cold.every(({ member }) => member === 'web2'));
    assert.match(
      cold[0]?.title ?? '',
      /^On web2 the first request after 4\d(\.\d)? min of silence took 8 s instead of 10 ms$/,
    );
    assert.ok(farm.calls.includes('closeIdle shop'));
    const spans = farm.history.quiet({ profile: 'shop', fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER });
    assert.ok(spans.some(({ why }) => why === 'nightly') && spans.some(({ why }) => why === 'planned'));
    for (const { route, fromAtUs, toAtUs } of spans) {
      const within = farm.rounds.filter(({ startedAtUs }) => startedAtUs > fromAtUs && startedAtUs < toAtUs);
      assert.ok(within.every(({ exchanges }) => exchanges.every((exchange) => exchange.route !== route)));
      const hour = new Date(fromAtUs / 1_000).getUTCHours();
      assert.ok(hour >= 2 && hour < 5, 'at night only');
    }
    assert.deepEqual(
      farm.events.filter(({ kind }) => kind === 'failing'),
      [],
    );
  });

  test('what nights showed is known after a restart', async () => {
    const slow: Answer = ({ route, silenceUs }) => (route === WEB2 && silenceUs >= 20 * MIN ? { us: 8 * SEC } : {});
    const schedule = { rhythm: { kind: 'every' as const, everyUs: 2 * MIN, jitterRatio: 1 } };
    const first = startFarm(shop(schedule), slow);
    await first.advance(30 * HOUR);
    const [before] = first.daemon.feed.state().profiles;
    await first.stop();
    const again = startFarm(shop(schedule), slow, { kept: first.history, startMs: START_MS + 30 * 3_600_000 });
    await again.advance(SEC);
    const [after] = again.daemon.feed.state().profiles;
    await again.stop();
    assert.ok(before?.routes.some(({ idle }) => idle?.shortestColdUs !== undefined));
    assert.deepEqual(
      after?.routes.map(({ idle }) => idle),
      before?.routes.map(({ idle }) => idle),
    );
  });
});

describe('profiles while they are watched', () => {
  test('a broken one is refused with its problems and the old one stays; a right one takes its place', async () => {
    const farm = startFarm(shop(), WELL);
    await farm.advance(5 * MIN);
    farm.save(new ProfileError('shop.yaml', [{ path: 'members', line: 3, message: 'missing' }]));
    await farm.advance(5 * MIN);
    const refused = farm.daemon.feed.state().profiles[0];
    assert.deepEqual(refused?.refused?.problems, [{ path: 'members', line: 3, message: 'missing' }]);
    assert.match(farm.events.at(-1)?.title ?? '', /refused \(1 problem\); what was loaded before stays in force/);
    assert.ok(farm.logged.some((line) => line.includes('shop.yaml is refused: line 3: members: missing; what was')));
    const before = farm.rounds.length;
    assert.ok(before > 15, 'watched on');
    farm.save({ ...shop(), ...{ members: farmOf(['web1', 'web3']).members } });
    await farm.advance(5 * MIN);
    const [changed] = farm.daemon.feed.state().profiles;
    await farm.stop();
    assert.equal(changed?.refused, undefined);
    assert.ok(changed?.routes.some(({ member }) => member === 'web3'));
    assert.ok(farm.rounds.length > before + 7);
    assert.ok((changed?.rounds.scheduled ?? 0) === farm.rounds.length, 'counts go on');
  });

  test('one that is broken from the start is in the feed', async () => {
    const farm = startFarm(shop(), WELL);
    farm.save(new ProfileError('shop.yaml', [{ path: '', message: 'empty' }]));
    await farm.daemon.load();
    assert.deepEqual(farm.daemon.feed.state().profiles, []);
    assert.equal(farm.daemon.feed.state().refused[0]?.file, 'shop.yaml');
  });

  test('another name is another profile', async () => {
    const farm = startFarm(shop(), WELL);
    await farm.advance(MIN);
    farm.save({ ...shop(), name: 'store' });
    await farm.advance(MIN);
    const names = farm.daemon.feed.state().profiles.map(({ profile }) => profile);
    await farm.stop();
    assert.deepEqual(names, ['store']);
    assert.ok(farm.calls.includes('drop shop'));
  });
});

describe('around it', () => {
  test('when nothing can be written measuring goes on, and what was lost is told', async () => {
    const farm = startFarm(shop(), WELL);
    await farm.advance(5 * MIN);
    farm.history.failWith({ reason: 'full', text: 'the disk is full' });
    await farm.advance(5 * MIN);
    const { paused } = farm.daemon.feed.state();
    assert.equal(paused?.reason, 'full');
    assert.ok((paused?.roundsLost ?? 0) >= 8);
    farm.history.failWith(undefined);
    await farm.advance(2 * MIN);
    assert.equal(farm.daemon.feed.state().paused, undefined);
    assert.deepEqual(farm.daemon.feed.state().lost, { pauses: 1, rounds: paused?.roundsLost }, 'it is not forgotten');
    await farm.stop();
    assert.match(
      farm.events.find(({ id }) => id.includes(':paused:'))?.title ?? '',
      /^Writing was paused for .*: \d+ rounds/,
    );
  });

  test('a maintenance window is an event and a state; probing goes on', async () => {
    const fromAtUs = START_MS * 1_000 + 5 * MIN;
    const maintenance = [{ kind: 'once' as const, fromAtUs, toAtUs: fromAtUs + 5 * MIN, reason: 'patch' }];
    const farm = startFarm(shop({}, { maintenance }), ({ route }) =>
      route === GATEWAY ? { outcome: statusOf(503) } : {},
    );
    await farm.advance(7 * MIN);
    assert.equal(farm.daemon.feed.state().profiles[0]?.maintenance?.reason, 'patch');
    await farm.advance(5 * MIN);
    assert.equal(farm.daemon.feed.state().profiles[0]?.maintenance, undefined);
    await farm.stop();
    assert.equal(farm.events.filter(({ kind }) => kind === 'maintenance').length, 1);
  });

  test('heavier experiments run by their cron line, alone, and are told', async () => {
    const kinds: string[] = [];
    const farm = startFarm(shop({ heavier: [{ cron: '30 12 * * *', experiments: ['burst'] }] }), WELL, {
      runHeavier: async (_, experiments) => {
        kinds.push(...experiments);
        return { due: 50, notSent: 0, failed: 0, title: 'burst: 50 requests, no finding', facts: {} };
      },
    });
    await farm.advance(HOUR);
    const [state] = farm.daemon.feed.state().profiles;
    await farm.stop();
    assert.deepEqual(kinds, ['burst']);
    assert.equal(state?.rounds.experiment, 1);
    assert.ok(farm.events.some(({ title }) => title === 'burst: 50 requests, no finding'));
  });

  test('the judge is asked every five minutes, and what it found is told', async () => {
    const asked: number[] = [];
    const farm = startFarm(shop(), WELL, {
      judgeWindow: async ({ name }, nowAtUs) => {
        asked.push(nowAtUs);
        const event = { id: 'x', profile: name, fromAtUs: nowAtUs, title: 't', facts: {} };
        return { events: [{ ...event, kind: 'finding', severity: 'warning' }] };
      },
    });
    await farm.advance(HOUR);
    const [state] = farm.daemon.feed.state().profiles;
    await farm.stop();
    assert.equal(state?.judged?.endedAtUs, asked.at(-1));
    assert.ok((state?.judged?.lagUs ?? -1) >= 0 && (state?.judged?.lagUs ?? 0) < MIN, 'with the next waking');
    assert.ok(asked.length >= 10 && asked.length <= 12, `${asked.length} times`);
    assert.equal(farm.events.filter(({ kind }) => kind === 'finding').length, asked.length);
  });

  test('rounds stay on time while a look at history takes long; looks never overlap', async () => {
    let [running, most, ended] = [0, 0, 0];
    const farm = startFarm(shop(), WELL, {
      judgeWindow: async () => {
        most = Math.max(most, ++running);
        await farm.clock.sleep(12 * MIN);
        running--;
        ended++;
        return { events: [] };
      },
    });
    await farm.advance(HOUR);
    await farm.stop();
    assert.equal(most, 1);
    assert.ok(ended >= 3 && ended <= 4, `${ended} looks`);
    assert.ok(farm.rounds.length >= 119, `${farm.rounds.length} rounds`);
    assert.ok(farm.rounds.every(({ lagUs }) => lagUs === 0));
  });

  test('certificates of handshakes, and what a look says of the days to come, are shown', async () => {
    const certificate = {
      ...{ subject: 'web2.test', issuer: 'CA', names: [], fingerprint: 'ab' },
      ...{ validFromAt: '2026-01-01T00:00:00Z', validToAt: '2026-04-01T00:00:00Z' },
    };
    const outlook = [{ cause: 'change/latency' as const, state: 'clear' as const, text: 'far' }];
    const seen: unknown[] = [];
    const farm = startFarm(shop(), ({ route }) => (route === WEB2 ? { certificate } : {}), {
      judgeWindow: async (_, __, certificates) => {
        seen.push(...certificates);
        return { events: [], ...(seen.length === 1 ? { outlook } : {}) };
      },
    });
    await farm.advance(12 * MIN);
    const [state] = farm.daemon.feed.state().profiles;
    await farm.stop();
    assert.deepEqual(seen[0], { route: WEB2, certificate });
    assert.deepEqual(state?.certificates, [
      { route: WEB2, member: 'web2', subject: 'web2.test', issuer: 'CA', validToAtUs: Date.UTC(2026, 3, 1) * 1_000 },
    ]);
    assert.deepEqual(state?.outlook, outlook);
  });

  test('a history that cannot be judged is told once an hour, and rounds go on', async () => {
    const farm = startFarm(shop(), WELL, {
      judgeWindow: async () => {
        throw new Error('thread ended');
      },
    });
    await farm.advance(2 * HOUR);
    await farm.stop();
    const told = farm.events.filter(({ title }) => title.startsWith('History could not be judged'));
    const ids = new Set(told.map(({ id }) => id));
    assert.ok(told.length >= 20 && ids.size >= 2 && ids.size <= 3, `${told.length} looks, ${ids.size} events`);
    assert.ok(farm.rounds.length >= 239);
  });

  test('stops without waiting for what is due later, and says how long it ran', async () => {
    const farm = startFarm(shop(), WELL);
    await farm.advance(10 * MIN);
    const beforeUs = farm.clock.nowUs();
    await farm.stop();
    assert.equal(farm.clock.nowUs(), beforeUs);
    assert.deepEqual(farm.calls.slice(-2), ['stop', 'close']);
    assert.match(farm.events.at(-1)?.title ?? '', /^The monitor ran for 10 min$/);
    assert.equal(farm.daemon.feed.state().isStopping, true);
  });
});

test('how long ago something was kept is told by the finest level that has it', () => {
  const history = createMemoryHistory();
  const startedAtUs = START_MS * 1_000;
  const round = { profile: 'shop', kind: 'scheduled' as const, startedAtUs, endedAtUs: startedAtUs, lagUs: 0 };
  assert.equal(lastSeenAtUs(history, 'shop', startedAtUs), undefined);
  history.append({ ...round, exchanges: [exchangeOf(GATEWAY)] }, []);
  assert.equal(lastSeenAtUs(history, 'shop', startedAtUs + MIN), startedAtUs + 10 * SEC);
  assert.equal(lastSeenAtUs(history, 'shop', startedAtUs + 5 * HOUR), startedAtUs + 5 * MIN);
});
