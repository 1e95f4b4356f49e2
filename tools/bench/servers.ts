/* The servers that the benchmark compares. */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packBundle } from '../package/pack';
import { MakeClient, polling } from './client';
import { appPath, build, root } from './paths';
import { buildSignalR, library } from './dotnet';
import { engine, legacy, numbered, signalr, sockjs } from './protocols';
import { otherName } from './report';
import { webSocket } from './socket';
import { bareSocket, engineSocket, legacySocket, numberedSocket } from './socket-protocols';

export interface Kind {
  /** The server's name for --servers. A server has the same name with WebSockets and without. */
  name: string;
  /** The server's name in the table. */
  title: string;
  /** The transport of the server's clients; polls, if missing. */
  over?: 'websocket';
  client: MakeClient;
  /** The arguments of the program: the script and its own arguments. */
  script: string[];
  /** The program that runs the script, if it is not this node. */
  program?: 'dotnet';
  env?: Record<string, string>;
  /** The URL of the server's health, which has the number of clients. */
  health?: string;
  /** The script whose start is measured, if it is another one. */
  toStart?: string[];
  /** The only load that the server is for. */
  only?: string;
  /** The signal that ends the server, if the server must clean up at its end. */
  signal?: 'SIGTERM';
  /** Whether the server is a peer, whose packages are installed only for the benchmark. */
  peer?: true;
  /** Whether the server is from the other copy of the template, in the folder of --against. */
  against?: true;
}

/** The built template, with the benchmark's application in the place of app.ts. */
const site = path.join(build, 'bench-site');
const logs = path.join(build, 'bench-logs');
const packed = path.join(build, 'bench-package');
/** The other copy of the template, with the same application. */
const other = path.join(build, 'bench-against');

function own(name: string): string[] {
  return [path.join(__dirname, 'servers', `${name}.js`)];
}

function standIn(folder: string): string {
  return path.join(folder, 'build', 'tools', 'iis', 'index.js');
}

const ours = {
  script: [path.join(site, 'dist', 'server.js')],
  toStart: [path.join(root, 'dist', 'server.js')],
  health: `${appPath}/health`,
};
const preview = {
  script: [...own('preview'), standIn(root), site],
  // At this signal, the stand-in also ends the node process that it has started.
  signal: 'SIGTERM' as const,
};

const OVER_POLLING: Kind[] = [
  {
    name: 'floor',
    title: 'floor: bare `node:http`',
    client: polling(legacy),
    script: own('floor'),
  },
  {
    name: 'ours',
    title: '**this template**',
    client: polling(legacy),
    ...ours,
  },
  {
    name: 'ours-realtime',
    title: '**this template**, client `realtime.js`',
    client: polling(numbered),
    ...ours,
  },
  {
    name: 'ours-package',
    title: '**this template**, `npm run package`',
    client: polling(legacy),
    script: [path.join(packed, 'dist', 'server.js')],
    only: 'start',
  },
  {
    name: 'preview',
    title: '`npm run preview`',
    client: polling(legacy),
    ...preview,
    only: 'preview',
  },
  {
    name: 'stock-quiet',
    title: 'Socket.IO 0.9, the article\'s sample, log off',
    client: polling(legacy),
    script: own('sample'),
    env: { LOG: 'off' },
  },
  {
    name: 'stock',
    title: 'Socket.IO 0.9, the article\'s sample',
    client: polling(legacy),
    script: own('sample'),
  },
  {
    name: 'stock-iisnode',
    title: 'the same, logging as under iisnode',
    client: polling(legacy),
    script: [path.join(build, 'tools', 'iis', 'interceptor.js'), ...own('sample')],
    env: { IISNODE_LOGGINGENABLED: '1', IISNODE_LOGDIRECTORY: logs },
  },
  {
    name: 'socket.io-4',
    title: 'Socket.IO 4, polling',
    client: polling(engine),
    script: own('socketio4'),
    peer: true,
  },
  {
    name: 'sockjs',
    title: 'SockJS 0.3, xhr',
    client: polling(sockjs),
    script: own('sockjs'),
    peer: true,
  },
  {
    name: 'signalr',
    title: 'SignalR, long polling',
    client: polling(signalr),
    script: [library],
    program: 'dotnet',
  },
];

