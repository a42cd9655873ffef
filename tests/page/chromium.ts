// A real browser on the page of a real daemon, whose engine and tools follow a script.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Daemon } from '../../src/daemon.js';
import { createScriptedTools } from '../actors/fakes/scripted-tools.js';
import { startTestDaemon, type TestDaemonOptions } from '../actors/test-daemon.js';

const PAGE = fileURLToPath(new URL('../../../app/page/main.js', import.meta.url)); // from build/js/tests/page

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);

/** Why no browser can be used here; null: one can. */
export const whyNoBrowser = (): string | null => {
  if (CHROMIUM === undefined) return 'there is no Chromium: apt install chromium';
  return existsSync(PAGE) ? null : 'the page was not built: npm run build';
};

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM!,
    // Root has no sandbox for it; the only page that it opens is ours.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });

export interface WatchedDaemon {
  readonly daemon: Daemon;
  /** With the token. */
  readonly url: string;
}

export const startWatchedDaemon = async (
  options: TestDaemonOptions & { readonly showContent?: boolean } = {},
): Promise<WatchedDaemon> => {
  const { showContent = false, ...rest } = options;
  let announce = (_: string): void => {};
  const url = new Promise<string>((resolve) => (announce = resolve));
  const daemon = startTestDaemon({
    fake: 'slow',
    toolRunner: createScriptedTools(),
    inspectorPage: { port: 0, showContent, announce },
    ...rest,
  });
  return { daemon, url: await url };
};

/** The page, once the stream is there. What it says in its console is given too. */
export const openPage = async (
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly console: string[] }> => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const console: string[] = [];
  page.on('console', (message) => void console.push(message.text()));
  page.on('pageerror', (error) => void console.push(error.message));
  await page.addInitScript(`
    window.shifts = [];
    new PerformanceObserver((list) => {
      const nameOf = (node) => (node === null ? 'gone' : node.nodeType === 3 ? 'text of ' + nameOf(node.parentElement) : node.className);
      for (const entry of list.getEntries().filter(({ hadRecentInput }) => !hadRecentInput))
        window.shifts.push({ value: entry.value, of: entry.sources.map(({ node }) => nameOf(node)) });
    }).observe({ type: 'layout-shift', buffered: true });`);
  await page.goto(url);
  await page.locator('.connection.open').waitFor();
  return { page, console };
};
