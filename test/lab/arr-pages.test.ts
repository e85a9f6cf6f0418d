import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailedPage, FAILURES, shortPage } from '../../src/lab/arr-pages.ts';
import { withGateway } from './arr-talk.ts';
import { ask } from './member-talk.ts';

const CODES = [
  ['noName', '0x80072ee7'],
  ['timeout', '0x80072ee2'],
  ['refused', '0x80072efd'],
  ['dropped', '0x80072efe'],
  ['invalid', '0x80072f78'],
  ['noServer', '0x00000000'],
] as const;

for (const [name, code] of CODES) {
  test(`the detailed page of ${name} has the marks of IIS`, () => {
    const failure = FAILURES[name];
    const { body, contentType } = detailedPage(failure, '/a?b=<c>&d', 'shop.example');
    const text = body.toString();
    assert.match(
      text,
      new RegExp(`<title>IIS 10\\.0 Detailed Error - 502\\.${failure.substatus} - Bad Gateway</title>`),
    );
    assert.match(text, new RegExp(`IIS70Error=502,${failure.substatus},${code},\\d+"`));
    assert.match(text, new RegExp(`<th>Error Code</th><td>&nbsp;&nbsp;&nbsp;${code}</td>`));
    assert.match(text, /<th>Module<\/th><td>&nbsp;&nbsp;&nbsp;ApplicationRequestRouting<\/td>/);
    assert.match(text, /<th>Handler<\/th><td>&nbsp;&nbsp;&nbsp;ApplicationRequestRoutingHandler<\/td>/);
    assert.ok(text.includes('http://shop.example/a?b=&#60;c&#62;&#38;d'));
    assert.ok(text.includes(`<h4>${failure.text}</h4>`));
    assert.equal(contentType, 'text/html; charset=utf-8');
  });
}

test('the short page has 1477 bytes and tells neither substatus nor code', () => {
  const { body, contentType } = shortPage();
  assert.equal(body.length, 1_477);
  assert.equal(contentType, 'text/html');
  const text = body.toString('latin1');
  const title = '502 - Web server received an invalid response while acting as a gateway or proxy server.';
  assert.ok(text.includes(`<title>${title}</title>`) && text.includes(`<h2>${title}</h2>`));
  assert.ok(text.includes('charset=iso-8859-1') && text.includes('<div id="header"><h1>Server Error</h1></div>'));
  assert.doesNotMatch(text, /502\.\d|0x[\da-f]/);
});

for (const errorPages of ['custom', 'detailed'] as const) {
  test(`a gateway without members answers with its ${errorPages} page and its own headers`, async () => {
    const rows = await withGateway([], { errorPages }, async (port) => {
      const page = await ask(port, '/x');
      assert.equal(page.status, 502);
      const expected =
        errorPages === 'custom' ? shortPage() : detailedPage(FAILURES.noServer, '/x', `127.0.0.1:${port}`);
      assert.equal(page.body, expected.body.toString());
      assert.equal(page.headers['content-length'], String(expected.body.length));
      assert.equal(page.headers['content-type'], expected.contentType);
      assert.equal(page.headers['server'], 'Microsoft-IIS/10.0');
      assert.equal(page.headers['x-powered-by'], 'ARR/3.0');
    });
    assert.equal(`${rows[0]?.['sc-status']} ${rows[0]?.['sc-substatus']}`, '502 4');
  });
}
