import assert from 'node:assert/strict';
import { test } from 'node:test';
import { singleLine, visibleText } from '../../src/model/visible-text.ts';

const CASES: readonly (readonly [name: string, from: string, to: string])[] = [
  ['an escape sequence', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
  ['a bell and a zero', '\u0007\u0000', '\\x07\\x00'],
  ['a carriage return that would overwrite the line', 'safe\rEVIL', 'safe\\x0dEVIL'],
  ['a C1 control', '\u009b31m', '\\x9b31m'],
  ['a direction override', 'exe.\u202efdp', 'exe.\\u202efdp'],
  ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
  ['Windows line ends', 'a\r\nb', 'a\nb'],
  ['ordinary text, also beyond ASCII', 'Grüße 東京 🙂\tx\n', 'Grüße 東京 🙂\tx\n'],
];
for (const [name, from, to] of CASES) test(name, () => assert.equal(visibleText(from), to));

test('one line has no line breaks', () => assert.equal(singleLine('  a\r\n\tb\u0007 '), 'a b\\x07'));
