/*
 * Replaces the user's application and page in a copy of the template with those of the tests (the folder
 * echo). So a test that runs the copy passes whatever is in src/app.ts, src/events.ts and public/.
 */
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

/** The folders that have most of the files of a server. Few tests change these files. */
const LINKED = ['dist/realtime', 'deploy'];

/** @returns whether a file is in a folder that may be a link, such as 'dist/realtime/index.js' */
export function isInLink(file: string): boolean {
  return LINKED.some(name => file.startsWith(`${name}/`));
}

/** @throws if a file of a server is the project's own file, which no test may change */
export function assertIsCopy(folder: string, file: string): void {
  const name = LINKED.find(one => file.startsWith(`${one}/`));
  if (name && lstatSync(path.join(folder, name)).isSymbolicLink()) {
    throw new Error(`${path.join(folder, name)} is a link to the project's own folder`);
  }
}

/**
 * Fills an empty folder with the built files that a server needs, except for public/. node_modules is a link.
 * @param isWhole whether all other files are copies; if not, dist/realtime and deploy are links, too. A link
 *   costs much less than 70 copies
 */
export function putServer(folder: string, isWhole: boolean): void {
  for (const name of ['web.config', 'iisnode.yml', 'package.json']) copyFileSync(path.join(root, name), path.join(folder, name));
  // The maps of the sources and the notes of the compiler are half of the files. A server reads none of them.
  const links = isWhole ? [] : LINKED.map(name => path.join(root, name));
  copyFolder(path.join(root, 'dist'), path.join(folder, 'dist'), {
    isWanted: name => !/\.(map|tsbuildinfo)$/.test(name) && !links.includes(name),
  });
  if (isWhole) copyFolder(path.join(root, 'deploy'), path.join(folder, 'deploy'));
  for (const name of ['node_modules', ...isWhole ? [] : LINKED]) {
    symlinkSync(path.join(root, name), path.join(folder, name), 'junction');
  }
}

/**
 * Fills an empty folder with the built files that a server needs, and with the application of the tests.
 * @param isWhole whether dist/realtime and deploy are copies, and not links (putServer)
 */
export function makeEchoSite(folder: string, isWhole = false): void {
  putServer(folder, isWhole);
  mkdirSync(path.join(folder, 'public'));
  copyFileSync(path.join(root, 'public', 'realtime.js'), path.join(folder, 'public', 'realtime.js'));
  putEcho(folder);
}
