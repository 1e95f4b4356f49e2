import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { readOrigin } from '../../src/realtime/http/origins';
import { serve } from '../support/raw';
import { resource } from '../support/template';

const cases: [may: boolean, headers: Record<string, string>, what: string][] = [
  [true, { host: 'a.example' }, 'no Origin: no other page asks'],
  [true, { host: 'a.example', origin: 'http://a.example' }, 'its own'],
  [true, { host: 'A.Example:80', origin: 'http://a.example' }, 'its own, written differently'],
  [true, { https: 'yes', host: 'a.example', origin: 'https://a.example' }, 'its own, TLS ended by IIS'],
  [true, { https: 'yes', host: 'a.example:8443', origin: 'https://a.example:8443' }, 'its own, another port'],
  [true, { https: 'yes', host: 'A.example:443', origin: 'https://a.example' }, 'its own, by HTTPS, written differently'],
  [false, { https: 'yes', host: 'a.example', origin: 'http://a.example' }, 'own host, though the client came by HTTPS'],
  [false, { https: 'yes', host: 'a.example:80', origin: 'https://a.example' }, 'own host, a port that HTTPS does not have by itself'],
  [false, { host: 'a.example', origin: 'https://a.example', 'x-forwarded-proto': 'https' }, 'own host, another scheme, and the client\'s own word for it'],
  [true, { host: '[::1]:80', origin: 'http://[::1]' }, 'its own, by its address'],
  [false, { host: 'a.example', origin: 'http://user@a.example' }, 'a user in it, as no browser writes'],
  [false, { host: 'a.example', origin: 'http://a.example@evil.example' }, 'the own host as a user'],
  [false, { host: 'a.example', origin: 'http://evil.example\\@a.example' }, 'a backslash in it'],
  [false, { host: 'a.example', origin: 'http://a.example, http://evil.example' }, 'two of them, joined'],
  [false, { host: 'a.example', origin: `http://a.example${'x'.repeat(20000)}` }, 'a long one'],
  [false, { host: 'a.example', 'sec-fetch-site': 'same-origin, cross-site' }, 'two of Sec-Fetch-Site, joined'],
  [false, { host: 'a.example', referer: 'http://b\xfccher.example/' }, 'no Origin, and a page whose host is not ASCII'],
  [false, { host: 'a.example', referer: `http://${'x'.repeat(20000)}/` }, 'no Origin, and a page whose host is too long to be one'],
  [true, { host: 'a.example', referer: `http://A.example/${'x'.repeat(20000)}` }, 'no Origin: its own page, with a long address'],
  [true, { host: 'a.example', referer: 'android-app://com.example' }, 'no Origin, and an app refers to it, no page'],
  [true, { host: 'a.example', origin: 'https://www.example.com' }, 'allowed'],
  [false, { host: 'a.example', origin: 'http://www.example.com' }, 'allowed for https only'],
  [false, { host: 'a.example', origin: 'https://www.example.com:444' }, 'allowed for another port'],
  [false, { host: 'a.example', origin: 'https://a.example' }, 'own host, other scheme'],
  [false, { host: 'a.example', origin: 'http://a.example:8080' }, 'own host, other port'],
  [false, { host: 'a.example', origin: 'http://nota.example' }, 'ends alike'],
  [false, { host: 'a.example', origin: 'http://a.example.evil' }, 'begins alike'],
  [false, { host: 'a.example', origin: 'null' }, 'null: a sandboxed frame, a file'],
  [false, { host: 'null', origin: 'null' }, 'null, with a host to match'],
  [false, { host: '', origin: 'http://' }, 'no host'],
  [false, { host: 'a.example', 'sec-fetch-site': 'cross-site' }, 'no Origin, but a script or image of a page of another site'],
  [false, { host: 'a.example', 'sec-fetch-site': 'same-site' }, 'no Origin, but a script or image of a page of the same site'],
  [true, { host: 'a.example', 'sec-fetch-site': 'same-origin', referer: 'http://a.example/page' }, 'no Origin: a request of its own page'],
  [true, { host: 'a.example', 'sec-fetch-site': 'none' }, 'no Origin: the address was typed'],
  [false, { host: 'a.example', referer: 'http://evil.example/' }, 'no Origin, but a page elsewhere refers to it'],
  [false, { host: 'a.example', referer: 'http://a.example.evil/' }, 'no Origin, and a page whose host begins alike'],
  [true, { host: 'a.example', referer: 'http://A.example:80/x?y' }, 'no Origin: its own page, written differently'],
  [true, { host: 'a.example', referer: 'https://www.example.com/x' }, 'no Origin: a page that is allowed'],
  [false, { host: 'a.example', origin: 'http://evil.example', referer: 'http://a.example/' }, 'Referer is not asked'],
];

