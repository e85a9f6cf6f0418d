import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonHtml } from '../../src/report/comparison-html.ts';
import { renderHtml } from '../../src/report/html.ts';
import { pageScript } from '../../src/report/page-script.ts';
import { reportCss } from '../../src/report/stylesheet.ts';
import { contrast } from '../helpers/contrast.ts';
import { fullComparison } from './sample-comparison.ts';
import { SAMPLE_REPORTS } from './sample-report.ts';

type Theme = ReadonlyMap<string, string>;

/** Custom properties of the first, and of the dark, `:root`. */
function themes(css: string): { light: Theme; dark: Theme } {
  const [light = '', dark = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body ?? '');
  const read = (body: string) =>
    new Map([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]));
  return { light: read(light), dark: read(dark) };
}

/** Text and the ground it stands on, as used in the sheet. WCAG AA asks for 4.5. */
const TONES = ['critical', 'error', 'warning', 'info', 'none'];
const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...['page', 'surface', 'sunken'].flatMap((ground) => [['ink', ground] as const, ['quiet', ground] as const]),
  ['link', 'page'],
  ['link', 'surface'],
  ...TONES.flatMap((tone) => [
    [tone, `${tone}-soft`] as const,
    [tone, 'surface'] as const,
    ['on-tone', tone] as const,
    ['ink', `${tone}-soft`] as const,
    ['quiet', `${tone}-soft`] as const,
  ]),
];

for (const [theme, colours] of Object.entries(themes(reportCss()))) {
  for (const [text, ground] of PAIRS) {
    test(`${theme}: ${text} can be read on ${ground}`, () => {
      const ratio = contrast(colours.get(text) ?? '', colours.get(ground) ?? '');
      assert.ok(ratio >= 4.5, ratio.toFixed(2));
    });
  }
}

test('the banner of a run that is not valid can be read in both themes', () => {
  const [, body = ''] = /\.verdict\.is-invalid \{([^}]*)\}/.exec(reportCss()) ?? [];
  const ground = /background: (#[0-9a-f]{6})/.exec(body)?.[1] ?? '';
  for (const name of ['--tone: ', '--quiet: ', '\\n  color: ']) {
    const colour = new RegExp(`${name}(#[0-9a-f]{6})`).exec(body)?.[1] ?? '';
    assert.ok(contrast(colour, ground) >= 4.5, `${name}${colour} on ${ground}`);
  }
});

test('the sheet loads nothing and ends no style element', () => {
  assert.doesNotMatch(reportCss(), /url\(|@import|@font-face|<\/style/i);
});

test('every class in the sheet is used by some page', async () => {
  const pages = await Promise.all(Object.values(SAMPLE_REPORTS).map((build) => renderHtml(build())));
  pages.push(await comparisonHtml(fullComparison()));
  const bodies = pages.map((page) => page.slice(page.indexOf('<body'))).join('');
  const used = new Set([...bodies.matchAll(/class="([^"]*)"/g)].flatMap(([, names = '']) => names.split(' ')));
  for (const [, name = ''] of pageScript().matchAll(/make\('\w+', '([\w-]+)'\)/g)) used.add(name);
  for (const [, name = ''] of pageScript().matchAll(/(?:classList\.toggle\(|\[|, )'([a-z]+-[a-z]+)'/g)) used.add(name);
  const rules = reportCss().replaceAll(/\/\*[\s\S]*?\*\/|\{[^{}]*\}|"[^"]*"/g, ' ');
  const styled = new Set([...rules.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name));
  assert.ok(styled.size > 50);
  assert.deepEqual(
    [...styled].filter((name) => !used.has(name)),
    [],
  );
});
