import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type RequestParts, requestProblem, writtenRequest } from '../../../src/traffic/wire/request-bytes.ts';

const PARTS: RequestParts = {
  method: 'GET',
  path: '/a?b=c',
  headers: ['Host', 'shop', 'X-A', 'b \tc'],
  body: undefined,
};

describe('a written request', () => {
  const CASES: readonly (readonly [name: string, parts: Partial<RequestParts>, text: string])[] = [
    ['GET', {}, 'GET /a?b=c HTTP/1.1\r\nHost: shop\r\nX-A: b \tc\r\nConnection: keep-alive\r\n\r\n'],
    [
      'POST without a body',
      { method: 'POST', headers: [] },
      'POST /a?b=c HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    ],
    [
      'DELETE without a body',
      { method: 'DELETE', headers: [] },
      'DELETE /a?b=c HTTP/1.1\r\nConnection: keep-alive\r\n\r\n',
    ],
    [
      'an empty body',
      { method: 'PUT', headers: [], body: '' },
      'PUT /a?b=c HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
    ],
    [
      'a body in UTF-8',
      { method: 'PUT', headers: [], body: 'ä' },
      'PUT /a?b=c HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nÃ¤',
    ],
    ['a value beyond ASCII', { headers: ['X', 'é'] }, 'GET /a?b=c HTTP/1.1\r\nX: é\r\nConnection: keep-alive\r\n\r\n'],
  ];
  for (const [name, parts, text] of CASES) {
    test(name, () => {
      const { bytes, problem } = writtenRequest({ ...PARTS, ...parts });
      assert.equal(problem, undefined);
      assert.equal(typeof bytes === 'string' ? bytes : bytes.toString('latin1'), text);
    });
  }

  const REFUSED: readonly (readonly [name: string, parts: Partial<RequestParts>, problem: RegExp])[] = [
    ['a line end in a value', { headers: ['X', 'a\r\nY: b'] }, /header X/],
    ['a bare LF in a value', { headers: ['X', 'a\nY: b'] }, /header X/],
    ['NUL in a value', { headers: ['X', 'a\0'] }, /header X/],
    ['a character that Latin-1 lacks', { headers: ['X', 'š'] }, /header X/],
    ['a colon in a name', { headers: ['X:', 'a'] }, /name of a header/],
    ['an empty name', { headers: ['', 'a'] }, /name of a header/],
    ['a space in the path', { path: '/a b' }, /path/],
    ['a line end in the path', { path: '/a\r\nX: b' }, /path/],
    ['a path beyond ASCII', { path: '/ä' }, /path/],
    ['an empty path', { path: '' }, /path/],
    ['a space in the method', { method: 'GET /' }, /method/],
  ];
  for (const [name, parts, problem] of REFUSED) {
    test(`${name} is refused`, () => assert.match(requestProblem({ ...PARTS, ...parts }) ?? '', problem));
  }
});
