import { readFileSync } from 'node:fs';
import { darkChartStyles } from '../charts/palette.ts';

/** The style sheet of the report: what stands in `report.css`, and the colours of charts on a dark page. */
/** What a page carries of it: the same rules in three quarters of the room. */
export function inlineCss(): string {
  return reportCss()
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(';}', '}')
    .replaceAll(/([{;][\w-]+): /g, '$1:');
}

export function reportCss(): string {
  const sheet = readFileSync(new URL('./report.css', import.meta.url), 'utf8');
  const charts = darkChartStyles(':is(.chart,.chart-mark,.brand)');
  // Paper is white whatever the screen was.
  return `${sheet}@media screen and (prefers-color-scheme: dark) {\n${charts}\n}\n`;
}
