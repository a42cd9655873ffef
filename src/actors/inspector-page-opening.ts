// Brings the debug page in when it opens: hardly any daemon has one.

import type { Opening } from './front-ends.js';
import type { InspectorPageOptions } from './inspector-page/create-inspector-page.js';

export const createInspectorPageOpening = (options: InspectorPageOptions): Opening => {
  let page: Opening | null = null;
  let isClosed = false;
  return {
    open: async () => {
      const { createInspectorPage } = await import('./inspector-page/create-inspector-page.js');
      if (isClosed) return;
      page = createInspectorPage(options);
      await page.open();
    },
    close: async () => {
      isClosed = true;
      await page?.close();
    },
  };
};
