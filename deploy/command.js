/* Reads the arguments of a command, carries the command out, and sets the exit code. */
'use strict';

const path = require('path');
const { createSystem } = require('./system');

const COMMON = `
  --site "<name>"    the site in IIS; default: "Default Web Site", or the application's site
  --path /<path>     the application's path in the site, / for its root; default: the
                     package's
  --dry-run          prints the lines, and changes nothing`;

const WAIT = `
  --wait 60          how many seconds to wait for the application's answer`;

const HELP = {
  install: `install.cmd [options]

Makes the package in this folder an application of IIS: copies it, and makes a pool, the rights of
the folder, and the application. The command looks first, and changes nothing if a part is missing.
It lists its changes in installed.json, for uninstall.cmd.
${COMMON}
  --folder <folder>  the application's folder; default: C:\\inetpub\\<last part of the path>.
                     The command copies nothing to a folder that has the package already
  --pool "<name>"    the application pool; default: the last part of the path
  --bits 64          the bits of the pool, 64 or 32; default: 64, or the bits of an existing pool
  --set NAME=value   a setting in <appSettings> of web.config; the option may be repeated
  --recycle-at 04:00 the local time at which the pool is recycled each day; "never" for no time
  --queue 10000      requests that wait for IIS
  --requests 20000   requests of an application at a time, for the whole server
${WAIT}`,
  update: `update.cmd [folder] [options]

Copies the package in a folder (default: the folder of this update.cmd) over the application. The
command first keeps a copy of the old version. It then copies the new version, and waits for the new
process. If the new process does not answer, the command puts the old version back.
${COMMON}
  --keep-web-config  leaves the web.config on the server as it is
  --new-web-config   takes the new web.config, even if the file on the server was changed by hand
  --no-health        does not wait for the new process: for a site that asks for a login
${WAIT}`,
  back: `back.cmd [options]

Goes back to the version before the last update. A second back.cmd goes forward again.
${COMMON}
  --no-health        does not wait for the process: for a site that asks for a login
${WAIT}`,
  uninstall: `uninstall.cmd [options]

Undoes the changes of install.cmd that installed.json lists, and nothing else.
${COMMON}
  --folder <folder>  the application's folder; default: the folder of this uninstall.cmd, or the
                     folder in IIS`,
};

/** The options of each command, with the kind of their values. */
const OF_ALL = { site: 'text', path: 'path', 'dry-run': 'flag' };
const OPTIONS = {
  install: Object.assign({
    folder: 'text', pool: 'text', bits: 'bits', set: 'setting', 'recycle-at': 'time',
    queue: 'number', requests: 'number', wait: 'number',
  }, OF_ALL),
  update: Object.assign({
    'keep-web-config': 'flag', 'new-web-config': 'flag', 'no-health': 'flag', wait: 'number',
  }, OF_ALL),
  back: Object.assign({ 'no-health': 'flag', wait: 'number' }, OF_ALL),
  uninstall: Object.assign({ folder: 'text' }, OF_ALL),
};

/** The error of a wrong call of a command. The message says what is wrong. */
class UsageError extends Error {}

/** Reads the value of an option: a function for each kind of value. @throws UsageError */
const KINDS = {
  text: text => text.replace(/[\\/]+$/, '') || text,
  path(text) {
    if (!/^\/[^\\?*:|"<>]*$/.test(text)) throw new UsageError('takes a path, such as /myApp, or /');
    return text === '/' ? text : text.replace(/\/+$/, '');
  },
  number(text) {
    if (!/^\d{1,6}$/.test(text)) throw new UsageError('takes a number');
    return Number(text);
  },
  bits(text) {
    if (text !== '64' && text !== '32') throw new UsageError('takes 64 or 32');
    return text;
  },
  time(text) {
    if (text === 'never') return null;
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(text)) {
      throw new UsageError('takes a time, such as 04:00, or never');
    }
    return text;
  },
  setting(text) {
    const found = /^([A-Za-z_]\w*)=(.*)$/.exec(text);
    if (!found) throw new UsageError('takes NAME=value');
    return found.slice(1);
  },
};

/**
 * Reads the arguments of a command.
 * @param {string} command the name of the command
 * @param {string[]} args the arguments behind the command's name
 * @returns {{ given: Record<string, any>, settings: Record<string, string>, rest: string[] }}
 *   given: the options; settings: the values of --set; rest: the arguments that are no options
 * @throws UsageError
 */
function readArguments(command, args) {
  const given = {};
  const settings = {};
  const rest = [];
  const left = args.slice();
  while (left.length > 0) {
    const arg = left.shift();
    if (!arg.startsWith('--')) {
      rest.push(arg);
      continue;
    }
    const [, name, equals, after] = /^--([^=]*)(=?)([^]*)$/.exec(arg);
    const kind = OPTIONS[command][name];
    if (kind === undefined) throw new UsageError(`there is no option --${name}`);
    if (kind === 'flag') {
      if (equals) throw new UsageError(`--${name} takes no value`);
      given[name] = true;
      continue;
    }
    const value = equals ? after : left.shift();
    if (value === undefined || value === '') throw new UsageError(`--${name} needs a value`);
    const read = readValue(name, kind, value);
    if (kind === 'setting') settings[read[0]] = read[1];
    else given[name] = read;
  }
  const most = command === 'update' ? 1 : 0;
  if (rest.length > most) throw new UsageError(`takes no ${rest[most]}`);
  return { given, settings, rest };
}

function readValue(name, kind, value) {
  try {
    return KINDS[kind](value);
  } catch (error) {
    throw new UsageError(`--${name} ${error.message}, not ${value}`);
  }
}

/**
 * Carries a command out.
 * @param {string[]} args the name of the command, and its arguments
 * @param {import('./system').System} system
 * @param {string} folder the folder of the package that these scripts belong to
 * @returns {Promise<number>} the exit code: 0 for success; 1 if something is missing or has failed.
 *   A wrong call throws UsageError, and main() sets the exit code 2
 */
async function carryOut([command, ...args], system, folder) {
  if (!Object.keys(HELP).includes(command)) throw new UsageError(`there is no command ${command}`);
  if (args.includes('--help') || args.includes('/?')) {
    system.print(HELP[command]);
    return 0;
  }
  const { given, settings, rest } = readArguments(command, args);
  const options = {
    package: path.resolve(rest.length > 0 ? KINDS.text(rest[0]) : folder),
    site: given.site,
    path: given.path,
    folder: given.folder,
    pool: given.pool,
    bits: given.bits,
    settings,
    recycleAt: given['recycle-at'] === undefined ? '04:00' : given['recycle-at'],
    queue: given.queue === undefined ? 10000 : given.queue,
    requests: given.requests === undefined ? 20000 : given.requests,
    wait: given.wait === undefined ? 60 : given.wait,
    health: !given['no-health'],
    keepWebConfig: given['keep-web-config'] === true,
    newWebConfig: given['new-web-config'] === true,
    dryRun: given['dry-run'] === true,
  };
  return require(`./${command}`)[command](system, options);
}

/** Runs the command as a program, and sets the exit code. */
function main(args) {
  carryOut(args, createSystem(), path.join(__dirname, '..')).then(status => {
    process.exitCode = status;
  }, error => {
    const isUsage = error instanceof UsageError;
    console.log(isUsage ? `${error.message}. ${args[0]}.cmd --help says more.` : error.stack);
    process.exitCode = isUsage ? 2 : 1;
  });
}

module.exports = { main, carryOut, HELP };
