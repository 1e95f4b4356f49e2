/*
 * update.cmd: brings a new version to where the application is. Goes back by itself if it does not
 * run.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { askHealth, healthOf, waitForHealth } = require('./health');
const { isSame } = require('./iis');
const { Findings, lookForAdministrator, lookForInstalled } = require('./look');
const { CURRENT, KEPT, packageFiles, readPackage, withoutServers } = require('./package');
const { writeRecord } = require('./record');
const { FEW_TRIES, Failure, removeFiles, run } = require('./steps');
const { commandLine, quoted, removeFolder, sum } = require('./system');
const { settingsOf, withSettings } = require('./web-config');

/**
 * @param {import('./system').System} system
 * @param {object} options as command.js reads them; package is the folder of the new version
 * @returns {Promise<number>} the exit code
 */
async function update(system, options) {
  const facts = look(system, options);
  if (facts === null) {
    system.print('Nothing was changed.');
    return 1;
  }
  return bring(system, facts, options);
}

/** @returns {object | null} null if something is missing */
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

/** A package of another application would be copied over this one. */
function lookForOther(findings, folder, { name }) {
  const file = path.join(folder, 'package.json');
  const old = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).name : name;
  if (old === name) return;
  findings.missing(
    `the package is ${name}, and the application is ${old}`,
    'one would be written over the other',
    'Give --path and --site of the application that is meant',
  );
}

/**
 * The new web.config has the settings that install.cmd wrote into the old one. Whoever has changed
 * the old one by hand would lose that.
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
      'the package brings the one that it had before, so yours stays',
    );
    return null;
  }
  findings.missing(
    `${file} was changed here, and the package has a new one`,
    'the new one would end your changes',
    'Take your changes into the project; then --new-web-config, or --keep-web-config for yours',
  );
  return null;
}

/**
 * @param {string} from the folder of the new version
 * @param {string} folder the application's
 * @param {string | null} webConfig the text that web.config is to have; null leaves it alone
 * @param {object | null} target where health is asked
 */
function makeFacts(from, folder, record, webConfig, target) {
  const files = packageFiles(from);
  const old = packageFiles(folder);
  const differs = files.filter(name => name !== 'web.config' && !isEqual(from, folder, name));
  const file = path.join(folder, 'web.config');
  const now = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  // iisnode reads iisnode.yml when it reads web.config: so that one has to be written as well.
  const writes = webConfig !== null && webConfig !== now;
  const touches = writes || differs.includes('iisnode.yml');
  const listed = filesOf(record);
  const gone = old.filter(name => !files.includes(name)
    && (isPage(name) || listed.includes(name)));
  return {
    from, folder, record, target, files, old, differs, gone,
    webConfig: touches ? (webConfig === null ? now : webConfig) : null,
    // Files in public/ count at once. All else needs a new process.
    restarts: touches || [...differs, ...gone].some(name => !isPage(name)),
  };
}

/** Files in public/ count at once. All others need a new process. */
function isPage(name) {
  return name.startsWith('public/');
}

/** The files that install.cmd or an update has put there. */
function filesOf(record) {
  const entry = record && record.did.find(({ kind }) => kind === 'files');
  return entry ? entry.files : [];
}

function isEqual(one, other, name) {
  const [a, b] = [one, other].map(folder => path.join(folder, ...name.split('/')));
  return fs.existsSync(b) && fs.readFileSync(a).equals(fs.readFileSync(b));
}

/**
 * Carries an update out, and goes back if it fails. back.js uses it as well.
 * @param {object} facts of makeFacts
 * @param {{ wait: number, dryRun: boolean, health: boolean }} options wait: s; health: whether to
 *   ask it
 * @returns {Promise<number>} the exit code
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
    system.print(`missing  ${target.url}: ${before.saw}: the site asks for a login, so nobody can `
      + 'see whether the new version runs. --no-health does not wait.');
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
  system.print('ok       the new version runs. back.cmd goes back to the one before.');
  return 0;
}

/** The lines of an update, in their order. @returns {string[]} */
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
 * All but the two files that cost a restart. They are named with their folders: a bare server.js
 * would leave out each file of that name, in node_modules too.
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
 * iisnode compares the time of server.js. copy keeps the time of the package, so a second line sets
 * it.
 */
