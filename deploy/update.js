/*
 * update.cmd: copies a new version over the application. If the new version does not run, the
 * command puts the old version back.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { askHealth, healthOf, waitForHealth } = require('./health');
const { isSame } = require('./iis');
const { Findings, lookForAdministrator, lookForInstalled } = require('./look');
const { CURRENT, KEPT, packageFiles, readPackage, withoutServers } = require('./package');
const { writeRecord } = require('./record');
const { FEW_TRIES, Failure, patiently, removeFiles, run } = require('./steps');
const { commandLine, quoted, removeFolder, sum } = require('./system');
const { settingsOf, withSettings } = require('./web-config');

/**
 * Looks at the server, and updates the application if nothing is missing.
 * @param {import('./system').System} system
 * @param {object} options the options, as command.js reads them; package is the folder of the new
 *   version
 * @returns {Promise<number>} the exit code: 0, or 1 if something is missing or has failed
 */
async function update(system, options) {
  const facts = look(system, options);
  if (facts === null) {
    system.print('Nothing was changed.');
    return 1;
  }
  return bring(system, facts, options);
}

/**
 * Looks at the server.
 * @returns {object | null} the facts of makeFacts(); null if something is missing
 */
function look(system, options) {
  const findings = new Findings(system);
  lookForAdministrator(system, findings);
  const there = lookForInstalled(system, findings, options);
  if (!there) return null;
  const { folder, record } = there;
  if (isSame(folder, options.package)) {
    findings.missing(
      `${folder} is the application itself`,
      'the new version has to be in another folder',
      'Unpack the new zip file elsewhere, and run the update.cmd there',
    );
    return null;
  }
  lookForOther(findings, folder, readPackage(options.package));
  const text = chooseWebConfig(findings, options, folder, record);
  if (!findings.isComplete) return null;
  const settings = settingsOf(text || fs.readFileSync(path.join(folder, 'web.config'), 'utf8'));
  const appPath = settings.APP_PATH || readPackage(options.package).appPath;
  return makeFacts(options.package, folder, record, text, healthOf(there.site.bindings, appPath));
}

/** Looks whether the package is a version of this application, and not another application. */
function lookForOther(findings, folder, { name }) {
  const file = path.join(folder, 'package.json');
  const old = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).name : name;
  if (old === name) return;
  findings.missing(
    `the package is ${name}, and the application is ${old}`,
    'the update would write one application over the other',
    'Give --path and --site of the right application',
  );
}

/**
 * Chooses the web.config of the updated application. The new file gets the settings that
 * install.cmd wrote into the old file. Other changes that a person made in the old file would be
 * lost. In that case the person has to choose.
 * @returns {string | null} the text to write; null leaves the file on the server as it is
 */
function chooseWebConfig(findings, options, folder, record) {
  if (options.keepWebConfig) return null;
  const packaged = fs.readFileSync(path.join(options.package, 'web.config'), 'utf8');
  const text = withSettings(packaged, (record && record.settings) || {});
  const file = path.join(folder, 'web.config');
  if (options.newWebConfig || !record || !record.written || !fs.existsSync(file)) return text;
  const now = sum(fs.readFileSync(file, 'utf8'));
  if (now === record.written || now === sum(text)) return text;
  if (sum(packaged) === record.webConfig) {
    findings.note(
      `${file} was changed here`,
      'the web.config of the package is the same as before, so your file stays',
    );
    return null;
  }
  findings.missing(
    `${file} was changed here, and the package has a new one`,
    'the new file would remove your changes',
    'Take your changes into the project, and give --new-web-config. To keep your file, give '
    + '--keep-web-config',
  );
  return null;
}

/**
 * Compares the new version with the application.
 * @param {string} from the folder of the new version
 * @param {string} folder the folder of the application
 * @param {object | null} record the record of install.cmd (record.js); null if there is none
 * @param {string | null} webConfig the new text of web.config; null leaves the file as it is
 * @param {object | null} target the address of health (healthOf()); null if there is none
 * @returns {object} all facts that bring() needs
 */
function makeFacts(from, folder, record, webConfig, target) {
  const files = packageFiles(from);
  const old = packageFiles(folder);
  const differs = files.filter(name => name !== 'web.config' && !isEqual(from, folder, name));
  const file = path.join(folder, 'web.config');
  const now = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  // iisnode reads iisnode.yml only when it reads web.config. So a new iisnode.yml needs web.config
  // written again, even with the same text.
  const writes = webConfig !== null && webConfig !== now;
  const touches = writes || differs.includes('iisnode.yml');
  const listed = filesOf(record);
  const gone = old.filter(name => !files.includes(name)
    && (isPage(name) || listed.includes(name)));
  return {
    from, folder, record, target, files, old, differs, gone,
    webConfig: touches ? (webConfig === null ? now : webConfig) : null,
    restarts: touches || [...differs, ...gone].some(name => !isPage(name)),
  };
}

