/*
 * The kinds of changes that install.cmd makes on a server. Each kind has the lines for cmd that
 * make the change, and the lines that undo it. A step is plain data with the name of its kind. So
 * install.cmd can write the step down, and uninstall.cmd can undo it on another day.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { commandLine, quoted, removeFolder } = require('./system');
const { isSame, readIis } = require('./iis');
const { withoutServers } = require('./package');
const { withSetting } = require('./web-config');

/** The error of a change of the server that has failed. The message is for a person. */
class Failure extends Error {}

/** Windows' error "no mapping between account names and security IDs was done". */
const NO_MAPPING = 1332;

/**
 * Runs a program of Windows to its end.
 * @param {[string, ...string[]]} command the program's name and its arguments
 * @throws Failure with the exit code and the end of the program's output
 */
async function run(system, [program, ...args]) {
  let { status, output } = system.run(program, args);
  // An account that Windows does not know has no rights to take away.
  if (status === NO_MAPPING && args.includes('/remove:g')) return;
  // Windows knows the account of a new pool some moments after appcmd has made the pool.
  for (let tries = 0; program === 'icacls' && status === NO_MAPPING && tries < 10; tries += 1) {
    await system.sleep(1000);
    ({ status, output } = system.run(program, args));
  }
  // An exit code of robocopy below 8 is no failure: it says whether files were copied, and whether
  // the target has files of its own.
  const isGood = program === 'robocopy' ? status >= 0 && status < 8 : status === 0;
  if (!isGood) {
    const said = output === '' ? '' : `: ${output.replace(/\s+/g, ' ').slice(-300)}`;
    throw new Failure(`${program} ended with exit code ${status}${said}`);
  }
}

/**
 * Writes a pool's settings as arguments of appcmd: { queueLength: '1000' } becomes
 * /queueLength:1000.
 */
function asArguments(settings) {
  return Object.keys(settings).map(name => `/${name}:${settings[name]}`);
}

function schedule(sign, { pool, time }) {
  const which = `[name='${pool}'].recycling.periodicRestart.schedule.[value='${time}:00']`;
  return ['appcmd', 'set', 'config', '/section:system.applicationHost/applicationPools',
    `/${sign}${which}`, '/commit:apphost'];
}

function limit(requests) {
  return ['appcmd', 'set', 'config', '/section:system.webServer/serverRuntime',
    `/appConcurrentRequestLimit:${requests}`, '/commit:apphost'];
}

function root(site, folder, pool) {
  return [
    ['appcmd', 'set', 'app', `${site}/`, `/applicationPool:${pool}`],
    ['appcmd', 'set', 'vdir', `${site}/`, `/physicalPath:${folder}`],
  ];
}

/** The options of robocopy for a locked file: 3 tries. Its own default is a million tries. */
const FEW_TRIES = ['/R:3', '/W:1'];

/**
 * The kinds of steps that programs of Windows carry out. `does` returns the commands that make a
 * step, and `undoes` the commands that undo it. `isThere` says whether the server still has the
 * change; if not, there is nothing to undo.
 */
const PROGRAMS = {
  backup: {
    does: ({ name }) => [['appcmd', 'add', 'backup', name]],
    undoes: ({ name }) => [['appcmd', 'delete', 'backup', name]],
    isThere: (system, { name }) =>
      system.exists(path.join(system.system32(), 'inetsrv', 'backup', name)),
  },
  pool: {
    does: ({ pool, settings }) =>
      [['appcmd', 'add', 'apppool', `/name:${pool}`, ...asArguments(settings)]],
    undoes: ({ pool }) => [['appcmd', 'delete', 'apppool', pool]],
    isThere: (system, { pool }) => readIis(system).pool(pool) !== undefined,
    /** Says why the pool stays: an application that came later uses it. */
    keep(system, { pool }) {
      const [other] = readIis(system).applicationsIn(pool);
      return other && `the application ${other.site}${other.path} runs in the pool ${pool}`;
    },
  },
  poolSettings: {
    does: ({ pool, settings }) => [['appcmd', 'set', 'apppool', pool, ...asArguments(settings)]],
    undoes: ({ pool, before }) => [['appcmd', 'set', 'apppool', pool, ...asArguments(before)]],
    isThere: (system, { pool }) => readIis(system).pool(pool) !== undefined,
  },
  schedule: {
    does: entry => [schedule('+', entry)],
    undoes: entry => [schedule('-', entry)],
    isThere(system, { pool, time }) {
      const there = readIis(system).pool(pool);
      return there !== undefined && there.schedule.includes(`${time}:00`);
    },
  },
  rights: {
    does: ({ folder, account, rights }) =>
      [['icacls', folder, '/grant', `${account}:(OI)(CI)${rights}`]],
    undoes: ({ folder, account }) => [['icacls', folder, '/remove:g', account]],
    isThere: (system, { folder }) => system.exists(folder),
  },
  app: {
    does: ({ site, path: at, folder, pool }) => [['appcmd', 'add', 'app', `/site.name:${site}`,
      `/path:${at}`, `/physicalPath:${folder}`, `/applicationPool:${pool}`]],
    undoes: ({ site, path: at }) => [['appcmd', 'delete', 'app', `${site}${at}`]],
    isThere(system, { site, path: at, folder }) {
      const there = findApplication(readIis(system), site, at);
      // An application that leads to another folder by now is not the one that install.cmd made.
      return there !== undefined && isSame(there.folder, folder);
    },
  },
  root: {
    does: ({ site, folder, pool }) => root(site, folder, pool),
    undoes: ({ site, before }) => root(site, before.folder, before.pool),
    isThere(system, { site, folder, pool }) {
      const there = findApplication(readIis(system), site, '/');
      // A step that failed may have run its first command, and not the second.
      return there !== undefined && (isSame(there.folder, folder) || isSame(there.pool, pool));
    },
  },
  limit: {
    does: ({ requests }) => [limit(requests)],
    undoes: ({ before }) => [limit(before)],
    isThere: (system, { requests }) => readIis(system).concurrentRequestLimit === requests,
  },
};

