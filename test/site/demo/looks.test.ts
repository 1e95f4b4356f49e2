/* The looks of the demo page: in several sizes, in each colour scheme, and without JavaScript. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser } from '../../support/browser';
import { startServer } from '../../support/server';
import { fromRoot, root } from '../../support/template';
import { connected, inBrowser, send } from './browser';

/** The parts of axe-core that are used here. Its own types are for code of the page. */
interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[]; passes: unknown[] }>;
}
type WindowWithAxe = typeof window & { axe: Axe };

const WIDTHS = [320, 720, 1600];
const SCHEMES = [
  { colorScheme: 'light', forcedColors: 'none', media: 'screen' },
  { colorScheme: 'dark', forcedColors: 'none', media: 'screen' },
  { colorScheme: 'light', forcedColors: 'active', media: 'screen' },
  { colorScheme: 'dark', forcedColors: 'active', media: 'screen' },
  { colorScheme: 'light', forcedColors: 'none', media: 'print' },
] as const;

/** @returns the contrast of two colours as WCAG defines it: 1 to 21 */
function contrast(one: string, other: string): number {
  const [dark, light] = [one, other].map(luminance).sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** @param colour such as rgb(29, 95, 168) @returns its relative luminance as WCAG defines it */
function luminance(colour: string): number {
  const [r, g, b] = colour.match(/\d+/g)!.slice(0, 3).map(Number)
    .map(part => part / 255)
    .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * Focuses each link, input and button in turn.
 * @returns for each the width and the colour of its outline, and the colour around it
 */
function outlines(page: Page): Promise<{ what: string; width: number; colour: string; around: string }[]> {
  return page.evaluate(() => Array.from(document.querySelectorAll<HTMLElement>('a, input, button'), element => {
    element.focus();
    const { outlineColor, outlineWidth } = getComputedStyle(element);
    const around = getComputedStyle(document.querySelector('main')!).backgroundColor;
    return { what: element.tagName, width: parseFloat(outlineWidth), colour: outlineColor, around };
  }));
}

inBrowser('axe-core finds nothing, and nothing is cut off, at each size and in each scheme', async ({ page, browser, server }) => {
  await page.goto(server.page);
  await connected(page);
  const second = await browser.newPage();
  await second.goto(server.page);
  await connected(second);
  for (const text of ['one', 'two']) await send(page, text);
  await send(second, 'a word that is long: '.concat('x'.repeat(200)));
  await page.waitForSelector('#log .other');
  await page.locator('#log .out small', { hasText: 'received' }).nth(1).waitFor();
  // The policy of the page allows no other scripts. But evaluate() of the browser is allowed.
  await page.evaluate(readFileSync(fromRoot.resolve('axe-core/axe.min.js'), 'utf8'));
  for (const scheme of SCHEMES) {
    await page.emulateMedia(scheme);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 700 });
      const where = `${JSON.stringify(scheme)}, ${width} px`;
      assert(await page.evaluate(() => document.documentElement.scrollWidth) <= width, `too wide: ${where}`);
      const { violations, passes } = await page.evaluate(() => (window as WindowWithAxe).axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`), [], where);
      assert(passes.length >= 15, `axe-core has run ${passes.length} rules`);
    }
    if (scheme.media === 'print') continue;
    for (const { what, width, colour, around } of await outlines(page)) {
      assert(width >= 2 && contrast(colour, around) >= 3, `focus of ${what}: ${colour} on ${around}, ${JSON.stringify(scheme)}`);
    }
  }
});

test('without JavaScript the page says that it needs it', async t => {
  const profile = await openBrowser(t);
  if (!profile) return;
  const { page: address } = await startServer(t, { folder: root });
  const page = await (await profile.browser()!.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(address);
  assert.match(await page.textContent('main') ?? '', /This page needs JavaScript/);
  await page.context().close();
});

test('the contrast of colours is that of WCAG', () => {
  assert.equal(contrast('rgb(0, 0, 0)', 'rgb(255, 255, 255)'), 21);
  assert.equal(contrast('rgb(119, 119, 119)', 'rgb(255, 255, 255)').toFixed(2), '4.48');
});
