/** The rules of src/README.md that a machine can hold. Each test lists all offences at once. */
import assert from 'node:assert/strict';
import { dirname, join, sep } from 'node:path';
import { test } from 'node:test';
import { functionLengths, importsOf, readRepository, readSources } from './helpers/source-files.ts';

const STAGES = [
  ...['profile', 'traffic', 'experiments', 'recording', 'gateways', 'logs', 'analysis', 'detectors'],
  ...['report', 'store', 'charts', 'lab'],
];
/** What each part of src may import, besides itself, model and errors. A part that is not listed is an offence. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  model: [],
  profile: [],
  traffic: [],
  recording: [],
  gateways: [],
  charts: [],
  lab: [],
  experiments: ['traffic', 'recording', 'analysis'],
  logs: ['gateways'],
  analysis: ['recording', 'logs'],
  detectors: ['analysis', 'gateways'],
  report: ['analysis', 'gateways', 'charts'],
  store: ['recording'],
  monitor: ['store', 'pipeline', 'charts'],
  catalog: STAGES,
  pipeline: [...STAGES, 'catalog'],
  commands: [...STAGES, 'catalog', 'pipeline', 'monitor'],
  cli: [...STAGES, 'catalog', 'pipeline', 'monitor', 'commands'],
  index: [...STAGES, 'catalog', 'pipeline', 'monitor'],
};
/** Where each package may be imported: starts of paths in src. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  autocannon: ['traffic/'],
  undici: ['traffic/'],
  'hdr-histogram-js': ['recording/histogram.ts'],
  commander: ['cli.ts', 'commands/'],
  yaml: ['profile/'],
  zod: ['profile/'],
  echarts: ['charts/', 'report/'],
  saxes: ['logs/'],
  hono: ['monitor/'],
  '@hono/node-server': ['monitor/'],
  croner: ['monitor/'],
  'prom-client': ['monitor/'],
  pino: ['monitor/'],
};
const MAY_PRINT = /^src\/(cli\.ts|commands\/|lab\/[\w-]+-process\.ts)/;
const MAX_FILE_LINES = 350;
const MAX_FUNCTION_LINES = 80;
const ANY_TYPE = /(?::|<|\||&|\bas|\bextends|=>)\s*any\b(?!\s*\w)/;
/** Put together, so that this file does not contain them. */
const UNFINISHED = new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`);
const MACHINE = new RegExp(`/wo${'rk'}/|\\bregis${'try'}\\.[\\w-]+\\.\\w+|"resol${'ved'}": "http`);

const sources = readSources('src');
const tests = readSources('test');
const inBoth = [
  ...sources.map((source) => ({ ...source, path: `src/${source.path}` })),
  ...tests.map((source) => ({ ...source, path: `test/${source.path}` })),
];

const partOf = (path: string): string => path.split('/')[0]?.replace(/\.ts$/, '') ?? '';
const isRelative = (specifier: string): boolean => specifier.startsWith('.');

function list(rule: string, offences: readonly string[]): void {
  assert.ok(offences.length === 0, `${rule}\n  ${offences.join('\n  ')}`);
}

/** Offences per line: `path:line: text`. */
function linesWith(pattern: RegExp, files: readonly { readonly path: string; readonly code: string }[]): string[] {
  return files.flatMap(({ path, code }) =>
    code
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}

test('imports go one way', () => {
  const offences = sources.flatMap((source) => {
    const allowed = LAYERS[partOf(source.path)];
    if (allowed === undefined) return [`src/${source.path}: not in the layer table`];
    return importsOf(source)
      .filter(isRelative)
      .flatMap((specifier) => {
        const target = join(dirname(source.path), specifier).split(sep).join('/');
        const open = [...allowed, partOf(source.path), 'model', 'errors'];
        return open.includes(partOf(target)) ? [] : [`src/${source.path} → ${target}`];
      });
  });
  list('imports against the layer table (see src/README.md)', offences);
});

test('each package has its owner', () => {
  const offences = sources.flatMap((source) =>
    importsOf(source)
      .filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:'))
      .map((specifier) =>
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      )
      .filter((name) => !OWNERS[name]?.some((owner) => source.path.startsWith(owner)))
      .map((name) => `src/${source.path}: ${name} (owner: ${OWNERS[name]?.join(', ') ?? 'none, name one here'})`),
  );
  list('packages imported outside their owners', offences);
});

test('only commands and processes of their own print, read arguments or exit', () => {
  const others = inBoth.filter(({ path }) => path.startsWith('src/') && !MAY_PRINT.test(path));
  list('use of the terminal', linesWith(/\bconsole\.|\bprocess\.(stdout|stderr|stdin|exit|argv)\b/, others));
});

test('files and functions are short', () => {
  const files = inBoth
    .map(({ path, text }) => ({ path, length: text.split('\n').length - 1 }))
    .filter(({ length }) => length > MAX_FILE_LINES)
    .map(({ path, length }) => `${path}: ${length} lines`);
  // Tests hold tables and made-up data, which are read row by row; there only the file is limited.
  const functions = sources.flatMap((source) =>
    functionLengths(source)
      .filter(({ length }) => length > MAX_FUNCTION_LINES)
      .map(({ line, length }) => `src/${source.path}:${line}: ${length} lines`),
  );
  list(`files above ${MAX_FILE_LINES} lines, functions above ${MAX_FUNCTION_LINES}`, [...files, ...functions]);
});

test('no type is any, nothing is left for later', () => {
  const codes = inBoth.map(({ path, code }) => ({ path, code: code.replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''") }));
  const texts = inBoth.map(({ path, text }) => ({ path, code: text }));
  list('the type any, or left for later', [...linesWith(ANY_TYPE, codes), ...linesWith(UNFINISHED, texts)]);
});

test('no file names the machine that it was written on', () => {
  list('paths or hosts of one machine', linesWith(MACHINE, readRepository()));
});

test('every folder of src has tests', () => {
  const tested = new Set(tests.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => partOf(path)));
  const folders = new Set(sources.filter(({ path }) => path.includes('/')).map(({ path }) => partOf(path)));
  list('folders of src without a test', [...folders].filter((folder) => !tested.has(folder)).sort());
});
