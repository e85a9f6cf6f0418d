import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactSvg } from '../../src/charts/svg-markup.ts';

const svg = (inside: string) =>
  `<svg width="10" height="5" xmlns="http://www.w3.org/2000/svg" version="1.1" viewBox="0 0 10 5">${inside}</svg>`;
const shell = (inside: string, font = '') =>
  `<svg width="10" height="5" viewBox="0 0 10 5"${font}${inside === '' ? '/>' : `>${inside}</svg>`}`;
const line = '<path d="M0 0L9 9" fill="none" stroke="#000"></path>';

const CASES: readonly { name: string; from: string; to: string; font?: string }[] = [
  {
    name: 'classes, meta data and hover styles go',
    from: `<path d="M0.123 0L9.96 9" fill="none" pointer-events="visible" stroke="#000" ecmeta_ssr_type="chart" class="zr0-cls-1"></path><style ><![CDATA[\n.zr0-cls-1:hover {cursor:pointer}\n]]>\n</style>`,
    to: '<path d="M.1 0 10 9" fill="none" stroke="#000"/>',
  },
  {
    name: 'what cannot be seen goes',
    from: '<rect width="10" height="5" fill="none"></rect><path d="M0 0L1 1" fill="#000" fill-opacity="0" stroke="#111" stroke-width="0"></path>',
    to: '',
  },
  {
    name: 'style attributes become attributes, text moves to its place',
    from: '<text dominant-baseline="central" style="font-size:12px;font-family:system-ui;font-weight:bold;" y="6" transform="translate(108 248.04)" fill="#111">a &lt; b</text>',
    to: '<text x="108" y="258" fill="#111" font-weight="bold">a &lt; b</text>',
    font: ' font-size="12"',
  },
  {
    name: 'texts that look alike stand in one group, a turned one does not',
    from: [
      ...[10, 20].map(
        (x) =>
          `<text dominant-baseline="central" text-anchor="end" style="font-size:12px;" x="${x}" y="0.2" fill="#111">a</text>`,
      ),
      '<text dominant-baseline="central" text-anchor="start" style="font-size:12px;" x="1" y="2" fill="#111">b</text>',
      '<text text-anchor="end" style="font-size:11px;" transform="rotate(90)" fill="#111">c</text>',
    ].join(''),
    to: '<g fill="#111" text-anchor="end"><text x="10" y="4">a</text><text x="20" y="4">a</text></g><text x="1" y="6" fill="#111">b</text><text transform="rotate(90)" fill="#111" text-anchor="end" font-size="11">c</text>',
    font: ' font-size="12"',
  },
  {
    name: 'clips of the same shape are one, and so are the groups they cut',
    from: `<g clip-path="url(#a)">${line}</g><g clip-path="url(#b)">${line}</g><g clip-path="url(#c)">${line}</g><defs ><clipPath id="a"><path d="M0 0h5" fill="#000"></path></clipPath><clipPath id="b"><path d="M0 0h5" fill="#000"></path></clipPath><clipPath id="c"><path d="M0 0h6" fill="#000"></path></clipPath></defs>`,
    to: '<g clip-path="url(#p-0)"><path d="M0 0l9 9" fill="none" stroke="#000"/><path d="M0 0l9 9" fill="none" stroke="#000"/></g><g clip-path="url(#p-1)"><path d="M0 0l9 9" fill="none" stroke="#000"/></g><defs><clipPath id="p-0"><path d="M0 0h5" fill="#000"/></clipPath><clipPath id="p-1"><path d="M0 0h6" fill="#000"/></clipPath></defs>',
  },
  {
    name: 'neighbours that are drawn alike become one path',
    from: `${line}${line}<path d="M1 1L2 2" fill="none" stroke="#fff"></path>`,
    to: '<path d="M0 0l9 9M0 0l9 9" fill="none" stroke="#000"/><path d="M1 1l1 1" fill="none" stroke="#fff"/>',
  },
  {
    name: 'dots become caps of lines without length',
    from: [10, 20]
      .map(
        (x) =>
          `<path d="M1 0A1 1 0 1 1 1 -0.1A1 1 0 0 1 1 0" transform="matrix(2,0,0,2,${x}.04,5)" fill="#00f" fill-opacity="0.7" class="c"></path>`,
      )
      .join(''),
    to: '<path d="M10 5h0M20 5h0" fill="none" stroke="#00f" stroke-opacity="0.7" stroke-width="4" stroke-linecap="round"/>',
  },
  {
    name: 'ids get the prefix, references follow them',
    from: `<g clip-path="url(#zr7-c3)">${line}</g><defs ><clipPath id="zr7-c3"><path d="M0 0h5" fill="#000"></path></clipPath></defs>`,
    to: '<g clip-path="url(#p-0)"><path d="M0 0l9 9" fill="none" stroke="#000"/></g><defs><clipPath id="p-0"><path d="M0 0h5" fill="#000"/></clipPath></defs>',
  },
  {
    name: 'references to anything else go',
    from: '<path d="M0 0h5" fill="url(https://evil.example/x)" stroke="#000"></path>',
    to: '<path d="M0 0h5" stroke="#000"/>',
  },
];
for (const { name, from, to, font } of CASES) {
  test(name, () => assert.equal(compactSvg(svg(from), 'p'), shell(to, font)));
}

const REFUSED: readonly { name: string; from: string }[] = [
  { name: 'a script', from: svg('<script>alert(1)</script>') },
  { name: 'a foreign object', from: svg('<foreignObject><p>x</p></foreignObject>') },
  { name: 'an image', from: svg('<image href="https://evil.example/x"></image>') },
  { name: 'a link', from: svg('<a href="javascript:1">x</a>') },
  { name: 'an unquoted attribute', from: svg('<path d=M0></path>') },
  { name: 'an element that is not closed', from: '<svg width="1"><g>' },
  { name: 'a comment', from: svg('<!-- x -->') },
  { name: 'something else', from: '<html></html>' },
];
for (const { name, from } of REFUSED) {
  test(`refuses ${name}`, () => assert.throws(() => compactSvg(from, 'p')));
}

test('handlers on allowed elements go', () => {
  assert.equal(
    compactSvg(svg('<path d="M0 0h5" stroke="#000" onclick="alert(1)" href="x"></path>'), 'p'),
    shell('<path d="M0 0h5" stroke="#000"/>'),
  );
});
