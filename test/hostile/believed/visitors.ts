/* What the server believes of a visitor, whatever he says. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import type { TestContext } from 'node:test';
import { deployApplication } from '../../support/application';
import { sendHead } from '../../support/head';
import { serveAsIis } from '../../support/iis';
import { split } from '../../support/raw';
import { appPath, Edit, resource } from '../../support/template';
import { forgeries } from './forged';

/** What an application is told of a visitor by Socket.IO. */
interface Told {
  user?: string;
  address: string;
  headers: Record<string, string>;
}

/** What a page is told of him by Express. */
interface Page {
  ip?: string;
  ips: string[];
  protocol: string;
  secure: boolean;
  hostname: string;
  headers: Record<string, string>;
}

/** An application that tells its clients what it has been told of them. The page `told` of the tests does so for its visitors. */
export const TELLING: Edit[] = [
  ['dist/app.js', /^[^]*$/, `exports.app = io => {
    io.set('authorization', (handshake, accept) => {
      handshake.user = handshake.headers['x-iisnode-auth_user'];
      accept(null, true);
    });
    io.sockets.on('connection', socket => {
      const { user, address, headers } = socket.handshake;
      socket.emit('told', { user, address: address.address, headers });
    });
  };`],
];

/** Asks both. @returns null for a request that does not come through */
export async function ask(to: object, headers: string[]): Promise<[Told, Page] | null> {
  const handshake = await sendHead(to as { port: number }, `${resource}/1/`, headers);
  const page = await sendHead(to as { port: number }, `${appPath}/told`, headers);
  assert.equal(handshake.status, page.status);
  if (handshake.status !== 200) {
    // http.sys refuses it, or Request Filtering.
    assert.equal(handshake.status, 400);
    return null;
  }
  const poll = await sendHead(to as { port: number }, `${resource}/1/xhr-polling/${handshake.text.split(':')[0]}`, []);
  const packets = split(Buffer.from(poll.text, 'latin1').toString());
  const told = JSON.parse(/^5:::(.*)$/.exec(packets.at(-1)!)![1]!) as { args: [Told] };
  return [told.args[0], JSON.parse(page.text) as Page];
}

/** Those headers by which IIS, and proxies, say who a visitor is. */
export const special = (headers: Record<string, string>) => {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-iisnode-|^x-forwarded-|^forwarded$/.test(name)));
};

/** What IIS says of a visitor. */
interface Visitor { AUTH_USER: string; HTTPS: 'on' | 'off' }

export const VISITORS: Record<string, Visitor> = {
  'a visitor whom IIS knows': { AUTH_USER: 'DOMAIN\\mallory', HTTPS: 'off' },
  'a visitor who came by HTTPS': { AUTH_USER: 'DOMAIN\\mallory', HTTPS: 'on' },
  'a visitor whom IIS does not know': { AUTH_USER: '', HTTPS: 'off' },
};

/**
 * Each of the visitors tries all forgeries.
 * @param node the program that runs the server
 * @throws if one of them is taken for another than he is, or for elsewhere
 */
export async function cannotBeOthers(t: TestContext, node: string, visitors: Record<string, Visitor>): Promise<void> {
  let visitor = Object.values(visitors)[0]!;
  const { port } = await serveAsIis(t, TELLING, { node, serverVariables: () => ({ ...visitor }) }, deployApplication);
  const to = { port, host: 'localhost' };
  for (const [who, one] of Object.entries(visitors)) {
    await t.test(who, async () => {
      visitor = one;
      await cannotBeAnother(to, one);
    });
  }
}

async function cannotBeAnother(to: object, { AUTH_USER, HTTPS }: Visitor): Promise<void> {
  const [{ address }] = (await ask(to, []))!;
  assert(isIP(address), address);
  const protocol = HTTPS === 'on' ? 'https' : 'http';
  const said = {
    ...AUTH_USER && { 'x-iisnode-auth_user': AUTH_USER }, 'x-iisnode-https': HTTPS, 'x-iisnode-remote_addr': address,
    'x-forwarded-for': address, 'x-forwarded-proto': protocol,
  };
  let through = 0;
  for (const { name, headers } of forgeries(address)) {
    const answers = await ask(to, headers);
    if (answers === null) continue;
    through += 1;
    const [told, page] = answers;
    assert.equal(told.user, AUTH_USER || undefined, name);
    assert.equal(told.address, address, name);
    assert.deepEqual(special(told.headers), said, name);
    assert.deepEqual(special(page.headers), said, name);
    assert.deepEqual(
      [page.ip, page.ips, page.protocol, page.secure, page.hostname],
      [address, [address], protocol, protocol === 'https', 'localhost'], name,
    );
  }
  assert(through > forgeries(address).length * 0.8, `${through} came through`);
}
