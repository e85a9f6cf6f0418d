/** XML configuration with the line of every attribute. Secrets are dropped while reading: they are never held. */
import { SaxesParser } from 'saxes';
import { MAX_NESTING } from './block.ts';

export type XmlAttribute = { readonly value: string; readonly line: number };
export type XmlElement = {
  readonly name: string;
  readonly line: number;
  readonly attributes: ReadonlyMap<string, XmlAttribute>;
  readonly children: XmlElement[];
};

/** The largest applicationHost.config of a hoster has some hundred thousand elements. */
const MAX_ELEMENTS = 1_000_000;
const SECRET = /pass|pwd|secret|token|credential|connectionstring|sas|key$|keys$/i;
/** Sections that exist to hold secrets, or values of the application's own. */
const CLOSED = new Set([
  ...['connectionStrings', 'appSettings', 'machineKey', 'environmentVariables', 'configProtectedData', 'identity'],
  ...['authentication', 'customMetadata', 'sessionState'],
]);

export type XmlProblem = { readonly line: number; readonly found: string };

/** The first element, as far as it can be read. Damage is told and passed over. */
export function readXmlLines(text: string): {
  readonly root: XmlElement | undefined;
  readonly problems: readonly XmlProblem[];
} {
  const parser = new SaxesParser({ xmlns: false, position: true });
  const open: XmlElement[] = [];
  const problems: XmlProblem[] = [];
  let root: XmlElement | undefined;
  let closedAt: number | undefined;
  let depth = 0;
  let count = 0;
  let lines = new Map<string, number>();
  parser.on('error', (error) => {
    if (problems.length < 5) problems.push({ line: parser.line, found: error.message.replace(/^\d+:\d+: /, '') });
  });
  parser.on('attribute', ({ name }) => void lines.set(name, parser.line));
  parser.on('opentagstart', () => {
    lines = new Map();
  });
  parser.on('opentag', ({ name, attributes }) => {
    depth++;
    if (closedAt !== undefined || depth !== open.length + 1 || depth > MAX_NESTING || ++count > MAX_ELEMENTS) return;
    const element: XmlElement = {
      name,
      line: Math.min(parser.line, ...lines.values()),
      attributes: new Map(
        Object.entries(attributes)
          .filter(([key]) => !SECRET.test(key))
          .map(([key, value]) => [key, { value: String(value), line: lines.get(key) ?? parser.line }]),
      ),
      children: [],
    };
    if (CLOSED.has(name)) closedAt = depth;
    if (root === undefined) root = element;
    else open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    if (depth === open.length) open.pop();
    if (closedAt === depth) closedAt = undefined;
    depth = Math.max(0, depth - 1);
  });
  try {
    parser.write(text).close();
  } catch (error) {
    // With a handler for errors the parser goes on by itself; whatever it throws all the same ends the document here.
    problems.push({ line: parser.line, found: String(error) });
  }
  return { root, problems };
}

export function childOf(element: XmlElement | undefined, ...names: readonly string[]): XmlElement | undefined {
  let here = element;
  for (const name of names) here = here?.children.find((child) => child.name === name);
  return here;
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

export function attributeOf(element: XmlElement | undefined, attribute: string): string | undefined {
  return element?.attributes.get(attribute)?.value;
}
