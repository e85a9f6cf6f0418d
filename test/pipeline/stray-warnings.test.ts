import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GATEWAY } from '../../src/model/route.ts';
import { strayWarnings } from '../../src/pipeline/stray-warnings.ts';

describe('strayWarnings', () => {
  test('names who sent them, how many bytes, where, on how many connections', () => {
    const [gateway, member, ...more] = strayWarnings([
      { route: GATEWAY, bytesBehindAnswers: 5, bytesIdle: 0, connections: 1 },
      { route: 'direct:web2', bytesBehindAnswers: 0, bytesIdle: 128, connections: 3 },
    ]);
    assert.match(
      gateway ?? '',
      /^The gateway sent bytes that belong to no answer, on one connection: 5 B behind the end of an answer\./,
    );
    assert.match(member ?? '', /^web2 sent .* on 3 connections: 128 B while nothing was asked/);
    assert.deepEqual(more, []);
  });

  test('says nothing where there are none', () => {
    assert.deepEqual(strayWarnings([]), []);
  });
});
