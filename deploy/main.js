/*
 * The script behind install.cmd, update.cmd, back.cmd and uninstall.cmd. Every node can read this
 * file, however old it is. So an old node prints a message, and not a syntax error.
 */
'use strict';

// The Windows of IIS 7.5 runs node up to 13.14; the server needs 10.24.
var OLDEST = [10, 24];
var version = process.versions.node.split('.').map(Number);

if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1])) {
  console.log('missing  node ' + process.version + ' is too old. The application needs node '
    + OLDEST.join('.') + ' or later. Install node-v12.22.12-x64.msi from '
    + 'https://nodejs.org/dist/v12.22.12/');
  process.exitCode = 1;
} else {
  require('./command').main(process.argv.slice(2));
}
