/* npm run preview: serves a folder as IIS, URL Rewrite and iisnode would, on a machine that has none of them. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config';
import { startIis } from './index';

const APP = readConfig({}).appPath || '/';

const USAGE = `npm run preview -- [folder] [options]

Serves the folder (default: this one) with its web.config and iisnode.yml, as IIS 7.5 with URL Rewrite 2 and iisnode would. For trying a
deployment on a machine without Windows: it listens on this machine only, and is no server for the public.

  --port 8080      the port; 0 for any that is free
  --app <path>     the application's path on the site (${APP}); / for the root of a site
  --iis 7.5        7.5, or 10 (WebSockets, where web.config leaves them to node)
  --node <file>    the node to run the application with: that of your server, say
  --trace          prints what happens with each request: rule, rewritten URL, handler, process, status
  --local          answers as IIS answers a browser on the server itself: with the details of errors
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      app: { type: 'string', default: APP },
      help: { type: 'boolean', default: false },
      iis: { type: 'string', default: '7.5' },
      local: { type: 'boolean', default: false },
      node: { type: 'string' },
      port: { type: 'string', default: '8080' },
      trace: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const folder = path.resolve(positionals[0] ?? '.');
  const { iis } = values;
  const port = Number(values.port);
  if (positionals.length > 1) throw new Error(`one folder, not ${positionals.length}`);
  // npm takes options for its own where the -- is forgotten, and hands their values on: /, of --app /, is no folder to serve.
  const hint = '(options stand behind --: npm run preview -- --port 8081)';
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder} ${hint}`);
  if (!existsSync(path.join(folder, 'web.config'))) throw new Error(`there is no web.config in ${folder} ${hint}`);
  if (iis !== '7.5' && iis !== '10') throw new Error(`--iis: 7.5 or 10, not ${iis}`);
  if (!/^\d+$/.test(values.port) || port > 65535) throw new Error(`--port: a number up to 65535, not ${values.port}`);
  if (!/^\/[\w./~-]*$/.test(values.app)) throw new Error(`--app: a path such as /app, or /, not ${values.app}`);
  if (values.node !== undefined && !existsSync(values.node)) throw new Error(`--node: there is no file ${values.node}`);

  const server = await startIis({
    folder, iis, port, app: values.app, local: values.local, node: values.node, log: line => console.log(line),
    trace: values.trace ? line => console.log(line) : undefined,
  });
  console.log(`${folder} as IIS ${iis} would serve it, on this machine only: ${server.url}`);
  console.log('Ctrl+C ends it.');
  const stop = () => void server.close().finally(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

main().catch((error: Error) => {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  console.error(taken ? 'The port is taken: choose another with --port' : `${error.message}. --help says more.`);
  process.exitCode = 2;
});
