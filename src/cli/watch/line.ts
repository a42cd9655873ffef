// One line of the screen: pieces of text with a style, cut to the screen's width. Pure.

import type { Paint } from '../terminal-text.js';

export type Style = 'plain' | keyof Paint;
export interface Piece {
  readonly text: string;
  readonly style: Style;
}
export type Line = readonly Piece[];

export const plain = (text: string): Piece => ({ text, style: 'plain' });
export const styled = (style: Style, text: string): Piece => ({ text, style });

export const textOf = (line: Line): string => line.map(({ text }) => text).join('');

/** The whole width, no more and no less, with styles applied. */
export const fitLine = (line: Line, width: number, paint: Paint): string => {
  let left = width;
  let out = '';
  for (const { text, style } of line) {
    const { fitted, cells } = fit(oneLine(text), left);
    out += style === 'plain' ? fitted : paint[style](fitted);
    left -= cells;
    if (left <= 0) break;
  }
  return out + ' '.repeat(Math.max(0, left));
};

export const widthOf = (line: Line): number =>
  line.reduce(
    (sum, { text }) => sum + [...text].reduce((cells, character) => cells + cellsOf(character), 0),
    0,
  );

/** With as much space between as the width has. */
export const spread = (left: Line, right: Line, width: number): Line => {
  const space = width - widthOf(left) - widthOf(right);
  return space < 1 ? left : [...left, plain(' '.repeat(space)), ...right];
};

const fit = (text: string, width: number): { readonly fitted: string; readonly cells: number } => {
  let cells = 0;
  let fitted = '';
  for (const character of text) {
    const wide = cellsOf(character);
    if (cells + wide > width) break;
    cells += wide;
    fitted += character;
  }
  return { fitted, cells };
};

/** Nothing that would steer the terminal. */
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');

/**
 * Scripts and emoji that terminals draw over two cells are above this; some above it take one, and then a line ends a
 * little early, which harms nothing. What draws boxes, arrows and blocks takes one cell and is excepted.
 */
const FIRST_WIDE = 0x1100;
const cellsOf = (character: string): number => {
  const code = character.codePointAt(0) ?? 0;
  return code < FIRST_WIDE || (code >= 0x2010 && code < 0x2600) ? 1 : 2;
};
