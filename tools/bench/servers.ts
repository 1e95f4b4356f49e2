/* What is compared. */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  /** How it is ended, if it has to clean up behind it. */
  signal?: 'SIGTERM';
  /** Whether it is one of the peers, which are installed for the benchmark alone. */
  peer?: true;
  /** Whether it runs what is built in another copy of the template: the folder that --against names. */
  against?: true;
}

/** Ours as it is built, with the benchmark's application in the place of app.ts. */
const site = path.join(build, 'bench-site');
const logs = path.join(build, 'bench-logs');
const own = (name: string) => [path.join(__dirname, 'servers', `${name}.js`)];
const ours = { script: [path.join(site, 'dist', 'server.js')], toStart: [path.join(root, 'dist', 'server.js')], health: `${appPath}/health` };
const packed = path.join(build, 'bench-package');
const standIn = (folder: string) => path.join(folder, 'build', 'tools', 'iis', 'index.js');
const preview = {
  script: [...own('preview'), standIn(root), site],
  // It ends the node that it has started.
  signal: 'SIGTERM' as const,
};
const OFFERED = { TRANSPORTS: 'websocket,xhr-polling' };

export const kinds: Kind[] = [
  { name: 'floor', title: 'floor: bare `node:http`', client: polling(legacy), script: own('floor') },
  { name: 'ours', title: '**this template**', client: polling(legacy), ...ours },
  { name: 'ours-realtime', title: '**this template**, client `realtime.js`', client: polling(numbered), ...ours },
  { name: 'ours-package', title: '**this template**, `npm run package`', client: polling(legacy), script: [path.join(packed, 'dist', 'server.js')], only: 'start' },
  { name: 'preview', title: '`npm run preview`', client: polling(legacy), ...preview, only: 'preview' },
  { name: 'stock-quiet', title: 'Socket.IO 0.9, the article\'s sample, log off', client: polling(legacy), script: own('sample'), env: { LOG: 'off' } },
  { name: 'stock', title: 'Socket.IO 0.9, the article\'s sample', client: polling(legacy), script: own('sample') },
  {
    name: 'stock-iisnode',
    title: 'the same, logging as under iisnode',
    client: polling(legacy),
    script: [path.join(build, 'tools', 'iis', 'interceptor.js'), ...own('sample')],
    env: { IISNODE_LOGGINGENABLED: '1', IISNODE_LOGDIRECTORY: logs },
  },
  { name: 'socket.io-4', title: 'Socket.IO 4, polling', client: polling(engine), script: own('socketio4'), peer: true },
  { name: 'sockjs', title: 'SockJS 0.3, xhr', client: polling(sockjs), script: own('sockjs'), peer: true },
  ...([
    { name: 'floor', title: 'floor: bare `ws`', client: webSocket(bareSocket), script: own('floor-ws') },
    { name: 'ours', title: '**this template**', client: webSocket(legacySocket), ...ours, env: OFFERED },
    { name: 'ours-realtime', title: '**this template**, client `realtime.js`', client: webSocket(numberedSocket), ...ours, env: OFFERED },
    {
      name: 'socket.io-4',
      title: 'Socket.IO 4, WebSocket',
      client: webSocket(engineSocket),
      script: own('socketio4'),
      env: { TRANSPORTS: 'websocket' },
      peer: true,
    },
  ] satisfies Kind[]).map(kind => ({ ...kind, over: 'websocket' as const })),
];

/** Where the other copy of the template runs. */
const other = path.join(build, 'bench-against');

/** The same server, whose application tells everybody how many they are. The floor has no application. */
export function counting(kind: Kind): Kind {
  return { ...kind, env: { ...kind.env, BENCH_APP: own('counting')[0]! } };
}

/**
 * What --against compares: each of ours that runs on its own, beside the same from another copy.
 * @param servers those of which the pairs are made; all others are left out
 * @param folder the other copy
 */
export function pairs(servers: Kind[], folder: string): Kind[] {
  const copied = servers.filter(({ script }) => [ours.script, preview.script].includes(script));
  return copied.flatMap(kind => [
    kind,
    {
      ...kind,
      name: `against-${kind.name}`,
      title: `${kind.title}, the other copy`,
      script: kind.script === preview.script
        ? [...own('preview'), standIn(path.resolve(folder)), other]
        : [path.join(other, 'dist', 'server.js')],
      toStart: [path.join(other, 'dist', 'server.js')],
      against: true as const,
    },
  ]);
}

/**
 * Lays out what the servers run on.
 * @param folder the other copy of the template, built, if there is one
 * @throws if there is nothing built in that folder
 */
export async function prepare(servers: Kind[], folder?: string): Promise<void> {
  for (const one of [site, logs, packed, other]) rmSync(one, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  layOut(root, site);
  if (servers.some(({ only }) => only === 'start')) await packBundle(root, packed);
  if (folder === undefined) return;
  const built = path.join(folder, 'dist', 'server.js');
  if (!existsSync(built)) {
    throw new Error(`--against ${folder}: there is no ${built}; run npm run build there`);
  }
  layOut(folder, other);
  // The packages that it was built with, which need not be ours.
  symlinkSync(path.resolve(folder, 'node_modules'), path.join(other, 'node_modules'), 'junction');
}

/** Copies what is built in `from`, with the benchmark's application in the place of app.ts. */
function layOut(from: string, to: string): void {
  for (const name of ['dist', 'public', 'web.config', 'iisnode.yml']) {
    cpSync(path.join(from, name), path.join(to, name), { recursive: true });
  }
  const app = `process.env.BENCH_APP || ${JSON.stringify(own('app')[0])}`;
  writeFileSync(path.join(to, 'dist', 'app.js'), `exports.app = require(${app}).app;\n`);
}
