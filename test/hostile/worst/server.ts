/*
 * The server of worst.test.ts. Its application sends as much as a client asks for. This file must
 * run on node 10, too, so it uses nothing newer.
 */
import http from 'http';
import path from 'path';

const [dist, at] = process.argv.slice(2);
// eslint-disable-next-line @typescript-eslint/no-require-imports
const load = (name: string): any => require(path.join(dist!, name));
const config = load('config').readConfig(process.env);
const { Trust } = load('iisnode');
const realtime = load('realtime').createRealtime({ ...config, trust: Trust && new Trust(config) }, load('log').createLog('error'));
realtime.io.set('transports', config.transports).set('resource', config.resource);

realtime.io.sockets.on('connection', (socket: any) => {
  socket.on('fill', (times: number, letters: number) => {
    for (let i = 0; i < times; i++) socket.emit('much', 'x'.repeat(letters));
  });
});

// Memory that is free but not collected yet does not count as held. By itself, node 12 lets this
// memory grow by 200 MB. A fast client brings 30 MB and more in 200 ms. So this server looks every
// 100 ms, and collects if there is enough to collect. To collect takes most of the processor time of
// these tests, so the server does not do it for less. Without --expose-gc, node collects as usual.
declare const gc: (() => void) | undefined;
const GARBAGE = 4000000;
let held = 0;

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collect(): void {
  if (inUse() < held + GARBAGE) return;
  gc!();
  held = inUse();
}

setInterval(() => {
  if (typeof gc === 'function') collect();
  process.stdout.write(`${process.memoryUsage().rss}\n`);
}, 100);

const server = http.createServer(realtime.handle);
// These values are those of src/server.ts.
server.maxHeadersCount = 0;
server.keepAliveTimeout = 40000;
server.headersTimeout = 45000;
if (config.transports.includes('websocket')) server.on('upgrade', realtime.upgrade);
server.listen(at, () => process.stdout.write('listening\n'));
