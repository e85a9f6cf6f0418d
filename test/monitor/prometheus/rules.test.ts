/** The rules and examples that are shipped, by the programs that read them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram, missingProgram } from '../../helpers/requires.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', '..', 'docs', 'integrations', 'prometheus');
const skip = missingProgram('promtool');

function run(program: string, ...args: readonly string[]): { readonly ok: boolean; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(findProgram(program) ?? program, args, { encoding: 'utf8' });
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

test('promtool takes rules and scrape configuration', { skip }, () => {
  for (const [what, file] of [
    ['rules', 'gateprobe.rules.yml'],
    ['config', 'prometheus.example.yml'],
  ] as const) {
    const { ok, text } = run('promtool', 'check', what, join(SHIPPED, file));
    assert.ok(ok && !/FAIL|warn/i.test(text), text);
  }
});

test('Alertmanager takes its example', { skip: missingProgram('amtool') }, () => {
  const { ok, text } = run('amtool', 'check-config', join(SHIPPED, 'alertmanager.example.yml'));
  assert.ok(ok, text);
});

test('each rule fires where it is to, and nowhere else', { skip, timeout: 60_000 }, () => {
  const { ok, text } = run('promtool', 'test', 'rules', join(import.meta.dirname, 'rules.unit.yml'));
  assert.ok(ok, text);
});

test('each alert has a unit test, a severity and a summary', () => {
  const rules = readFileSync(join(SHIPPED, 'gateprobe.rules.yml'), 'utf8');
  const units = readFileSync(join(import.meta.dirname, 'rules.unit.yml'), 'utf8');
  const alerts = rules.split(/^ {6}- alert: /m).slice(1);
  assert.ok(alerts.length >= 12);
  for (const alert of alerts) {
    const name = /^\w+/.exec(alert)?.[0];
    assert.match(alert, /severity: (critical|warning)\n/, name);
    assert.match(alert, /summary: "/, name);
    const fires = new RegExp(`alertname: ${name}\\n +exp_alerts:( &\\w+)?\\n`);
    assert.ok(fires.test(units), `${name} is never seen to fire`);
  }
});

test('a rule that is broken is noticed', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-rules-'));
  try {
    const broken = readFileSync(join(SHIPPED, 'gateprobe.rules.yml'), 'utf8').replace('== 0)', '== 7)');
    writeFileSync(join(folder, 'broken.yml'), broken);
    const units = readFileSync(join(import.meta.dirname, 'rules.unit.yml'), 'utf8');
    const [head = '', ...cases] = units.split(/^ {2}- name: /m);
    const one = cases.find((text) => text.startsWith('only the gateway fails'));
    const files = head.replace(/rule_files:\n.*\n/, 'rule_files:\n  - broken.yml\n');
    writeFileSync(join(folder, 'unit.yml'), `${files}  - name: ${one}`);
    const { ok, text } = run('promtool', 'test', 'rules', join(folder, 'unit.yml'));
    assert.ok(!ok && text.includes('GateprobeGatewayFails'), text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
