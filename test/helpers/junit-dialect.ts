/**
 * What build servers accept as JUnit: the elements and attributes that the strictest known reader allows, the schema `junit-10` with
 * which the xUnit plugin of Jenkins refuses a file as a whole.
 */
import { SaxesParser } from 'saxes';

type Rule = {
  readonly needed: readonly string[];
  readonly allowed: readonly string[];
  readonly children: readonly string[];
  readonly hasText: boolean;
};

const RESULT: Rule = { needed: [], allowed: ['type', 'message'], children: [], hasText: true };
const TEXT: Rule = { needed: [], allowed: [], children: [], hasText: true };
const RULES: ReadonlyMap<string, Rule> = new Map([
  [
    'testsuites',
    {
      needed: [],
      allowed: ['name', 'time', 'tests', 'failures', 'errors'],
      children: ['testsuite'],
      hasText: false,
    },
  ],
  [
    'testsuite',
    {
      needed: ['name', 'tests', 'failures', 'errors'],
      allowed: ['group', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'file', 'log', 'url'],
      children: ['testsuite', 'properties', 'testcase', 'system-out', 'system-err'],
      hasText: false,
    },
  ],
  ['properties', { needed: [], allowed: [], children: ['property'], hasText: false }],
  ['property', { needed: ['name', 'value'], allowed: [], children: [], hasText: false }],
  [
    'testcase',
    {
      needed: ['name'],
      allowed: ['time', 'classname', 'group'],
      children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
      hasText: false,
    },
  ],
  ['skipped', RESULT],
  ['error', RESULT],
  ['failure', RESULT],
  ['system-out', TEXT],
  ['system-err', TEXT],
]);
/** Of `time`: digits, in groups of three where there are commas. */
const TIME = /^\d*(?:,\d{3})*(?:\.\d*)?$/;

/** What such a reader would refuse, in words; empty for a file that it takes. */
export function dialectFaults(xml: string): readonly string[] {
  const faults: string[] = [];
  const open: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const parent = open.at(-1);
    open.push(name);
    const rule = RULES.get(name);
    const fits = parent === undefined ? name === 'testsuites' : RULES.get(parent)?.children.includes(name);
    if (rule === undefined || fits !== true) faults.push(`<${name}> in <${parent ?? 'nothing'}>`);
    if (rule === undefined) return;
    const given = Object.keys(attributes);
    for (const one of rule.needed) if (!given.includes(one)) faults.push(`<${name}> without ${one}`);
    for (const one of given) if (![...rule.needed, ...rule.allowed].includes(one)) faults.push(`<${name}> with ${one}`);
    const time = String(attributes['time'] ?? '');
    if (!TIME.test(time)) faults.push(`time="${time}"`);
  });
  parser.on('text', (text) => {
    const name = open.at(-1);
    if (text.trim() !== '' && name !== undefined && RULES.get(name)?.hasText !== true) faults.push(`text in <${name}>`);
  });
  parser.on('closetag', () => void open.pop());
  parser.on('error', (error) => faults.push(error.message));
  parser.write(xml).close();
  return faults;
}
