/* A small site for browsers: pages with socket.io.js and realtime.js, and the application of a test. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Server } from '../../src/realtime';
import { Loose, serve, Served } from './raw';
import { appPath, resource, root } from './template';

const CLIENT = path.join(root, 'node_modules', 'socket.io-client', 'dist', 'socket.io.min.js');
const files: Record<string, string> = {
  [`${resource}/socket.io.js`]: CLIENT,
  [`${appPath}/realtime.js`]: path.join(root, 'public', 'realtime.js'),
};

export interface Site extends Served {
  /** Returns the address of a page. */
  page: (name: string) => string;
}

/**
 * Serves pages until the test ends.
 * @param pages the pages by their names: HTML that comes after both scripts, or a whole page, which
 *   begins with `<!`
 * @param env the settings of the server
 */
export function serveSite(
  t: TestContext, app: (io: Server<Loose, Loose>) => void, pages: Record<string, string>,
  env: Record<string, string> = {},
): Site {
  const scripts = Object.keys(files).map(src => `<script src="${src}"></script>`).join('');

  /** Answers a request for a page or a script. @returns false for other requests */
  function answer(req: IncomingMessage, res: ServerResponse): boolean {
    const { pathname } = new URL(req.url!, 'http://localhost');
    const file = files[pathname];
    const html = pages[pathname.slice(appPath.length + 1)];
    if (!file && html === undefined) return false;
    res.setHeader('Content-Type', file ? 'text/javascript' : 'text/html; charset=utf-8');
    if (file) res.end(readFileSync(file));
    else res.end(html!.startsWith('<!') ? html : `<!DOCTYPE html><title>a page</title>${scripts}${html!}`);
    return true;
  }

  const served = serve(t, app, env, server => {
    const [realtime] = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
    server.removeAllListeners('request');
    server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (!answer(req, res)) realtime!(req, res);
    });
  });
  return { ...served, page: name => `${served.origin}${appPath}/${name}` };
}
