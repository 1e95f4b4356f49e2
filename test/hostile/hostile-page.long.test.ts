/* What a page of another origin can do, as in hostile-page.test.ts: everything by every means, in each browser. */
import { inBrowser, visitAll } from './page/visits';

inBrowser('chromium', true, visitAll);
inBrowser('firefox', true, visitAll);
