/*
 * These tests show which proxies the server believes, and which parts of their X-Forwarded headers.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { readConfig } from '../../src/config';
import { Trust } from '../../src/iisnode';
import { deployApplication } from '../support/application';
import { sendHead } from '../support/head';
import { serveAsIis } from '../support/iis';
import { appPath, resource } from '../support/template';

/**
 * A request arrives over TCP, by iisnode, or at a Unix socket. `from` is the address of the proxy
 * or client that sends it. The server must believe `address` and `protocol`.
 */
interface Case {
  proxies: string;
  by?: 'tcp' | 'iisnode' | 'pipe';
  from: string;
  xff?: string;
  proto?: string;
  address: string;
  protocol?: string;
}

const OWN = '10.1.2.3';
const cases: Case[] = [
  { proxies: '', from: OWN, xff: '1.1.1.1', proto: 'https', address: OWN },
  { proxies: OWN, from: '10.1.2.4', xff: '1.1.1.1', proto: 'https', address: '10.1.2.4' },
  { proxies: OWN, from: OWN, xff: '1.1.1.1', proto: 'https', address: '1.1.1.1', protocol: 'https' },
  { proxies: OWN, from: `::ffff:${OWN}`, xff: '1.1.1.1', address: '1.1.1.1' },
  { proxies: OWN, from: OWN, xff: '6.6.6.6, 1.1.1.1', address: '1.1.1.1' },
  { proxies: OWN, from: OWN, xff: `6.6.6.6, ${OWN}, 1.1.1.1`, address: '1.1.1.1' },
  { proxies: '10.0.0.0/8', from: OWN, xff: '6.6.6.6, 1.1.1.1, 10.9.9.9', address: '1.1.1.1' },
  { proxies: '10.0.0.0/8', from: OWN, xff: '10.9.9.9, 10.8.8.8', address: '10.9.9.9' },
  { proxies: '10.0.0.0/8', from: '11.0.0.1', xff: '1.1.1.1', address: '11.0.0.1' },
  { proxies: '10.128.0.0/9', from: '10.127.255.255', xff: '1.1.1.1', address: '10.127.255.255' },
  { proxies: '10.128.0.0/9', from: '10.128.0.1', xff: '1.1.1.1', address: '1.1.1.1' },
  { proxies: 'fd00::/8', from: 'fd12:3456::1', xff: '2001:db8::7', address: '2001:db8::7' },
  { proxies: 'fd00::/8', from: 'fe00::1', xff: '1.1.1.1', address: 'fe00::1' },
  { proxies: 'fe80::1', from: 'fe80::1%eth0', xff: '1.1.1.1', address: '1.1.1.1' },
  { proxies: '::1', from: '0:0:0:0:0:0:0:1', xff: '1.1.1.1', address: '1.1.1.1' },
  // Application Request Routing adds the port to the address.
  { proxies: OWN, from: OWN, xff: '1.1.1.1:51234', address: '1.1.1.1' },
  { proxies: OWN, from: OWN, xff: '[2001:db8::7]:51234', address: '2001:db8::7' },
  // The proxy sends no header, or a header that cannot be read. Then only the proxy's own address
  // is known.
  { proxies: OWN, from: OWN, address: OWN },
  { proxies: OWN, from: OWN, xff: '', address: OWN },
  ...['unknown', '_hidden', '1.1.1', 'x'.repeat(9000), '1.1.1.1 2.2.2.2', '1.1.1.1,', ',', '1.1.1.1;2.2.2.2'].map(xff => (
    { proxies: OWN, from: OWN, xff: `6.6.6.6,${xff}`, address: OWN }
  )),
  { proxies: OWN, from: OWN, xff: '1.1.1.1', proto: 'http, https', address: '1.1.1.1', protocol: 'https' },
  { proxies: OWN, from: OWN, xff: '1.1.1.1', proto: 'https, http', address: '1.1.1.1' },
  ...['', 'HTTPS:', 'javascript', 'https,'].map(proto => ({ proxies: OWN, from: OWN, xff: '1.1.1.1', proto, address: '1.1.1.1' })),
  { proxies: OWN, from: OWN, xff: '1.1.1.1', proto: 'HTTPS', address: '1.1.1.1', protocol: 'https' },
  // iisnode hands the header on. With enableXFF, iisnode adds the proxy's address, unless the text
  // already ends with that address.
  { proxies: OWN, by: 'iisnode', from: OWN, xff: '6.6.6.6, 1.1.1.1', proto: 'https', address: '1.1.1.1', protocol: 'https' },
  { proxies: OWN, by: 'iisnode', from: OWN, xff: `6.6.6.6, 1.1.1.1, ${OWN}`, address: '1.1.1.1' },
  { proxies: OWN, by: 'iisnode', from: OWN, xff: `6.6.6.6, 1${OWN}`, address: `1${OWN}` },
  { proxies: OWN, by: 'iisnode', from: '10.1.2.4', xff: `1.1.1.1, ${OWN}`, proto: 'https', address: '10.1.2.4' },
  { proxies: `${OWN},pipe`, by: 'iisnode', from: '', xff: '1.1.1.1', proto: 'https', address: 'unknown' },
  { proxies: 'pipe', by: 'pipe', from: '', xff: '6.6.6.6, 1.1.1.1', proto: 'https', address: '1.1.1.1', protocol: 'https' },
  { proxies: OWN, by: 'pipe', from: '', xff: '1.1.1.1', proto: 'https', address: 'unknown' },
  { proxies: 'pipe', from: OWN, xff: '1.1.1.1', proto: 'https', address: OWN },
  // A TCP connection that is closed has no address any more.
  { proxies: 'pipe', from: '', xff: '1.1.1.1', proto: 'https', address: 'unknown' },
];

