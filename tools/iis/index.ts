/*
 * A stand-in for IIS with URL Rewrite and iisnode, for machines that have none: it serves a folder
 * with the web.config and iisnode.yml that lie in it, and behaves as they do, down to their errors.
 * It is for tests and for trying a deployment, not for the public: it listens on loopback only,
 * speaks no HTTPS, and takes its visitors to come from elsewhere (they are shown no details of
 * errors).
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
  /** The folder that holds the web.config. */
  folder: string;
  /**
   * Where it is on the site: an application such as '/app', or '/' for the root. Default: APP_PATH
   * of the folder's own <appSettings>, else where this project's lives.
   */
  app?: string;
  /** The web.config files of the folders above the application, that of the site's root first. */
  parents?: string[];
  /** Applications below this one: the path, from this one's, and the folder of each. */
  children?: { path: string; folder: string }[];
  /** 0, the default: any that is free. */
  port?: number;
  iis?: IisVersion;
  /**
   * The node.exe to run, and how, where it is not this system's; default: the one that runs this.
   */
  node?: string | NodeExe;
  /** Takes a line for each request: what happened to it. */
  trace?: (line: string) => void;
  /** Takes a line where a configuration cannot be used, and where a process starts or ends. */
  log?: (line: string) => void;
  /** Whether clients are treated as IIS treats a browser on the server itself. Default: no. */
  local?: boolean;
  /** Whether IIS's dynamic compression is installed. Default: no, as in a plain installation. */
  dynamicCompression?: boolean;
  /**
   * IIS's own limit above iisnode's, of requests at a time (serverRuntime's
   * appConcurrentRequestLimit). Default: 5000, as in IIS.
   */
  concurrentRequestLimit?: number;
  /**
   * Server variables, of all requests or of each, as modules of IIS set them: AUTH_USER on a site
   * with Windows authentication.
   */
  serverVariables?: Record<string, string> | ((req: http.IncomingMessage) => Record<string, string>);
  /**
   * The server variables that the server's own configuration lets rules set. Default: none, as in a
   * fresh IIS.
   */
  allowedServerVariables?: string[];
}

export interface Iis {
  /** 'http://localhost:8080'. */
  origin: string;
  port: number;
  /** Where the application is, with a slash at the end. */
  url: string;
  /** The node processes that live, the newest first. */
  pids: () => number[];
  /**
   * The pool's own recycling, overlapped: new requests go to new processes at once, the old ones
   * finish theirs.
   */
  recycle: () => void;
  close: () => Promise<void>;
}

/**
 * Starts a site.
 * @throws if the port is taken. A web.config that IIS would refuse is no error here: each request
 *   is answered 500.19.
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
      // A flaw of the stand-in itself: it shows, and the client is not left waiting.
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
  // As many as they are: node's own limit would leave some out.
  server.maxHeadersCount = 0;
  server.on('upgrade', (req: http.IncomingMessage, socket, head) => {
    const res = new http.ServerResponse(req);
    res.assignSocket(socket as never);
    res.shouldKeepAlive = false;
    res.on('finish', () => socket.end());
    socket.on('error', () => socket.destroy());
    // Another protocol than WebSocket, HTTP/2 say, is an offer that http.sys does not take: the
    // request goes on as it is.
    serve(req, res, /^websocket$/i.test(req.headers.upgrade ?? '') ? { socket, head } : undefined);
  });
  server.on(
    'clientError',
    (_error, socket) => socket.end(
      'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    ),
  );
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

/**
 * The application and those below it. They have one pool: what one of them is told holds for all.
 */
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
    return new Site(
      { ...common, folder: childFolder, app: childApp, parents: [...parents, own, ...between] },
    );
  });
  const sites = new Sites(new Site({ ...common, folder, app, parents }), below);
  return sites;
}

/** '/a/b', without a slash at the end; '/' for nothing. */
function slashed(url: string): string {
  return `/${url.split('/').filter(one => one !== '').join('/')}`;
}

/**
 * The URL of a folder above the application: 0 is the root of the site.
 * @throws Error where there is no such folder
 */
function folderAbove(app: string, at: number): string {
  const above = app.split('/').slice(1, -1);
  if (app === '/' || at > above.length) {
    throw new Error(
      `there are ${app === '/' ? 0 : above.length + 1} folders above ${app}, `
      + 'and more parents than that',
    );
  }
  return `/${above.slice(0, at).map(one => `${one}/`).join('')}`;
}

/** Where a folder says that it lives: APP_PATH of its <appSettings>. */
export function appPathOf(folder: string, iis: IisVersion): string {
  try {
    const { appSettings } = readSiteConfig(folder, iis);
    const own = appSettings.find(([key]) => key.toUpperCase() === 'APP_PATH');
    if (own) return own[1];
  } catch {
    // A web.config that IIS does not take is said when it is served.
  }
  return readConfig({}).appPath;
}
