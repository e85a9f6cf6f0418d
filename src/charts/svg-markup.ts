/**
 * SVG as the drawing library writes it, rewritten from a list of allowed elements and attributes: nothing that loads, runs or
 * styles can pass, class names that count up from chart to chart disappear, and it becomes several times smaller.
 */
type Attributes = ReadonlyMap<string, string>;
type Element = {
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly (Element | string)[];
};

const ELEMENTS: ReadonlySet<string> = new Set([
  'svg',
  'g',
  'defs',
  'clipPath',
  'path',
  'polygon',
  'polyline',
  'text',
  'rect',
]);
const ATTRIBUTES: readonly string[] = [
  'id',
  'd',
  'points',
  'x',
  'y',
  'width',
  'height',
  'viewBox',
  'transform',
  'clip-path',
  'fill',
  'fill-opacity',
  'opacity',
  'stroke',
  'stroke-opacity',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'paint-order',
  'text-anchor',
  'dominant-baseline',
  'font-size',
  'font-weight',
];

/** Throws when the text is not what the drawing library is known to write: then nothing of it is trusted. */
export function compactSvg(svg: string, idPrefix: string): string {
  const root = parse(svg);
  if (root.name !== 'svg') throw new Error(`expected an svg image, got <${root.name}>`);
  const ids = new Map<string, string>();
  return write(clean(root, (id) => renamed(ids, id, idPrefix)));
}

function renamed(ids: Map<string, string>, id: string, prefix: string): string {
  const known = ids.get(id) ?? `${prefix}-${ids.size}`;
  ids.set(id, known);
  return known;
}

// ---- reading

const TOKEN = /<!\[CDATA\[[\s\S]*?\]\]>|<\/([A-Za-z]+)\s*>|<([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([\w:-]+)="([^"]*)"/g;

type OpenElement = { readonly name: string; readonly attributes: Attributes; readonly children: (Element | string)[] };

