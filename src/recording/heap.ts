/** A binary heap: `first` is the item that comes before all others by `compare`. */
export type Heap<T> = {
  readonly size: number;
  readonly first: T | undefined;
  push(item: T): void;
  /** Removes and returns the first item. */
  pop(): T | undefined;
  /** All items, in no particular order. */
  items(): readonly T[];
};

export function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
  const items: T[] = [];
  const comesBefore = (a: number, b: number): boolean => compare(items[a] as T, items[b] as T) < 0;
  const swap = (a: number, b: number): void => {
    [items[a], items[b]] = [items[b] as T, items[a] as T];
  };
  const sinkFirst = (): void => {
    let index = 0;
    while (true) {
      const left = 2 * index + 1;
      const right = left + 1;
      let best = index;
      if (left < items.length && comesBefore(left, best)) best = left;
      if (right < items.length && comesBefore(right, best)) best = right;
      if (best === index) return;
      swap(index, best);
      index = best;
    }
  };
  return {
    get size() {
      return items.length;
    },
    get first() {
      return items[0];
    },
    push(item) {
      let index = items.push(item) - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!comesBefore(index, parent)) return;
        swap(index, parent);
        index = parent;
      }
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0) {
        items[0] = last as T;
        sinkFirst();
      }
      return first;
    },
    items: () => items,
  };
}
