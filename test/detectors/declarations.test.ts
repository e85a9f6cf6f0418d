import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measures } from '../../src/analysis/measures.ts';
import { withDeclarations } from '../../src/detectors/declarations.ts';
import type { DeclaredSetting, PlacedConfig } from '../../src/model/declared.ts';
import type { Finding } from '../../src/model/finding.ts';

const FINDING: Finding = {
  cause: 'timeout/gateway-response',
  scope: { route: 'gateway' },
  severity: 'error',
  confidence: 'confirmed',
  title: '',
  meaning: '',
  measured: { timeoutUs: { value: 29_889_000 } },
  rivals: [],
  exhibits: [],
  remedy: { steps: ['first'], commands: [], howToVerify: '' },
};

function setting(more: Partial<DeclaredSetting>): DeclaredSetting {
  return {
    file: 'nginx.conf',
    line: 11,
    directive: 'proxy_read_timeout',
    scope: 'http',
    depth: 0,
    value: '30s',
    isDefault: false,
    valueUs: 30_000_000,
    meaning: 'response-timeout',
    ...more,
  };
}

function measures(settings: readonly DeclaredSetting[] | undefined): Measures {
  const config: PlacedConfig = {
    kind: 'nginx',
    files: ['nginx.conf'],
    settings: settings ?? [],
    problems: [],
    members: [],
    role: 'gateway',
  };
  return { profile: { members: [] }, ...(settings === undefined ? {} : { configs: [config] }) } as unknown as Measures;
}

test('the line that is what was measured is cited and named as the one to change', () => {
  const other = setting({ line: 40, scope: 'location /slow', depth: 2, value: '90s', valueUs: 90_000_000 });
  const { declared, remedy } = withDeclarations(FINDING, measures([other, setting({})]));
  assert.deepEqual(
    declared?.map(({ line, agrees }) => [line, agrees]),
    [[11, true]],
  );
  assert.match(remedy.steps.at(-1) ?? '', /^The line to change is nginx\.conf:11, proxy_read_timeout 30s \(http\)/);
});

test('a default is said to be one; a line that is not what was measured sends nobody there', () => {
  const isDefault = withDeclarations(FINDING, measures([setting({ line: 0, file: '', isDefault: true })]));
  assert.match(isDefault.remedy.steps.at(-1) ?? '', /does not set proxy_read_timeout: its default of 30s/);
  const another = withDeclarations(FINDING, measures([setting({ value: '5s', valueUs: 5_000_000 })]));
  assert.deepEqual([another.declared?.[0]?.agrees, another.remedy.steps], [false, ['first']]);
  assert.equal(another.declared?.[0]?.disagreement, 'measured 29.9 s, declared 5 s');
  assert.equal(isDefault.declared?.[0]?.disagreement, undefined);
});

test('without configuration, and for causes that no line sets, the finding stays as it was', () => {
  assert.equal(withDeclarations(FINDING, measures(undefined)), FINDING);
  const refused: Finding = { ...FINDING, cause: 'connection/refused' };
  assert.equal(withDeclarations(refused, measures([setting({})])), refused);
});