function ask({ proxies, by = 'tcp', from, xff, proto }: Case) {
  const trust = new Trust(readConfig({
    TRUSTED_PROXIES: proxies, PORT: by === 'tcp' ? '3000' : '/tmp/socket', ...by === 'iisnode' && { IISNODE_VERSION: '0.2.26' },
  }));
  const headers: Record<string, string> = { 'x-iisnode-remote_addr': '6.6.6.6', 'x-forwarded-host': 'evil.example' };
  if (xff !== undefined) headers['x-forwarded-for'] = xff;
  if (proto !== undefined) headers['x-forwarded-proto'] = proto;
  const said = by === 'iisnode' ? ['X-iisnode-REMOTE_ADDR', from, 'X-iisnode-HTTPS', 'off', 'X-iisnode-AUTH_USER', ''] : [];
  const req = {
    headers, rawHeaders: [...Object.entries(headers).flat(), ...said], socket: by === 'tcp' && from ? { remoteAddress: from, remotePort: 4711 } : {},
  } as unknown as IncomingMessage;
  return { trust, req };
}

for (const one of cases) {
  const { proxies, by = 'tcp', from, xff = 'no header', proto = '', address, protocol = 'http' } = one;
  test(`TRUSTED_PROXIES=${proxies}: ${by} from ${from || 'nowhere'} with ${xff.slice(0, 50)} ${proto} is ${address} by ${protocol}`, () => {
    const { trust, req } = ask(one);
    assert.equal(trust.address(req).address, address);
    assert.equal(trust.protocol(req), protocol);
    for (let times = 0; times < 2; times++) {
      trust.trustHeaders(req);
      const inFront = by === 'iisnode' || (proxies !== '' && address !== from && address !== 'unknown') || from === '10.1.2.3';
      if (inFront && address !== 'unknown' && proxies !== '' && proxies !== 'pipe') assert.equal(req.headers['x-forwarded-for'], address);
      assert.equal(req.headers['x-forwarded-host'], undefined);
      assert.equal(trust.address(req).address, address, 'the same afterwards');
      assert.equal(trust.protocol(req), protocol, 'the same afterwards');
    }
  });
}

test('behind IIS: the own page of a proxy that ends TLS may connect, and a visitor of IIS itself is not believed', async t => {
  const iis = await serveAsIis(t, [
    ['web.config', '</appSettings>', '<add key="TRUSTED_PROXIES" value="10.1.2.3" /></appSettings>'],
  ], { serverVariables: req => ({ REMOTE_ADDR: String(req.headers['x-test-sits-at']) }) }, deployApplication);
  const to = { port: iis.port, host: '127.0.0.1' };
  const headers = ['X-Forwarded-For: 6.6.6.6, 1.1.1.1:4711', 'X-Forwarded-Proto: https', 'Origin: https://www.example.com'];
  for (const [sits, status, told] of [['10.1.2.3', 200, ['1.1.1.1', 'https']], ['10.1.2.4', 403, ['10.1.2.4', 'http']]] as const) {
    const from = [`X-Test-Sits-At: ${sits}`, ...headers];
    assert.equal((await sendHead(to, `${resource}/1/`, from, 'www.example.com')).status, status);
    const { ip, protocol } = JSON.parse((await sendHead(to, `${appPath}/told`, from, 'www.example.com')).text) as Record<string, string>;
    assert.deepEqual([ip, protocol], told);
  }
});
