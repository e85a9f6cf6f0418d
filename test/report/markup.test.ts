import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeHtml, html, trustedMarkup } from '../../src/report/markup.ts';

test('text is escaped, also for quoted attributes', () => {
  assert.equal(
    escapeHtml(`<a href="x" title='y'>&amp;</a>`),
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;',
  );
  assert.equal(escapeHtml('a\u001b[0m\u202e'), 'a\\x1b[0m\\u202e');
});

test('whatever is put into a template is text', () => {
  const evil = '"><script>alert(1)</script>';
  assert.equal(
    html`<p title="${evil}">${evil}</p>`.markup,
    '<p title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>',
  );
});

test('markup in a template stays markup, arrays are joined, nothing leaves nothing', () => {
  const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
  assert.equal(html`<ul>${items}</ul>${undefined}${false}${0}${[]}`.markup, '<ul><li>a</li><li>&lt;b&gt;</li></ul>0');
  assert.equal(html`${trustedMarkup('<i>x</i>')}`.markup, '<i>x</i>');
});
