/* How long pages of several tabs take to come, to connect, and for a message. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Tabs } from '../../support/tabs';
import type { Site } from './site';

export interface Measured {
  tabs: number;
  /** ms. Infinity: not within a minute. */
  load: number;
  connect: number;
  /** The longest of a message each way, with its acknowledgement: the first tab and the last. */
  message: number;
}

/** What the page of a tab has. */
export interface InTab {
  tab: {
    /** The numbers that site.count has sent. */
    counted: number[];
    statuses: { state: string; recovered?: boolean; after: number }[];
    send: (text: string) => Promise<number>;
    emit: (text: string) => void;
    close: () => void;
  };
}

/** A page that has not come after this time does not come, ms. */
const PATIENCE = 60000;
/** How long a message may take at most, ms, with up to 15 tabs. */
export const LONGEST = 3000;

interface Opened { page: Page; load: number; connect: number }

/** Opens a further tab. */
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

/** How long a message takes, ms, the longer of both ways. */
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
