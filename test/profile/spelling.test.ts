import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meantKey, nearestWord } from '../../src/profile/spelling.ts';

for (const [word, candidates, expected] of [
  ['memebers', ['members', 'requests'], 'members'],
  ['gatewya', ['gateway'], 'gateway'],
  ['HOME', ['home'], 'home'],
  ['warn', ['info', 'warning'], 'warning'],
  ['web2', ['web1', 'db1'], 'web1'],
  ['basket', ['home', 'report'], undefined],
  ['x', ['y'], undefined],
  ['', ['a'], undefined],
  ['x'.repeat(65), ['x'.repeat(65)], undefined],
] as const) {
  test(`${word.slice(0, 20)} among ${candidates.join(', ').slice(0, 30)} is ${expected}`, () => {
    assert.equal(nearestWord(word, candidates), expected);
  });
}

for (const [key, known, expected] of [
  ['max_in_flight', ['maxInFlight', 'maxRate'], 'maxInFlight'],
  ['fail-on', ['failOn'], 'failOn'],
  ['upstreams', ['members', 'gateway'], 'members'],
  ['rps', ['rate', 'for'], 'rate'],
  ['colour', ['members', 'gateway'], undefined],
] as const) {
  test(`the key ${key} stands for ${expected}`, () => assert.equal(meantKey(key, known), expected));
}
