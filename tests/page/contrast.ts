// What a text's contrast is, as WCAG 2 has it, computed in the page from the styles that its texts really have.

import type { Page } from 'playwright-core';

export interface Contrast {
  readonly text: string;
  readonly ratio: number;
}

/** Of the texts that are shown now, the least readable first. */
export const contrastsOf = (page: Page): Promise<readonly Contrast[]> =>
  page.evaluate(`(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgbOf = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => {
      const [R, G, B] = [r, g, b].map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * R + 0.7152 * G + 0.0722 * B;
    };
    // In a drawing, the box that a text stands in is a rectangle before it; else what is behind an element.
    const backgroundOf = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const box = at.matches('g.state') ? at.querySelector('.box') : null;
        const rgb = rgbOf(box === null ? getComputedStyle(at).backgroundColor : getComputedStyle(box).fill);
        if (rgb[3] === 255) return rgb;
      }
      return rgbOf('white');
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.data.trim();
      if (text === '' || !element.checkVisibility() || element.closest('option, title, :disabled') !== null) continue;
      const style = getComputedStyle(element);
      const [one, other] = [
        luminance(rgbOf(element.closest('.diagram') === null ? style.color : style.fill)),
        luminance(backgroundOf(element)),
      ];
      found.push({ text: element.className + ' ' + text, ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) });
    }
    return found.sort((left, right) => left.ratio - right.ratio);
  })()`);
