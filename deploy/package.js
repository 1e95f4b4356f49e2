/* The files of a package, and of the folder in which the package is deployed. */
'use strict';

const fs = require('fs');
const path = require('path');
const { filesIn } = require('./system');
const { settingsOf } = require('./web-config');

/** The files that each package needs. Without one of them it does not run, or IIS refuses it. */
const NEEDED = ['dist/server.js', 'web.config', 'iisnode.yml', 'public', 'package.json'];

/** The folder in the application's folder that keeps the version before the last update. */
const KEPT = 'before';
/**
 * The folder in which an update keeps the replaced version until the new version runs. Only then
 * this folder takes the place of KEPT. So an update that fails does not change KEPT, and back.cmd
 * still has its version.
 */
const CURRENT = 'current';
/** The folder into which iisnode writes its logs. */
const LOGS = 'iisnode';
/** The file that lists the changes that install.cmd has made (record.js). */
const RECORD = 'installed.json';

/** Files and folders in the application's folder that belong to the server, and to no package. */
const OF_THE_SERVER = [LOGS, KEPT, CURRENT, RECORD];

/** @returns {string[]} the arguments with which robocopy leaves out the server's own files */
function withoutServers(folder, ...files) {
  const [logs, kept, current, record] = OF_THE_SERVER.map(name => path.join(folder, name));
  return ['/XD', logs, kept, current, '/XF', record, ...files];
}

/** @returns {string[]} the names of the files that a package lacks */
function missingIn(folder) {
  return NEEDED.filter(name => !fs.existsSync(path.join(folder, name)));
}

/** Says whether a folder is a clone of the project: it has the sources, and is not copied. */
function isClone(folder) {
  return fs.existsSync(path.join(folder, 'src', 'server.ts'));
}

/**
 * Reads a package.
 * @param {string} folder the package's folder, with all files of NEEDED
 * @returns {{ name: string, version: string, appPath: string }} the name and the version;
 *   appPath: with a / in front; '/' for the root
 */
function readPackage(folder) {
  const read = file => fs.readFileSync(path.join(folder, file), 'utf8');
  const { name, version, appPath } = JSON.parse(read('package.json'));
  const settings = settingsOf(read('web.config'));
  const own = Object.keys(settings).find(one => one.toUpperCase() === 'APP_PATH');
  return { name, version, appPath: (own && settings[own]) || appPath || builtPath(folder) };
}

/**
 * Reads the default of APP_PATH from dist/config.js. That file is in a clone, and in a package that
 * was made with --modules. For a bundle, npm run package writes the default into package.json.
 */
function builtPath(folder) {
  const file = path.join(folder, 'dist', 'config.js');
  if (!fs.existsSync(file)) return '/myApp';
  return require(file).readConfig({}).appPath || '/';
}

/** @returns {string[]} the paths of a package's files, with / between the folders */
function packageFiles(folder) {
  return filesIn(folder, OF_THE_SERVER);
}

module.exports = {
  KEPT, CURRENT, RECORD, missingIn, isClone, readPackage, packageFiles, withoutServers,
};
