/* Real browsers: those that are installed, driven by playwright-core. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { BrowserContext, chromium, firefox, Page } from 'playwright-core';
import { available } from './available';

const windows = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].filter(Boolean) as string[];
const places = {
  chromium: [
    process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ...windows.flatMap(folder => ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'].map(exe => path.join(folder, exe))),
  ],
  firefox: [
    process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox',
    ...windows.map(folder => path.join(folder, 'Mozilla Firefox/firefox.exe')),
  ],
};
/** Switches with which Chromium can be started anywhere, and asks nothing of the network. */
export const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
];

export type BrowserName = keyof typeof places;

/** Where a browser is, undefined if it is nowhere. */
export function installed(name: BrowserName): string | undefined {
  return places[name].find(place => place && existsSync(place));
}

/**
 * Starts a browser with an empty profile; it is gone when the test ends.
 * @returns null where it is not installed, with the test skipped
 * @throws in CI, where it is not installed
 */
export async function openBrowser(t: TestContext, name: BrowserName = 'chromium'): Promise<BrowserContext | null> {
  const executablePath = installed(name);
  if (!available(t, name, executablePath)) return null;
  // Tabs of one site share a process, as when one opens the other; otherwise it ends with its last tab, and
  // about one in five times with the goodbye of that tab unsent, by sendBeacon as by fetch with keepalive.
  const preferences = { 'dom.ipc.processCount.webIsolated': 1 };
  // The Firefox that people have is driven by WebDriver BiDi, Playwright's own protocol needs a build of its own.
  const browser = name === 'chromium'
    ? await chromium.launch({ executablePath, args: flags, ignoreDefaultArgs: ['--disable-back-forward-cache'], timeout: 60000 })
    : await firefox.launch({ executablePath, channel: 'moz-firefox', timeout: 60000, firefoxUserPrefs: preferences });
  t.after(() => browser.close());
  return browser.newContext();
}

/** Everything on the page that someone should know of: errors, what its policy refused, failed requests. */
export function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) found.push(message.text()); });
  page.on('pageerror', error => found.push(String(error)));
  page.on('response', response => { if (response.status() >= 400) found.push(`${response.status()} ${response.url()}`); });
  return found;
}
