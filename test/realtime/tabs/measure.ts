/* Measures how long the pages of several tabs take to load, to connect, and to send a message. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Tabs } from '../../support/tabs';
import type { Site } from './site';

export interface Measured {
  tabs: number;
  /** The time until the page has loaded, ms. Infinity if that takes longer than a minute. */
  load: number;
  connect: number;
  /**
   * The longest time of four messages with their acknowledgements, ms: one each way, in the first
   * tab and in the last.
   */
  message: number;
}

/** The object that the page of each tab has in its window. */
export interface InTab {
  tab: {
    /** The numbers that have come from site.count. */
    counted: number[];
    statuses: { state: string; recovered?: boolean; after: number }[];
    send: (text: string) => Promise<number>;
    emit: (text: string) => void;
    close: () => void;
  };
}

/** A test does not wait longer than this for a page, a connection or a message, ms. */
const PATIENCE = 60000;
/** The longest time that a message may take with up to 15 tabs, ms. */
export const LONGEST = 3000;

interface Opened { page: Page; load: number; connect: number }

/** Opens one more tab. @returns its page, and how long it took to load and to connect, ms */
export async function openTab(
  site: Site, tabs: Pick<Tabs, 'open'>, number: number,
): Promise<Opened> {
  const page = await tabs.open();
  const began = Date.now();
  const came = await page.goto(site.url(number), { timeout: PATIENCE }).catch(() => null);
  if (!came) return { page, load: Infinity, connect: Infinity };
  const load = Date.now() - began;
  const connected = await page.waitForFunction(() => {
    return (window as unknown as InTab).tab.statuses.find(({ state }) => state === 'connected');
  }, null, { timeout: PATIENCE, polling: 50 }).catch(() => null);
  const status = connected && await connected.jsonValue();
  return { page, load, connect: status ? status.after : Infinity };
}

/** Sends a message each way. @returns the longer of the two times, ms */
export async function message(
  site: Site, page: Page, number: number, text = 'hello',
): Promise<number> {
  const tooLong = sleep(PATIENCE, Infinity, { ref: false });
  const sent = page.evaluate(text => (window as unknown as InTab).tab.send(text), text);
  const toServer = await Promise.race([sent.catch(() => Infinity), tooLong]);
  const toPage = await Promise.race([site.ask(number).catch(() => Infinity), tooLong]);
  return Math.max(toServer, toPage);
}

export async function* measure(site: Site, tabs: Tabs, most: number): AsyncGenerator<Measured> {
  const pages: Page[] = [];
  for (let count = 1; count <= most; count++) {
    const { page, load, connect } = await openTab(site, tabs, count);
    pages.push(page);
    const slowest = connect === Infinity
      ? Infinity
      : Math.max(await message(site, page, count), await message(site, pages[0]!, 1));
    yield { tabs: count, load, connect, message: slowest };
  }
}
