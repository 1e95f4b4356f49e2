/* A test that address.test.ts and address.long.test.ts share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrowserName, openBrowser } from '../../support/browser';
import { serveSite } from '../../support/scripted';
import { until } from '../../support/wait';

/** Tests that the clock of a page may jump: a user or the system may set it. */
export function clockJumps(name: BrowserName): void {
  test(`${name}: a clock that jumps by hours ends nothing and holds nothing up`, async t => {
    const browser = await openBrowser(t, name);
    if (!browser) return;
    let heard = 0;
    const site = serveSite(t, io => {
      io.set('polling duration', 1);
      io.sockets.on('connection', socket => {
        socket.on('n', (n: number) => {
          heard += 1;
          socket.emit('m', n);
        });
      });
    }, {
      page: `<script>
        var seen = [], back = 0, real = Date;
        function shift(hours) {
          window.Date = function () { return new real(real.now() + hours * 3600000); };
          window.Date.now = function () { return real.now() + hours * 3600000; };
        }
        var connection = Realtime.connect();
        connection.on('status', function (status) { seen.push(status.state); });
        connection.on('m', function () { back += 1; });
      </script>`,
    });
    const page = await browser.newPage();
    await page.goto(site.page('page'));
    await page.waitForFunction('seen.indexOf("connected") >= 0');
    for (const hours of [5, -5, 0]) {
      const before = heard;
      await page.evaluate(`shift(${hours}); connection.emit('n', 1)`);
      await until(() => heard === before + 1, 'the message');
      await page.waitForFunction(`back === ${before + 1}`);
    }
    assert.deepEqual(await page.evaluate('seen'), ['connecting', 'connected']);
  });
}
