/*
 * A stand-in for IIS with URL Rewrite and iisnode, for machines without them. The stand-in serves a
 * folder according to the folder's web.config and iisnode.yml, and answers with the same errors as
 * IIS, URL Rewrite and iisnode. The stand-in is for tests and for trying a deployment, and not for
 * the public: it listens on loopback only and has no HTTPS. By default, a client counts as a client
 * on another machine, so the answers have no details of errors.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { readConfig } from '../../src/config';
import { IisVersion, readSiteConfig } from './config';
import { Site, SiteOptions } from './site';
import { Sites } from './sites';
import { NodeExe, ownNode } from './system';
import type { Visit } from './visit';

export interface IisOptions {
  /** The folder that has the web.config. */
  folder: string;
  /**
   * The application's path on the site, such as '/app', or '/' for the root. Default: APP_PATH of
   * the folder's own <appSettings>, else the default of this project.
   */
  app?: string;
  /** The web.config files of the folders above the application, the site's root first. */
  parents?: string[];
  /** The applications below this one, each with its folder and its path from this application. */
  children?: { path: string; folder: string }[];
  /** The port; 0, the default, stands for any free port. */
  port?: number;
  iis?: IisVersion;
  /** The node.exe to run. Default: the node that runs the stand-in. */
  node?: string | NodeExe;
  /** A function that is called with a line for each request, which lists the request's steps. */
  trace?: (line: string) => void;
  /** A function that is called with a line for each problem, and each start and end of node. */
  log?: (line: string) => void;
  /** Whether to answer as IIS answers a browser on the server itself. Default: no. */
  local?: boolean;
  /** Whether IIS's dynamic compression is installed. Default: no, as in a plain installation. */
  dynamicCompression?: boolean;
  /**
   * appConcurrentRequestLimit of serverRuntime: the number of requests that IIS takes at a time.
   * iisnode has a limit of its own. Default: 5000, as in IIS.
   */
  concurrentRequestLimit?: number;
  /**
   * The server variables that modules of IIS set: the same for all requests, or a function of the
   * request. For example, a site with Windows authentication has AUTH_USER.
   */
  serverVariables?: Variables | ((req: http.IncomingMessage) => Variables);
  /**
   * The server variables that rules may set, according to the server's own configuration. Default:
   * none, as in a fresh IIS.
   */
  allowedServerVariables?: string[];
}

type Variables = Record<string, string>;

export interface Iis {
  /** The origin, such as 'http://localhost:8080'. */
  origin: string;
  port: number;
  /** The application's URL, with a slash at the end. */
  url: string;
  /** The ids of the live node processes, the newest first. */
  pids: () => number[];
  /**
   * Recycles the application pool, overlapped: new requests go to new processes at once, and the
   * old processes finish their requests.
   */
  recycle: () => void;
  close: () => Promise<void>;
}

/**
 * Starts a site. A web.config that IIS would refuse is no error here. The site then answers 500.19
 * to every request.
 * @throws Error if the port is taken
 */
export async function startIis(options: IisOptions): Promise<Iis> {
  const sites = createSites(options);
  const serve = (
    req: http.IncomingMessage, res: http.ServerResponse, upgrade?: Visit['upgrade'],
  ) => {
    const { serverVariables: given = {} } = options;
    const variables = typeof given === 'function' ? given(req) : given;
    const visit: Visit = {
      req,
      res,
      upgrade,
      rawUrl: req.url!,
      path: '',
      query: '',
      trace: [],
      variables,
    };
    const { method } = req;
    sites.handle(visit).catch((error: Error) => {
      // The stand-in itself has a mistake. The client does not wait.
      console.error(error);
      visit.trace.push(error.stack ?? error.message);
      res.destroy();
      req.socket.destroy();
    }).finally(() => {
      options.trace?.(`${method} ${visit.rawUrl} → ${visit.trace.join(' → ')}`);
    }).catch(() => undefined);
  };
  // http.sys takes 16 KB of request line and headers.
  const server = http.createServer(
    { maxHeaderSize: 16384, requestTimeout: 0, insecureHTTPParser: false },
    (req, res) => serve(req, res),
  );
  // 0 means no limit. node's own limit is 2000 headers, and node drops the rest without an error.
  server.maxHeadersCount = 0;
  server.on('upgrade', (req: http.IncomingMessage, socket, head) => {
    const res = new http.ServerResponse(req);
    res.assignSocket(socket as never);
    res.shouldKeepAlive = false;
    res.on('finish', () => socket.end());
    socket.on('error', () => socket.destroy());
    // http.sys ignores the offer of another protocol than WebSocket, such as HTTP/2. It handles the
    // request as a request without an offer.
    serve(req, res, /^websocket$/i.test(req.headers.upgrade ?? '') ? { socket, head } : undefined);
  });
  server.on('clientError', (_error, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  // IIS keeps an idle connection for 2 minutes (connectionTimeout).
  server.keepAliveTimeout = 120000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, 'localhost', resolve);
  });

  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  return {
    origin,
    port,
    url: `${origin}${sites.main.base}`,
    pids: () => sites.all.flatMap(site => site.iisnode.pids()),
    recycle: () => sites.all.forEach(site => site.iisnode.recycleWorker()),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.all(sites.all.map(site => site.iisnode.close()));
    },
  };
}