/** Says whether a file is a page. A new page counts at once; other files need a new process. */
function isPage(name) {
  return name.startsWith('public/');
}

/** Lists the files that install.cmd or an update has copied to the server. */
function filesOf(record) {
  const entry = record && record.did.find(({ kind }) => kind === 'files');
  return entry ? entry.files : [];
}

function isEqual(one, other, name) {
  const [a, b] = [one, other].map(folder => path.join(folder, ...name.split('/')));
  return fs.existsSync(b) && fs.readFileSync(a).equals(fs.readFileSync(b));
}

/**
 * Carries an update out. If it fails, the function puts the old version back. back.js uses the
 * function as well.
 * @param {object} facts the facts of makeFacts()
 * @param {{ wait: number, dryRun: boolean, health: boolean }} options wait: the longest wait for
 *   health, s; dryRun: whether to print the lines only; health: whether to ask for health
 * @returns {Promise<number>} the exit code: 0, or 1 if the new version does not run
 */
async function bring(system, facts, { wait, dryRun, health: asks }) {
  if (facts.differs.length === 0 && facts.gone.length === 0 && facts.webConfig === null) {
    system.print('Nothing to do: this version is there already.');
    return 0;
  }
  system.print('');
  if (dryRun) {
    linesOf(facts).forEach(system.print);
    return 0;
  }
  const target = asks ? facts.target : null;
  const before = target && await askHealth(system, target);
  if (before && (before.status === 401 || before.status === 403)) {
    system.print(`missing  ${target.url}: ${before.saw}: the site asks for a login, so this `
      + 'command cannot see whether the new version runs. Use --no-health to leave it out.');
    return 1;
  }
  if (before && !before.health) system.print(`note     health before the update: ${before.saw}`);
  try {
    await keep(system, facts);
  } catch (error) {
    system.print(`failed   ${error.message}. The application is as it was.`);
    return 1;
  }
  const watch = { seconds: wait, before: before && before.health };
  try {
    const since = await copy(system, facts);
    await expectHealth(
      system, target, facts.restarts ? Object.assign({ since }, watch) : { seconds: wait },
    );
  } catch (error) {
    if (!(error instanceof Failure) && !error.code) throw error;
    system.print(`failed   ${error.message}`);
    return goBack(system, facts, target, watch);
  }
  await finish(system, facts);
  system.print('ok       the new version runs. back.cmd brings the version before back.');
  return 0;
}

/** Lists the lines of an update, in their order. @returns {string[]} */
function linesOf(facts) {
  const { from, folder, webConfig, restarts, gone } = facts;
  const lines = [keeping(folder), copying(from, folder)]
    .map(args => commandLine('robocopy', args));
  if (webConfig !== null) lines.push(copyLine(from, folder, 'web.config'));
  if (restarts) lines.push(...serverLines(from, folder));
  if (gone.some(name => isPage(name))) {
    lines.push(commandLine('robocopy', mirroring(from, folder)));
  }
  return [...lines, ...replacingLines(folder)];
}

function keeping(folder) {
  const current = path.join(folder, CURRENT);
  return [folder, current, '/MIR', ...withoutServers(folder), ...FEW_TRIES];
}

/**
 * Returns robocopy's arguments that copy all files but two: server.js and web.config, whose change
 * restarts the application. The arguments name these files with their folders. Without the folder,
 * robocopy would leave out each file with the name server.js, even in node_modules.
 */
function copying(from, folder) {
  const [server, webConfig] = [path.join(from, 'dist', 'server.js'), path.join(from, 'web.config')];
  return [from, folder, '/E', ...withoutServers(from, server, webConfig), ...FEW_TRIES];
}

function replacingLines(folder) {
  const [kept, current] = [KEPT, CURRENT].map(name => quoted(path.join(folder, name)));
  return [`rmdir /s /q ${kept}`, `ren ${current} ${KEPT}`];
}

function mirroring(from, folder) {
  return [path.join(from, 'public'), path.join(folder, 'public'), '/MIR', ...FEW_TRIES];
}

function copyLine(from, folder, ...name) {
  return `copy /y ${quoted(path.join(from, ...name))} ${quoted(path.join(folder, ...name))}`;
}

/**
 * Returns the lines that copy server.js. iisnode watches the time of this file. The first line
 * keeps the time that the file has in the package, so a second line sets the present time.
 */
function serverLines(from, folder) {
  const file = path.join(folder, 'dist', 'server.js');
  return [
    copyLine(from, folder, 'dist', 'server.js'),
    `copy /b ${quoted(file)} +,, ${quoted(file)}`,
  ];
}

/**
 * Keeps a copy of the present version. The function adds the folders of the copies to the record,
 * so that uninstall.cmd removes them.
 */
async function keep(system, { folder, record }) {
  system.print(commandLine('robocopy', keeping(folder)));
  await run(system, ['robocopy', ...keeping(folder)]);
  if (record && !record.did.some(({ kind }) => kind === 'kept')) {
    const folders = [KEPT, CURRENT].map(name => path.join(folder, name));
    record.did.push({ kind: 'kept', folders });
    writeRecord(folder, record);
  }
}

