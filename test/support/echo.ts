/*
 * Replaces the user's application and page in a copy of the template with those of the tests (the folder
 * echo). So a test that runs the copy passes whatever is in src/app.ts, src/events.ts and public/.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config';
import { copyFolder } from './copy';

/** The project's folder. This file runs as build/test/support/echo.js. */
const root = path.join(__dirname, '..', '..', '..');
const OWN = path.join(root, 'test', 'support', 'echo');
const PAGES = ['index.html', 'page.js', 'style.css'];

/** The names of the files in public/ of such a copy, in order. realtime.js is the template's own. */
export const PUBLIC = [...PAGES, 'realtime.js'].sort();

/**
 * Replaces the application and the page in a folder.
 * @param folder a copy of the template. If it is built, its built files are replaced, too
 */
export function putEcho(folder: string): void {
  const pages = path.join(folder, 'public');
  for (const name of readdirSync(pages)) {
    if (name !== 'realtime.js') rmSync(path.join(pages, name), { recursive: true });
  }
  copyFolder(OWN, pages, { keepTimes: true, isWanted: name => PAGES.includes(path.basename(name)) });
  const html = readFileSync(path.join(OWN, 'index.html'), 'utf8');
  writeFileSync(path.join(pages, 'index.html'), html.replaceAll('NAME', readConfig({}).appPath.slice(1)));
  for (const name of ['app', 'events']) {
    const source = path.join(folder, 'src', `${name}.ts`);
    const text = readFileSync(path.join(OWN, `${name}.ts`), 'utf8').replace('../../../src/realtime', './realtime');
    if (existsSync(source)) writeFileSync(source, text);
    const built = path.join(folder, 'dist', `${name}.js`);
    if (existsSync(built)) copyFileSync(path.join(root, 'build', 'test', 'support', 'echo', `${name}.js`), built);
  }
}

/**
 * Fills an empty folder with the built files that a server needs, except for public/. node_modules is a link.
 */
export function putServer(folder: string): void {
  for (const name of ['web.config', 'iisnode.yml', 'package.json']) copyFileSync(path.join(root, name), path.join(folder, name));
  // The maps of the sources and the notes of the compiler are half of the files. A server reads none of them.
  copyFolder(path.join(root, 'dist'), path.join(folder, 'dist'), { isWanted: name => !/\.(map|tsbuildinfo)$/.test(name) });
  copyFolder(path.join(root, 'deploy'), path.join(folder, 'deploy'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
}

/** Fills an empty folder with the built files that a server needs, and with the application of the tests. */
export function makeEchoSite(folder: string): void {
  putServer(folder);
  mkdirSync(path.join(folder, 'public'));
  copyFileSync(path.join(root, 'public', 'realtime.js'), path.join(folder, 'public', 'realtime.js'));
  putEcho(folder);
}
