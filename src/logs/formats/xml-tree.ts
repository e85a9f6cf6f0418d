/** One small XML record as a tree. Names are without prefix. */
import { SaxesParser } from 'saxes';
import { LAST_YEAR } from './w3c-bytes.ts';

export type XmlNode = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly XmlNode[];
};

/** Text kept of one element: more than any message of Windows, which ends at 32,000 characters. */
const MAX_TEXT = 65_536;
/** The deepest record that Windows writes has 5 levels, the largest a few hundred elements. */
const MAX_DEPTH = 32;
const MAX_NODES = 5_000;

type Growing = { name: string; attributes: Record<string, string>; text: string; children: Growing[] };

/**
 * The first element of a text. Damage inside it is passed over as far as possible, also what XML forbids and IIS writes (control
 * characters). Undefined when there is no element. Entities of the text's own are never replaced.
 */
export function readXml(text: string): XmlNode | undefined {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const open: Growing[] = [];
  let first: Growing | undefined;
  let depth = 0;
  let count = 0;
  const add = (piece: string): void => {
    const node = depth === open.length ? open.at(-1) : undefined;
    if (node !== undefined && node.text.length < MAX_TEXT) node.text += piece.slice(0, MAX_TEXT - node.text.length);
  };
  parser.on('error', () => {});
  parser.on('opentag', (tag) => {
    depth++;
    if (depth > MAX_DEPTH || depth !== open.length + 1 || ++count > MAX_NODES) return;
    const node: Growing = {
      name: localName(tag.name),
      attributes: attributesOf(tag.attributes),
      text: '',
      children: [],
    };
    if (first === undefined) first = node;
    else open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => {
    if (depth === open.length) open.pop();
    depth = Math.max(0, depth - 1);
  });
  try {
    parser.write(text).close();
  } catch {
    // With a handler for errors the parser goes on by itself; whatever it throws all the same ends the record here.
  }
  return first;
}

function attributesOf(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const result: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(attributes)) result[localName(name)] = String(value).slice(0, MAX_TEXT);
  return result;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

export function childOf(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return node?.children.find((child) => child.name === name);
}

const SYSTEM_TIME = /^\s*(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?\s*$/;
const SECOND_US = 1_000_000;

/**
 * `SystemTime` of an event: µs since 1970 and its coarseness. Without a zone it is UTC. Sources of the classic kind have whole seconds
 * and nine zeros behind them. Undefined when it is no time.
 */
export function systemTime(text: string): { readonly atUs: number; readonly resolutionUs: number } | undefined {
  const match = SYSTEM_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const atMs = Date.UTC(year, month - 1, day, hours, minutes, seconds);
  const isReal =
    new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month <= 12 && hours < 24 && minutes < 60;
  if (!isReal || year < 1970 || year > LAST_YEAR) return undefined;
  const fraction = match[7] ?? '';
  const shiftMin = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === '-' ? -1 : 1);
  const atUs = atMs * 1000 - shiftMin * 60 * SECOND_US + Math.floor(Number(fraction.slice(0, 6).padEnd(6, '0')));
  const resolutionUs = /^0*$/.test(fraction) && fraction.length !== 3 ? SECOND_US : fraction.length <= 3 ? 1000 : 1;
  return { atUs, resolutionUs };
}
