/** The rules of src/README.md that a machine can hold. Each test lists all offences at once. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
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
const MAY_PRINT = /^(cli\.ts|commands\/|lab\/[\w-]+-process\.ts)/;
const MAX_FILE_LINES = 350;
const MAX_FUNCTION_LINES = 80;
/** Put together, so that this file does not contain them. */
const UNFINISHED = new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`);
const MACHINE = new RegExp(`/wo${'rk'}/|\\bregis${'try'}\\.[\\w-]+\\.\\w+|"resol${'ved'}": "http`);

type Source = { readonly path: string; readonly text: string; readonly code: string };
const read = (folder: string): Source[] =>
  globSync('**/*.ts', { cwd: join(ROOT, folder) })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => !path.startsWith('fixtures/'))
    .map((path) => {
      const text = readFileSync(join(ROOT, folder, path), 'utf8');
      return { path, text, code: withoutComments(text) };
    });
const sources = read('src');
const tests = read('test');
const inBoth = [
  ...sources.map((source) => ({ ...source, path: `src/${source.path}` })),
  ...tests.map((source) => ({ ...source, path: `test/${source.path}` })),
];

/** Line numbers stay. `//` inside an address follows a colon and is kept. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/(?<=^|[\s;{(,])\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/(?<=^|\s)\/\/.*$/gm, '');
}

function importsOf({ code }: Source): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)(['"`])([^'"`]+)\1/gm;
  return [...code.matchAll(pattern)].map((match) => match[2] ?? '');
}

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

/** The sources are formatted, so a function ends at the first line of its own indent that closes a brace. */
function functionLengths(text: string): { readonly line: number; readonly length: number }[] {
  const lines = text.split('\n');
  const start =
    /^\s*(export )?(async )?function\b(?!.*\}$)|=> \{$|^\s*(?!if|for|while|switch|catch|else|do|try)(\w+ )*\w+\(.*\{$/;
  return lines.flatMap((line, i) => {
    if (!start.test(line)) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.findIndex((next, j) => j > i && next.startsWith(`${indent}}`) && !next.endsWith('{'));
    return [{ line: i + 1, length: (end === -1 ? lines.length : end + 1) - i }];
  });
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
  const others = sources.filter(({ path }) => !MAY_PRINT.test(path));
  list('use of the terminal', linesWith(/\bconsole\.|\bprocess\.(stdout|stderr|stdin|exit|argv)\b/, others));
});

test('files and functions are short', () => {
  const offences = inBoth.flatMap(({ path, text }) => {
    const length = text.split('\n').length - 1;
    const long = functionLengths(text).filter((found) => found.length > MAX_FUNCTION_LINES);
    return [
      ...(length > MAX_FILE_LINES ? [`${path}: ${length} lines (at most ${MAX_FILE_LINES})`] : []),
      ...long.map((found) => `${path}:${found.line}: ${found.length} lines (at most ${MAX_FUNCTION_LINES})`),
    ];
  });
  list('too long', offences);
});

test('no type is any, nothing is left for later', () => {
  const typed = inBoth.map(({ path, code }) => ({ path, code: code.replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''") }));
  list('the type any', linesWith(/(?::|<|\||&|\bas|\bextends|=>)\s*any\b(?!\s*\w)/, typed));
  list(
    'left for later',
    linesWith(
      UNFINISHED,
      inBoth.map(({ path, text }) => ({ path, code: text })),
    ),
  );
});

test('no file names the machine that it was written on', () => {
  const skipped = ['node_modules', 'dist', '.git', 'reports'];
  const folders = [...readdirSync(ROOT).filter((name) => !skipped.includes(name)), 'reports/sample', '.ci'];
  const files = folders
    .filter((name) => existsSync(join(ROOT, name)))
    .flatMap((name) => [name, ...globSync(`${name}/**/*`, { cwd: ROOT })])
    .filter((path) => /\.\w+$|\/run$/.test(path) && !path.endsWith('.tgz'));
  const texts = files.map((path) => ({ path, code: readText(path) }));
  list('paths or hosts of one machine', linesWith(MACHINE, texts));
});

function readText(path: string): string {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    // A folder with a dot in its name.
    return '';
  }
}

test('every folder of src has tests', () => {
  const tested = new Set(tests.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => partOf(path)));
  const folders = new Set(sources.filter(({ path }) => path.includes('/')).map(({ path }) => partOf(path)));
  list('folders of src without a test', [...folders].filter((folder) => !tested.has(folder)).sort());
});
