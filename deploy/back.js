/* back.cmd: goes back to the version before the last update. */
'use strict';

const fs = require('fs');
const path = require('path');
const { healthOf } = require('./health');
const { Findings, lookForAdministrator, lookForInstalled } = require('./look');
const { KEPT, readPackage } = require('./package');
const { bring, makeFacts } = require('./update');

/**
 * Goes back. The command is an update from the kept version. The update keeps the present version
 * in turn, so a second back.cmd goes forward again.
 * @param {import('./system').System} system
 * @param {object} options the options, as command.js reads them
 * @returns {Promise<number>} the exit code
 */
async function back(system, options) {
  const facts = look(system, options);
  if (facts === null) {
    system.print('Nothing was changed.');
    return 1;
  }
  const { folder, site, record } = facts;
  const kept = path.join(folder, KEPT);
  const webConfig = fs.readFileSync(path.join(kept, 'web.config'), 'utf8');
  const target = healthOf(site.bindings, readPackage(kept).appPath);
  return bring(system, makeFacts(kept, folder, record, webConfig, target), options);
}

function look(system, options) {
  const findings = new Findings(system);
  lookForAdministrator(system, findings);
  const there = lookForInstalled(system, findings, options);
  if (!there) return null;
  const kept = path.join(there.folder, KEPT);
  if (!system.exists(path.join(kept, 'dist', 'server.js'))) {
    findings.missing(
      `there is no version before, in ${kept}`,
      'update.cmd keeps one',
      'Unpack an older zip file, and run the update.cmd there',
    );
  }
  return findings.isComplete ? there : null;
}

module.exports = { back };
