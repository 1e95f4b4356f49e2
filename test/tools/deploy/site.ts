/* Lets the stand-in of IIS answer over HTTP. The commands ask for health there. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { FakeIis } from './world';

/** Listens on this machine until the test ends. @returns the port */
export async function listenFor(t: TestContext, iis: FakeIis): Promise<number> {
  const web = http.createServer((req, res) => {
    const { port } = req.socket.address() as AddressInfo;
    const { status, text } = iis.answer(`http://localhost:${port}${req.url!}`, req.headers.host!);
    res.writeHead(status).end(text);
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  t.after(() => web.close());
  return (web.address() as AddressInfo).port;
}
