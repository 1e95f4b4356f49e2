/* Small applications for the tests of the stand-in, each in a folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { startIis, type IisOptions } from '../../tools/iis';
import { request } from '../support/request';
import { appPath, emptyFolder } from '../support/template';

/** Writes a folder: relative path to text. Gives where it is; it is gone when the test ends. */
export function application(t: TestContext, files: Record<string, string>): string {
  const folder = emptyFolder(t, 'application-');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** A web.config: a handler for `script`, attributes of `<iisnode>`, and what else is in `<system.webServer>` and `<configuration>`. */
export function webConfig(attributes = '', { script = 'hello.js', server = '', rest = '' } = {}): string {
  // With iisnode's own delay, 250 ms, each first request would wait that long for node.
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

/** A script for node 10 and later: `answer` is what it does with `req` and `res`, `before` what it does first. */
export function script(answer: string, before = ''): string {
  return `const http = require('http');\n${before}\nhttp.createServer((req, res) => {\n${answer}\n}).listen(process.env.PORT);\n`;
}

/** Runs an application until the test ends. `trace` is what the stand-in says of its requests; `get` asks for a path in it. */
export async function serve(t: TestContext, files: Record<string, string>, options: Partial<IisOptions> = {}) {
  // What runs in the folder ends before the folder goes: these are called in the order they are given.
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
