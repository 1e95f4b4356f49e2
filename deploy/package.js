/* The files of a package, and of the same package where it is deployed. */
'use strict';

const fs = require('fs');
const path = require('path');
const { filesIn } = require('./system');
const { settingsOf } = require('./web-config');

/** A package without one of these does not run, or IIS does not know what to do with it. */
const NEEDED = ['dist/server.js', 'web.config', 'iisnode.yml', 'public', 'package.json'];

/** The folder, in the application's, that keeps the version before the last update. */
const KEPT = 'before';
/**
 * The folder in which an update keeps the version that it replaces, until the new one runs. Only
 * then it takes the place of KEPT: an update that fails leaves back.cmd the version that it had.
 */
const CURRENT = 'current';
/** iisnode's folder, for its logs. */
const LOGS = 'iisnode';
/** The file in which install.cmd writes down what it has done (record.js). */
const RECORD = 'installed.json';

/** Files and folders in the application's folder that are of the server, and in no package. */
const OF_THE_SERVER = [LOGS, KEPT, CURRENT, RECORD];

/** @returns {string[]} robocopy's arguments that leave out what is of the server in a folder */
function withoutServers(folder, ...files) {
  const [logs, kept, current, record] = OF_THE_SERVER.map(name => path.join(folder, name));
  return ['/XD', logs, kept, current, '/XF', record, ...files];
}

/** @returns {string[]} which files are missing in a package */
function missingIn(folder) {
  return NEEDED.filter(name => !fs.existsSync(path.join(folder, name)));
}

/** A clone of the project has the sources, too. It is served as it lies, and not copied. */
function isClone(folder) {
  return fs.existsSync(path.join(folder, 'src', 'server.ts'));
}

/**
 * Reads a package.
 * @param {string} folder it has all files of NEEDED
 * @returns {{ name: string, version: string, appPath: string }} appPath: '/myApp', or '/' for the
 *   root
 */
function readPackage(folder) {
  const read = file => fs.readFileSync(path.join(folder, file), 'utf8');
  const { name, version, appPath } = JSON.parse(read('package.json'));
  const settings = settingsOf(read('web.config'));
  const own = Object.keys(settings).find(one => one.toUpperCase() === 'APP_PATH');
  return { name, version, appPath: (own && settings[own]) || appPath || builtPath(folder) };
}

/**
 * The default of APP_PATH. npm run package writes it into package.json. Where dist is not bundled,
 * in a clone or a package with --modules, the built settings have it.
 */
function builtPath(folder) {
  const file = path.join(folder, 'dist', 'config.js');
  if (!fs.existsSync(file)) return '/myApp';
  return require(file).readConfig({}).appPath || '/';
}

/** @returns {string[]} the files of a package, as paths with / */
function packageFiles(folder) {
  return filesIn(folder, OF_THE_SERVER);
}

module.exports = {
  KEPT, CURRENT, RECORD, missingIn, isClone, readPackage, packageFiles, withoutServers,
};