/** The files that iisnode writes into its folder: a log for each process, and a list of logs. */
const LOGS = ['*-stdout-*.txt', '*-stderr-*.txt', 'index.html'];
const IS_LOG = /-(stdout|stderr)-.*\.txt$|^index\.html$/i;

/**
 * The kinds of steps that node carries out. Windows has no program for these steps, or its program
 * would do more than the step.
 */
const FILES = {
  folder: {
    lines: ({ folder }) => [`mkdir ${quoted(folder)}`],
    undoLines: ({ folder }) => [`rmdir ${quoted(folder)}`],
    isThere: (system, { folder }) => system.exists(folder),
    make: (system, { folder }) => fs.mkdirSync(folder),
    undo: (system, { folder }) => removeEmpty(folder),
  },
  files: {
    lines: ({ from, folder }) => [commandLine('robocopy', copying(from, folder))],
    undoLines: ({ folder, files }) =>
      [`rem ${files.length} files of the package in ${folder} are deleted`],
    isThere: (system, { folder }) => system.exists(folder),
    make: (system, { from, folder }) => run(system, ['robocopy', ...copying(from, folder)]),
    undo: (system, { folder, files }) => removeFiles(folder, files),
  },
  log: {
    lines: ({ folder }) => [`mkdir ${quoted(folder)}`],
    undoLines: ({ folder }) => [
      `del /q ${LOGS.map(name => quoted(path.join(folder, name))).join(' ')}`,
      `rmdir ${quoted(folder)}`,
    ],
    isThere: (system, { folder }) => system.exists(folder),
    make: (system, { folder }) => fs.mkdirSync(folder),
    undo(system, { folder }) {
      for (const name of fs.readdirSync(folder)) {
        if (IS_LOG.test(name)) fs.unlinkSync(path.join(folder, name));
      }
      removeEmpty(folder);
    },
  },
  kept: {
    lines: () => [],
    undoLines: ({ folders }) => folders.map(one => `rmdir /s /q ${quoted(one)}`),
    isThere: (system, { folders }) => folders.some(system.exists),
    make: () => undefined,
    undo: (system, { folders }) => folders.forEach(removeFolder),
  },
  setting: {
    lines: ({ name, value }) => [`rem web.config, in <appSettings>: ${name} is set to ${value}`],
    undoLines: ({ name, before }) => [`rem web.config, in <appSettings>: ${name} is `
      + (before === undefined ? 'taken out' : `set to ${before}`)],
    isThere: (system, { file }) => system.exists(file),
    make: (system, { file, name, value }) => changeSetting(file, name, value),
    undo: (system, { file, name, before }) => changeSetting(file, name, before),
  },
};

/**
 * @typedef {{
 *   lines(entry: object): string[], undoLines(entry: object): string[],
 *   isThere(system: object, entry: object): boolean, keep?(system: object, entry: object): string?,
 *   make(system: object, entry: object): Promise<void> | void,
 *   undo(system: object, entry: object): Promise<void> | void
 * }} Kind
 * @type {Record<string, Kind>}
 */
