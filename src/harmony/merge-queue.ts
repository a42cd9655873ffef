// The pairs that merging still has to look at, lowest rank first and the leftmost of equals. Merging from left to right
// finds most pairs of one rank from left to right too, so each rank has a plain queue, and only the heads of queues and
// what comes out of order go through a heap. That is n log n at worst like a heap of all pairs, and a fraction of its
// work on the texts that are long without a break, which repeat themselves.

import { addEntry, dropSmallest } from './number-heap.js';

/** Positions share a double with their rank: rank * 2^31 + position. */
const POSITION_SPAN = 2 ** 31;

interface RankQueue {
  readonly positions: number[]; // ascending
  taken: number;
}

export class MergeQueue {
  /** What `take` took. */
  rank = 0;
  at = 0;
  readonly #queues = new Map<number, RankQueue>();
  /** The one that is being taken from; of every other one the head is in the heap. */
  #current: RankQueue | undefined;
  #currentRank = 0;
  #heap = new Float64Array(256);
  #heapSize = 0;

  add(rank: number, at: number): void {
    const queue = this.#queues.get(rank);
    if (queue === undefined) {
      this.#queues.set(rank, { positions: [at], taken: 0 });
      this.#addToHeap(rank, at);
    } else if (at > queue.positions[queue.positions.length - 1]!) {
      queue.positions.push(at);
    } else {
      this.#addToHeap(rank, at);
    }
  }

  /** Sets `rank` and `at`; false when nothing is left. */
  take(): boolean {
    const current = this.#current;
    if (current !== undefined) {
      const at = current.positions[current.taken]!;
      if (this.#heapSize === 0 || this.#currentRank * POSITION_SPAN + at < this.#heap[0]!) {
        this.rank = this.#currentRank;
        this.at = at;
        this.#advance(current);
        return true;
      }
      this.#addToHeap(this.#currentRank, at);
      this.#current = undefined;
    }
    return this.#takeFromHeap();
  }

  #takeFromHeap(): boolean {
    if (this.#heapSize === 0) return false;
    const entry = this.#heap[0]!;
    this.#heapSize = dropSmallest(this.#heap, this.#heapSize);
    const rank = (entry / POSITION_SPAN) | 0; // as integers: a double as an index is slow
    const at = (entry - rank * POSITION_SPAN) | 0;
    this.rank = rank;
    this.at = at;
    const queue = this.#queues.get(rank);
    if (queue !== undefined && queue.positions[queue.taken] === at) {
      this.#currentRank = rank;
      this.#advance(queue);
    }
    return true;
  }

  #advance(queue: RankQueue): void {
    queue.taken++;
    if (queue.taken < queue.positions.length) {
      this.#current = queue;
    } else {
      this.#current = undefined;
      this.#queues.delete(this.#currentRank);
    }
  }

  #addToHeap(rank: number, at: number): void {
    if (this.#heapSize === this.#heap.length) {
      const grown = new Float64Array(2 * this.#heap.length);
      grown.set(this.#heap);
      this.#heap = grown;
    }
    this.#heapSize = addEntry(this.#heap, this.#heapSize, rank * POSITION_SPAN + at);
  }
}
