/* What is compared. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, root } from './paths';
import { engine, legacy, numbered, Protocol, sockjs } from './protocols';

export interface Kind {
  /** What --servers calls it. */
  name: string;
  /** What the table calls it. */
  title: string;
  protocol: Protocol;
  /** What node runs. */
  script: string[];
  env?: Record<string, string>;
  /** Where it says how many clients it has, if it does. */
  health?: string;
  /** What is run to see how long it takes to start, if not the same. */
  toStart?: string[];
}

/** Ours as it is built, with the benchmark's application in the place of app.ts. */
const site = path.join(build, 'bench-site');
const logs = path.join(build, 'bench-logs');
const own = (name: string) => [path.join(__dirname, 'servers', `${name}.js`)];
const ours = { script: [path.join(site, 'dist', 'server.js')], toStart: [path.join(root, 'dist', 'server.js')], health: '/myApp/health' };

export const kinds: Kind[] = [
  { name: 'floor', title: 'floor: bare `node:http`', protocol: legacy, script: own('floor') },
  { name: 'ours', title: '**this template**', protocol: legacy, ...ours },
  { name: 'ours-realtime', title: '**this template**, client `realtime.js`', protocol: numbered, ...ours },
  { name: 'stock-quiet', title: 'Socket.IO 0.9, the article\'s sample, log off', protocol: legacy, script: own('sample'), env: { LOG: 'off' } },
  { name: 'stock', title: 'Socket.IO 0.9, the article\'s sample', protocol: legacy, script: own('sample') },
  {
    name: 'stock-iisnode',
    title: 'the same, logging as under iisnode',
    protocol: legacy,
    script: [path.join(build, 'test', 'iis', 'interceptor.js'), ...own('sample')],
    env: { IISNODE_LOGGINGENABLED: '1', IISNODE_LOGDIRECTORY: logs },
  },
  { name: 'socket.io-4', title: 'Socket.IO 4, polling', protocol: engine, script: own('socketio4') },
  { name: 'sockjs', title: 'SockJS 0.3, xhr', protocol: sockjs, script: own('sockjs') },
];

/** Lays out what the servers run on. */
export function prepare(): void {
  for (const folder of [site, logs]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  for (const folder of ['dist', 'public']) cpSync(path.join(root, folder), path.join(site, folder), { recursive: true });
  writeFileSync(path.join(site, 'dist', 'app.js'), `exports.app = require(${JSON.stringify(own('app')[0])}).app;\n`);
}
