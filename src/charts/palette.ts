/**
 * Colours of charts. An image carries the light colour as a literal, so that it reads without any style sheet; `chartStyles`
 * re-colours the same literals for a dark page. Each literal is therefore used for one thing only.
 */
import type { SeriesRole } from '../model/finding.ts';

export type Swatch = { readonly light: string; readonly dark: string };

/** Both columns keep at least 3:1 against their surface (WCAG 1.4.11), ink and quiet text 4.5:1. Told apart also by form and dash. */
export const SWATCHES = {
  surface: { light: '#fffffe', dark: '#161b22' },
  ink: { light: '#1b2430', dark: '#e9edf2' },
  quiet: { light: '#566170', dark: '#a6b0bd' },
  grid: { light: '#e4e8ed', dark: '#2c353f' },
  axis: { light: '#98a2ae', dark: '#66717e' },
  gateway: { light: '#0b66b0', dark: '#62b3f3' },
  direct: { light: '#0c8558', dark: '#4fc99a' },
  directB: { light: '#6c7f00', dark: '#b9cf4c' },
  directC: { light: '#00808c', dark: '#4bc7d2' },
  directD: { light: '#3f7a2a', dark: '#8fd077' },
  canary: { light: '#8448b8', dark: '#c69cec' },
  failure: { light: '#c42b26', dark: '#ff867d' },
  cold: { light: '#1c86bd', dark: '#7fd0f7' },
  warm: { light: '#b86a00', dark: '#f0ae49' },
  model: { light: '#5d6672', dark: '#aab3bf' },
  plain: { light: '#7d94aa', dark: '#6d8299' },
  timeout: { light: '#a3480a', dark: '#f39a5e' },
  refusal: { light: '#97316f', dark: '#ec8ec4' },
  unsent: { light: '#8a8f96', dark: '#7d848d' },
} as const satisfies Readonly<Record<string, Swatch>>;

export type SwatchName = keyof typeof SWATCHES;

export function colour(name: SwatchName): string {
  return SWATCHES[name].light;
}

const DIRECT_VARIANTS: readonly SwatchName[] = ['direct', 'directB', 'directC', 'directD'];
const CATEGORIES: readonly SwatchName[] = [
  'gateway',
  'direct',
  'warm',
  'canary',
  'directC',
  'refusal',
  'plain',
  'model',
];

/** Colour of a series by its role; `nth` counts the series of that role before it, so that members differ. */
export function roleSwatch(role: SeriesRole, nth: number): SwatchName {
  return role === 'direct' ? (DIRECT_VARIANTS[nth % DIRECT_VARIANTS.length] ?? 'direct') : role;
}

/** A phase has the same colour in every chart, whichever others are there. */
const PHASE_SWATCHES: ReadonlyMap<string, SwatchName> = new Map([
  ['not sent yet', 'unsent'],
  ['dns', 'refusal'],
  ['connect', 'gateway'],
  ['tls', 'canary'],
  ['send', 'model'],
  ['wait', 'warm'],
  ['receive', 'directC'],
  ['nothing came', 'timeout'],
  ['in between', 'plain'],
]);

/** Colour of a bar by its name, where the name is an outcome, a phase or a route; otherwise by its place. */
export function barSwatch(name: string, nth: number): SwatchName {
  const phase = PHASE_SWATCHES.get(name);
  if (phase !== undefined) return phase;
  if (name === 'gateway') return 'gateway';
  if (/\bdirect\b/.test(name)) return roleSwatch('direct', Math.max(0, nth - 1));
  if (/^5\d\d(\b|\.)/.test(name) || /:truncated$/.test(name)) return 'failure';
  if (/^4\d\d(\b|\.)/.test(name)) return 'warm';
  if (/^[123]\d\d(\b|\.)/.test(name)) return 'plain';
  if (name.startsWith('timeout:')) return 'timeout';
  if (name.startsWith('error:')) return 'refusal';
  if (name === 'aborted' || name.startsWith('not-sent')) return 'unsent';
  return CATEGORIES[nth % CATEGORIES.length] ?? 'plain';
}

/** Rules that re-colour charts for a dark page. `scope` is the selector of their container. */
export function darkChartStyles(scope: string): string {
  const rules = Object.values(SWATCHES).flatMap(({ light, dark }) => [
    `${scope} [fill="${light}"]{fill:${dark}}`,
    `${scope} [stroke="${light}"]{stroke:${dark}}`,
  ]);
  return rules.join('\n');
}
