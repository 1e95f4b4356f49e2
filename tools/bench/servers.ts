/* What is compared. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packBundle } from '../package/pack';
import { MakeClient, polling } from './client';
import { appPath, build, root } from './paths';
import { engine, legacy, numbered, sockjs } from './protocols';
import { webSocket } from './socket';
import { bareSocket, engineSocket, legacySocket, numberedSocket } from './socket-protocols';

export interface Kind {
  /** What --servers calls it. One with WebSockets has the name of the one without. */
  name: string;
  /** What the table calls it. */
  title: string;
  /** What its clients are reached over: polls, if missing. */
  over?: 'websocket';
  client: MakeClient;
  /** What node runs. */
  script: string[];
  env?: Record<string, string>;
  /** Where it says how many clients it has, if it does. */
  health?: string;
  /** What is run to see how long it takes to start, if not the same. */
  toStart?: string[];
  /** The one load that it is for, if it is not for all. */
  only?: string;
}

/** Ours as it is built, with the benchmark's application in the place of app.ts. */
const site = path.join(build, 'bench-site');
const logs = path.join(build, 'bench-logs');
const own = (name: string) => [path.join(__dirname, 'servers', `${name}.js`)];
const ours = { script: [path.join(site, 'dist', 'server.js')], toStart: [path.join(root, 'dist', 'server.js')], health: `${appPath}/health` };
const packed = path.join(build, 'bench-package');
const OFFERED = { TRANSPORTS: 'websocket,xhr-polling' };

export const kinds: Kind[] = [
  { name: 'floor', title: 'floor: bare `node:http`', client: polling(legacy), script: own('floor') },
  { name: 'ours', title: '**this template**', client: polling(legacy), ...ours },
  { name: 'ours-realtime', title: '**this template**, client `realtime.js`', client: polling(numbered), ...ours },
  { name: 'ours-package', title: '**this template**, `npm run package`', client: polling(legacy), script: [path.join(packed, 'dist', 'server.js')], only: 'start' },
  { name: 'stock-quiet', title: 'Socket.IO 0.9, the article\'s sample, log off', client: polling(legacy), script: own('sample'), env: { LOG: 'off' } },
  { name: 'stock', title: 'Socket.IO 0.9, the article\'s sample', client: polling(legacy), script: own('sample') },
  {
    name: 'stock-iisnode',
    title: 'the same, logging as under iisnode',
    client: polling(legacy),
    script: [path.join(build, 'test', 'iis', 'interceptor.js'), ...own('sample')],
    env: { IISNODE_LOGGINGENABLED: '1', IISNODE_LOGDIRECTORY: logs },
  },
  { name: 'socket.io-4', title: 'Socket.IO 4, polling', client: polling(engine), script: own('socketio4') },
  { name: 'sockjs', title: 'SockJS 0.3, xhr', client: polling(sockjs), script: own('sockjs') },
  ...([
    { name: 'floor', title: 'floor: bare `ws`', client: webSocket(bareSocket), script: own('floor-ws') },
    { name: 'ours', title: '**this template**', client: webSocket(legacySocket), ...ours, env: OFFERED },
    { name: 'ours-realtime', title: '**this template**, client `realtime.js`', client: webSocket(numberedSocket), ...ours, env: OFFERED },
    { name: 'socket.io-4', title: 'Socket.IO 4, WebSocket', client: webSocket(engineSocket), script: own('socketio4'), env: { TRANSPORTS: 'websocket' } },
  ] satisfies Kind[]).map(kind => ({ ...kind, over: 'websocket' as const })),
];

/** Lays out what the servers run on. */
export async function prepare(): Promise<void> {
  for (const folder of [site, logs, packed]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  for (const folder of ['dist', 'public']) cpSync(path.join(root, folder), path.join(site, folder), { recursive: true });
  writeFileSync(path.join(site, 'dist', 'app.js'), `exports.app = require(${JSON.stringify(own('app')[0])}).app;\n`);
  await packBundle(root, packed);
}
