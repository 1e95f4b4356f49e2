/* uninstall.cmd: undoes the changes that install.cmd has written down, and nothing else. */
'use strict';

const fs = require('fs');
const path = require('path');
const { Findings, lookForAdministrator, lookForInstalled } = require('./look');
const { readRecord, removeRecord, writeRecord } = require('./record');
const { undoAll, undoLinesOf } = require('./steps');
const { quoted, SET_APPCMD } = require('./system');

/** The batch file that cmd reads while this command runs. */
const RUNNING = 'uninstall.cmd';

/**
 * Removes the application from the server.
 * @param {import('./system').System} system
 * @param {object} options the options, as command.js reads them
 * @returns {Promise<number>} the exit code: 0, or 1 if something is missing or is not undone
 */
async function uninstall(system, options) {
  const findings = new Findings(system);
  lookForAdministrator(system, findings);
  const folder = findFolder(system, findings, options);
  const record = folder === null ? null : readRecord(folder);
  if (folder !== null && record === null) {
    findings.missing(
      `${folder} has no installed.json`,
      'install.cmd lists its changes in this file, and uninstall.cmd undoes only these changes',
      'Give --folder of the application. Undo changes by hand that were made by hand',
    );
  }
  if (!findings.isComplete || record === null) {
    system.print('Nothing was changed.');
    return 1;
  }
  // install.cmd has made the folder with the record first, and the folders above it. These folders
  // go last, when the record is gone.
  const own = record.did.filter(({ kind, folder: made }) => kind === 'folder'
    && `${folder}${path.sep}`.startsWith(`${made}${path.sep}`));
  const rest = record.did.filter(entry => !own.includes(entry));
  system.print('');
  system.print(SET_APPCMD);
  if (options.dryRun) {
    undoLinesOf([...own, ...rest]).forEach(system.print);
    return 0;
  }
  const done = entry => {
    record.did = record.did.filter(one => one !== entry);
    if (system.exists(folder)) writeRecord(folder, record);
  };
  const left = await undoAll(system, rest, { done });
  if (left.length > 0) {
    system.print('All other changes are undone. Run uninstall.cmd again to undo the rest.');
    return 1;
  }
  removeRecord(folder);
  // cmd may hold uninstall.cmd open until this command ends. The file is then still in the folder.
  const remaining = system.exists(folder) ? fs.readdirSync(folder) : [];
  if (own.length > 0 && remaining.join().toLowerCase() === RUNNING) {
    system.print(`note     ${folder} has this ${RUNNING} until the command ends. `
      + `Then: rmdir /s /q ${quoted(folder)}`);
    return 0;
  }
  const kept = await undoAll(system, own);
  system.print('ok       all changes of install.cmd are undone.');
  return kept.length === 0 ? 0 : 1;
}

/** Finds the application's folder: --folder, or the folder of this script, or IIS names it. */
function findFolder(system, findings, options) {
  if (options.folder) return path.resolve(options.folder);
  if (readRecord(options.package)) return options.package;
  const there = lookForInstalled(system, findings, options);
  return there ? there.folder : null;
}

module.exports = { uninstall };
