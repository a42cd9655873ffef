// Pre-tokenisation: where a text is cut into the pieces that byte-pair merging works on.

/** Scans UTF-8 bytes that end in one sentinel byte 0xFF (it never occurs in UTF-8). */
export interface Splitter {
  /** Sets the text for the calls that follow: well-formed UTF-8, then 0xFF. */
  attach(bytes: Uint8Array<ArrayBuffer>): void;
  /** End (exclusive byte offset) of the piece that starts at `from`; `from` is before the sentinel. */
  nextEnd(from: number): number;
}
