import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import type { CodeForm, CodeMeaning } from '../gateways/codes/code.ts';
import { VOCABULARIES } from '../gateways/codes/code.ts';
import type { Decoded, Reading } from '../gateways/codes/decode.ts';
import { decode, isKnown } from '../gateways/codes/decode.ts';
import { print } from './output.ts';

/** Inputs with the same meaning, in the order in which they came first. */
type Group = { readonly decoded: Decoded; readonly isLine: boolean; count: number };
type Groups = Map<string, Group>;

/** Most groups that are kept; a whole log of lines without a code would fill the memory. */
const MAX_GROUPS = 1_000;
/** Readings that are told in full; the rest of an ambiguous code in one line each. */
const MAX_FULL = 3;
/** Widest text: longer lines are hard to read, whatever the terminal. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 40;
/** Widest form beside which the others are lined up. */
const MAX_FORM = 40;
/** Lines of a piped log without any known code that are shown; the rest is counted. */
const MAX_UNKNOWN_LINES = 5;
/** Widest quotation of a log line. */
const MAX_QUOTE = 160;

export function decodeCommand(): Command {
  return (
    new Command('decode')
      .description(
        'what a code means: 502.3, 12002, 0x80072ee2, -2147012894, QueueFull, sH--, UF, AH01102, 522, a message or log line',
      )
      .argument('[code...]', 'codes in any form; - reads standard input, one code or log line on each line')
      .option('--json', 'print the meanings as JSON')
      // `----` and `-2147012894` are codes, not options.
      .allowUnknownOption()
      .action(async (codes: readonly string[], options: { json?: boolean }) => {
        const groups = await decodeAll(codes);
        if (groups.size === 0)
          throw new UserError('decode needs a code', { hint: 'For example: gateprobe decode 502.3 12002 sH--' });
        const all = [...groups.values()];
        print(options.json === true ? JSON.stringify(jsonOf(all), undefined, 2) : describe(all));
        process.exitCode = all.every(({ decoded }) => isKnown(decoded)) ? EXIT.ok : EXIT.usage;
      })
  );
}

async function decodeAll(codes: readonly string[]): Promise<Groups> {
  const groups: Groups = new Map();
  const inputs = codes.length === 0 && process.stdin.isTTY !== true ? ['-'] : codes;
  for (const input of inputs) {
    if (input !== '-') add(groups, { decoded: decode(input), isLine: false, count: 1 }, input);
    else
      for await (const line of createInterface({ input: process.stdin })) {
        if (line.trim() !== '') addLine(groups, decode(line));
      }
  }
  return groups;
}

/** Lines of a log that say the same are told once. */
function addLine(groups: Groups, decoded: Decoded): void {
  const codes = decoded.readings.map(({ vocabulary, code, meaning }) => `${vocabulary} ${code} ${meaning}`);
  add(groups, { decoded, isLine: true, count: 1 }, isKnown(decoded) ? codes.join('\n') : decoded.input);
}

function add(groups: Groups, one: Group, key: string): void {
  const group = groups.get(key);
  if (group !== undefined) group.count += 1;
  else if (groups.size < MAX_GROUPS) groups.set(key, one);
}

function jsonOf(groups: readonly Group[]): object {
  return {
    schemaVersion: 1,
    codes: groups.map(({ decoded, count }) => ({ ...decoded, known: isKnown(decoded), count })),
  };
}

function describe(groups: readonly Group[]): string {
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, process.stdout.columns ?? MAX_WIDTH));
  // In a piped log, lines that say nothing stand behind those that do.
  const silent = groups.filter(({ decoded, isLine }) => isLine && decoded.readings.length === 0);
  const hidden = silent.slice(MAX_UNKNOWN_LINES);
  const shown = [...groups.filter((group) => !silent.includes(group)), ...silent.slice(0, MAX_UNKNOWN_LINES)];
  const texts = shown.map((group) => describeGroup(group, width).join('\n'));
  const more = hidden.reduce((sum, { count }) => sum + count, 0);
  return [...texts, ...(more === 0 ? [] : [`… and ${more} more lines without a known code.`])].join('\n\n');
}