const BOTH_TRANSPORTS = { TRANSPORTS: 'websocket,xhr-polling' };

const OVER_WEBSOCKET: Kind[] = [
  {
    name: 'floor',
    title: 'floor: bare `ws`',
    client: webSocket(bareSocket),
    script: own('floor-ws'),
  },
  {
    name: 'ours',
    title: '**this template**',
    client: webSocket(legacySocket),
    ...ours,
    env: BOTH_TRANSPORTS,
  },
  {
    name: 'ours-realtime',
    title: '**this template**, client `realtime.js`',
    client: webSocket(numberedSocket),
    ...ours,
    env: BOTH_TRANSPORTS,
  },
  {
    name: 'socket.io-4',
    title: 'Socket.IO 4, WebSocket',
    client: webSocket(engineSocket),
    script: own('socketio4'),
    env: { TRANSPORTS: 'websocket' },
    peer: true,
  },
];

export const kinds: Kind[] = [
  ...OVER_POLLING,
  ...OVER_WEBSOCKET.map(kind => ({ ...kind, over: 'websocket' as const })),
];

/**
 * Makes the same server with an application that sends the number of clients to all. The floor has
 * no application, so nothing changes for it.
 */
export function counting(kind: Kind): Kind {
  return { ...kind, env: { ...kind.env, BENCH_APP: own('counting')[0]! } };
}

/**
 * Lists the servers that --against compares: each server of this template, and behind it the same
 * server of the other copy.
 * @param servers the servers to pair; peers and others are left out
 * @param folder the other copy
 */
export function pairs(servers: Kind[], folder: string): Kind[] {
  const copied = servers.filter(({ script }) => [ours.script, preview.script].includes(script));
  const server = [path.join(other, 'dist', 'server.js')];
  const previewOfOther = [...own('preview'), standIn(path.resolve(folder)), other];
  return copied.flatMap(kind => [
    kind,
    {
      ...kind,
      name: otherName(kind.name),
      title: `${kind.title}, the other copy`,
      script: kind.script === preview.script ? previewOfOther : server,
      toStart: [path.resolve(folder, 'dist', 'server.js')],
      against: true as const,
    },
  ]);
}

/** Says whether a copy of the template has built its `npm run preview`. */
export function hasPreview(folder: string): boolean {
  return existsSync(standIn(folder));
}

/**
 * Makes the folders in which the servers run.
 * @param folder the other copy of the template, which must be built
 * @throws Error if that copy is not built
 */
export async function prepare(servers: Kind[], folder?: string): Promise<void> {
  for (const one of [site, logs, packed, other]) rmSync(one, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  layOut(root, site);
  if (servers.some(({ only }) => only === 'start')) await packBundle(root, packed);
  if (servers.some(({ program }) => program)) buildSignalR();
  if (folder === undefined) return;
  const built = path.join(folder, 'dist', 'server.js');
  if (!existsSync(built)) {
    throw new Error(`--against ${folder}: there is no ${built}; run npm run build there`);
  }
  layOut(folder, other);
  // The other copy has packages of its own, perhaps in other versions.
  symlinkSync(path.resolve(folder, 'node_modules'), path.join(other, 'node_modules'), 'junction');
}

/** Copies a built template, with the benchmark's application in the place of app.ts. */
function layOut(from: string, to: string): void {
  for (const name of ['dist', 'public', 'web.config', 'iisnode.yml']) {
    cpSync(path.join(from, name), path.join(to, name), { recursive: true });
  }
  const app = `process.env.BENCH_APP || ${JSON.stringify(own('app')[0])}`;
  writeFileSync(path.join(to, 'dist', 'app.js'), `exports.app = require(${app}).app;\n`);
}
