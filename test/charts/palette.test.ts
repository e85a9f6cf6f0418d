import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barSwatch, darkChartStyles, roleSwatch, SWATCHES } from '../../src/charts/palette.ts';
import { contrast } from '../helpers/contrast.ts';

/** WCAG: 4.5 for text, 3 for what has to be seen. Grid lines and axes only guide the eye. */
const TEXT = ['ink', 'quiet'];
const EXEMPT = ['surface', 'grid', 'axis'];

for (const [name, { light, dark }] of Object.entries(SWATCHES)) {
  if (EXEMPT.includes(name)) continue;
  const least = TEXT.includes(name) ? 4.5 : 3;
  test(`${name} stands out on both grounds`, () => {
    assert.ok(
      contrast(light, SWATCHES.surface.light) >= least,
      `light ${contrast(light, SWATCHES.surface.light).toFixed(2)}`,
    );
    assert.ok(
      contrast(dark, SWATCHES.surface.dark) >= least,
      `dark ${contrast(dark, SWATCHES.surface.dark).toFixed(2)}`,
    );
  });
}

test('each literal means one thing, so that it can be re-coloured', () => {
  const literals = Object.values(SWATCHES).map(({ light }) => light);
  assert.equal(new Set(literals).size, literals.length);
  assert.ok(literals.every((literal) => /^#[0-9a-f]{6}$/.test(literal)));
});

test('the dark sheet re-colours every literal as fill and as stroke', () => {
  const css = darkChartStyles('.chart');
  for (const { light, dark } of Object.values(SWATCHES)) {
    assert.ok(css.includes(`.chart [fill="${light}"]{fill:${dark}}`));
    assert.ok(css.includes(`.chart [stroke="${light}"]{stroke:${dark}}`));
  }
});

test('members differ from each other and from the gateway', () => {
  const swatches = [roleSwatch('gateway', 0), ...[0, 1, 2, 3].map((nth) => roleSwatch('direct', nth))];
  assert.equal(new Set(swatches).size, 5);
});

const BARS: readonly (readonly [name: string, swatch: string])[] = [
  ['200', 'plain'],
  ['502.3', 'failure'],
  ['503', 'failure'],
  ['200:truncated', 'failure'],
  ['404', 'warm'],
  ['timeout:headers', 'timeout'],
  ['error:reset', 'refusal'],
  ['not-sent:cap', 'unsent'],
  ['gateway', 'gateway'],
  ['web3, direct', 'directC'],
];
for (const [name, swatch] of BARS) {
  test(`a bar named ${name} is coloured as ${swatch}`, () => assert.equal(barSwatch(name, 3), swatch));
}
