/** Every Markdown that we write, as GitHub's own renderer shows it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { comparisonMarkdown } from '../../src/report/comparison-markdown.ts';
import { markdownWriter } from '../../src/report/markdown.ts';
import { findProgram, missingProgram } from '../helpers/requires.ts';
import { fullComparison } from './sample-comparison.ts';
import { HOSTILE, SAMPLE_REPORTS } from './sample-report.ts';

const PROGRAM = 'cmark-gfm';
const skip = missingProgram(PROGRAM);
/** What our texts are made of, links that the renderer finds by itself among it. */
const TAGS = new Set('h2 h3 h4 p br hr strong em code pre ul ol li table thead tbody tr th td a blockquote'.split(' '));

function rendered(markdown: string): string {
  const extensions = ['table', 'autolink', 'strikethrough'].flatMap((name) => ['-e', name]);
  const { status, stdout, stderr } = spawnSync(findProgram(PROGRAM)!, ['--unsafe', ...extensions], {
    input: markdown,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

const comparison = fullComparison();
const evil = { ...comparison, head: { ...comparison.head, profile: HOSTILE } };
const TEXTS: readonly (readonly [name: string, text: () => string | Promise<string>])[] = [
  ...Object.entries(SAMPLE_REPORTS).map(([name, build]) => [name, () => markdownWriter.render(build())] as const),
  ['comparison', () => comparisonMarkdown(comparison)],
  ['hostile comparison', () => comparisonMarkdown(evil)],
];

for (const [name, text] of TEXTS) {
  test(`${name}: headings, tables and commands come out as such, and nothing else does`, { skip }, async () => {
    const markdown = await text();
    const html = rendered(markdown);
    const tags = new Set([...html.matchAll(/<\/?([a-z][\w-]*)/gi)].map(([, tag = '']) => tag.toLowerCase()));
    assert.deepEqual(
      [...tags].filter((tag) => !TAGS.has(tag)),
      [],
    );
    const prose = html.replaceAll(/<(pre|code)[^>]*>[\s\S]*?<\/\1>/g, '');
    assert.doesNotMatch(prose, /^\s*\|.*\|\s*$|^#{1,6} |\*\*/m, 'what was meant as a form is shown as text');
    assert.equal(html.match(/<table>/g)?.length ?? 0, markdown.match(/^\|[ :|-]+\|$/gm)?.length ?? 0);
    for (const [, table = ''] of html.matchAll(/<table>([\s\S]*?)<\/table>/g)) {
      const widths = [...table.matchAll(/<tr>([\s\S]*?)<\/tr>/g)].map(
        ([, row = '']) => row.match(/<t[hd][ >]/g)?.length,
      );
      assert.equal(new Set(widths).size, 1, table);
    }
    for (const [, target = ''] of html.matchAll(/<a href="([^"]*)"/g)) assert.match(target, /^https?:/);
  });
}

test('the renderer would show a table that is not one, and a tag', { skip }, () => {
  assert.doesNotMatch(rendered('| a |\n| b |\n'), /<table>/);
  assert.match(rendered('<img src=x>\n'), /<img/);
});
