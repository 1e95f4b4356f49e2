/* Checks that the server believes IIS, and not the headers of a visitor. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import type { TestContext } from 'node:test';
import { deployApplication } from '../../support/application';
import { sendHead } from '../../support/head';
import { serveAsIis } from '../../support/iis';
import { split } from '../../support/raw';
import { appPath, Edit, resource } from '../../support/template';
import { forgeries } from './forged';

/** The data of a visitor that Socket.IO gives to an application. */
interface Told {
  user?: string;
  address: string;
  headers: Record<string, string>;
}

/** The data of a visitor that Express gives to a page. */
interface Page {
  ip?: string;
  ips: string[];
  protocol: string;
  secure: boolean;
  hostname: string;
  headers: Record<string, string>;
}

/**
 * This application tells its clients all that it knows about them. The page `told` of the tests
 * does the same for its visitors.
 */
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

/**
 * Asks the application and the page.
 * @returns both answers, or null if the request does not come through
 */
export async function ask(to: object, headers: string[]): Promise<[Told, Page] | null> {
  const handshake = await sendHead(to as { port: number }, `${resource}/1/`, headers);
  const page = await sendHead(to as { port: number }, `${appPath}/told`, headers);
  assert.equal(handshake.status, page.status);
  if (handshake.status !== 200) {
    // http.sys or Request Filtering has refused the request.
    assert.equal(handshake.status, 400);
    return null;
  }
  const poll = await sendHead(to as { port: number }, `${resource}/1/xhr-polling/${handshake.text.split(':')[0]}`, []);
  const packets = split(Buffer.from(poll.text, 'latin1').toString());
  const told = JSON.parse(/^5:::(.*)$/.exec(packets.at(-1)!)![1]!) as { args: [Told] };
  return [told.args[0], JSON.parse(page.text) as Page];
}

/** @returns the headers by which IIS and proxies say who a visitor is */
export const special = (headers: Record<string, string>) => {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-iisnode-|^x-forwarded-|^forwarded$/.test(name)));
};

/** The server variables by which IIS describes a visitor. */
interface Visitor { AUTH_USER: string; HTTPS: 'on' | 'off' }

export const VISITORS: Record<string, Visitor> = {
  'a visitor whom IIS knows, by HTTP': { AUTH_USER: 'DOMAIN\\mallory', HTTPS: 'off' },
  'a visitor whom IIS does not know, by HTTPS': { AUTH_USER: '', HTTPS: 'on' },
};

/**
 * Lets each of the visitors try all forgeries.
 * @param node the program that runs the server
 * @throws if the server takes a visitor for another one, for one at another address, or for one who
 * came by another protocol
 */
export async function cannotBeOthers(t: TestContext, node: string, visitors: Record<string, Visitor>): Promise<void> {
  let visitor = Object.values(visitors)[0]!;
  const { port } = await serveAsIis(t, TELLING, { node, serverVariables: () => ({ ...visitor }) }, deployApplication);
  const to = { port, host: '127.0.0.1' };
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
