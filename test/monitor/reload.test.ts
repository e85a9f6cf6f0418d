import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { DEFAULT_SCHEDULE, type Profile } from '../../src/model/profile.ts';
import { createReloader } from '../../src/monitor/reload.ts';
import { farmOf } from './exchanges.ts';

function filesOf(contents: Record<string, Profile | Error>) {
  const stamps: Record<string, number> = {};
  let loads = 0;
  const reloader = createReloader(Object.keys(contents), {
    load: async (file) => {
      loads++;
      const content = contents[file];
      if (content === undefined || content instanceof Error) throw content;
      return content;
    },
    stamp: async (file) => String(stamps[file] ?? 0),
  });
  return {
    reloader,
    loads: () => loads,
    save(file: string, content: Profile | Error) {
      contents[file] = content;
      stamps[file] = (stamps[file] ?? 0) + 1;
    },
  };
}

test('a file is read once, again when it changes, and always when that is asked for', async () => {
  const { reloader, save, loads } = filesOf({ 'a.yaml': farmOf(['web1']) });
  assert.deepEqual(
    (await reloader.look(1)).map(({ kind }) => kind),
    ['loaded'],
  );
  assert.deepEqual(await reloader.look(2), []);
  assert.equal(loads(), 1);
  assert.deepEqual(await reloader.look(3, true), [], 'it says the same as before');
  assert.equal(loads(), 2);
  save('a.yaml', farmOf(['web1', 'web2']));
  const [change] = await reloader.look(4);
  assert.equal(change?.kind === 'loaded' && change.previous?.profile.members.length, 1);
});

test('a broken file is told once, and that it is right again also', async () => {
  const { reloader, save } = filesOf({ 'a.yaml': farmOf(['web1']) });
  await reloader.look(1);
  save('a.yaml', new UserError('a.yaml: no such file'));
  const [refused] = await reloader.look(2);
  assert.ok(refused?.kind === 'refused' && refused.previous !== undefined);
  assert.deepEqual(refused.refused.problems, [{ path: '', message: 'a.yaml: no such file' }]);
  assert.deepEqual(await reloader.look(3), []);
  save('a.yaml', farmOf(['web1']));
  assert.deepEqual(
    (await reloader.look(4)).map(({ kind }) => kind),
    ['loaded'],
  );
});

test('two files with one name would mix their history: the second is refused', async () => {
  const { reloader } = filesOf({ 'a.yaml': farmOf(['web1']), 'b.yaml': farmOf(['web2']) });
  const [, second] = await reloader.look(1);
  assert.equal(second?.kind === 'refused' && second.refused.problems[0]?.message, 'a.yaml is named shop too');
});

test('cron lines that the scheduler does not know are problems of the profile, each with its place', async () => {
  const schedule = {
    ...DEFAULT_SCHEDULE,
    rhythm: { kind: 'cron' as const, cron: '99 * * * *', jitterRatio: 0 },
    heavier: [{ cron: '* 25 * * *', experiments: ['burst' as const] }],
  };
  const maintenance = [{ kind: 'cron' as const, cron: '0 0 40 * *', durationUs: 1 }];
  const { reloader } = filesOf({ 'a.yaml': { ...farmOf(['web1']), schedule, maintenance } });
  const [change] = await reloader.look(1);
  assert.deepEqual(change?.kind === 'refused' && change.refused.problems.map(({ path }) => path), [
    'schedule',
    'schedule.heavier[0].cron',
    'maintenance[0].cron',
  ]);
});

test('a bug is not taken for a wrong file', async () => {
  const { reloader } = filesOf({ 'a.yaml': new TypeError('x is undefined') });
  await assert.rejects(reloader.look(1), TypeError);
});
