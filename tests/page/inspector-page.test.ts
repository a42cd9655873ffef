// The debug page in Chromium: what lights up, what stays hidden, and whether one can use it.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { ask, stopTestDaemon } from '../actors/test-daemon.js';
import { launch, openPage, startWatchedDaemon, type WatchedDaemon, whyNoBrowser } from './chromium.js';
import { contrastsOf } from './contrast.js';

jest.setTimeout(60_000); // on a busy machine

const missing = whyNoBrowser();
if (missing !== null) test.skip(`the debug page in Chromium: ${missing}`, () => {});

const lit = (page: Page, state: string) => page.locator(`.state.leaf[data-state="${state}"]`);
const actor = (page: Page, machine: string) => page.locator(`[role=treeitem][data-machine="${machine}"]`);

(missing === null ? describe : describe.skip)('the debug page in Chromium', () => {
  let browser: Browser;
  let watched: WatchedDaemon;
  beforeAll(async () => {
    browser = await launch();
    watched = await startWatchedDaemon();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await stopTestDaemon(watched.daemon);
  });

  test('lights up where a request is, through a tool call to its end', async () => {
    const { daemon, url } = watched;
    const { page, console } = await openPage(browser, url);
    const answer = ask(daemon, 'call hang {}');
    await actor(page, 'session').first().click();
    await lit(page, 'active.callingTools.runningTool').waitFor();
    expect(await page.locator('.state.active').evaluateAll(pathsOf)).toEqual([
      'active',
      'active.callingTools',
      'active.callingTools.runningTool',
    ]);
    // It was the last of the transitions that an ended turn may take: the guards of those before it refused.
    expect(await page.locator('.diagram .label.taken').allTextContents()).toEqual([
      'generation.finished [hasCallsToAnswer]',
    ]);
    expect(await page.locator('.diagram .label.refused').allTextContents()).toEqual([
      'generation.finished [hasNoCalls]',
      'generation.finished [toolRoundsSpent]',
    ]);
    daemon.cancel(answer.request.requestId, 'cancelled');
    await lit(page, 'cancelled').waitFor();
    expect(await page.locator('.whole-life rect.phase').evaluateAll(classesOf)).toEqual([
      'phase preparing',
      'phase queued',
      'phase prefill',
      'phase decode',
      'phase tools',
    ]);
    expect(console).toEqual([]);
  });

  test('shows a crash of the engine, the wait after it, and its next life', async () => {
    const crashing = await startWatchedDaemon({
      fake: 'exits-while-streaming',
      supervisor: { backoff: { baseMs: 4_000, limitMs: 4_000 } },
    });
    try {
      const { page } = await openPage(browser, crashing.url);
      await actor(page, 'supervisor').click();
      await lit(page, 'running.engineUp.ready').waitFor();
      ask(crashing.daemon, 'count 20');
      await lit(page, 'running.recovering').waitFor();
      await page.locator('[data-machine="engine"].ended', { hasText: 'failed' }).first().waitFor();
      await lit(page, 'running.engineUp.ready').waitFor();
      await page.locator('.figures div', { hasText: 'restarts' }).getByText('1', { exact: true }).waitFor();
      // And back again, step by step.
      for (let step = 0; step < 200; step++) {
        await page.keyboard.press('ArrowLeft');
        if ((await page.locator('.machine .path').textContent()) === 'running.recovering') break;
      }
      await lit(page, 'running.recovering').waitFor();
    } finally {
      await stopTestDaemon(crashing.daemon);
    }
  });

  test('hides what is said, unless the daemon was told to show it', async () => {
    const secret = 'xyzzyPlugh';
    const open = await startWatchedDaemon({ showContent: true });
    try {
      for (const [{ daemon, url }, isShown] of [
        [watched, false],
        [open, true],
      ] as const) {
        const { page } = await openPage(browser, url);
        await ask(daemon, `say ${secret}`).ended;
        await actor(page, 'session').last().waitFor();
        await page.locator('.lane').first().click();
        await page.locator('.message.final').getByText('tokens').first().waitFor();
        const html = await page.content();
        expect(html.includes(secret)).toBe(isShown);
        const file = await exported(page);
        expect(file.includes(secret)).toBe(isShown);
      }
    } finally {
      await stopTestDaemon(open.daemon);
    }
  });

  test('shows the same from a file that it saved', async () => {
    const { daemon, url } = watched;
    await ask(daemon, 'think first | then').ended;
    const { page } = await openPage(browser, url);
    const selected = actor(page, 'session').first();
    await selected.click();
    await lit(page, 'completed').waitFor();
    const before = await seen(page);
    expect(before.actors.length).toBeGreaterThan(3);
    const file = await exported(page);

    const { page: other } = await openPage(browser, url);
    await other
      .locator('input[type=file]')
      .setInputFiles({ name: 'a.recording', mimeType: '', buffer: Buffer.from(file) });
    await other.getByText('recording: a.recording').waitFor();
    await other.locator(`[data-actor="${await selected.getAttribute('data-actor')}"]`).click();
    await lit(other, 'completed').waitFor();
    expect(await seen(other)).toEqual(before);

    await other
      .locator('input[type=file]')
      .setInputFiles({ name: 'b.txt', mimeType: '', buffer: Buffer.from('not that') });
    await other.getByText('The file is no recording of codexpc').waitFor();
  });

  test('refuses a wrong token, and pages of others', async () => {
    const { url } = watched;
    const { page } = await openPage(browser, url);
    expect(new URL(page.url()).hash).toBe(''); // it is not left where it can be copied by mistake
    await page.reload();
    await page.locator('.connection.open').waitFor();

    const wrong = await (await browser.newContext()).newPage();
    await wrong.goto(url.replace(/token=.*/, 'token=wrong'));
    await wrong.locator('.connection.refused').waitFor();
    expect(await wrong.locator('[role=treeitem]').count()).toBe(0);

    const foreign = createServer((_, response) => response.end('<p>another program</p>'));
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    try {
      await wrong.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`);
      const { host, hash } = new URL(url);
      const attempt = `new Promise((resolve) => {
        const socket = new WebSocket('ws://${host}/watch', ['codexpc.watch.1', 'token.${hash.slice(7)}']);
        socket.onopen = () => resolve('open');
        socket.onerror = () => resolve('refused');
      })`;
      expect(await wrong.evaluate(attempt)).toBe('refused');
    } finally {
      foreign.close();
    }
  });

  test('moves nothing when data arrives', async () => {
    const { daemon, url } = watched;
    const { page } = await openPage(browser, url);
    const answers = Array.from({ length: 12 }, (_, index) => ask(daemon, `count ${10 + index}`));
    await page.locator('.lane').first().click();
    await Promise.all(answers.map(({ ended }) => ended));
    await page.locator('.chart .series').first().waitFor({ state: 'attached' });
    expect(await page.evaluate('window.shifts')).toEqual([]);
  });

  test('can be used without a mouse', async () => {
    const { daemon, url } = watched;
    await ask(daemon, 'say hello').ended;
    const { page } = await openPage(browser, url);
    await actor(page, 'session').first().waitFor();

    const stops: string[] = [];
    for (let stop = 0; stop < 40; stop++) {
      await page.keyboard.press('Tab');
      const { name, hasFocusRing } = await page.evaluate<{ name: string; hasFocusRing: boolean }>(`(() => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return {
          name: element === document.body ? '' :
            element.getAttribute('aria-label') ?? element.getAttribute('title') ?? element.textContent,
          hasFocusRing: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
        };
      })()`);
      if (name === '' || stops.includes(name)) break;
      expect({ name, hasFocusRing }).toEqual({ name, hasFocusRing: true });
      stops.push(name);
    }
    for (const name of ['Pause or go on (space)', 'Position in the recorded events', 'Show a recording'])
      expect(stops).toContain(name);
    expect(stops).toContainEqual(expect.stringMatching(/^supervisor/));

    await page.keyboard.press('/');
    await page.keyboard.type('heartbeat');
    await expect(page.locator('[role=treeitem]').evaluateAll((rows) => rows.length)).resolves.toBe(3);
    await page.keyboard.press('Tab');
    await page.keyboard.press('End');
    await lit(page, 'beating').waitFor();
    await page.keyboard.press('Space');
    await page.locator('.pause[aria-pressed=true]').waitFor();
    await page.keyboard.press('l');
    await page.locator('.pause[aria-pressed=false]').waitFor();
  });

  test.each(['light', 'dark'] as const)('is readable in %s', async (colorScheme) => {
    const { daemon, url } = watched;
    await ask(daemon, 'call look {}').ended;
    const { page } = await openPage(browser, url, { colorScheme });
    await actor(page, 'session').first().click();
    await lit(page, 'completed').waitFor();
    const [worst] = await contrastsOf(page);
    expect(worst).toMatchObject({ ratio: expect.any(Number) });
    expect({ ...worst, isReadable: worst!.ratio >= 4.5 }).toMatchObject({ isReadable: true });
    const other = colorScheme === 'light' ? 'dark' : 'light';
    const background = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const before = await background();
    while (!(await page.locator('.theme').textContent())!.includes(other))
      await page.locator('.theme').click();
    expect(await background()).not.toBe(before);
    const [worstOther] = await contrastsOf(page);
    expect({ ...worstOther, isReadable: worstOther!.ratio >= 4.5 }).toMatchObject({ isReadable: true });
  });
});

const pathsOf = (states: readonly Element[]) =>
  states.map((state) => (state as unknown as { dataset: Record<string, string> }).dataset['state']);
const labelsOf = (elements: readonly Element[]) =>
  elements.map((element) => element.getAttribute('aria-label'));
const classesOf = (elements: readonly Element[]) => elements.map((element) => element.getAttribute('class'));

/** What one would compare by eye. */
const seen = async (page: Page) => ({
  actors: await page.locator('[role=treeitem]').evaluateAll(labelsOf),
  states: await page.locator('.state.active').evaluateAll(pathsOf),
  taken: await page.locator('.diagram .label.taken').allTextContents(),
  messages: await page.locator('.messages li').allTextContents(),
});

const exported = async (page: Page): Promise<Buffer> => {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  return readFile(await (await download).path());
};

/** Of the DOM, which tests are compiled without. */
interface Element {
  getAttribute(name: string): string | null;
}
