/*
 * In each browser, hostile pages try everything by every means. hostile-page.test.ts tries less,
 * and tries it in Chromium only.
 */
import { inBrowser, visitAll } from './page/visits';

inBrowser('chromium', true, visitAll);
inBrowser('firefox', true, visitAll);