for (const [may, headers, what] of cases) {
  test(`${may ? 'may' : 'may not'} connect: ${what}`, () => {
    const { https, ...others } = headers;
    const trust = { protocol: () => https ? 'https' as const : 'http' as const };
    assert.equal(readOrigin({ headers: others } as unknown as IncomingMessage, ['https://www.example.com'], trust) !== undefined, may);
  });
}

/**
 * Measures several runs with an Origin or a Referer of the given length.
 * @returns the least processor time of a check, µs
 */
function costOf(write: (letters: number) => Record<string, string>, letters: number): number {
  const req = { headers: write(letters) } as unknown as IncomingMessage;
  let least = Infinity;
  for (let run = 0; run < 15; run++) {
    const before = process.cpuUsage();
    for (let i = 0; i < 2000; i++) readOrigin(req, ['https://www.example.com'], { protocol: () => 'http' });
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 2000);
  }
  return least;
}

const long: Record<string, (letters: number) => Record<string, string>> = {
  'an Origin': letters => ({ host: 'a.example', origin: `http://${'a.'.repeat(letters / 2)}` }),
  'an Origin beside a Host': letters => {
    return { host: 'b.'.repeat(letters / 4), origin: `http://${'a.'.repeat(letters / 4)}` };
  },
  'an Origin of slashes': letters => ({ host: 'a.example', origin: `http://${'/'.repeat(letters)}` }),
  'an Origin of digits': letters => ({ host: 'a.example', origin: `http://a:${'1'.repeat(letters)}` }),
  'an Origin of colons in brackets': letters => ({ host: 'a.example', origin: `http://[${':'.repeat(letters)}` }),
  'a Referer': letters => ({ host: 'a.example', referer: `http://${'a.'.repeat(letters / 2)}/` }),
  'the path of a Referer': letters => ({ host: 'a.example', referer: `http://A.example/${'../'.repeat(letters / 3)}` }),
};

for (const [what, write] of Object.entries(long)) {
  test(`twice as long takes at most three times as much: ${what}`, t => {
    costOf(write, 1000); // the first run is slower, and does not count
    const [half, whole] = [costOf(write, 7000), costOf(write, 14000)];
    t.diagnostic(`${half.toFixed(2)} µs for 7,000 letters, ${whole.toFixed(2)} µs for 14,000`);
    // A time below a microsecond is mostly the time of the loop.
    assert(whole <= 3 * Math.max(half, 1), `${half} µs, ${whole} µs`);
  });
}

test('a page of another origin is refused, and cannot read even that; one of ALLOWED_ORIGINS is not', async t => {
  const { origin } = serve(t, () => undefined, { ALLOWED_ORIGINS: 'http://friend.example' });
  const session = (await (await fetch(`${origin}${resource}/1/`)).text()).split(':')[0]!;
  const poll = `${resource}/1/xhr-polling/${session}`;
  const requests: [method: string, path: string][] = [['GET', `${resource}/1/`], ['GET', poll], ['POST', poll]];
  for (const [method, path] of requests) {
    const refused = await fetch(origin + path, { method, headers: { origin: 'http://stranger.example' } });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get('access-control-allow-origin'), null);
    assert.equal(refused.headers.get('vary'), 'Origin');
    assert.equal(await refused.text(), 'pages of this origin may not connect');

    const allowed = await fetch(origin + path, { method, headers: { origin: 'http://friend.example' }, body: method === 'POST' ? '2::' : undefined });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'http://friend.example');
    assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true');
    assert.equal(allowed.headers.get('vary'), 'Origin');
  }
});
