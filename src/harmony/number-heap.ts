// A binary heap of numbers in a typed array that the caller owns: merging needs no more.

/** Adds an entry to the first `size` of `heap`; returns the new size. */
export const addEntry = (heap: Float64Array, size: number, entry: number): number => {
  let hole = size;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    if (heap[parent]! <= entry) break;
    heap[hole] = heap[parent]!;
    hole = parent;
  }
  heap[hole] = entry;
  return size + 1;
};

/** Removes the smallest entry, heap[0]; returns the new size. */
export const dropSmallest = (heap: Float64Array, size: number): number => {
  const end = size - 1;
  const last = heap[end]!;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= end) break;
    if (child + 1 < end && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = last;
  return end;
};
