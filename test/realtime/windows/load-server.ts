/*
 * The server of windows-load.long.test.ts, for a node of Windows. It sends each number back. Node
 * 10 has to be able to run this file, so it uses nothing newer.
 */
import http from 'http';
import path from 'path';

const [dist, at] = process.argv.slice(2);
const load = (name: string): any => require(path.join(dist!, name)); // eslint-disable-line @typescript-eslint/no-require-imports
const config = load('config').readConfig({});
const { Trust } = load('iisnode');
const realtime = load('realtime').createRealtime({ ...config, trust: new Trust(config) }, load('log').createLog('error'));
realtime.io.set('resource', config.resource);

/** Numbers that came twice or in the wrong order, each with the number before it. */
const wrong: string[] = [];
realtime.io.sockets.on('connection', (socket: any) => {
  let last = 0;
  socket.on('n', (n: number) => {
    if (n !== last + 1) wrong.push(`${n} after ${last}`);
    last = n;
    socket.emit('n', n);
  });
  socket.on('wrong', (answer: (wrong: string[]) => void) => answer(wrong));
});

const server = http.createServer(realtime.handle);
// These are the values of src/server.ts.
server.keepAliveTimeout = 40000;
server.headersTimeout = 45000;
server.listen(at);
