/** Answers, valid, odd and hostile, and how ours must end. What Node's parser makes of them is compared in the tests. */
import type { ParseProblem } from '../../../src/traffic/wire/parse-problem.ts';

export type Sample = {
  readonly name: string;
  readonly text: string;
  readonly method?: 'HEAD';
  /** Body where it is complete or cut, else the problem. */
  readonly complete?: string;
  readonly cut?: string | null;
  readonly problem?: ParseProblem;
};

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const withHeader = (line: string): string => `${OK}${line}\r\nContent-Length: 0\r\n\r\n`;
const withStatusLine = (line: string): string => `${line}\r\nContent-Length: 2\r\n\r\nok`;

const VALID: readonly Sample[] = [
  { name: 'a length', text: `${OK}Content-Length: 5\r\n\r\nhello`, complete: 'hello' },
  { name: 'a length of nothing', text: `${OK}Content-Length: 0\r\n\r\n`, complete: '' },
  { name: 'a length with leading zeros', text: `${OK}Content-Length: 0005\r\n\r\nhello`, complete: 'hello' },
  { name: 'a length between spaces', text: `${OK}Content-Length: \t 5 \t \r\n\r\nhello`, complete: 'hello' },
  { name: 'a length without a space', text: `${OK}content-LENGTH:5\r\n\r\nhello`, complete: 'hello' },
  { name: 'bytes behind its end', text: `${OK}Content-Length: 5\r\n\r\nhelloHTTP/1.1 200`, complete: 'hello' },
  { name: 'bytes behind the last', text: `${OK}Connection: close\r\nContent-Length: 2\r\n\r\nok??`, complete: 'ok' },
  { name: 'until the close', text: `${OK}\r\nhello`, complete: 'hello' },
  { name: 'until the close, nothing', text: `${OK}\r\n`, complete: '' },
  { name: 'a coding that is not chunked', text: `${OK}Transfer-Encoding: gzip\r\n\r\nhello`, complete: 'hello' },
  { name: 'identity', text: `${OK}Transfer-Encoding: identity\r\n\r\nhello`, complete: 'hello' },
  { name: 'chunks', text: `${CHUNKED}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`, complete: 'hello world' },
  {
    name: 'chunks of a coding',
    text: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    complete: 'x',
  },
  { name: 'no chunk', text: `${CHUNKED}0\r\n\r\n`, complete: '' },
  {
    name: 'hexadecimal sizes',
    text: `${CHUNKED}00a\r\n0123456789\r\nB\r\n0123456789a\r\n000\r\n\r\n`,
    complete: '01234567890123456789a',
  },
  { name: 'chunk extensions', text: `${CHUNKED}2;a;b=c;d="e\\"\\\\f"\r\nok\r\n0;z\r\n\r\n`, complete: 'ok' },
  { name: 'trailers', text: `${CHUNKED}2\r\nok\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n`, complete: 'ok' },
  { name: 'trailers and more', text: `${CHUNKED}2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\nmore`, complete: 'ok' },
  {
    name: 'chunks in HTTP/1.0',
    text: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    complete: 'x',
  },
  { name: 'HEAD with a length', method: 'HEAD', text: `${OK}Content-Length: 5\r\n\r\n`, complete: '' },
  { name: 'HEAD with chunks', method: 'HEAD', text: CHUNKED, complete: '' },
  { name: 'HEAD without anything', method: 'HEAD', text: `${OK}\r\n`, complete: '' },
  { name: '204 with a length', text: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', complete: '' },
  { name: '204 with chunks', text: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', complete: '' },
  { name: '304 with a length', text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', complete: '' },
  { name: '205 with a body', text: 'HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok', complete: 'ok' },
  {
    name: 'interim answers',
    text: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
    complete: 'ok',
  },
  {
    name: 'an interim answer with a length',
    text: `HTTP/1.1 102 Wait\r\nContent-Length: 5\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
    complete: 'ok',
  },
  { name: 'no reason', text: withStatusLine('HTTP/1.1 200'), complete: 'ok' },
  { name: 'an empty reason', text: withStatusLine('HTTP/1.1 200 '), complete: 'ok' },
  { name: 'a reason beyond ASCII', text: withStatusLine('HTTP/1.1 200 gr\xfcn\t!'), complete: 'ok' },
  { name: 'an unheard-of status', text: withStatusLine('HTTP/1.1 999 Odd'), complete: 'ok' },
  { name: 'HTTP/1.0', text: withStatusLine('HTTP/1.0 200 OK'), complete: 'ok' },
  { name: 'an empty value', text: withHeader('X:'), complete: '' },
  { name: 'a value beyond ASCII', text: withHeader('X: \xe4\xff'), complete: '' },
  { name: 'all characters of a name', text: withHeader("!#$%&'*+-.^_`|~09azAZ: 1"), complete: '' },
  {
    name: '100 headers',
    text: withHeader(Array.from({ length: 100 }, (_, i) => `X-${i}: ${i}`).join('\r\n')),
    complete: '',
  },
];

const CUT: readonly Sample[] = [
  { name: 'nothing', text: '', cut: null },
  { name: 'half a status line', text: 'HTTP/1.1 20', cut: null },
  { name: 'half a header', text: `${OK}Content-Le`, cut: null },
  { name: 'no empty line', text: `${OK}Content-Length: 5\r\n`, cut: null },
  { name: 'an interim answer alone', text: 'HTTP/1.1 103 Early Hints\r\n\r\n', cut: null },
  { name: 'half a body', text: `${OK}Content-Length: 50\r\n\r\nhello`, cut: 'hello' },
  { name: 'half a chunk', text: `${CHUNKED}50\r\nhello`, cut: 'hello' },
  { name: 'no last chunk', text: `${CHUNKED}5\r\nhello\r\n`, cut: 'hello' },
  { name: 'no end of the trailers', text: `${CHUNKED}5\r\nhello\r\n0\r\nX: 1\r\n`, cut: 'hello' },
  { name: 'half a size', text: `${CHUNKED}5`, cut: '' },
];

const HOSTILE: readonly Sample[] = [
  { name: 'another protocol', text: 'SSH-2.0-OpenSSH_9.6\r\n', problem: 'not-http' },
  { name: 'a TLS alert', text: '\x15\x03\x01\x00\x02\x02\x46', problem: 'not-http' },
  { name: 'lower case', text: withStatusLine('http/1.1 200 OK'), problem: 'not-http' },
  { name: 'a line before it', text: `\r\n${withStatusLine('HTTP/1.1 200 OK')}`, problem: 'not-http' },
  { name: 'HTTP/0.9', text: withStatusLine('HTTP/0.9 200 OK'), problem: 'version' },
  { name: 'HTTP/2.0', text: withStatusLine('HTTP/2.0 200 OK'), problem: 'version' },
  { name: 'HTTP/1.2', text: withStatusLine('HTTP/1.2 200 OK'), problem: 'version' },
  { name: 'a longer version', text: withStatusLine('HTTP/1.10 200 OK'), problem: 'version' },
  { name: 'two spaces', text: withStatusLine('HTTP/1.1  200 OK'), problem: 'status' },
  { name: 'no status', text: withStatusLine('HTTP/1.1 OK'), problem: 'status' },
  { name: 'two digits', text: withStatusLine('HTTP/1.1 20 OK'), problem: 'status' },
  { name: 'four digits', text: withStatusLine('HTTP/1.1 2000 OK'), problem: 'status' },
  { name: 'below 100', text: withStatusLine('HTTP/1.1 099 OK'), problem: 'status' },
  { name: 'a control character in the reason', text: withStatusLine('HTTP/1.1 200 a\x01'), problem: 'status-line' },
  { name: 'NUL in the reason', text: withStatusLine('HTTP/1.1 200 a\0'), problem: 'nul' },
  { name: 'a bare LF after the reason', text: 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', problem: 'bare-lf' },
  { name: 'a bare LF after the status', text: 'HTTP/1.1 200\nContent-Length: 0\r\n\r\n', problem: 'bare-lf' },
  { name: 'a bare CR in the reason', text: withStatusLine('HTTP/1.1 200 a\rb'), problem: 'bare-cr' },
  { name: 'a bare LF after a header', text: `${OK}Content-Length: 0\n\r\n`, problem: 'bare-lf' },
  { name: 'a bare LF as the empty line', text: `${OK}Content-Length: 0\r\n\n`, problem: 'bare-lf' },
  { name: 'a bare CR in a value', text: withHeader('X: a\rb'), problem: 'bare-cr' },
  { name: 'a bare CR as the empty line', text: `${OK}Content-Length: 0\r\n\rX`, problem: 'bare-cr' },
  { name: 'obs-fold', text: withHeader('X: a\r\n b'), problem: 'folded-header' },
  { name: 'obs-fold by a tab', text: withHeader('X: a\r\n\tb'), problem: 'folded-header' },
  { name: 'a space before the first header', text: withHeader(' X: a'), problem: 'folded-header' },
  { name: 'a space before the colon', text: withHeader('X : a'), problem: 'space-before-colon' },
  {
    name: 'a hidden coding',
    text: `${OK}Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\nok`,
    problem: 'space-before-colon',
  },
  { name: 'no colon', text: withHeader('X'), problem: 'header-without-colon' },
  { name: 'no name', text: withHeader(': a'), problem: 'header-name' },
  { name: 'a name beyond ASCII', text: withHeader('\xe4: a'), problem: 'header-name' },
  { name: 'NUL in a name', text: withHeader('X\0: a'), problem: 'nul' },
  { name: 'NUL in a value', text: withHeader('X: a\0b'), problem: 'nul' },
  { name: 'a control character in a value', text: withHeader('X: a\x7f'), problem: 'header-value' },
  {
    name: 'two different lengths',
    text: `${OK}Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello`,
    problem: 'content-length-twice',
  },
  {
    name: 'two equal lengths',
    text: `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
    problem: 'content-length-twice',
  },
  { name: 'a list of lengths', text: `${OK}Content-Length: 5, 5\r\n\r\nhello`, problem: 'content-length' },
  { name: 'a negative length', text: `${OK}Content-Length: -5\r\n\r\nhello`, problem: 'content-length' },
  { name: 'a signed length', text: `${OK}Content-Length: +5\r\n\r\nhello`, problem: 'content-length' },
  { name: 'a hexadecimal length', text: `${OK}Content-Length: 0x5\r\n\r\nhello`, problem: 'content-length' },
  { name: 'a broken length', text: `${OK}Content-Length: 5 5\r\n\r\nhello`, problem: 'content-length' },
  { name: 'an empty length', text: `${OK}Content-Length: \r\n\r\nhello`, problem: 'content-length' },
  { name: 'an absurd length', text: `${OK}Content-Length: 9007199254740993\r\n\r\nhello`, problem: 'content-length' },
  {
    name: 'a length beyond all',
    text: `${OK}Content-Length: 99999999999999999999999\r\n\r\n`,
    problem: 'content-length',
  },
  {
    name: 'a length and chunks',
    text: `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    problem: 'content-length-and-transfer-encoding',
  },
  {
    name: 'chunks and a length',
    text: `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    problem: 'content-length-and-transfer-encoding',
  },
  {
    name: 'a coding and a length',
    text: `${OK}Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc`,
    problem: 'content-length-and-transfer-encoding',
  },
  {
    name: 'chunked before another',
    text: `${OK}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
    problem: 'transfer-encoding',
  },
  {
    name: 'chunked twice',
    text: `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`,
    problem: 'transfer-encoding',
  },
  {
    name: 'chunked in two headers',
    text: `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    problem: 'transfer-encoding',
  },
  {
    name: 'chunked and a tab',
    text: `${OK}Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n`,
    problem: 'transfer-encoding',
  },
  {
    name: 'chunked and a comma',
    text: `${OK}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n`,
    problem: 'transfer-encoding',
  },
  { name: 'no coding', text: `${OK}Transfer-Encoding:\r\n\r\nabc`, problem: 'transfer-encoding' },
  {
    name: 'another protocol from now on',
    text: 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    problem: 'switched-protocol',
  },
  { name: '101 without a word', text: 'HTTP/1.1 101 Switching\r\n\r\n', problem: 'switched-protocol' },
  {
    name: 'an interim answer that is the last',
    text: `HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    problem: 'last-interim',
  },
  {
    name: 'an interim answer in HTTP/1.0',
    text: `HTTP/1.0 100 Continue\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    problem: 'last-interim',
  },
  {
    name: 'interim answers without end',
    text: 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(40),
    problem: 'too-many-interim',
  },
  { name: 'a size with a space', text: `${CHUNKED}2 \r\nok\r\n0\r\n\r\n`, problem: 'chunk-size' },
  { name: 'a negative size', text: `${CHUNKED}-2\r\nok\r\n0\r\n\r\n`, problem: 'chunk-size' },
  { name: 'a size with 0x', text: `${CHUNKED}0x2\r\nok\r\n0\r\n\r\n`, problem: 'chunk-size' },
  { name: 'no size', text: `${CHUNKED}\r\nok\r\n0\r\n\r\n`, problem: 'chunk-size' },
  { name: 'a size of 2^64 - 1', text: `${CHUNKED}ffffffffffffffff\r\nok`, problem: 'chunk-size-too-large' },
  { name: 'a size of 2^64 + 2', text: `${CHUNKED}10000000000000002\r\nok`, problem: 'chunk-size-too-large' },
  { name: 'a bare LF after a size', text: `${CHUNKED}2\nok\r\n0\r\n\r\n`, problem: 'bare-lf' },
  { name: 'a bare CR after a size', text: `${CHUNKED}2\rok\r\n0\r\n\r\n`, problem: 'bare-cr' },
  { name: 'a bare LF after a chunk', text: `${CHUNKED}2\r\nok\n0\r\n\r\n`, problem: 'bare-lf' },
  { name: 'a chunk longer than its size', text: `${CHUNKED}2\r\nok!\r\n0\r\n\r\n`, problem: 'chunk-end' },
  { name: 'an empty extension', text: `${CHUNKED}2;\r\nok\r\n0\r\n\r\n`, problem: 'chunk-extension' },
  { name: 'an extension without a name', text: `${CHUNKED}2;=a\r\nok\r\n0\r\n\r\n`, problem: 'chunk-extension' },
  { name: 'an extension without a value', text: `${CHUNKED}2;a=\r\nok\r\n0\r\n\r\n`, problem: 'chunk-extension' },
  { name: 'a value and a quoted one', text: `${CHUNKED}2;a=b"c"\r\nok\r\n0\r\n\r\n`, problem: 'chunk-extension' },
  { name: 'a line end in quotes', text: `${CHUNKED}2;a="\r\nok\r\n0\r\n\r\n`, problem: 'chunk-extension' },
  { name: 'a bare LF in quotes', text: `${CHUNKED}2;a="\nok\r\n0\r\n\r\n`, problem: 'bare-lf' },
  {
    name: 'an endless size line',
    text: `${CHUNKED}${'0'.repeat(5_000)}2\r\nok\r\n0\r\n\r\n`,
    problem: 'chunk-line-too-long',
  },
  { name: 'a length as a trailer', text: `${CHUNKED}0\r\nContent-Length: 5\r\n\r\n`, problem: 'framing-trailer' },
  {
    name: 'a coding as a trailer',
    text: `${CHUNKED}0\r\nTransfer-Encoding: chunked\r\n\r\n`,
    problem: 'framing-trailer',
  },
  { name: 'a folded trailer', text: `${CHUNKED}0\r\nX: 1\r\n 2\r\n\r\n`, problem: 'folded-header' },
];

const LARGE: readonly Sample[] = [
  { name: 'a header within the limit', text: withHeader(`X: ${'a'.repeat(65_000)}`), complete: '' },
  { name: 'a header above the limit', text: withHeader(`X: ${'a'.repeat(70_000)}`), problem: 'head-too-large' },
  { name: 'an endless name', text: `${OK}${'a'.repeat(70_000)}`, problem: 'head-too-large' },
  { name: 'headers without end', text: OK + 'X: a\r\n'.repeat(12_000), problem: 'head-too-large' },
  { name: 'an endless reason', text: `HTTP/1.1 200 ${'a'.repeat(10_000)}`, problem: 'status-line-too-long' },
  { name: 'trailers without end', text: `${CHUNKED}0\r\n${'X: a\r\n'.repeat(12_000)}`, problem: 'trailer-too-large' },
  {
    name: 'a body above the limit',
    text: `${OK}Content-Length: 1000001\r\n\r\n${'a'.repeat(1_000_001)}`,
    problem: 'body-too-large',
  },
  {
    name: 'chunks above the limit',
    text: `${CHUNKED}${`20000\r\n${'a'.repeat(0x20000)}\r\n`.repeat(8)}0\r\n\r\n`,
    problem: 'body-too-large',
  },
];

export const SAMPLES: readonly Sample[] = [...VALID, ...CUT, ...HOSTILE];
/** Too long to be cut at every byte. */
export const LARGE_SAMPLES: readonly Sample[] = LARGE;
