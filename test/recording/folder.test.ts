import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Recording } from '../../src/model/recording.ts';
import { readRecording, writeRecording } from '../../src/recording/folder.ts';
import { decodeHistogram } from '../../src/recording/histogram.ts';
import { memoryRecording } from '../../src/recording/memory.ts';
import { createRecorder } from '../../src/recording/recorder.ts';
import { ANSWER, BAD_GATEWAY, exchange, FRAME, MANIFEST, NOT_SENT, temporaryFolder } from './traffic.ts';

const EXCHANGES: readonly Exchange[] = [
  exchange(0),
  exchange(1, { outcome: BAD_GATEWAY, answer: ANSWER, tag: { kind: 'canary' } }),
  exchange(2, { outcome: NOT_SENT, dueUs: 3_000_000 }),
];

async function written(context: TestContext): Promise<{ readonly folder: string; readonly recording: Recording }> {
  const folder = join(temporaryFolder(context), 'run');
  const recording = memoryRecording(FRAME, EXCHANGES);
  await writeRecording(folder, recording);
  return { folder, recording };
}

const plain = ({ windows, ...rest }: Recording): unknown => ({ ...rest, windows: [...windows()] });

test('what is written is what is read, from the run folder and from recording/', async (context) => {
  const { folder, recording } = await written(context);
  assert.deepEqual(plain(await readRecording(folder)), plain(recording));
  assert.deepEqual(plain(await readRecording(join(folder, 'recording'))), plain(recording));
  assert.deepEqual(readdirSync(join(folder, 'recording')).sort(), [
    'exchanges.jsonl',
    'experiments.json',
    'gateway.json',
    'manifest.json',
    'quality.json',
    'targets.json',
    'warnings.json',
    'windows.jsonl',
  ]);
});

test('windows are read again each time, and reading may stop early', async (context) => {
  const { folder } = await written(context);
  const { windows } = await readRecording(folder);
  for (const window of windows()) {
    assert.equal(window.startUs, 0);
    break;
  }
  assert.equal([...windows()].length, 3);
  rmSync(join(folder, 'recording', 'windows.jsonl'));
  assert.throws(() => [...windows()], UserError);
});

test('a recorded run is read back, its windows taken from where the recorder streamed them', async (context) => {
  const folder = temporaryFolder(context);
  const recorder = createRecorder({ folder, seed: 3 });
  recorder.record(EXCHANGES);
  const traffic = recorder.finish();
  const { windows, exchanges, exchangeCount, windowsOnDisk } = traffic;
  const before = readFileSync(join(folder, 'recording', 'windows.jsonl'));
  await writeRecording(folder, { ...FRAME, windows, exchanges, exchangeCount }, { windowsOnDisk });
  assert.ok(readFileSync(join(folder, 'recording', 'windows.jsonl')).equals(before));
  const recording = await readRecording(folder);
  assert.deepEqual(recording.exchanges, EXCHANGES);
  assert.equal(recording.exchangeCount, 3);
  // What is in memory only is not deflated.
  const timesOf = ({ windows }: Pick<Recording, 'windows'>) =>
    [...windows()].map((one) => ({
      ...one,
      response: decodeHistogram(one.response),
      service: decodeHistogram(one.service),
    }));
  assert.deepEqual(timesOf(recording), timesOf(memoryRecording(FRAME, EXCHANGES)));
});

test('a run in which nothing was due is a recording, too', async (context) => {
  const folder = temporaryFolder(context);
  const { windows, exchanges, exchangeCount, windowsOnDisk } = createRecorder({ folder, seed: 3 }).finish();
  await writeRecording(folder, { ...FRAME, windows, exchanges, exchangeCount }, { windowsOnDisk });
  const recording = await readRecording(folder);
  assert.deepEqual([[...recording.windows()], recording.exchanges, recording.warnings], [[], [], FRAME.warnings]);
});

test('writing again replaces the recording, also from its own windows', async (context) => {
  const { folder, recording } = await written(context);
  const read = await readRecording(folder);
  await writeRecording(folder, { ...read, warnings: [] });
  assert.deepEqual(plain(await readRecording(folder)), { ...(plain(recording) as object), warnings: [] });
});

test('a recording that cannot be written', async (context) => {
  const blocked = join(temporaryFolder(context), 'a-file');
  writeFileSync(blocked, '');
  await assert.rejects(writeRecording(blocked, memoryRecording(FRAME, [])), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /cannot be written to .*a-file/);
    assert.match(error.hint ?? '', /--out/);
    return true;
  });
});

test('a write that fails half way leaves no temporary file, and nothing that could be taken for a recording', async (context) => {
  const { folder, recording } = await written(context);
  const unwritable = {
    toJSON() {
      throw new Error('no space left on device');
    },
  };
  const exchanges = [...EXCHANGES, unwritable as unknown as Exchange];
  await assert.rejects(writeRecording(folder, { ...recording, exchanges }), /no space left/);
  assert.deepEqual(
    readdirSync(join(folder, 'recording')).filter((file) => file.endsWith('.tmp')),
    [],
  );
  await assert.rejects(readRecording(folder), /run was killed before/);
});

