/* The installed browsers, driven by playwright-core. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { Browser, BrowserContext, chromium, firefox, Page } from 'playwright-core';
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
/**
 * Parts of Chromium that the tests leave out. A page does not see the difference. The first two parts are pages
 * that Chromium loads into each new window, for the address bar. They took 40 % of the processor time of a new
 * page. The third part is a process that waits for the next page.
 */
const UNUSED = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'SpareRendererForSitePerProcess'];
/** The switches with which Chromium starts on any machine, sends no requests of its own, and starts few processes. */
export const flags = [
  '--no-sandbox', '--disable-gpu', '--in-process-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', disable(UNUSED),
];

/**
 * The features that Playwright disables. If there are two switches --disable-features, Chromium ignores the first.
 * So one switch has both lists.
 */
const PLAYWRIGHT = [
  'AvoidUnnecessaryBeforeUnloadCheckSync', 'BoundaryEventDispatchTracksNodeRemoval', 'DestroyProfileOnBrowserClose',
  'DialMediaRouteProvider', 'GlobalMediaControls', 'HttpsUpgrades', 'LensOverlay', 'MediaRouter', 'OptimizationHints',
  'PaintHolding', 'RenderDocument', 'ThirdPartyStoragePartitioning', 'Translate',
];

/** @returns the switch of Chromium that disables features */
function disable(features: string[]): string {
  return `--disable-features=${features.join()}`;
}

export type BrowserName = keyof typeof places;

/** Finds the program of a browser. @returns undefined if the browser is not installed */
export function installed(name: BrowserName): string | undefined {
  return places[name].find(place => place && existsSync(place));
}

/** The browsers of this process. A start takes some seconds of processor time, and a new profile nearly none. */
const started = new Map<BrowserName, Promise<Browser>>();
after(() => Promise.all([...started.values()].map(async browser => (await browser).close())));

/**
 * Opens an empty profile in a browser. The first call starts the browser. The profile is gone when the test
 * ends, and the browser is gone when all tests of the file have ended.
 * @returns null if the browser is not installed; the test is then skipped
 * @throws in CI, if the browser is not installed
 */
export async function openBrowser(t: TestContext, name: BrowserName = 'chromium'): Promise<BrowserContext | null> {
  const executablePath = installed(name);
  if (!available(t, name, executablePath)) return null;
  if (!started.has(name)) started.set(name, launch(name, executablePath!));
  const profile = await (await started.get(name)!).newContext();
  t.after(() => profile.close());
  return profile;
}

function launch(name: BrowserName, executablePath: string): Promise<Browser> {
  if (name === 'chromium') {
    const ignoreDefaultArgs = ['--disable-back-forward-cache'];
    const args = [...flags, disable([...PLAYWRIGHT, ...UNUSED])];
    return chromium.launch({ executablePath, args, ignoreDefaultArgs, timeout: 60000 });
  }
  // Tabs of one site share a process, as when one tab opens the other. Without this setting, the process ends
  // with its last tab. About one time in five, the goodbye of that tab is then not sent, neither by sendBeacon
  // nor by fetch with keepalive.
  const firefoxUserPrefs = {
    'dom.ipc.processCount.webIsolated': 1,
    'dom.disable_open_during_load': false, // scripts may open tabs
  };
  // An ordinary Firefox takes WebDriver BiDi. Playwright's own protocol needs a special build.
  return firefox.launch({ executablePath, channel: 'moz-firefox', firefoxUserPrefs, timeout: 60000 });
}

/** Collects the faults of a page: errors, refusals of its policy, failed requests. @returns a list that grows */
export function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) found.push(message.text()); });
  page.on('pageerror', error => found.push(String(error)));
  page.on('response', response => { if (response.status() >= 400) found.push(`${response.status()} ${response.url()}`); });
  return found;
}
