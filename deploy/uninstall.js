/* uninstall.cmd: undoes what install.cmd has written down that it did, and nothing else. */
'use strict';

const fs = require('fs');
const path = require('path');
const { Findings, lookForAdministrator, lookForInstalled } = require('./look');
const { readRecord, removeRecord, writeRecord } = require('./record');
const { undoAll, undoLinesOf } = require('./steps');
const { quoted, SET_APPCMD } = require('./system');

/** The file that cmd reads while this runs. */
const RUNNING = 'uninstall.cmd';

/**
 * @param {import('./system').System} system
 * @param {object} options as command.js reads them
 * @returns {Promise<number>} the exit code
 */
async function uninstall(system, options) {
  const findings = new Findings(system);
  lookForAdministrator(system, findings);
  const folder = findFolder(system, findings, options);
  const record = folder === null ? null : readRecord(folder);
  if (folder !== null && record === null) {
    findings.missing(
      `${folder} has no installed.json`,
      'install.cmd writes down there what it did, and only that is undone',
      'Give --folder of the application; what was made by hand is undone by hand',
    );
  }
  if (!findings.isComplete || record === null) {
    system.print('Nothing was changed.');
    return 1;
  }
  // The folder that holds the record was made first, with those above it. They go last, when the
  // record is gone.
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
    system.print('The rest is undone. uninstall.cmd tries again what is left.');
    return 1;
  }
  removeRecord(folder);
  // cmd may hold the batch file that runs this, until it ends: Windows deletes it then.
  const remaining = system.exists(folder) ? fs.readdirSync(folder) : [];
  if (own.length > 0 && remaining.join().toLowerCase() === RUNNING) {
    system.print(`note     ${folder} has this ${RUNNING} until it ends. `
      + `Then: rmdir /s /q ${quoted(folder)}`);
    return 0;
  }
  const kept = await undoAll(system, own);
  system.print('ok       all that install.cmd did is undone.');
  return kept.length === 0 ? 0 : 1;
}

/** The application's folder: --folder, or as IIS knows it, or the one this script lies in. */
function findFolder(system, findings, options) {
  if (options.folder) return path.resolve(options.folder);
  if (readRecord(options.package)) return options.package;
  const there = lookForInstalled(system, findings, options);
  return there ? there.folder : null;
}

module.exports = { uninstall };
