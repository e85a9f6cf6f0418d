/**
 * SVG as the drawing library writes it, rewritten from a list of allowed elements and attributes: nothing that loads, runs or
 * styles can pass, class names that count up from chart to chart disappear, and it becomes several times smaller.
 */
import { shortPath } from './path-data.ts';
import { type Attributes, type Element, parseSvg, writeSvg } from './svg-element.ts';

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
  const root = parseSvg(svg);
  if (root.name !== 'svg') throw new Error(`expected an svg image, got <${root.name}>`);
  const ids = new Map<string, string>();
  const same = sameClips(root);
  const cleaned = clean(root, (id) => renamed(ids, same.get(id) ?? id, idPrefix), new Set(same.keys()));
  return writeSvg(withCommonFont(cleaned));
}

/** Each series brings a clip of its own, though all of a plot cut at the same edge: by id of the others, the first of its kind. */
function sameClips(root: Element): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const same = new Map<string, string>();
  const visit = (element: Element): void => {
    const id = element.attributes.get('id');
    if (element.name === 'clipPath' && id !== undefined) {
      const inside = element.children.map((child) => (typeof child === 'string' ? child : writeSvg(child))).join('');
      const known = first.get(inside);
      if (known === undefined) first.set(inside, id);
      else same.set(id, known);
    }
    for (const child of element.children) if (typeof child !== 'string') visit(child);
  };
  visit(root);
  return same;
}

function renamed(ids: Map<string, string>, id: string, prefix: string): string {
  const known = ids.get(id) ?? `${prefix}-${ids.size}`;
  ids.set(id, known);
  return known;
}

// ---- cleaning

function clean(element: Element, rename: (id: string) => string, dropped: ReadonlySet<string>): Element {
  const children = element.children.flatMap((child): (Element | string)[] => {
    if (typeof child === 'string') return element.name === 'text' ? [child] : [];
    // Hover effects of the library; our pages have their own style sheet.
    if (child.name === 'style' || isInvisible(child) || dropped.has(child.attributes.get('id') ?? '')) return [];
    if (!ELEMENTS.has(child.name)) throw new Error(`chart has an unexpected <${child.name}>`);
    return [clean(child, rename, dropped)];
  });
  const attributes = element.name === 'svg' ? rootAttributes(element) : cleanAttributes(element, rename);
  if (element.name === 'text') return { name: element.name, attributes, children };
  return { name: element.name, attributes, children: gatherTexts(merge(children)).map(shortened) };
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

/** From the middle of a line of text down to its base line, as a share of the font size: half of a capital's height. */
const MIDDLE_TO_BASE = 0.35;

/**
 * A text moved by `translate` is the same as one with x and y, and one centred on its middle the same as one further down:
 * not every program that shows SVG knows `dominant-baseline`. Whole pixels: text is not drawn between them.
 */
function moveText(attributes: Map<string, string>): void {
  const transform = attributes.get('transform') ?? '';
  const shift = /^translate\((-?[\d.]+) (-?[\d.]+)\)$/.exec(transform);
  if (shift === null && transform !== '') return;
  const isCentred = attributes.get('dominant-baseline') === 'central';
  const down = isCentred ? MIDDLE_TO_BASE * Number(attributes.get('font-size') ?? 0) : 0;
  attributes.set('x', String(Math.round(Number(attributes.get('x') ?? 0) + Number(shift?.[1] ?? 0))));
  attributes.set('y', String(Math.round(Number(attributes.get('y') ?? 0) + Number(shift?.[2] ?? 0) + down)));
  attributes.delete('transform');
  if (isCentred) attributes.delete('dominant-baseline');
  if (attributes.get('text-anchor') === 'start') attributes.delete('text-anchor');
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
      merged[merged.length - 1] =
        child.name === 'g'
          ? { ...last, children: [...last.children, ...child.children] }
          : { ...last, attributes: new Map([...last.attributes, ['d', d]]) };
    }
  }
  return merged;
}

function shortened(child: Element | string): Element | string {
  if (typeof child === 'string' || child.name !== 'path' || child.attributes.has('transform')) return child;
  const d = child.attributes.get('d') ?? '';
  return { ...child, attributes: new Map([...child.attributes, ['d', shortPath(d) ?? d]]) };
}

/** Texts that look alike stand in one group, which says once how: an axis, or the labels of bars. */
function gatherTexts(children: readonly (Element | string)[]): readonly (Element | string)[] {
  const gathered: (Element | string)[] = [];
  let group: { readonly look: string; readonly texts: Element[] } | undefined;
  for (const child of children) {
    const look = typeof child === 'string' || child.name !== 'text' ? undefined : lookOf(child);
    if (look === undefined || typeof child === 'string') {
      group = undefined;
      gathered.push(child);
    } else if (group?.look === look) group.texts.push(child);
    else {
      group = { look, texts: [child] };
      gathered.push({ name: 'g', attributes: new Map(), children: group.texts });
    }
  }
  return gathered.map((one) =>
    typeof one === 'string' || one.name !== 'g' || one.attributes.size > 0 ? one : raised(one),
  );
}

/** What all texts of a group have is said by the group; a text alone keeps it. */
function raised(group: Element): Element {
  const texts = group.children.filter((child) => typeof child !== 'string');
  const [first] = texts;
  if (first === undefined || first.name !== 'text') return group;
  if (texts.length === 1) return first;
  const isOwn = ([name]: readonly [string, string]): boolean => name === 'x' || name === 'y';
  return {
    name: 'g',
    attributes: new Map([...first.attributes].filter((one) => !isOwn(one))),
    children: texts.map((text) => ({ ...text, attributes: new Map([...text.attributes].filter(isOwn)) })),
  };
}

/** Undefined for a text that is turned: its place is meant in its own directions. */
function lookOf({ attributes }: Element): string | undefined {
  if (attributes.has('transform')) return undefined;
  return JSON.stringify([...attributes].filter(([name]) => name !== 'x' && name !== 'y'));
}

/** The font size that most texts have is said once, by the image. */
function withCommonFont(root: Element): Element {
  const uses = new Map<string, number>();
  const count = ({ attributes, children }: Element): void => {
    const size = attributes.get('font-size');
    if (size !== undefined) uses.set(size, (uses.get(size) ?? 0) + 1);
    for (const child of children) if (typeof child !== 'string') count(child);
  };
  count(root);
  const [common] = [...uses].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0]);
  if (common === '') return root;
  const without = (element: Element): Element => ({
    ...element,
    attributes: new Map([...element.attributes].filter(([name, value]) => name !== 'font-size' || value !== common)),
    children: element.children.map((child) => (typeof child === 'string' ? child : without(child))),
  });
  const bare = without(root);
  return { ...bare, attributes: new Map([...bare.attributes, ['font-size', common]]) };
}

function canJoin(a: Element, b: Element): boolean {
  // Groups that are cut at the same edge.
  if (a.name === 'g' && b.name === 'g') return a.attributes.has('clip-path') && styleKey(a) === styleKey(b);
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
