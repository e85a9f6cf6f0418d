import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arr } from '../../src/gateways/arr.ts';
import { codeOfHresult } from '../../src/gateways/arr-codes.ts';
import type { AnswerFacts } from '../../src/model/exchange.ts';

const IIS = { server: 'Microsoft-IIS/10.0', 'content-type': 'text/html' };

function answer(status: number, headers: AnswerFacts['headers'], bodyStart = ''): AnswerFacts {
  return { status, headers, bodyStart };
}

/** A detailed page in the form of IIS 10: title, table, and the footer at its very end. */
function detailedPage(key: string, hresult: string, module: string): string {
  return [
    '<!DOCTYPE html>\r\n<html>\r\n<head>\r\n',
    `<title>IIS 10.0 Detailed Error - ${key} - Bad Gateway</title>\r\n<style>${'.a{margin:0}'.repeat(200)}</style></head><body>\r\n`,
    `<h3>HTTP Error ${key} - Bad Gateway</h3>\r\n<h4>The operation timed out</h4>\r\n`,
    `<tr><th>Module</th><td>&nbsp;&nbsp;&nbsp;${module}</td></tr>\r\n`,
    `<tr><th>Notification</th><td>&nbsp;&nbsp;&nbsp;ExecuteRequestHandler</td></tr>\r\n`,
    `<tr><th>Error Code</th>\r\n<td>&nbsp;&nbsp;&nbsp;${hresult}</td></tr>\r\n${'<p>filler</p>'.repeat(150)}`,
    `<a href="https://go.microsoft.com/fwlink/?LinkID=62293&amp;IIS70Error=${key.replace('.', ',')},${hresult},20348">View more</a>`,
  ].join('');
}

const SHORT_PAGE =
  '<html><head><title>502 - Web server received an invalid response while acting as a gateway or proxy server.</title></head>';
const KERNEL_503 = '<h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>';

const MARKS: readonly (readonly [string, AnswerFacts, number | undefined])[] = [
  ['the header of ARR', answer(200, { ...IIS, 'x-powered-by': 'ARR/3.0' }), 0.97],
  ['the header of ARR beside that of ASP.NET', answer(200, { ...IIS, 'X-Powered-By': ['ASP.NET', 'ARR/3.0'] }), 0.97],
  ['both in one line', answer(200, { ...IIS, 'x-powered-by': 'ARR/3.0, ASP.NET' }), 0.97],
  ['its affinity cookie', answer(200, { ...IIS, 'set-cookie': 'ARRAffinity=8a;Path=/;Domain=x' }), 0.7],
  [
    "the cookies of Azure's front ends",
    answer(200, { ...IIS, 'set-cookie': ['ARRAffinity=8a;Path=/;Secure', 'ARRAffinitySameSite=8a;SameSite=None'] }),
    0.4,
  ],
  [
    'a detailed page of its module',
    answer(502, IIS, detailedPage('502.3', '0x80072ee2', 'ApplicationRequestRouting')),
    0.98,
  ],
  ['the short page', answer(502, IIS, SHORT_PAGE), 0.55],
  ['the short page by its length', answer(502, { ...IIS, 'content-length': '1477' }, '<html lang="de">'), 0.55],
  ['that length on another status', answer(200, { ...IIS, 'content-length': '1477' }), undefined],
  ['that length without IIS', answer(502, { server: 'nginx', 'content-length': '1477' }), undefined],
  ['IIS alone', answer(200, IIS), undefined],
  ['ASP.NET alone', answer(200, { ...IIS, 'x-powered-by': 'ASP.NET' }), undefined],
  ['a word that contains the letters', answer(200, { 'x-powered-by': 'BARR/3.0' }), undefined],
  [
    'a detailed page of another module',
    answer(502, IIS, detailedPage('502.3', '0x80072ee2', 'AspNetCoreModuleV2')),
    undefined,
  ],
];
for (const [name, facts, certainty] of MARKS) {
  test(`recognises ARR by ${name}: ${certainty ?? 'not'}`, () =>
    assert.equal(arr.recognise(facts)?.certainty, certainty));
}

