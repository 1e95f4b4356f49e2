/* The cases of foreign.test.ts, in Chromium and in Firefox. */
import { test } from 'node:test';
import { ANSWERS, CASES, portal, REDIRECT } from './foreign/portal';

for (const name of ['chromium', 'firefox'] as const) {
  test(`${name}: a captive portal answers everything for 3 s; what is emitted arrives`, async t => {
    await t.test('a login page, 200', t => portal(t, name, CASES[0]!, ANSWERS['a login page, 200']!));
    await t.test(REDIRECT, t => portal(t, name, CASES[0]!, ANSWERS[REDIRECT]!));
    await t.test(`${REDIRECT}, of each POST`, t => portal(t, name, ['POST'], ANSWERS[REDIRECT]!));
  });
}
