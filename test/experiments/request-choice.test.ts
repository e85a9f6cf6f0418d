import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { drawRequest, mainRequest, ordinaryRequests } from '../../src/experiments/request-choice.ts';
import { createRandom } from '../../src/model/random.ts';
import { profileOf, requestOf, SLOW } from './fake-context.ts';

const LIGHT = requestOf({ name: 'light', weight: 1 });
const HEAVY = requestOf({ name: 'heavy', weight: 4 });
const profile = profileOf({ requests: [{ ...SLOW, weight: 9 }, LIGHT, HEAVY] });

describe('the choice of requests', () => {
  test('one whose delay we control is not ordinary, unless there is nothing else or it is named', () => {
    assert.deepEqual(ordinaryRequests(profile), [LIGHT, HEAVY]);
    assert.deepEqual(
      ordinaryRequests(profile, ['slow']).map(({ name }) => name),
      ['slow'],
    );
    assert.deepEqual(ordinaryRequests(profileOf({ requests: [SLOW] })), [SLOW]);
  });

  test('the main one is the named, else the heaviest, else the first of equals', () => {
    assert.equal(mainRequest(profile).name, 'heavy');
    assert.equal(mainRequest(profile, 'light').name, 'light');
    assert.equal(mainRequest(profileOf({ requests: [LIGHT, requestOf({ name: 'other' })] })).name, 'light');
  });

  test('draws by weight', () => {
    const random = createRandom(1);
    const drawn = Array.from({ length: 5_000 }, () => drawRequest([LIGHT, HEAVY], random).name);
    const ratio = drawn.filter((name) => name === 'heavy').length / drawn.length;
    assert.ok(Math.abs(ratio - 0.8) < 0.03, `${ratio}`);
    assert.equal(drawRequest([LIGHT], { next: () => 0.999999, fork: () => random }).name, 'light');
  });
});
