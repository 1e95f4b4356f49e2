/* Makes small applications for the tests of the stand-in for IIS. Each has a folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startIis, type IisOptions } from '../../tools/iis';
import { request } from '../support/request';
import { appPath, emptyFolder } from '../support/template';

/**
 * Writes files into a new folder, which is deleted when the test ends.
 * @param files the texts of the files, by their paths in the folder
 * @returns the path of the folder
 */
export function application(t: TestContext, files: Record<string, string>): string {
  const folder = emptyFolder(t, 'application-');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/**
 * Makes a web.config with a handler of iisnode.
 * @param attributes the attributes of `<iisnode>`
 * @param script the path of the handler
 * @param server further elements of `<system.webServer>`
 * @param rest further elements of `<configuration>`
 */
export function webConfig(attributes = '', { script = 'hello.js', server = '', rest = '' } = {}): string {
  // The delay of iisnode is 250 ms by default. Each first request would wait for so long.
  const delay = attributes.includes('namedPipeConnectionRetryDelay') ? '' : 'namedPipeConnectionRetryDelay="20"';
  return `<?xml version="1.0" encoding="utf-8"?>
<configuration>
  ${rest}
  <system.webServer>
    <handlers><add name="iisnode" path="${script}" verb="*" modules="iisnode" /></handlers>
    <iisnode ${delay} ${attributes} />
    ${server}
  </system.webServer>
</configuration>`;
}

/**
 * Makes a script for node 10 and later.
 * @param answer the code that handles a request, with `req` and `res`
 * @param before the code that runs at the start
 */
export function script(answer: string, before = ''): string {
  return `const http = require('http');\n${before}\nhttp.createServer((req, res) => {\n${answer}\n}).listen(process.env.PORT);\n`;
}

/**
 * Serves an application by the stand-in until the test ends.
 * @returns `trace`, which returns the stand-in's lines about its requests, and `get`, which
 *   requests a path in the application
 */
export async function serve(t: TestContext, files: Record<string, string>, options: Partial<IisOptions> = {}) {
  // The stand-in has to stop before application() deletes the folder. node:test calls these
  // functions in the order of the calls of after().
  let stop = () => Promise.resolve();
  t.after(() => stop());
  const folder = application(t, files);
  const trace: string[] = [];
  const iis = await startIis({ folder, app: appPath, trace: line => { trace.push(line); }, ...options });
  stop = () => iis.close();
  const base = iis.url.slice(iis.origin.length);
  return {
    iis,
    folder,
    trace: () => trace.join('\n'),
    get: (name = 'hello.js', to: http.RequestOptions = {}, body = '') => request({ port: iis.port, path: base + name, ...to }, body),
  };
}
