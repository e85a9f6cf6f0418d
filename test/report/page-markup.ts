import assert from 'node:assert/strict';
import type { Report } from '../../src/model/report.ts';
import { renderHtml } from '../../src/report/html.ts';
import { scriptElement } from '../../src/report/page-script.ts';

/** The page without its one script, so that tests of what stands on it see no code. */
export async function pageOf(report: Report): Promise<string> {
  const [before = '', after, ...more] = (await renderHtml(report)).split(scriptElement().markup);
  assert.ok(after !== undefined && more.length === 0, 'the script is there once');
  return before + after;
}