const KINDS = Object.assign({}, FILES);
for (const [kind, one] of Object.entries(PROGRAMS)) {
  const asLines = commands => commands.map(([program, ...args]) => commandLine(program, args));
  const runAll = async (system, commands) => {
    for (const command of commands) await run(system, command);
  };
  KINDS[kind] = Object.assign({
    lines: entry => asLines(one.does(entry)),
    undoLines: entry => asLines(one.undoes(entry)),
    make: (system, entry) => runAll(system, one.does(entry)),
    undo: (system, entry) => runAll(system, one.undoes(entry)),
  }, one);
}

/**
 * Returns robocopy's arguments that copy a package. They leave out the files that the commands and
 * iisnode make on a server: the folder may have been an application before.
 */
function copying(from, folder) {
  return [from, folder, '/E', ...withoutServers(from), ...FEW_TRIES];
}

/**
 * Finds the application of a site at a path.
 * @param {import('./iis').Iis} iis
 * @param {string} site the site's name
 * @param {string} at the application's path, with a / in front; '/' for the root
 * @returns {{ folder: string, pool: string, path: string } | undefined} the application's folder,
 *   pool and path; undefined if the path has no application
 */
function findApplication(iis, site, at) {
  const there = iis.site(site);
  const found = there && there.applications.find(one => isSame(one.path, at));
  if (!found) return undefined;
  const main = found.folders.find(one => one.path === '/');
  return { path: found.path, pool: found.pool, folder: main ? main.physicalPath : '' };
}

/** The error codes for a file that a process still has open, in Windows. */
const IN_USE = ['EBUSY', 'EPERM', 'EACCES', 'ENOTEMPTY'];

/**
 * Does a work, and tries it again for 5 s if a file is open. IIS ends the processes of a pool some
 * moments after appcmd has ended.
 */
async function patiently(system, work) {
  for (let tries = 0; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!IN_USE.includes(error.code) || tries === 10) throw error;
      await system.sleep(500);
    }
  }
}

/** Removes an empty folder. @throws Failure if the folder is not empty */
function removeEmpty(folder) {
  const left = fs.readdirSync(folder);
  if (left.length > 0) {
    const names = left.slice(0, 5).join(', ') + (left.length > 5 ? ', …' : '');
    throw new Failure(`it has files that install.cmd has not put there: ${names}`);
  }
  fs.rmdirSync(folder);
}

/** Removes files, and then the folders that they leave empty. Other files stay. */
function removeFiles(folder, files) {
  const folders = new Set();
  for (const name of files) {
    const file = path.join(folder, ...name.split('/'));
    if (fs.existsSync(file)) fs.unlinkSync(file);
    for (let above = path.dirname(name); above !== '.'; above = path.dirname(above)) {
      folders.add(above);
    }
  }
  // The longest paths come first: a folder is empty only when the folders in it are gone.
  for (const name of [...folders].sort((a, b) => b.length - a.length)) {
    const one = path.join(folder, ...name.split('/'));
    if (fs.existsSync(one) && fs.readdirSync(one).length === 0) fs.rmdirSync(one);
  }
}

function changeSetting(file, name, value) {
  fs.writeFileSync(file, withSetting(fs.readFileSync(file, 'utf8'), name, value));
}

/** @returns {string[]} the lines that undo steps, the last one first */
function undoLinesOf(did) {
  return [].concat(...did.slice().reverse().map(entry => KINDS[entry.kind].undoLines(entry)));
}

/**
 * Undoes steps, the last one first.
 * @param {object[]} did the steps, in the order in which they were made
 * @param {{ done?: (entry: object) => void }} options done: is called for each step that is undone
 * @returns {Promise<object[]>} the steps that could not be undone
 */
async function undoAll(system, did, { done = () => undefined } = {}) {
  const left = [];
  for (const entry of did.slice().reverse()) {
    const kind = KINDS[entry.kind];
    if (!kind.isThere(system, entry)) {
      done(entry);
      continue;
    }
    const keep = kind.keep && kind.keep(system, entry);
    const lines = kind.undoLines(entry);
    if (keep) {
      left.push(entry);
      system.print(`left: ${keep}. Later: ${lines.join(' & ')}`);
      continue;
    }
    for (const line of lines) system.print(line);
    try {
      await patiently(system, () => kind.undo(system, entry));
      done(entry);
    } catch (error) {
      left.push(entry);
      system.print(`could not be undone: ${error.message}. By hand: ${lines.join(' & ')}`);
    }
  }
  return left;
}

module.exports = {
  KINDS, Failure, run, undoAll, undoLinesOf, findApplication, patiently, removeFiles, FEW_TRIES,
};
