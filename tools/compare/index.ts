/* npm run compare: finds requests that a real server and preview answer in different ways. */
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config';
import { command, UsageError } from '../command';
import { isDirectory } from '../iis/files';
import { startIis } from '../iis/index';
import { showProgress } from '../progress';
import { Refusal } from '../refusal';
import { allCases, Case } from './cases';
import { compare } from './compare';
import { file, table } from './report';
import { Answer, send, Side } from './wire';

/** An example of an address, for messages. */
const EXAMPLE = `http://server${readConfig({}).appPath}/`;

const USAGE = `npm run compare -- [options] ${EXAMPLE} [folder]

Sends some 300 requests to a server with IIS, and to preview with the same folder (default: the
folder of this project). Prints the answers that differ. Writes all answers into build/compare.json,
to attach to an issue. Without --write, the command sends only requests that read, and handshakes,
whose sessions end by themselves.

  --write               sends requests that write as well, and opens sessions (30 s more)
  --recycle <folder>    run on the server itself: sets the time of dist/server.js in the
                        application's folder, and compares again with the new process
  --iis 10              starts preview as IIS 10; default: as the Server header says, else 7.5
  --cookie "name=value" sends a cookie: for a site behind a login
  --user "name:password"  sends a name and a password: for a site behind a login
  --insecure            accepts any certificate
  --only <word>         sends only the requests of groups with this word, such as polls
`;

/** The project's folder. This file runs as build/tools/compare/index.js. */
const root = path.join(__dirname, '..', '..', '..');

const OPTIONS = {
  cookie: { type: 'string' },
  iis: { type: 'string' },
  insecure: { type: 'boolean', default: false },
  only: { type: 'string' },
  recycle: { type: 'string' },
  user: { type: 'string' },
  write: { type: 'boolean', default: false },
} as const;

command('compare', USAGE, OPTIONS, async ({ values, positionals }) => {
  const [address, folder = root] = positionals;
  if (address === undefined || positionals.length > 2) {
    throw new UsageError(`takes an address, such as ${EXAMPLE}, and a folder`);
  }
  if (!isDirectory(path.join(folder, 'public'))) {
    throw new UsageError(`${folder} has no folder public`);
  }
  if (values.iis !== undefined && values.iis !== '7.5' && values.iis !== '10') {
    throw new UsageError(`--iis: 7.5 or 10, not ${values.iis}`);
  }
  const { recycle: recycled } = values;
  if (recycled !== undefined && !existsSync(serverIn(recycled))) {
    throw new UsageError(`--recycle: ${recycled} has no ${path.join('dist', 'server.js')}`);
  }
  const real: Side = {
    url: readAddress(address),
    insecure: values.insecure,
    headers: {
      ...(values.cookie === undefined ? {} : { Cookie: values.cookie }),
      ...(values.user === undefined ? {} : { Authorization: basic(values.user) }),
    },
  };
  const first = await health(real);
  const server = headerOf(first, 'server');
  const iis = values.iis ?? (/Microsoft-IIS\/([89]|\d\d)/.test(server) ? '10' : '7.5');
  const preview = await startIis({ folder: path.resolve(folder), iis, app: real.url.pathname });
  try {
    const side: Side = { url: new URL(preview.url) };
    const cases = chosen(folder, values);
    const results = await compare(real, side, cases, progress(cases.length));
    if (recycled !== undefined) {
      await recycle(recycled, real);
      const again = cases.filter(({ slow }) => !slow);
      results.push(...await compare(real, side, again, progress(again.length)));
    }
    showProgress('');
    const about = {
      address: real.url.href, server, iis, health: first.text, compared: new Date().toISOString(),
    };
    const to = path.join(root, 'build', 'compare.json');
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, file(about, results));
    console.log(`${real.url.href} (${server || 'no Server header'}), and preview as IIS ${iis}`);
    console.log(table(results));
    console.log(`All answers: ${path.relative(process.cwd(), to)}`);
    return results.some(({ differences }) => differences.length > 0) ? 1 : 0;
  } finally {
    showProgress('');
    await preview.close();
  }
});

function readAddress(text: string): URL {
  if (!/^https?:\/\/[^/]/.test(text)) {
    throw new UsageError(`takes an address, such as ${EXAMPLE}, not ${text}`);
  }
  const url = new URL(text);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function basic(user: string): string {
  return `Basic ${Buffer.from(user).toString('base64')}`;
}

function chosen(folder: string, { write, only }: { write: boolean; only?: string }): Case[] {
  const cases = allCases(folder)
    .filter(({ writes }) => write || !writes)
    .filter(({ group }) => only === undefined || group.includes(only));
  if (cases.length === 0) throw new UsageError(`--only: no group of requests has the word ${only}`);
  return cases;
}

/** Asks the server for its health. @throws Refusal if there is no answer */
async function health(real: Side): Promise<Answer> {
  const own = Object.entries(real.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const { host, pathname } = real.url;
  const head = `GET ${pathname}health HTTP/1.1\r\nHost: ${host}\r\n${own.join('')}`;
  const answer = await send(real, `${head}Connection: close\r\n`);
  if (answer.status === 0) throw new Refusal(`${real.url.href}: ${answer.error}`);
  return answer;
}

function headerOf(answer: Answer, name: string): string {
  return answer.headers.find(([one]) => one === name)?.[1] ?? '';
}

/** The file whose time iisnode watches. */
function serverIn(folder: string): string {
  return path.join(folder, 'dist', 'server.js');
}

/** Sets the time of server.js to now, and waits for the new process. */
async function recycle(folder: string, real: Side): Promise<void> {
  const pid = async () => /"pid":(\d+)/.exec((await health(real)).text)?.[1];
  const before = await pid();
  const now = new Date();
  utimesSync(serverIn(folder), now, now);
  for (let tries = 0; tries < 60; tries += 1) {
    await new Promise(resolve => setTimeout(resolve, 500));
    if (await pid() !== before) return;
  }
  throw new Refusal(`${folder}: no new process within 30 s of the change of dist/server.js`);
}

function progress(total: number): (done: number) => void {
  return done => showProgress(`… ${done} of ${total}`);
}