for (const file of ['windows.jsonl', 'exchanges.jsonl']) {
  test(`a torn last line of ${file} is left out with a warning`, async (context) => {
    const { folder, recording } = await written(context);
    const path = join(folder, 'recording', file);
    const size = readFileSync(path).length;
    truncateSync(path, size - 20);
    const read = await readRecording(folder);
    assert.deepEqual(read.warnings, [
      ...recording.warnings,
      `The last line of recording/${file} was not written completely and is left out.`,
    ]);
    const isWindows = file === 'windows.jsonl';
    assert.equal([...read.windows()].length, isWindows ? 2 : 3);
    assert.equal(read.exchanges.length, isWindows ? 3 : 2);
    assert.equal(read.exchangeCount, 3);
  });
}

const change =
  (file: string, edit: (path: string) => void) =>
  (folder: string): void =>
    edit(join(folder, 'recording', file));

for (const { name, damage, says } of [
  {
    name: 'a folder that does not exist',
    damage: (folder: string) => rmSync(folder, { recursive: true }),
    says: /does not exist/,
  },
  {
    name: 'a folder without a recording',
    damage: (folder: string) => rmSync(join(folder, 'recording'), { recursive: true }),
    says: /holds no recording/,
  },
  {
    name: 'a run that was killed',
    damage: change('manifest.json', (path) => rmSync(path)),
    says: /run was killed before/,
  },
  {
    name: 'a newer version',
    damage: change('manifest.json', (path) =>
      writeFileSync(path, JSON.stringify({ schemaVersion: 2, somethingNew: true })),
    ),
    says: /newer gateprobe \(recording version 2; this one reads up to 1\)/,
  },
  {
    name: 'no version',
    damage: change('manifest.json', (path) =>
      writeFileSync(path, JSON.stringify({ ...MANIFEST, schemaVersion: 'one' })),
    ),
    says: /schemaVersion/,
  },
  {
    name: 'a manifest without a start',
    damage: change('manifest.json', (path) =>
      writeFileSync(path, JSON.stringify({ ...MANIFEST, exchangeCount: 3, startedAt: 'yesterday' })),
    ),
    says: /startedAt is not a time/,
  },
  {
    name: 'half a manifest',
    damage: change('manifest.json', (path) => truncateSync(path, 30)),
    says: /manifest\.json: not valid JSON/,
  },
  {
    name: 'a list that is none',
    damage: change('experiments.json', (path) => writeFileSync(path, '{}')),
    says: /experiments\.json: not a list/,
  },
  {
    name: 'an empty quality',
    damage: change('quality.json', (path) => writeFileSync(path, '{}')),
    says: /quality\.json: one of latenessUs/,
  },
  { name: 'no windows', damage: change('windows.jsonl', (path) => rmSync(path)), says: /windows\.jsonl is missing/ },
  {
    name: 'no exchanges',
    damage: change('exchanges.jsonl', (path) => rmSync(path)),
    says: /exchanges\.jsonl is missing/,
  },
  {
    name: 'a line that is not JSON',
    damage: change('exchanges.jsonl', (path) => appendFileSync(path, 'oops\n{}\n')),
    says: /exchanges\.jsonl, line 4: not valid JSON/,
  },
  {
    name: 'a line that is no exchange',
    damage: change('exchanges.jsonl', (path) => appendFileSync(path, '{"seq":9}\n')),
    says: /entry 4 is not an exchange/,
  },
  {
    name: 'a line that is no window',
    damage: change('windows.jsonl', (path) => appendFileSync(path, '[]\n')),
    says: /an entry is not a window/,
  },
]) {
  test(`refuses ${name}`, async (context) => {
    const { folder } = await written(context);
    damage(folder);
    await assert.rejects(
      async () => [...(await readRecording(folder)).windows()],
      (error) => {
        assert.ok(error instanceof UserError, `${error}`);
        assert.match(error.message, says);
        assert.ok(error.hint);
        return true;
      },
    );
  });
}

test('a file where a folder should be', async (context) => {
  const { folder } = await written(context);
  await assert.rejects(readRecording(join(folder, 'recording', 'manifest.json')), /is not a folder/);
});

test('a copied recording reads the same', async (context) => {
  const { folder, recording } = await written(context);
  const copy = join(temporaryFolder(context), 'copy');
  mkdirSync(copy);
  cpSync(join(folder, 'recording'), copy, { recursive: true });
  assert.ok(!existsSync(join(copy, 'recording')));
  assert.deepEqual(plain(await readRecording(copy)), plain(recording));
});