const AUTHORS: readonly (readonly [string, AnswerFacts, boolean | undefined])[] = [
  ['an answer', answer(200, { ...IIS, 'x-powered-by': 'ARR/3.0' }), false],
  ['a redirect', answer(302, IIS), undefined],
  [
    'a detailed page of its module',
    answer(502, IIS, detailedPage('502.3', '0x80072efd', 'ApplicationRequestRouting')),
    true,
  ],
  [
    'a detailed page of the ASP.NET Core module',
    answer(502, IIS, detailedPage('502.3', '0x80072ee2', 'AspNetCoreModuleV2')),
    false,
  ],
  ['a detailed page of IIS itself', answer(404, IIS, detailedPage('404.0', '0x80070002', 'IIS Web Core')), undefined],
  ['the short page', answer(502, IIS, SHORT_PAGE), true],
  [
    'the start-up page of ASP.NET Core',
    answer(502, IIS, '<title> HTTP Error 502.5 - ANCM Out-Of-Process Startup Failure </title>'),
    false,
  ],
  ['a 504, which ARR never writes', answer(504, IIS, '<h1>Gateway Timeout</h1>'), false],
  ['a kernel page of the controller', answer(503, { server: 'Microsoft-HTTPAPI/2.0' }, KERNEL_503), true],
  ['a kernel page of a member, its Server header replaced', answer(503, IIS, KERNEL_503), false],
  ['an error of the application', answer(500, IIS, '{"error":"x"}'), undefined],
];
for (const [name, facts, expected] of AUTHORS) {
  test(`ARR wrote ${name}: ${expected}`, () => assert.equal(arr.wroteIt(facts), expected));
}

const TIMEOUT = 'ERROR_WINHTTP_TIMEOUT: the member did not answer, or could not be connected to, in time';
const CODES: readonly (readonly [string, AnswerFacts, ReturnType<typeof arr.codes>])[] = [
  [
    'footer, module and code',
    answer(502, IIS, detailedPage('502.3', '0x80072ee2', 'ApplicationRequestRouting')),
    { substatus: 3, code: '12002', meaning: `ARR could not forward the request; ${TIMEOUT}` },
  ],
  [
    'a page cut after 4 kB, before its footer',
    answer(502, IIS, detailedPage('502.3', '0x80072ee2', 'ApplicationRequestRouting').slice(0, 4096)),
    { substatus: 3, code: '12002', meaning: `ARR could not forward the request; ${TIMEOUT}` },
  ],
  [
    'no code in it',
    answer(502, IIS, detailedPage('502.4', '0x00000000', 'ApplicationRequestRouting')),
    { substatus: 4, meaning: 'ARR has no server to send to' },
  ],
  [
    'the same numbers from another module mean something else',
    answer(502, IIS, detailedPage('502.5', '0x8007042b', 'AspNetCoreModuleV2')),
    { substatus: 5, code: '1067' },
  ],
  [
    'an unknown code, verbatim',
    answer(502, IIS, detailedPage('502.3', '0x80072f3c', 'ApplicationRequestRouting')),
    {
      substatus: 3,
      code: '12092',
      meaning: 'ARR could not forward the request',
    },
  ],
  [
    'the footer alone, in any language',
    answer(502, IIS, 'x IIS70Error=502,3,0x80072efe,7601 x'),
    {
      substatus: 3,
      code: '12030',
      meaning: 'ERROR_WINHTTP_CONNECTION_ERROR: the member closed or reset the connection before it answered',
    },
  ],
  ['a page for another status', answer(500, IIS, 'IIS70Error=502,3,0x80072efe,7601'), undefined],
  [
    'the ASP.NET Core page',
    answer(500, IIS, '<title>HTTP Error 500.30 - ASP.NET Core app failed to start</title>'),
    { substatus: 30 },
  ],
  ['the short page', answer(502, IIS, SHORT_PAGE), undefined],
  [
    'Proxy-Status',
    answer(502, { 'proxy-status': 'x; error=dns_error' }),
    {
      code: 'dns_error',
      meaning: 'the name of the member does not resolve',
    },
  ],
];
for (const [name, facts, expected] of CODES) {
  test(`codes of ARR: ${name}`, () => assert.deepEqual(arr.codes(facts), expected));
}

test('HRESULTs become Win32 numbers where they hold one', () => {
  assert.equal(codeOfHresult('0x80072EE2'), '12002');
  assert.equal(codeOfHresult('0x80070002'), '2');
  assert.equal(codeOfHresult('0x8009030E'), '0x8009030e');
  assert.equal(codeOfHresult('0x00000000'), undefined);
});

test('the pages above are cut where the footer stands behind 4 kB', () => {
  const page = detailedPage('502.3', '0x80072ee2', 'ApplicationRequestRouting');
  assert.ok(page.indexOf('IIS70Error') > 4096, 'the test of the cut page needs this');
  assert.ok(page.indexOf('Error Code') < 4000);
});
