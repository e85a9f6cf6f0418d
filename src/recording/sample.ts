import { createHeap, type Heap } from './heap.ts';

type Entry<T> = { readonly priority: number; readonly item: T };
/** `limit`: everything of the group with a smaller priority is in the sample, nothing else is. */
type Group<T> = { readonly entries: Heap<Entry<T>>; readonly isProtected: boolean; limit: number };

/** A bounded sample in groups. */
export type Sample<T> = {
  readonly size: number;
  /** `isProtected` belongs to the group: protected groups give way only when no other group has anything left. */
  offer(group: string, isProtected: boolean, priority: number, item: T): void;
  /** Whether an item of this priority would not be turned away. */
  admits(group: string, priority: number): boolean;
  items(): T[];
};

/**
 * Holds everything up to `capacity`, then thins the largest group. A group keeps its lowest priorities (bottom-k sampling),
 * which is a uniform sample when priorities are random. Unlike a classic reservoir it does not depend on the order of arrival,
 * and items that share a priority are kept or dropped together, so the slots of a compare stay whole. `onDropped` hears of each that gives way.
 */
export function createSample<T>(capacity: number, onDropped: (item: T) => void = () => {}): Sample<T> {
  const groups = new Map<string, Group<T>>();
  let size = 0;

  const largestGroup = (): Group<T> | undefined => {
    let largest: Group<T> | undefined;
    for (const group of groups.values()) {
      if (group.entries.size === 0) continue;
      const isBetter =
        largest === undefined ||
        (largest.isProtected && !group.isProtected) ||
        (largest.isProtected === group.isProtected && group.entries.size > largest.entries.size);
      if (isBetter) largest = group;
    }
    return largest;
  };
  const thin = (): void => {
    const group = largestGroup();
    if (group?.entries.first === undefined) return;
    group.limit = group.entries.first.priority;
    while (group.entries.first !== undefined && group.entries.first.priority >= group.limit) {
      const dropped = group.entries.pop();
      if (dropped !== undefined) onDropped(dropped.item);
      size--;
    }
  };

  return {
    get size() {
      return size;
    },
    offer(key, isProtected, priority, item) {
      let group = groups.get(key);
      if (group === undefined) {
        group = {
          entries: createHeap((a, b) => b.priority - a.priority),
          isProtected,
          limit: Number.POSITIVE_INFINITY,
        };
        groups.set(key, group);
      }
      if (priority >= group.limit) return;
      group.entries.push({ priority, item });
      size++;
      while (size > capacity) thin();
    },
    admits: (key, priority) => priority < (groups.get(key)?.limit ?? Number.POSITIVE_INFINITY),
    items: () => [...groups.values()].flatMap((group) => group.entries.items().map((entry) => entry.item)),
  };
}
