/** One element of IIS configuration with those that it inherits from. */
import type { Draft, Written } from './draft.ts';
import type { Attribute } from './iis-settings.ts';
import { timeSpan } from './values.ts';
import { childOf, type XmlElement } from './xml-lines.ts';

export type IisFile = { readonly shown: string };

export type ElementPlace = {
  readonly file: IisFile;
  /** The element itself first, then those that it inherits from. */
  readonly elements: readonly (XmlElement | undefined)[];
  readonly scope: string;
  readonly depth: number;
  /** How the element is named in a directive. */
  readonly prefix: string;
  /** The names of the elements it inherits from, in the same order. */
  readonly inherited?: readonly string[];
  readonly members?: readonly string[];
};

/** Declares the attributes of a table, each from the first element that has it. */
export function declareElement(draft: Draft, table: readonly Attribute[], place: ElementPlace): void {
  const { file, elements, scope, depth, prefix, inherited = [], members } = place;
  for (const row of table) {
    let written: Written | undefined;
    let source = prefix;
    for (const [i, element] of elements.entries()) {
      const attribute = childOf(element, ...row.path)?.attributes.get(row.name);
      if (attribute === undefined) continue;
      written = { file: file.shown, line: attribute.line, value: attribute.value, scope, depth };
      source = i === 0 ? prefix : (inherited[i - 1] ?? prefix);
      break;
    }
    const steps = [source, ...row.path].filter((step) => step !== '').join('/');
    draft.declare({
      known: { ...row, directive: steps === '' ? row.name : `${steps} ${row.name}` },
      written,
      fallback: { scope, depth },
      ...(members === undefined ? {} : { members }),
      readTime: timeSpan,
      perScope: scope,
    });
  }
}
