/* Answers that something in between gives in the place of the server, and a page that gets them. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BrowserName, openBrowser } from '../../support/browser';
import { Kind, Meddle, standBetween } from '../../support/middle';
import { serveSite } from '../../support/scripted';
import { until } from '../../support/wait';

const LOGIN = '<!DOCTYPE html>\n<html><head><style>a::before{}</style></head><body>Please log in: <form></form></body></html>';

export const REDIRECT = 'a redirect to a login page';

/** Answers in the place of the server's, each with the reason that the page is told. */
export const ANSWERS: Record<string, [answer: (res: ServerResponse) => unknown, reason: RegExp]> = {
  'a login page, 200': [res => res.setHeader('Content-Type', 'text/html').end(LOGIN), /page of HTML, not of this server/],
  'nothing, 200': [res => res.end(), /empty/],
  'JSON, 200': [res => res.end('{"error":"5:::"}'), /not of this server/],
  [REDIRECT]: [
    res => res.writeHead(302, { Location: `http://${res.req.headers.host!}/login` }).end(),
    /page of HTML, not of this server/,
  ],
  'an error page, 502': [res => res.writeHead(502).end('<html>Bad Gateway</html>'), /502.*page of HTML/],
  'a line of text, 503': [res => res.writeHead(503).end('too many clients'), /^too many clients$/],
  'a status alone, 204': [res => res.writeHead(204).end(), /204.*empty/],
};

/** @returns a function that gives the answer to each request of these kinds */
export function instead(kinds: Kind[], answer: (res: ServerResponse) => unknown): Meddle {
  return (kind, res, req) => {
    if (req.url === '/login') res.setHeader('Content-Type', 'text/html').end(LOGIN);
    else if (!kinds.includes(kind)) return false;
    else answer(res);
    return true;
  };
}

export const CASES: Kind[][] = [['handshake', 'poll', 'POST'], ['poll'], ['POST']];
/**
 * Something answers requests of these kinds for 3 s, in the place of the server. Checks that the
 * messages that a page emits meanwhile arrive.
 */
export async function portal(
  t: TestContext, name: BrowserName, kinds: Kind[], [answer, reason]: typeof ANSWERS[string],
): Promise<void> {
  const browser = await openBrowser(t, name);
  if (!browser) return;
  const heard: number[] = [];
  const site = serveSite(t, io => io.sockets.on('connection', socket => {
    socket.on('n', (n: number) => { heard.push(n); });
  }), {
    page: `<script>
      var seen = [];
      var connection = Realtime.connect();
      connection.on('status', function (status) { seen.push(status); });
      function last() { return seen[seen.length - 1]; }
    </script>`,
  });
  const middle = standBetween(t, site.port);
  const page = await browser.newPage();
  await page.goto(site.page('page').replace(site.origin, middle.origin));
  await page.waitForFunction('last().state === "connected"');
  middle.set(instead(kinds, answer));
  const before = middle.counts.handshake + middle.counts.poll + middle.counts.POST;
  for (let n = 0; n < 15; n++) {
    await page.evaluate(`connection.emit('n', ${n})`);
    await sleep(200);
  }
  const reasons = await page.evaluate<string[]>(
    'seen.filter(function (one) { return one.state === "reconnecting"; }).map(function (one) { return one.reason; })',
  );
  assert(reasons.length > 0, 'the page is told');
  for (const one of reasons) assert.match(one, reason);
  const requests = middle.counts.handshake + middle.counts.poll + middle.counts.POST - before;
  assert(requests <= 24, String(requests));
  middle.set();
  await until(() => heard.length >= 15, `all: ${String(heard)}`, 60);
  assert.deepEqual(heard, Array.from({ length: 15 }, (_, n) => n));
}