function parse(svg: string): Element {
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

// ---- cleaning

function clean(element: Element, rename: (id: string) => string): Element {
  const children = element.children.flatMap((child): (Element | string)[] => {
    if (typeof child === 'string') return element.name === 'text' ? [child] : [];
    // Hover effects of the library; our pages have their own style sheet.
    if (child.name === 'style' || isInvisible(child)) return [];
    if (!ELEMENTS.has(child.name)) throw new Error(`chart has an unexpected <${child.name}>`);
    return [clean(child, rename)];
  });
  const attributes = element.name === 'svg' ? rootAttributes(element) : cleanAttributes(element, rename);
  return { name: element.name, attributes, children: merge(children) };
}

function rootAttributes({ attributes }: Element): Attributes {
  const kept = ['width', 'height', 'viewBox'].map((name) => [name, attributes.get(name) ?? ''] as const);
  return new Map(kept);
}

/** The library leaves hit areas and empty backgrounds. */
function isInvisible({ name, attributes, children }: Element): boolean {
  if (name === 'g' || name === 'defs' || name === 'clipPath') return children.length === 0;
  if (name === 'text') return children.length === 0;
  const filled = attributes.get('fill') !== 'none' && attributes.get('fill-opacity') !== '0';
  const stroked = (attributes.get('stroke') ?? 'none') !== 'none' && attributes.get('stroke-width') !== '0';
  return !filled && !stroked;
}

function cleanAttributes({ name, attributes }: Element, rename: (id: string) => string): Attributes {
  const source = new Map(attributes);
  for (const [property, value] of fontOf(attributes.get('style') ?? '')) source.set(property, value);
  if (name === 'text') moveText(source);
  if (attributes.get('fill-opacity') === '1') source.delete('fill-opacity');
  const kept = ATTRIBUTES.flatMap((attribute): [string, string][] => {
    const value = source.get(attribute);
    if (value === undefined) return [];
    if (attribute === 'id') return [[attribute, rename(value)]];
    if (attribute === 'x' || attribute === 'y') return [[attribute, rounded(value)]];
    if (attribute === 'd' || attribute === 'points')
      return [[attribute, source.has('transform') ? value : rounded(value)]];
    const reference = /^url\(#([\w-]+)\)$/.exec(value)?.[1];
    if (reference !== undefined) return [[attribute, `url(#${rename(reference)})`]];
    return value.includes('url(') ? [] : [[attribute, attribute === 'transform' ? shortTransform(value) : value]];
  });
  return new Map(kept);
}

/** Style attributes are forbidden by strict policies; as attributes of their own the same properties are not. */
function fontOf(style: string): [string, string][] {
  const size = /(?:^|;)font-size:([\d.]+)px/.exec(style)?.[1];
  const weight = /(?:^|;)font-weight:(\w+)/.exec(style)?.[1];
  return [
    ...(size ? [['font-size', size] as [string, string]] : []),
    ...(weight ? [['font-weight', weight] as [string, string]] : []),
  ];
}

/** A text moved by `translate` is the same as one with x and y. */
function moveText(attributes: Map<string, string>): void {
  const shift = /^translate\((-?[\d.]+) (-?[\d.]+)\)$/.exec(attributes.get('transform') ?? '');
  if (shift === null) return;
  attributes.delete('transform');
  attributes.set('x', sum(attributes.get('x'), shift[1]));
  attributes.set('y', sum(attributes.get('y'), shift[2]));
}

function sum(a: string | undefined, b: string | undefined): string {
  return rounded(String(Number(a ?? 0) + Number(b ?? 0)));
}

function shortTransform(value: string): string {
  return /^[a-z]+\([-\d., e]+\)$/.test(value) ? value : '';
}

/** A tenth of a pixel is finer than any screen shows. */
function rounded(numbers: string): string {
  return numbers.replaceAll(/-?\d+\.\d+(?:e-\d+)?/g, (number) => String(Number(Number(number).toFixed(1))));
}

// ---- joining

const CIRCLE = 'M1 0A1 1 0 1 1 1 -0.1A1 1 0 0 1 1 0';
const SQUARE = 'M-1 -1l2 0l0 2l-2 0Z';
const SCALED = /^matrix\((-?[\d.]+),0,0,(-?[\d.]+),(-?[\d.]+),(-?[\d.]+)\)$/;

/** Neighbours that are drawn alike become one path: a grid, or the dots of a series. */
function merge(children: readonly (Element | string)[]): readonly (Element | string)[] {
  const merged: (Element | string)[] = [];
  for (const child of children.map((one) => (typeof one === 'string' ? one : asDot(one)))) {
    const last = merged[merged.length - 1];
    if (typeof child === 'string' || last === undefined || typeof last === 'string' || !canJoin(last, child))
      merged.push(child);
    else {
      const d = `${last.attributes.get('d') ?? ''}${child.attributes.get('d') ?? ''}`;
      merged[merged.length - 1] = { ...last, attributes: new Map([...last.attributes, ['d', d]]) };
    }
  }
  return merged;
}

function canJoin(a: Element, b: Element): boolean {
  if (a.name !== 'path' || b.name !== 'path' || a.attributes.get('fill') !== 'none') return false;
  return !a.attributes.has('transform') && styleKey(a) === styleKey(b);
}

function styleKey({ attributes }: Element): string {
  return JSON.stringify([...attributes].filter(([name]) => name !== 'd'));
}

/** A filled unit circle or square, scaled and moved, is the cap of a line without length. */
function asDot(element: Element): Element {
  const d = element.attributes.get('d');
  const [, scaleX, scaleY, x = '', y = ''] = SCALED.exec(element.attributes.get('transform') ?? '') ?? [];
  if (element.name !== 'path' || scaleX === undefined || scaleX !== scaleY || element.attributes.has('stroke'))
    return element;
  if (d !== CIRCLE && d !== SQUARE) return element;
  const opacity = element.attributes.get('fill-opacity');
  return {
    ...element,
    attributes: new Map([
      ['d', `M${rounded(x)} ${rounded(y)}h0`],
      ['fill', 'none'],
      ['stroke', element.attributes.get('fill') ?? '#000'],
      ...(opacity === undefined ? [] : [['stroke-opacity', opacity] as const]),
      ['stroke-width', String(2 * Number(scaleX))],
      ['stroke-linecap', d === CIRCLE ? 'round' : 'square'],
    ]),
  };
}

// ---- writing

/** Text and attribute values stay as they were read: escaped. */
function write({ name, attributes, children }: Element): string {
  const head = [...attributes].map(([attribute, value]) => ` ${attribute}="${value}"`).join('');
  const inside = children.map((child) => (typeof child === 'string' ? child : write(child))).join('');
  return inside === '' ? `<${name}${head}/>` : `<${name}${head}>${inside}</${name}>`;
}