/**
 * Copies the new version, with one restart. iisnode starts node anew when server.js changes. So the
 * function writes server.js last, when all other files are there.
 * @returns {Promise<number>} the time at which server.js was written, ms
 */
async function copy(system, { from, folder, webConfig, restarts }) {
  system.print(commandLine('robocopy', copying(from, folder)));
  await run(system, ['robocopy', ...copying(from, folder)]);
  if (webConfig !== null) {
    system.print(copyLine(from, folder, 'web.config'));
    write(path.join(folder, 'web.config'), webConfig);
  }
  const now = system.now();
  if (restarts) {
    serverLines(from, folder).forEach(system.print);
    writeServer(system, from, folder);
  }
  return now;
}

/** Writes server.js in its place. The function renames no file: iisnode does not see a rename. */
function writeServer(system, from, folder) {
  const file = path.join(folder, 'dist', 'server.js');
  write(file, fs.readFileSync(path.join(from, 'dist', 'server.js')));
  const now = system.now() / 1000;
  fs.utimesSync(file, now, now);
}

function write(file, content) {
  try {
    fs.writeFileSync(file, content);
  } catch (error) {
    throw new Failure(`${file} cannot be written: ${error.message}`);
  }
}

/**
 * Waits until the right process answers health.
 * @throws Failure if no process answers in time, or only the old process
 */
async function expectHealth(system, target, watch) {
  if (target === null) return;
  system.print(`rem waits for ${target.url}, ${watch.seconds} s at most`);
  const { health, saw } = await waitForHealth(system, target, watch);
  if (!health) throw new Failure(`${target.url}: ${saw}, after ${watch.seconds} s`);
  system.print(`ok       ${target.url}: ${saw}`);
}

/** Removes the files that the new version no longer has, and brings the record up to date. */
async function finish(system, { from, folder, record, files, gone, webConfig }) {
  if (gone.some(name => isPage(name))) {
    system.print(commandLine('robocopy', mirroring(from, folder)));
    // The new version runs. An old file that stays in public/ is no reason to go back.
    await run(system, ['robocopy', ...mirroring(from, folder)])
      .catch(error => system.print(`note     ${error.message}`));
  }
  await patiently(system, () => removeFiles(folder, gone))
    .catch(error => system.print(`note     ${error.message}`));
  const packaged = fs.readFileSync(path.join(from, 'web.config'), 'utf8');
  await replaceKept(system, folder);
  if (!record) return;
  const entry = record.did.find(({ kind }) => kind === 'files');
  if (entry) entry.files = files;
  record.webConfig = sum(packaged);
  if (webConfig !== null) record.written = sum(webConfig);
  writeRecord(folder, record);
}

/** Makes the version that was kept in the folder current the one that back.cmd goes back to. */
async function replaceKept(system, folder) {
  const lines = replacingLines(folder);
  lines.forEach(system.print);
  try {
    await patiently(system, () => {
      removeFolder(path.join(folder, KEPT));
      fs.renameSync(path.join(folder, CURRENT), path.join(folder, KEPT));
    });
  } catch (error) {
    // The new version runs: somebody has a file of the old one open, and that is no failure.
    system.print(`note     ${error.message}. For back.cmd, by hand: ${lines.pop()}`);
  }
}

/** Puts the kept version back. @returns {Promise<number>} the exit code, 1 */
async function goBack(system, { folder, files, old }, target, watch) {
  const kept = path.join(folder, CURRENT);
  system.print('So the version before is put back:');
  try {
    const differs = name => !isEqual(kept, folder, name);
    const webConfig = differs('web.config') ? fs.readFileSync(path.join(kept, 'web.config')) : null;
    const restarts = webConfig !== null || differs('dist/server.js')
      || packageFiles(kept).some(name => !isPage(name) && differs(name));
    await copy(system, { from: kept, folder, webConfig, restarts });
    removeFiles(folder, files.filter(name => !old.includes(name)));
    const isWorthWaiting = target === null || watch.before;
    // Any process that answers is right here: the old process may still run.
    if (isWorthWaiting) await expectHealth(system, target, { seconds: watch.seconds });
    system.print(isWorthWaiting
      ? 'The version before is there again. The new version is still in the folder of its package.'
      : 'The version before is there again. It did not answer before the update, either.');
    removeFolder(kept);
  } catch (error) {
    if (!(error instanceof Failure) && !error.code) throw error;
    system.print(`failed   ${error.message}`);
    system.print(`By hand: run the lines above, with ${quoted(kept)} as the folder to copy from. `
      + `The newest file in ${quoted(path.join(folder, 'iisnode'))} says why the application does `
      + 'not run.');
  }
  return 1;
}

module.exports = { update, bring, linesOf, makeFacts };
