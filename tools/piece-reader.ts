/** A file that comes in pieces, read in order. */
export class PieceReader {
  readonly #pieces: Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();
  #at = 0;
  #offset = 0;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** The next `size` bytes, a copy on a boundary of its own. Errors: the file ends before. */
  take(size: number): Uint8Array {
    const out = new Uint8Array(size);
    for (let done = 0; done < size;) {
      if (this.#at === this.#piece.length) this.#next();
      const part = this.#piece.subarray(this.#at, this.#at + size - done);
      out.set(part, done);
      done += part.length;
      this.#at += part.length;
    }
    this.#offset += size;
    return out;
  }

  /** What comes at the next multiple of 16, where model.bin has its tensors. */
  tensor(size: number): Uint8Array {
    this.align(16);
    return this.take(size);
  }

  align(alignment: number): void {
    this.take((alignment - (this.#offset % alignment)) % alignment);
  }

  #next(): void {
    const { done, value } = this.#pieces.next();
    if (done === true)
      throw new Error(`the checkpoint ends at byte ${this.#offset}, in the middle of a tensor`);
    this.#piece = value;
    this.#at = 0;
  }
}
