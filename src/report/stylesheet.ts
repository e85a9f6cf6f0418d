import { readFileSync } from 'node:fs';
import { darkChartStyles } from '../charts/palette.ts';

/** The style sheet of the report: what stands in `report.css`, and the colours of charts on a dark page. */
export function reportCss(): string {
  const sheet = readFileSync(new URL('./report.css', import.meta.url), 'utf8');
  const charts = `${darkChartStyles('.chart')}\n${darkChartStyles('.chart-mark')}\n${darkChartStyles('.brand')}`;
  // Paper is white whatever the screen was.
  return `${sheet}@media screen and (prefers-color-scheme: dark) {\n${charts}\n}\n`;
}
