/* Proves that a package runs in the stand-in for IIS, in a folder without the project. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IisVersion } from '../iis/config';
import { startIis } from '../iis/index';
import { Browser } from '../verify/browser';
import { polling } from '../verify/checks/messages';
import { page } from '../verify/checks/page';
import type { Outcome } from '../verify/result';
import { askHandshake } from '../verify/session';
import { arrive } from '../verify/target';
import { defaults } from '../verify/verify';
import { Refusal } from '../refusal';

/** The part of install.cmd that writes settings into a web.config. */
const { withSettings } = createRequire(__filename)('../../../deploy/web-config.js') as {
  withSettings: (webConfig: string, settings: Record<string, string>) => string;
};

/**
 * Tries a package. The function copies the package to a temporary folder, where node cannot find
 * the packages of the project, and starts the copy with the stand-in for IIS. Then the function
 * loads the page with its scripts and styles, and sends a message, which the server must
 * acknowledge. The copy runs in one process and without Redis: this machine may not reach the Redis
 * of the server.
 * @param folder the folder of the package
 * @param app the application's path, '/app'; '/' for the root of a site
 * @param settings the settings that the server gets beside those of web.config
 * @returns a few words about the page and the message
 * @throws Refusal with the check that failed, and the log of the server
 */
export async function prove(
  folder: string, app: string, iis: IisVersion, settings: [name: string, value: string][] = [],
): Promise<string> {
  const away = mkdtempSync(path.join(tmpdir(), 'package-'));
  const log: string[] = [];
  cpSync(folder, away, { recursive: true });
  const webConfig = path.join(away, 'web.config');
  replace(webConfig, /<add key="REDIS_URL"[^>]*>/i, '');
  const text = readFileSync(webConfig, 'utf8');
  writeFileSync(webConfig, withSettings(text, Object.fromEntries(settings)));
  replace(path.join(away, 'iisnode.yml'), /^(nodeProcessCountPerApplication:).*/im, '$1 1');
  // AUTH_USER is for applications that want a Windows login.
  const server = await startIis({
    folder: away,
    app,
    iis,
    log: line => { log.push(line); },
    serverVariables: { AUTH_USER: 'SERVER\\visitor' },
  });
  let browser: Browser | undefined;
  try {
    await expectStart(server.url, log);
    // Without patience, a server that does not answer gets no second try. The stand-in has already
    // waited for node as long as iisnode.yml says.
    const { target, first } = await arrive(server.url, { ...defaults, patience: 0 });
    browser = target.browser;
    const files = await page(target);
    // An application may refuse visitors who have not logged in. This refusal is no fault.
    const { status, text } = await askHandshake(target);
    const needsLogin = status === 403 && text === 'handshake unauthorized';
    const message = needsLogin
      ? { saw: 'not tried: the application\'s authorization refuses a stranger' }
      : await polling(target);
    const fault = [first, files, message].flatMap(({ faults = [] }: Outcome) => faults)[0];
    if (fault) throw fault;
    return `the page comes (${files.saw}), and a message to Socket.IO is ${message.saw}`;
  } catch (error) {
    const lines = ['the package does not run as it should:', (error as Error).message, ...log];
    throw new Refusal(lines.join('\n'), { cause: error });
  } finally {
    browser?.close();
    await server.close();
    rmSync(away, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * Loads the page once, so that the server starts. If the server ends at its start, the function
 * throws: the checks of verify would look for the cause from outside, and start the server ten
 * times.
 * @param log the lines of the stand-in, the last output of the server among them
 * @throws Error if the server ended
 */
async function expectStart(url: string, log: readonly string[]): Promise<void> {
  const browser = new Browser();
  await browser.open(new URL(url)).finally(() => browser.close());
  const has = (text: RegExp) => log.some(line => text.test(line));
  if (!has(/: 500\.1002: /)) return;
  // The stand-in reads the output of a process to its end. The last output may come after the
  // answer.
  for (let tries = 0; tries < 40 && !has(/ended before it listened; /); tries += 1) await sleep(50);
  throw new Error('the server ended at its start');
}

function replace(file: string, from: RegExp, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
}
