import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surroundingsOf } from '../../src/detectors/surroundings.ts';
import type { DeclaredSetting, PlacedConfig } from '../../src/model/declared.ts';
import { contextOf, evidenceOf, summary } from './synthetic-journeys.ts';

function health(farm: string, value: string): DeclaredSetting {
  return {
    file: 'applicationHost.config',
    line: 25,
    directive: `webFarms/webFarm[@name='${farm}']/applicationRequestRouting/healthCheck url`,
    scope: `farm ${farm}`,
    depth: 1,
    value,
    isDefault: value === '',
    meaning: 'health-check',
  };
}

function told(settings: readonly DeclaredSetting[], format: 'iis-w3c' | 'nginx' = 'iis-w3c') {
  const sources = [summary({ index: 0, format: 'haproxy' }), summary({ index: 1, format })];
  const { measures } = contextOf(evidenceOf([], { sources }));
  const config: PlacedConfig = { kind: 'arr', files: [], settings, problems: [], members: [], role: 'gateway' };
  return surroundingsOf({ ...measures, configs: [config] });
}

test('the only farm, its health page, and whether members log as IIS does', () => {
  assert.deepEqual(told([health('Shop', 'http://Shop/up')]), {
    isMemberOnIis: true,
    farm: 'Shop',
    healthUrl: 'http://Shop/up',
  });
  assert.deepEqual(told([health('Shop', '')]), { isMemberOnIis: true, farm: 'Shop' });
  assert.deepEqual(told([health('Shop', ''), health('Blog', '')]), { isMemberOnIis: true }, 'which one is not known');
  assert.deepEqual(told([], 'nginx'), {});
});
