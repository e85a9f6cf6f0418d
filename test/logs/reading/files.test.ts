import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path, { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findFiles, inTimeOrder, splitPattern } from '../../../src/logs/reading/files.ts';

let folder = '';

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gateprobe-files-')));
  await mkdir(join(folder, 'arr', 'deep.log'), { recursive: true });
  await mkdir(join(folder, 'empty'));
  for (const name of ['u_ex261121.log', 'u_ex261120.log', 'notes.txt', 'odd[1].log', 'odd1.log'])
    await writeFile(join(folder, 'arr', name), 'x');
  for (const name of ['access.log', 'access.log.1', 'access.log.2.gz', 'access.log.10.gz'])
    await writeFile(join(folder, name), 'xyz');
});
after(() => rm(folder, { recursive: true, force: true }));

async function names(...patterns: string[]): Promise<string[]> {
  const { inputs, problems } = await findFiles(patterns, folder);
  return [
    ...inputs.map(({ name }) => name.replaceAll('\\', '/')),
    ...problems.map(({ path: where, message }) => `! ${where}: ${message}`),
  ];
}

test('files and patterns relative to the folder given, in time order', async () => {
  assert.deepEqual(await names('access.log*'), ['access.log.10.gz', 'access.log.2.gz', 'access.log.1', 'access.log']);
  assert.deepEqual(await names('arr/u_ex*.log', 'access.log'), [
    'arr/u_ex261120.log',
    'arr/u_ex261121.log',
    'access.log',
  ]);
  assert.deepEqual(await names(join(folder, 'arr', '*.txt')), ['arr/notes.txt']);
  assert.deepEqual(await names('**/u_ex{261120,261121}.log'), ['arr/u_ex261120.log', 'arr/u_ex261121.log']);
});

test('sizes and paths are those of the files', async () => {
  const { inputs } = await findFiles(['access.log'], folder);
  assert.deepEqual(inputs, [{ kind: 'file', path: join(folder, 'access.log'), name: 'access.log', sizeBytes: 3 }]);
});

test('a folder that matches a pattern is passed over, one that is named is a problem', async () => {
  assert.deepEqual(await names('arr/d*.log'), ['! arr/d*.log: no file matches']);
  assert.deepEqual(await names('arr'), ['! arr: is a folder']);
  assert.match((await findFiles(['arr'], folder)).problems[0]?.hint ?? '', /\*\.log/);
});

test('a name with brackets that exists is that file', async () => {
  assert.deepEqual(await names('arr/odd[1].log'), ['arr/odd[1].log']);
  assert.deepEqual(await names('arr/odd[1-2].log'), ['arr/odd1.log']);
});

test('standard input and each file come once', async () => {
  assert.deepEqual(await names('-', 'access.log', '-', './arr/../access.log', 'access.lo?'), [
    'standard input',
    'access.log',
  ]);
});

test('a link and what it leads to are one file', { skip: process.platform === 'win32' }, async () => {
  await symlink(join(folder, 'access.log'), join(folder, 'link-to-access'));
  assert.deepEqual(await names('access.log', 'link-to-access'), ['access.log']);
});

test('everything that is wrong is told at once, with what to do', async () => {
  const { inputs, problems } = await findFiles(
    ['gone.log', 'access.log', 'empty/*.log', 'nowhere/*.log', '', 'access.log/x'],
    folder,
  );
  assert.deepEqual(
    inputs.map(({ name }) => name),
    ['access.log'],
  );
  assert.deepEqual(
    problems.map(({ path: where, message }) => [where, message.replace(folder, '.').replaceAll('\\', '/')]),
    [
      ['gone.log', 'there is no such file'],
      ['empty/*.log', 'no file matches'],
      ['nowhere/*.log', 'there is no folder ./nowhere'],
      ['""', 'is empty'],
      ['access.log/x', 'there is no such file'],
    ],
  );
  assert.ok(problems.every(({ expected }) => expected !== undefined));
  assert.ok(problems[0]?.hint?.includes(folder));
});

test('backslashes on another system than Windows are explained', { skip: path.sep === '\\' }, async () => {
  const { problems } = await findFiles(['arr\\u_ex261121.log'], folder);
  assert.match(problems[0]?.hint ?? '', /Windows only: arr\/u_ex261121\.log/);
});

const SPLITS: readonly (readonly [pattern: string, system: 'win32' | 'posix', folder: string, rest: string])[] = [
  ['\\\\web1\\logs$\\W3SVC1\\u_ex*.log', 'win32', '\\\\web1\\logs$\\W3SVC1\\', 'u_ex*.log'],
  ['C:\\inetpub\\logs\\W3SVC*\\u_ex*.log', 'win32', 'C:\\inetpub\\logs\\', 'W3SVC*/u_ex*.log'],
  ['C:/inetpub/logs/*.log', 'win32', 'C:/inetpub/logs/', '*.log'],
  ['*.log', 'win32', '', '*.log'],
  ['/var/log/nginx/access.log*', 'posix', '/var/log/nginx/', 'access.log*'],
  ['/*.log', 'posix', '/', '*.log'],
  ['a\\*.log', 'posix', '', 'a\\*.log'],
  ['logs/{a,b}/x.log', 'posix', 'logs/', '{a,b}/x.log'],
  ['logs/+(a|b).log', 'posix', 'logs/', '+(a|b).log'],
];
for (const [pattern, system, fixed, rest] of SPLITS) {
  test(`${pattern} on ${system}`, () => {
    assert.deepEqual(splitPattern(pattern, path[system]), { folder: fixed, rest });
  });
}
test('a name without wildcards is no pattern', () => {
  for (const name of ['/a/b.log', 'C:\\a (1)\\b.log', 'a+b.log'])
    assert.equal(splitPattern(name, path.win32), undefined);
});

const ORDERS: readonly (readonly string[])[] = [
  ['access.log.10.gz', 'access.log.2.gz', 'access.log.1', 'access.log'],
  ['access.log-20261119.gz', 'access.log-20261120', 'access.log'],
  ['access_log.2026-11-19', 'access_log.2026-11-20', 'access_log'],
  ['u_ex26112009.log', 'u_ex26112010.log', 'u_ex26112109.log'],
  ['httperr1.log', 'httperr2.log', 'httperr10.log'],
  ['fr000009.xml', 'fr000010.xml'],
  ['web1/access.log.1', 'web1/access.log', 'web2/access.log.1', 'web2/access.log'],
];
for (const order of ORDERS) {
  test(`time order: ${order.join(' ')}`, () => {
    assert.deepEqual([...order].reverse().sort(inTimeOrder), order);
    assert.deepEqual([...order].sort(inTimeOrder), order);
  });
}
