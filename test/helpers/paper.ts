/** Where a browser breaks pages on paper: what lies on two of them is cut. */
import type { Page } from 'playwright-core';

export type Printed = {
  readonly pageCount: number;
  /** How many elements were looked at; none that are not shown. */
  readonly looked: number;
  /** Those whose first and last line are not on the same page, by their place among the ones looked at. */
  readonly cut: readonly number[];
};

/** Nothing is asked for: the address only has to be written into the PDF. */
const MARK = 'http://127.0.0.1/mark-';

/**
 * Prints the page as A4 and tells which elements of a selector are cut by the end of a sheet. A PDF keeps links with the sheet
 * that they stand on, so each element gets one at its upper and one at its lower edge.
 */
export async function printedPages(page: Page, selector: string): Promise<Printed> {
  const looked = Number(
    await page.evaluate(`(() => {
      const shown = [...document.querySelectorAll('${selector}')].filter((one) => one.offsetHeight > 0);
      for (const [index, element] of shown.entries()) {
        if (getComputedStyle(element).position === 'static') element.style.position = 'relative';
        for (const edge of ['top', 'bottom']) {
          const link = document.createElement('a');
          link.href = '${MARK}' + edge + '-' + index;
          link.textContent = '.';
          Object.assign(link.style, { position: 'absolute', left: '0', font: '4px/4px serif', [edge]: '1px' });
          element.append(link);
        }
      }
      return shown.length;
    })()`),
  );
  const pdf = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1');
  const sheetOf = marksBySheet(pdf);
  const cut = Array.from({ length: looked }, (_, index) => index).filter((index) => {
    const [top, bottom] = [sheetOf.get(`top-${index}`), sheetOf.get(`bottom-${index}`)];
    if (top === undefined || bottom === undefined) throw new Error(`element ${index} is not on paper`);
    return top !== bottom;
  });
  return { pageCount: sheetsOf(pdf).length, looked, cut };
}

function objectsOf(pdf: string): ReadonlyMap<string, string> {
  return new Map([...pdf.matchAll(/(\d+) 0 obj\s*([\s\S]*?)endobj/g)].map(([, id = '', body = '']) => [id, body]));
}

function sheetsOf(pdf: string): readonly string[] {
  return [...objectsOf(pdf).values()].filter((body) => /\/Type\s*\/Page\b/.test(body));
}

function marksBySheet(pdf: string): ReadonlyMap<string, number> {
  const objects = objectsOf(pdf);
  const found = new Map<string, number>();
  for (const [sheet, body] of sheetsOf(pdf).entries()) {
    const notes = /\/Annots\s*\[([^\]]*)\]/.exec(body)?.[1] ?? '';
    for (const [, id = ''] of notes.matchAll(/(\d+) 0 R/g)) {
      const name = objects.get(id)?.split(MARK)[1]?.split(')')[0];
      if (name !== undefined && !found.has(name)) found.set(name, sheet);
    }
  }
  return found;
}
