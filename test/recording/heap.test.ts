import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHeap } from '../../src/recording/heap.ts';

test('items leave in order, also when pushes and pops are mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50), { nil: undefined })), (steps) => {
      const heap = createHeap<number>((a, b) => a - b);
      const model: number[] = [];
      for (const step of steps) {
        if (step === undefined) {
          assert.equal(heap.pop(), model.shift());
        } else {
          heap.push(step);
          model.push(step);
          model.sort((a, b) => a - b);
        }
        assert.equal(heap.size, model.length);
        assert.equal(heap.first, model[0]);
        assert.deepEqual(
          [...heap.items()].sort((a, b) => a - b),
          model,
        );
      }
    }),
  );
});
