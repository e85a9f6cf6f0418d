/** The script of a page, and the policy that lets in this script and no other. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, type Markup, trustedMarkup } from './markup.ts';

/** What stands in `page.js`, without its comments and indents. A page reads completely without it. */
export function pageScript(): string {
  const lines = readFileSync(new URL('./page.js', import.meta.url), 'utf8').split(/\r?\n/);
  return `${lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^\/(\/|\*\*.*\*\/$)/.test(line))
    .join('\n')}\n`;
}

export function scriptElement(): Markup {
  return html`<script>${trustedMarkup(pageScript())}</script>`;
}

/** As a policy names the script: by its hash, so that no text in a report can ever run. */
export function scriptSource(): string {
  return `'sha256-${createHash('sha256').update(pageScript()).digest('base64')}'`;
}

/**
 * Nothing may load, and nothing may run but the one script, wherever the file is opened. `'self'` lets the sheet beside the
 * report in: some servers (Jenkins is one) serve reports under `style-src 'self'`, where the inline sheet is dropped and only a
 * linked one counts.
 */
export function pagePolicy(): string {
  return `default-src 'none'; script-src ${scriptSource()}; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
}