/** Creates the application and the applications below it. All share an application pool. */
function createSites(options: IisOptions): Sites {
  const folder = path.resolve(options.folder);
  const iis = options.iis ?? '7.5';
  const app = slashed(options.app ?? appPathOf(folder, iis));
  const { node = process.execPath, allowedServerVariables: allowed = [] } = options;
  const parents = (options.parents ?? [])
    .map((file, at) => ({ file: path.resolve(file), base: folderAbove(app, at) }));
  const common: Omit<SiteOptions, 'folder' | 'app' | 'parents'> = {
    iis,
    node: typeof node === 'string' ? ownNode(node) : node,
    local: options.local ?? false,
    dynamicCompression: options.dynamicCompression ?? false,
    concurrentRequestLimit: options.concurrentRequestLimit ?? 5000,
    allowedVariables: new Set(allowed.map(name => name.toUpperCase())),
    log: options.log ?? (() => undefined),
    elsewhere: url => sites.of(url),
  };
  const own = { file: path.join(folder, 'web.config'), base: app === '/' ? '/' : `${app}/` };
  const children = (options.children ?? []).map(child => {
    const childFolder = path.resolve(child.folder);
    const childApp = slashed(own.base + child.path);
    return {
      folder: childFolder,
      app: childApp,
      file: path.join(childFolder, 'web.config'),
      base: `${childApp}/`,
    };
  }).sort((one, other) => one.base.length - other.base.length);
  const below = children.map(({ folder: childFolder, app: childApp, base }) => {
    const between = children.filter(one => one.base !== base && base.startsWith(one.base));
    const above = [...parents, own, ...between];
    return new Site({ ...common, folder: childFolder, app: childApp, parents: above });
  });
  const sites = new Sites(new Site({ ...common, folder, app, parents }), below);
  return sites;
}

/** Writes a path as '/a/b', without a slash at the end; the root is '/'. */
function slashed(url: string): string {
  return `/${url.split('/').filter(one => one !== '').join('/')}`;
}

/**
 * Makes the URL of a folder above the application.
 * @param depth the depth of the folder, 0 for the root of the site
 * @throws Error if there is no such folder
 */
function folderAbove(app: string, depth: number): string {
  const above = app.split('/').slice(1, -1);
  const count = app === '/' ? 0 : above.length + 1;
  if (depth >= count) {
    throw new Error(`there are ${count} folders above ${app}, and more parents than that`);
  }
  return `/${above.slice(0, depth).map(one => `${one}/`).join('')}`;
}

/** Reads the application's path: APP_PATH of the folder's <appSettings>, else the default. */
export function appPathOf(folder: string, iis: IisVersion): string {
  try {
    const { appSettings } = readSiteConfig(folder, iis);
    const own = appSettings.find(([key]) => key.toUpperCase() === 'APP_PATH')?.[1].trim();
    // The server uses the default in place of an empty setting, so this function does the same.
    if (own) return own;
  } catch {
    // If IIS refuses the web.config, the problem is logged when the folder is served.
  }
  return readConfig({}).appPath;
}
