/*
 * Puts an application and a page of the tests' own (the folder echo) into a copy of the template, in
 * the place of the user's: a test that runs the copy holds whatever is in src/app.ts, src/events.ts
 * and public/.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config';

/** The project's folder. This file runs as build/test/support/echo.js. */
const root = path.join(__dirname, '..', '..', '..');
const OWN = path.join(root, 'test', 'support', 'echo');
const PAGES = ['index.html', 'page.js', 'style.css'];

/** All that is in public/ of such a copy, in order. realtime.js is the template's. */
export const PUBLIC = [...PAGES, 'realtime.js'].sort();

/** @param folder a copy of the template; where it is built, what is built is replaced, too */
export function putEcho(folder: string): void {
  const pages = path.join(folder, 'public');
  for (const name of readdirSync(pages)) {
    if (name !== 'realtime.js') rmSync(path.join(pages, name), { recursive: true });
  }
  for (const name of PAGES) cpSync(path.join(OWN, name), path.join(pages, name), { preserveTimestamps: true });
  const html = readFileSync(path.join(OWN, 'index.html'), 'utf8');
  writeFileSync(path.join(pages, 'index.html'), html.replaceAll('NAME', readConfig({}).appPath.slice(1)));
  for (const name of ['app', 'events']) {
    const source = path.join(folder, 'src', `${name}.ts`);
    const text = readFileSync(path.join(OWN, `${name}.ts`), 'utf8').replace('../../../src/realtime', './realtime');
    if (existsSync(source)) writeFileSync(source, text);
    const built = path.join(folder, 'dist', `${name}.js`);
    if (existsSync(built)) cpSync(path.join(root, 'build', 'test', 'support', 'echo', `${name}.js`), built);
  }
}

/** Fills an empty folder with what a server needs of the template, as it is built, and with the tests' own application. */
export function makeEchoSite(folder: string): void {
  for (const name of ['web.config', 'iisnode.yml', 'package.json', 'dist', 'deploy']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  mkdirSync(path.join(folder, 'public'));
  cpSync(path.join(root, 'public', 'realtime.js'), path.join(folder, 'public', 'realtime.js'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  putEcho(folder);
}