function serverLines(from, folder) {
  const file = path.join(folder, 'dist', 'server.js');
  return [
    copyLine(from, folder, 'dist', 'server.js'),
    `copy /b ${quoted(file)} +,, ${quoted(file)}`,
  ];
}

/**
 * Copies the version that is there. The record learns of the folders: uninstall.cmd removes them.
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
 * Copies the new version, in the order that costs one restart: server.js is what iisnode watches,
 * so it is written when all else is there.
 * @returns {Promise<number>} when server.js was written
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

/** Written in place, never renamed into place: iisnode does not hear of a rename. */
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

/** @throws Failure if health does not answer, or the old process does, until the time is over */
async function expectHealth(system, target, watch) {
  if (target === null) return;
  system.print(`rem waits for ${target.url}, ${watch.seconds} s at most`);
  const { health, saw } = await waitForHealth(system, target, watch);
  if (!health) throw new Failure(`${target.url}: ${saw}, after ${watch.seconds} s`);
  system.print(`ok       ${target.url}: ${saw}`);
}

/** Removes what the new version no longer has, and writes down what is there now. */
async function finish(system, { from, folder, record, files, gone, webConfig }) {
  if (gone.some(name => isPage(name))) {
    system.print(commandLine('robocopy', mirroring(from, folder)));
    // The new version runs: a file too many in public/ is no reason to go back.
    await run(system, ['robocopy', ...mirroring(from, folder)])
      .catch(error => system.print(`note     ${error.message}`));
  }
  removeFiles(folder, gone);
  replacingLines(folder).forEach(system.print);
  const packaged = fs.readFileSync(path.join(from, 'web.config'), 'utf8');
  removeFolder(path.join(folder, KEPT));
  fs.renameSync(path.join(folder, CURRENT), path.join(folder, KEPT));
  if (!record) return;
  const entry = record.did.find(({ kind }) => kind === 'files');
  if (entry) entry.files = files;
  record.webConfig = sum(packaged);
  if (webConfig !== null) record.written = sum(webConfig);
  writeRecord(folder, record);
}

/** Puts the kept version back. @returns {Promise<number>} the exit code, 1 */
async function goBack(system, { folder, files, old }, target, watch) {
  const kept = path.join(folder, CURRENT);
  system.print('So the version before comes back:');
  try {
    const differs = name => !isEqual(kept, folder, name);
    const webConfig = differs('web.config') ? fs.readFileSync(path.join(kept, 'web.config')) : null;
    const restarts = webConfig !== null || differs('dist/server.js')
      || packageFiles(kept).some(name => !isPage(name) && differs(name));
    await copy(system, { from: kept, folder, webConfig, restarts });
    removeFiles(folder, files.filter(name => !old.includes(name)));
    const isWorthWaiting = target === null || watch.before;
    // Any process that answers will do: the old one may never have ended.
    if (isWorthWaiting) await expectHealth(system, target, { seconds: watch.seconds });
    system.print(isWorthWaiting
      ? 'The version before is there again. The new one is where it was unpacked.'
      : 'The version before is there again. It did not answer before the update, either.');
    removeFolder(kept);
  } catch (error) {
    if (!(error instanceof Failure) && !error.code) throw error;
    system.print(`failed   ${error.message}`);
    system.print(`By hand: the lines above, with ${quoted(kept)} as the folder that is copied. `
      + `The newest file in ${quoted(path.join(folder, 'iisnode'))} says why it does not run.`);
  }
  return 1;
}

module.exports = { update, bring, linesOf, makeFacts };
