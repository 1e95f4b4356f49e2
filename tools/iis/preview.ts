/*
 * Carries out `npm run preview`: serves a folder as IIS, URL Rewrite and iisnode would, on a
 * machine without them.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, readConfig } from '../../src/config';
import { command, UsageError } from '../command';
import { Refusal } from '../refusal';
import { isDirectory } from './files';
import { appPathOf, startIis } from './index';
import type { IisVersion } from './layers';

const APP = readConfig({}).appPath || '/';

const USAGE = `npm run preview -- [folder] [options]

Serves the folder (default: the current folder) with its web.config and iisnode.yml, as IIS 7.5 with
URL Rewrite 2 and iisnode would. Preview is for trying a deployment on a machine without Windows. It
listens on this machine only, and is no server for the public.

  --port 8080             the port; 0 for any free port
  --app <path>            the application's path on the site; / for the root of a site. Default:
                          APP_PATH of the folder's <appSettings>, else ${APP}
  --parent <web.config>   a web.config of the site above, whose settings the application inherits;
                          may be given several times: the site's root first, then the folders below
  --child <path>=<folder> an application below this one, which inherits its settings: files, or a
                          folder with an application for node; may be given several times
  --iis 7.5               7.5, or 10 (with WebSockets, if web.config leaves them to node)
  --node <file>           the node that runs the application, such as your server's version
  --trace                 prints the steps of each request: rule, rewritten URL, handler, process,
                          status
  --local                 answers as IIS answers a browser on the server itself: with the details of
                          errors. Needs the -- in front: npm has an option of this name
`;

const OPTIONS = {
  app: { type: 'string' },
  child: { type: 'string', multiple: true, default: [] as string[] },
  iis: { type: 'string', default: '7.5' },
  local: { type: 'boolean', default: false },
  node: { type: 'string' },
  parent: { type: 'string', multiple: true, default: [] as string[] },
  port: { type: 'string', default: '8080' },
  trace: { type: 'boolean', default: false },
} as const;

command('preview', USAGE, OPTIONS, async ({ values, positionals }) => {
  const folder = path.resolve(positionals[0] ?? '.');
  const port = Number(values.port);
  if (positionals.length > 1) throw new UsageError(`one folder, not ${positionals.length}`);
  if (!existsSync(folder)) throw new UsageError(`there is no folder ${folder}`);
  if (!existsSync(path.join(folder, 'web.config'))) {
    throw new UsageError(`there is no web.config in ${folder}`);
  }
  const iis = readVersion(values.iis);
  if (!/^\d+$/.test(values.port) || port > 65535) {
    throw new UsageError(`--port: a number up to 65535, not ${values.port}`);
  }
  if (values.app !== undefined && !isPath(values.app)) {
    throw new UsageError(`--app: a path such as /app, or /, not ${values.app}`);
  }
  if (values.node !== undefined && !existsSync(values.node)) {
    throw new UsageError(`--node: there is no file ${values.node}`);
  }

  let state: 'starts' | 'serves' | 'ends' = 'starts';
  // In a terminal, Ctrl+C ends the node processes as well. That is no news, and neither are the
  // requests that are cut by it. node calls the handlers of signals last, so a line waits for them.
  const print = (line: string) => {
    if (state === 'starts') console.log(line);
    else setImmediate(() => state !== 'ends' && console.log(line));
  };
  const own = appPathOf(folder, iis);
  const wrong = mistakeIn(own);
  const app = values.app ?? (wrong === null ? own : nearestPath(own));
  const server = await startIis({
    folder, iis, port, app,
    parents: values.parent.map(readParent),
    children: values.child.map(readChild),
    local: values.local,
    node: values.node,
    log: print,
    trace: values.trace ? print : undefined,
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') {
      throw new Refusal(`port ${port} is in use by another program: choose another with --port`);
    }
    // For example, there are more parents than folders above the application.
    throw new UsageError(error.message);
  });
  if (wrong !== null) {
    console.log(`web.config, <appSettings>: ${wrong}. So the server does not start (500.1002)`);
  } else if (values.app !== undefined) warnOfOtherPath(values.app, own);
  console.log(`${folder} as IIS ${iis} would serve it, on this machine only: ${server.url}`);
  console.log('Ctrl+C ends it.');
  state = 'serves';
  const stop = () => {
    // npm hands the signal of a terminal on, so it may come twice.
    if (state === 'ends') return;
    state = 'ends';
    void server.close().finally(() => process.exit(0));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
});

function readVersion(text: string): IisVersion {
  if (text !== '7.5' && text !== '10') throw new UsageError(`--iis: 7.5 or 10, not ${text}`);
  return text;
}

function isPath(text: string): boolean {
  return /^\/[\w./~-]*$/.test(text);
}

/** @param text the path of a web.config, or of the folder that has it */
function readParent(text: string): string {
  const file = isDirectory(text) ? path.join(text, 'web.config') : text;
  if (!existsSync(file)) throw new UsageError(`--parent: there is no file ${file}`);
  return file;
}

function readChild(text: string): { path: string; folder: string } {
  const equals = text.indexOf('=');
  const [name, folder] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  if (equals < 1 || !isPath(`/${name}`)) {
    throw new UsageError(`--child: <path>=<folder>, such as shop=../shop, not ${text}`);
  }
  if (!isDirectory(folder)) {
    throw new UsageError(`--child: there is no folder ${folder}`);
  }
  return { path: name, folder };
}

/** @returns the reason why the server refuses an APP_PATH; null if it takes the value */
function mistakeIn(own: string): string | null {
  try {
    readConfig({ APP_PATH: own });
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** Makes the path that was probably meant by a wrong APP_PATH, such as myApp/ for /myApp. */
function nearestPath(wrong: string): string {
  const nearest = `/${wrong.split('/').filter(Boolean).join('/')}`;
  return isPath(nearest) ? nearest : APP;
}

/** Warns if --app is not APP_PATH: the application answers 404 to a URL outside of its APP_PATH. */
function warnOfOtherPath(app: string, own: string): void {
  if (app === '/' || app.replace(/\/$/, '').toLowerCase() === own.toLowerCase()) return;
  console.log(`--app is ${app}, and APP_PATH of the application is ${own}: the application answers `
    + `404 to every request. Set APP_PATH to ${app} in <appSettings>, or leave --app out.`);
}
