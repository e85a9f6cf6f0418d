/** SVG as a tree: read from what the drawing library writes, and written as an image. */
export type Attributes = ReadonlyMap<string, string>;
export type Element = {
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly (Element | string)[];
};

const TOKEN = /<!\[CDATA\[[\s\S]*?\]\]>|<\/([A-Za-z]+)\s*>|<([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([\w:-]+)="([^"]*)"/g;

type OpenElement = { readonly name: string; readonly attributes: Attributes; readonly children: (Element | string)[] };

/** Throws when the text is not one well-formed element with plain attributes. */
export function parseSvg(svg: string): Element {
  const top: OpenElement = { name: '', attributes: new Map(), children: [] };
  const open: OpenElement[] = [top];
  const text = svg.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`chart is not plain SVG at "${text.slice(at, at + 40)}"`);
    const [, closing, opening, attributes = '', selfClosing, content] = match;
    const parent = open[open.length - 1] ?? top;
    if (closing !== undefined) {
      if (open.pop()?.name !== closing) throw new Error(`chart has an unexpected </${closing}>`);
    } else if (opening !== undefined) {
      const found = [...attributes.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, value] as const);
      const element: OpenElement = { name: opening, attributes: new Map(found), children: [] };
      parent.children.push(element);
      if (selfClosing === '') open.push(element);
    } else if (content !== undefined && (parent.name === 'text' || content.trim() !== ''))
      parent.children.push(content);
  }
  const [root] = top.children;
  if (open.length !== 1 || root === undefined || typeof root === 'string')
    throw new Error('chart is not one SVG element');
  return root;
}

/** Text and attribute values stay as they were read: escaped. */
export function writeSvg({ name, attributes, children }: Element): string {
  const head = [...attributes].map(([attribute, value]) => ` ${attribute}="${value}"`).join('');
  const inside = children.map((child) => (typeof child === 'string' ? child : writeSvg(child))).join('');
  return inside === '' ? `<${name}${head}/>` : `<${name}${head}>${inside}</${name}>`;
}
