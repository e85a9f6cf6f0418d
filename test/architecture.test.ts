/** The rules of src/README.md that a machine can hold. Each test lists all offences; `helpers/rules.test.ts` shows that they can fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Coverage,
  type Layers,
  layerOffences,
  linesWith,
  longFiles,
  longFunctions,
  type Owners,
  ownerOffences,
  terminalOffences,
  untestedOffences,
  vagueOffences,
} from './helpers/rules.ts';
import { readRepository, readSources } from './helpers/source-files.ts';
import { readSyntax } from './helpers/syntax.ts';

const STAGES = [
  ...['profile', 'traffic', 'experiments', 'recording', 'gateways', 'logs', 'analysis', 'detectors'],
  ...['report', 'store', 'charts', 'lab'],
];
/** A part that is not listed is an offence. */
const LAYERS: Layers = {
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
  monitor: ['store', 'pipeline', 'charts', 'recording', 'report'],
  catalog: STAGES,
  pipeline: [...STAGES, 'catalog'],
  commands: [...STAGES, 'catalog', 'pipeline', 'monitor'],
  cli: [...STAGES, 'catalog', 'pipeline', 'monitor', 'commands'],
  index: [...STAGES, 'catalog', 'pipeline', 'monitor'],
};
const OWNERS: Owners = {
  autocannon: ['src/traffic/'],
  undici: ['src/traffic/'],
  'hdr-histogram-js': ['src/recording/histogram.ts'],
  commander: ['src/cli.ts', 'src/commands/'],
  yaml: ['src/profile/'],
  zod: ['src/profile/'],
  echarts: ['src/charts/', 'src/report/'],
  saxes: ['src/logs/', 'src/gateways/config/'],
  hono: ['src/monitor/'],
  '@hono/node-server': ['src/monitor/'],
  croner: ['src/monitor/'],
  'prom-client': ['src/monitor/'],
  '@opentelemetry/api': ['src/monitor/otlp'],
  '@opentelemetry/exporter-logs-otlp-http': ['src/monitor/otlp'],
  '@opentelemetry/exporter-metrics-otlp-http': ['src/monitor/otlp'],
  '@opentelemetry/resources': ['src/monitor/otlp'],
  '@opentelemetry/sdk-logs': ['src/monitor/otlp'],
  '@opentelemetry/sdk-metrics': ['src/monitor/otlp'],
  pino: ['src/monitor/'],
};
/** The processes of the lab are programs of their own: they have arguments and an end. */
const MAY_USE_TERMINAL = /^src\/(cli\.ts|commands\/|lab\/[\w-]+-process\.ts)/;
const MAX_FILE_LINES = 350;
const MAX_FUNCTION_LINES = 80;
const COVERAGE: Coverage = {
  byAnyTest: ['model', 'errors', 'catalog', 'pipeline', 'cli'],
  starts: [
    ['test/helpers/cli.ts', 'src/cli.ts'],
    ['src/traffic/sender.ts', 'src/traffic/worker.ts'],
    ['src/traffic/sending.ts', 'src/traffic/pacer.ts'],
    ['src/traffic/watch-sender.ts', 'src/traffic/watch-worker.ts'],
    ['src/monitor/judging-thread.ts', 'src/monitor/judging-worker.ts'],
    ['test/lab/truth-process.test.ts', 'src/lab/truth-process.ts'],
    ['src/lab/farm.ts', 'src/lab/member-process.ts'],
    ['src/lab/farm.ts', 'src/lab/gateway-process.ts'],
    ['src/commands/selftest-traffic.ts', 'src/lab/truth-process.ts'],
  ],
  exceptions: {
    'src/index.ts': 'package.test.ts imports it as a user does, from the installed package',
  },
};
/** Put together, so that this file does not contain them. */
const UNFINISHED = new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`);
const MACHINE = new RegExp(`/wo${'rk'}/|\\bregis${'try'}\\.[\\w-]+\\.\\w+|"resol${'ved'}": "http`);

const files = readSyntax(readSources());
const sources = files.filter(({ path }) => path.startsWith('src/'));

function none(rule: string, offences: readonly string[]): void {
  assert.ok(offences.length === 0, `${rule}\n  ${offences.join('\n  ')}`);
}

test('imports go one way', () => {
  none('imports against the layer table (see src/README.md)', layerOffences(sources, LAYERS));
});

test('each package has its owner', () => {
  none('packages imported outside their owners', ownerOffences(sources, OWNERS));
});

test('only commands and processes of their own print, read arguments or exit', () => {
  none('use of the terminal', terminalOffences(sources, MAY_USE_TERMINAL));
});

test('files are short', () => {
  none(`files above ${MAX_FILE_LINES} lines`, longFiles(files, MAX_FILE_LINES));
});

test('functions are short', () => {
  // Tests hold tables and made-up data, which are read row by row; there only the file is limited.
  none(`functions above ${MAX_FUNCTION_LINES} lines`, longFunctions(sources, MAX_FUNCTION_LINES));
});

test('no type is any, every export has a name', () => {
  none('the type any, or an export without a name', vagueOffences(sources));
});

test('nothing is left for later', () => {
  none('left for later', linesWith(UNFINISHED, files));
});

test('no file names the machine that it was written on', () => {
  none('paths or hosts of one machine', linesWith(MACHINE, readRepository()));
});

test('every file of src is tested in the folder of the same name', () => {
  none('files with code that no test of their folder reaches', untestedOffences(files, COVERAGE));
});
