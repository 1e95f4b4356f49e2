/*
 * Opens tabs of one profile of a browser, as a person does: several tabs are in a window, and the
 * browser itself hides all tabs but the one in front. Of Playwright's own pages, each counts as
 * visible: in Chromium, Playwright tells the browser so, and in Firefox, each page is a window.
 */
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { BrowserContext, chromium, firefox, Page } from 'playwright-core';
import { available } from './available';
import { BrowserName, flags, installed } from './browser';
import { emptyFolder } from './template';

export interface Tabs {
  context: BrowserContext;
  /** Opens an empty tab in the first window, in front of the others. */
  open: () => Promise<Page>;
  /** Opens a window with one empty tab. */
  openWindow: () => Promise<Page>;
}

/**
 * Starts a browser with an empty profile. The browser is gone when the test ends.
 * @param more further switches for Chromium
 * @returns null if the browser is not installed; the test is then skipped
 * @throws in CI, if the browser is not installed
 */
export async function openTabs(
  t: TestContext, name: BrowserName, more: string[] = [],
): Promise<Tabs | null> {
  const executablePath = installed(name);
  if (!available(t, name, executablePath)) return null;
  const open = name === 'chromium' ? chromiumTabs : firefoxTabs;
  return open(t, executablePath!, more);
}

/** Starts Chromium without Playwright, because Playwright's switches let hidden tabs run like visible tabs. */
async function chromiumTabs(
  t: TestContext, executablePath: string, more: string[],
): Promise<Tabs> {
  // The functions of t.after run in their order. So Chromium ends before its profile is removed.
  let stop = () => Promise.resolve();
  t.after(() => stop());
  const child = spawn(executablePath, [
    ...flags, ...more, '--headless=new', '--remote-debugging-port=0',
    `--user-data-dir=${emptyFolder(t, 'profile-')}`, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  stop = async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const browser = await chromium.connectOverCDP(await debuggerOf(child), { noDefaults: true });
  const context = browser.contexts()[0]!;
  const devtools = await browser.newBrowserCDPSession();
  return {
    context,
    open: () => context.newPage(),
    openWindow: () => opened(context, () => {
      return devtools.send('Target.createTarget', { url: 'about:blank', newWindow: true });
    }),
  };
}

/** Waits until a new Chromium prints the address of its debugger. @returns the address */
async function debuggerOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const part of child.stderr!) {
    text += String(part);
    const address = /listening on (ws:\S+)/.exec(text);
    if (address) {
      child.stderr!.resume();
      return address[1]!;
    }
  }
  throw new Error(`Chromium ended: ${text}`);
}

/** Starts Firefox. In Firefox, only a page itself can open a tab beside its own. */
async function firefoxTabs(t: TestContext, executablePath: string): Promise<Tabs> {
  const browser = await firefox.launch({
    executablePath, channel: 'moz-firefox', timeout: 60000,
    firefoxUserPrefs: { 'dom.disable_open_during_load': false }, // scripts may open tabs
  });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const first = await context.newPage();
  return {
    context,
    open: () => opened(context, () => first.evaluate(() => {
      window.open('about:blank', '_blank', 'noopener');
    })),
    openWindow: () => context.newPage(),
  };
}

async function opened(context: BrowserContext, open: () => Promise<unknown>): Promise<Page> {
  const [page] = await Promise.all([context.waitForEvent('page'), open()]);
  return page;
}
