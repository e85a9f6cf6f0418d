/** Made-up files that break one rule each, beside some that only look as if they did. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  layerOffences,
  linesWith,
  longFiles,
  longFunctions,
  ownerOffences,
  terminalOffences,
  untestedOffences,
  vagueOffences,
} from './rules.ts';
import { readSyntax } from './syntax.ts';

type Files = Readonly<Record<string, string>>;
type Case = { readonly name: string; readonly files: Files; readonly offences: readonly string[] };

function check(rule: string, offencesOf: (files: Files) => readonly string[], cases: readonly Case[]): void {
  for (const { name, files, offences } of cases)
    test(`${rule}: ${name}`, () => assert.deepEqual(offencesOf(files), offences));
}

const LAYERS = { analysis: ['recording'], recording: [] };
check('layers', (files) => layerOffences(readSyntax(files), LAYERS), [
  {
    name: 'what is open is open',
    files: {
      'src/analysis/a.ts':
        "import '../model/b.ts';\nimport '../errors.ts';\nimport '../recording/c.ts';\nimport './d.ts';",
    },
    offences: [],
  },
  {
    name: 'an import, a type, a re-export and a late import against the table',
    files: {
      'src/recording/a.ts': [
        "import { x } from '../analysis/x.ts';",
        "import type { Y } from '../analysis/y.ts';",
        "export * from '../analysis/z.ts';",
        "export const late = () => import('../analysis/l.ts');",
        "export type T = import('../analysis/t.ts').T;",
      ].join('\n'),
    },
    offences: ['x', 'y', 'z', 'l', 't'].map(
      (name, i) => `src/recording/a.ts:${i + 1}: imports src/analysis/${name}.ts`,
    ),
  },
  {
    name: 'an import that stands in a comment or a text is none',
    files: { 'src/recording/a.ts': "// import '../analysis/x.ts';\nexport const x = `import '../analysis/x.ts';`;" },
    offences: [],
  },
  {
    name: 'src does not import tests',
    files: { 'src/analysis/a.ts': "import '../../test/recording/b.ts';" },
    offences: ['src/analysis/a.ts:1: imports test/recording/b.ts'],
  },
  {
    name: 'a new folder has to be put into the table',
    files: { 'src/other/a.ts': 'export const x = 1;' },
    offences: ['src/other/a.ts: other is not in the layer table'],
  },
]);

check('owners', (files) => ownerOffences(readSyntax(files), { yaml: ['src/profile/'], '@a/b': ['src/cli.ts'] }), [
  {
    name: 'the owner may, also a part of the package',
    files: { 'src/profile/a.ts': "import 'yaml/dist';\nimport 'node:fs';", 'src/cli.ts': "import '@a/b/c';" },
    offences: [],
  },
  {
    name: 'others may not, and a package without an owner is nobody’s',
    files: { 'src/report/a.ts': "import { parse } from 'yaml';\nimport '@a/b';\nimport 'left-pad';" },
    offences: [
      'src/report/a.ts:1: yaml (owner: src/profile/)',
      'src/report/a.ts:2: @a/b (owner: src/cli.ts)',
      'src/report/a.ts:3: left-pad (owner: none, name one)',
    ],
  },
]);

check('terminal', (files) => terminalOffences(readSyntax(files), /^src\/commands\//), [
  { name: 'a command prints', files: { 'src/commands/a.ts': "console.log('x');" }, offences: [] },
  {
    name: 'a stage does not, under no name',
    files: {
      'src/report/a.ts':
        "import { exit } from 'node:process';\nconsole.error(process.argv, process.pid);\nprocess.exitCode = 1;",
    },
    offences: [
      'src/report/a.ts:2: console.error',
      'src/report/a.ts:2: process.argv',
      'src/report/a.ts:3: process.exitCode',
      'src/report/a.ts:1: import of node:process',
    ],
  },
  {
    name: 'in a text or a comment it is none',
    files: { 'src/report/a.ts': "// console.log\nexport const x = 'process.exit()';" },
    offences: [],
  },
]);

const LONG_BODY = ['{', '  a();', '  b();', '}'];
check('long functions', (files) => longFunctions(readSyntax(files), 3), [
  {
    name: 'every form counts from its first line to its last',
    files: {
      'src/a.ts': [
        `export function f(): void ${LONG_BODY[0]}`,
        ...LONG_BODY.slice(1),
        'const g = () =>',
        '  [',
        '  ];',
        '',
      ].join('\n'),
      'src/b.ts': ['const h = () => (', '  1 +', '  2', ');'].join('\n'),
      'src/c.ts': ['class C {', '  m() {', '    a();', '    b();', '  }', '}'].join('\n'),
    },
    offences: ['src/a.ts:1: 4 lines', 'src/b.ts:1: 4 lines', 'src/c.ts:2: 4 lines'],
  },
  {
    name: 'a brace inside a text does not end a function',
    files: { 'src/a.ts': ['function f() {', '  return `', '}', '`;', '}'].join('\n') },
    offences: ['src/a.ts:1: 5 lines'],
  },
]);

test('long files: the last line end is not a line', () => {
  const files = [
    { path: 'src/a.ts', text: 'a\nb\n' },
    { path: 'src/b.ts', text: 'a\nb\nc' },
  ];
  assert.deepEqual(longFiles(files, 2), ['src/b.ts: 3 lines']);
});

check('any and exports', (files) => vagueOffences(readSyntax(files)), [
  {
    name: 'the word and the default of a switch are allowed',
    files: { 'src/a.ts': "export const any = 'any';\nswitch (any) {\n  default:\n}\n// x: any" },
    offences: [],
  },
  {
    name: 'the type any anywhere, and exports without a name',
    files: {
      'src/a.ts': 'export const x: any = 1;\ntype L = any[];\nfunction f<T = any>() {}\nexport default f;',
      'src/b.ts': 'export default function g() {}',
    },
    offences: [
      'src/a.ts:1: x: any = 1',
      'src/a.ts:2: any[]',
      'src/a.ts:3: T = any',
      'src/a.ts:4: export default',
      'src/b.ts:1: export default',
    ],
  },
]);

test('lines are told by file and number', () => {
  const files = [{ path: 'a.md', text: 'fine\n  see /here/ for it' }];
  assert.deepEqual(linesWith(/\/here\//, files), ['a.md:2: see /here/ for it']);
});

const CODE = 'export const x = 1;';
const COVERAGE = { byAnyTest: ['model'], starts: [], exceptions: {} };
const untested = (files: Files, changes = {}) => untestedOffences(readSyntax(files), { ...COVERAGE, ...changes });

check('untested', untested, [
  {
    name: 'reached directly, over the same folder, or over a helper of the tests',
    files: {
      'src/report/a.ts': "import './b.ts';",
      'src/report/b.ts': CODE,
      'src/report/c.ts': CODE,
      'test/report/a.test.ts': "import '../../src/report/a.ts';\nimport '../helpers/h.ts';",
      'test/helpers/h.ts': "import '../../src/report/c.ts';",
    },
    offences: [],
  },
  {
    name: 'reached only over another folder, or only by its types',
    files: {
      'src/report/a.ts': CODE,
      'src/report/b.ts': CODE,
      'src/report/c.ts': CODE,
      'src/catalog.ts': "import './report/a.ts';",
      'test/report/x.test.ts':
        "import '../../src/report/c.ts';\nimport '../../src/catalog.ts';\nimport type { B } from '../../src/report/b.ts';",
      'test/catalog.test.ts': "import '../src/catalog.ts';",
    },
    offences: ['src/report/a.ts', 'src/report/b.ts'],
  },
  {
    name: 'a folder without a test is told in one line',
    files: { 'src/report/a.ts': CODE, 'src/report/b.ts': CODE },
    offences: ['src/report/: none of 2 files'],
  },
  {
    name: 'types need no test; what is open to all may be tested anywhere',
    files: {
      'src/report/a.ts': "import { type T, type U } from './b.ts';\nexport type A = T | U;\nexport interface B {}",
      'src/model/m.ts': CODE,
      'test/report/a.test.ts': "import '../../src/model/m.ts';",
    },
    offences: [],
  },
]);

test('untested: a start counts as an import, an exception excuses, and what is gone is told', () => {
  const files = {
    'src/report/a.ts': CODE,
    'src/report/thread.ts': "import './work.ts';",
    'src/report/work.ts': CODE,
    'src/report/odd.ts': CODE,
    'test/report/a.test.ts': "import '../../src/report/a.ts';",
  };
  const starts = [['src/report/a.ts', 'src/report/thread.ts']];
  assert.deepEqual(untested(files, { starts, exceptions: { 'src/report/odd.ts': 'reason' } }), []);
  assert.deepEqual(untested(files, { starts, exceptions: { 'src/report/old.ts': 'reason' } }), [
    'src/report/odd.ts',
    'src/report/old.ts: the rule names it, but it is not there',
  ]);
});