function describeGroup({ decoded, count }: Group, width: number): readonly string[] {
  const { input, readings, unknown, near, notes } = decoded;
  const full = readings.slice(0, MAX_FULL);
  const rest = readings.slice(MAX_FULL);
  const isPlain = readings.length === 1 && input.trim() === readings[0]?.code;
  const title = `${quote(input)}${count > 1 ? `  (${count} times)` : ''}`;
  return [
    ...(isPlain && count === 1 ? [] : [title, ...ambiguity(decoded, width)]),
    ...unknown.flatMap((part) =>
      part.trim() === input.trim() ? ['  Not a known code.'] : ['', `  ${quote(part)} is not a known code.`],
    ),
    ...(near.length === 0
      ? []
      : ['  Near it, but not the same:', ...near.flatMap((meaning) => wrap(`    ${shortOf(meaning)}`, width, 6))]),
    ...notes.flatMap((note) => wrap(`  Note: ${note}`, width, 8)),
    ...full.flatMap((reading, i) => [
      '',
      ...describeReading(input, reading, readings.length > 1 ? `${i + 1}. ` : '', width),
    ]),
    ...(rest.length === 0
      ? []
      : ['', ...rest.flatMap((reading) => wrap(`  also: ${shortOf(reading)} (${reading.because})`, width, 8))]),
  ].filter((line, i) => line !== '' || i > 0);
}

function ambiguity({ readings }: Decoded, width: number): readonly string[] {
  const makers = readings.filter(({ when }) => when !== undefined);
  if (makers.length < 2) return [];
  return wrap(`  ${makers.length} makers use this number; “Told by” says which one it was.`, width, 2);
}

function describeReading(input: string, reading: Reading, number: string, width: number): readonly string[] {
  const { code, name, vocabulary, meaning, inALog, outcome, when, makers = [], next, sure } = reading;
  // The code of a message is an example of it: the message itself is what the user gave.
  const isExample = reading.isExample === true && !input.includes(code);
  const title = [isExample ? undefined : quote(code), name].filter((part) => part !== undefined).join('  ');
  return [
    ...wrap(`${number}${title === '' ? '' : `${title}  `}[${VOCABULARIES[vocabulary]}]`, width, number.length),
    ...wrap(`  ${meaning}`, width, 2),
    ...(when === undefined ? [] : row('Told by', when, width)),
    ...(inALog === '' ? [] : row('In a log', inALog, width)),
    ...makers.flatMap(({ who, when: how }, i) => row(i === 0 ? 'Made by' : '', `${who}: ${how}`, width)),
    ...(outcome === undefined ? [] : row('Outcome', outcome, width)),
    ...(isExample ? row('Such as', quote(code), width) : []),
    ...formRows('Same as', reading.forms, width),
    ...formRows('Beside', reading.beside ?? [], width),
    ...next.flatMap((step, i) => row(i === 0 ? 'Next' : '', `${i + 1}. ${step}`, width, 3)),
    ...(number === '' || when !== undefined ? [] : row('Read', reading.because, width)),
    ...(sure === 'recalled' ? row('Sure', 'not checked against documentation or a real log', width) : []),
  ];
}

/** One form on each line: they are copied from here into a search. */
function formRows(title: string, forms: readonly CodeForm[], width: number): readonly string[] {
  const longest = Math.max(0, ...forms.map(({ text }) => text.length));
  const pad = longest > MAX_FORM ? 0 : longest;
  return forms.flatMap(({ text, label }, i) => row(i === 0 ? title : '', `${text.padEnd(pad)}  ${label}`, width));
}

const LABEL_WIDTH = 12;

function row(label: string, text: string, width: number, hanging = 0): readonly string[] {
  return wrap(`  ${label.padEnd(LABEL_WIDTH - 2)}${text}`, width, LABEL_WIDTH + hanging);
}

/** Lines no longer than `width`, where words allow it; all but the first begin with `indent` blanks. */
function wrap(text: string, width: number, indent: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const at = rest.lastIndexOf(' ', width);
    if (at <= indent) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${' '.repeat(indent)}${rest.slice(at + 1).trimStart()}`;
  }
  return [...lines, rest.trimEnd()];
}

function shortOf({ code, name, vocabulary, meaning }: CodeMeaning): string {
  return `${quote(code)}  ${name ?? VOCABULARIES[vocabulary]}: ${meaning}`;
}

/** A text from outside as it may stand on a terminal: without control characters, and not endless. */
function quote(text: string): string {
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line.length <= MAX_QUOTE ? line : `${line.slice(0, MAX_QUOTE - 1)}…`;
}
