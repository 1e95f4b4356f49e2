/*
 * The blocks in docs/deploy.md: the lines that install.cmd, update.cmd and uninstall.cmd print with
 * --dry-run on a fresh server, and the texts of their --help.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Block } from './blocks';

/** The project's folder. This file runs as build/tools/docs/deploy.js. */
const root = path.join(__dirname, '..', '..', '..');
const load = createRequire(path.join(root, 'package.json'));

/** A step of the scripts in deploy/, as they write it down. */
interface Step {
  kind: string;
  folder?: string;
}

interface Install {
  plan: (facts: object) => Step[];
  linesOf: (steps: Step[]) => string[];
}
interface Update {
  linesOf: (facts: object) => string[];
}
interface Steps {
  undoLinesOf: (steps: Step[]) => string[];
}

/**
 * The disk C: of the server, as a folder. The scripts join paths in the way of the system that runs
 * them, with / on Linux. asOnWindows() turns the paths in the lines into paths of Windows.
 */
const DISK = '/C:';
const asOnWindows = (line: string) => line.replace(/[\\/]C:[\w.\\/*-]*/g, found =>
  found.slice(1).replaceAll('/', '\\'));

function block(lines: string[]): string {
  return ['```', ...lines.map(asOnWindows), '```'].join('\n');
}

/** Returns the name of the application, which is also the name of its folder and its pool. */
function nameOf(appPath: string): string {
  return appPath.split('/').pop() || 'myApp';
}

function folderOf(appPath: string): string {
  return `${DISK}/inetpub/${nameOf(appPath)}`;
}

/** The folder into which the zip file is unpacked, in the examples. */
const UNPACKED = `${DISK}/unpacked`;

/** Plans the steps of install.cmd on a server that has no part of the application. */
function installSteps(appPath: string): Step[] {
  const { plan } = load('./deploy/install.js') as Install;
  const name = nameOf(appPath);
  return plan({
    iis: { concurrentRequestLimit: 5000 },
    site: { name: 'Default Web Site' },
    at: appPath || '/',
    pool: name,
    folder: folderOf(appPath),
    from: UNPACKED,
    bits: '64',
    recycleAt: '04:00',
    queue: 10000,
    requests: 20000,
    account: { name: `IIS AppPool\\${name}`, sid: null },
    settings: {},
    webConfig: '<configuration></configuration>',
    record: null,
    files: [],
    now: 0,
    exists: (folder: string) => !folder.startsWith(folderOf(appPath)),
    mayAlready: () => false,
    hasBackup: () => false,
  });
}

function install(appPath: string): string {
  const { linesOf } = load('./deploy/install.js') as Install;
  return block(linesOf(installSteps(appPath)));
}

function update(appPath: string): string {
  const { linesOf } = load('./deploy/update.js') as Update;
  return block(linesOf({
    from: UNPACKED, folder: folderOf(appPath), webConfig: '', restarts: true,
    gone: ['public/old.js'],
  }));
}

function uninstall(appPath: string): string {
  const { undoLinesOf } = load('./deploy/steps.js') as Steps;
  // The folder that holds installed.json goes last, as in uninstall.cmd. A sentence in the page
  // describes the removal of the files, so their line is left out.
  const steps = installSteps(appPath).filter(({ kind }) => kind !== 'files');
  const own = steps.filter(({ kind }) => kind === 'folder');
  const lines = undoLinesOf([...own, ...steps.filter(step => !own.includes(step))]);
  return block(['set appcmd=%windir%\\system32\\inetsrv\\appcmd', ...lines]);
}

function help(command: string): string {
  const { HELP } = load('./deploy/command.js') as { HELP: Record<string, string> };
  return ['```', HELP[command]!, '```'].join('\n');
}

const FILE = 'docs/deploy.md';

export const deployBlocks: Block[] = [
  { file: FILE, mark: 'install', text: install },
  { file: FILE, mark: 'help of install', text: () => help('install') },
  { file: FILE, mark: 'update', text: update },
  { file: FILE, mark: 'help of update', text: () => help('update') },
  { file: FILE, mark: 'uninstall', text: uninstall },
];
