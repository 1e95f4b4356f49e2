/* Shows that a package runs: by itself, in a folder of its own, as IIS would serve it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { IisVersion } from '../iis/config';
import { startIis } from '../iis/index';
import type { Browser } from '../verify/browser';
import { polling } from '../verify/checks/messages';
import { page } from '../verify/checks/page';
import type { Outcome } from '../verify/result';
import { askHandshake } from '../verify/session';
import { arrive } from '../verify/target';
import { defaults } from '../verify/verify';
import { Refusal } from '../refusal';

/**
 * Copies a package to a temporary folder, where it finds no packages of the project, starts it
 * through the stand-in for IIS, and asks for its page with all that belongs to it, and for the
 * acknowledgement of a message. It runs as one process without Redis there: the one that it is
 * meant for is for its server only.
 * @param folder the package
 * @param app the application's path, '/app'; '/' for the root of a site
 * @returns what was seen, in a few words
 * @throws Refusal that says what failed, and what happened to the server
 */
export async function prove(folder: string, app: string, iis: IisVersion): Promise<string> {
  const away = mkdtempSync(path.join(tmpdir(), 'package-'));
  const said: string[] = [];
  cpSync(folder, away, { recursive: true });
  replace(path.join(away, 'web.config'), /<add key="REDIS_URL"[^>]*>/i, '');
  replace(path.join(away, 'iisnode.yml'), /^(nodeProcessCountPerApplication:).*/im, '$1 1');
  // A name for applications that want a login by Windows.
  const server = await startIis({
    folder: away,
    app,
    iis,
    log: line => { said.push(line); },
    serverVariables: { AUTH_USER: 'SERVER\\visitor' },
  });
  let browser: Browser | undefined;
  try {
    const { target, first } = await arrive(server.url, defaults);
    browser = target.browser;
    const files = await page(target);
    // An application that lets nobody in who has not logged in runs as it should.
    const { status, text } = await askHandshake(target);
    const closed = status === 403 && text === 'handshake unauthorized';
    const message = closed
      ? { saw: 'not tried: the application\'s authorization refuses a stranger' }
      : await polling(target);
    const fault = [first, files, message].flatMap(({ faults = [] }: Outcome) => faults)[0];
    if (fault) throw fault;
    return `the page comes (${files.saw}), and a message is ${message.saw}`;
  } catch (error) {
    const lines = ['the package does not run as it should:', (error as Error).message, ...said];
    throw new Refusal(lines.join('\n'), { cause: error });
  } finally {
    browser?.close();
    await server.close();
    rmSync(away, { recursive: true, force: true, maxRetries: 5 });
  }
}

function replace(file: string, from: RegExp, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
}
