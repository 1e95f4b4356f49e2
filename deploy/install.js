/* install.cmd: makes this package an application of IIS. */
'use strict';

const fs = require('fs');
const path = require('path');
const { healthOf, waitForHealth } = require('./health');
const { isSame } = require('./iis');
const {
  Findings, lookAtIis, lookAtModules, lookAtNode, lookAtPackage, lookAtRights, lookAtServices,
  lookAtWindows, lookForAdministrator, lookForLocks, lookForSite, lookIntoIis,
} = require('./look');
const { isClone, packageFiles } = require('./package');
const { readRecord, removeRecord, writeRecord } = require('./record');
const { has, MODIFY, poolSid, readRights, READ_AND_RUN } = require('./rights');
const { KINDS, findApplication, undoAll } = require('./steps');
const { filesIn, quoted, SET_APPCMD, sum } = require('./system');
const { settingsOf, withSettings } = require('./web-config');

/** The site that the installation of IIS makes. */
const DEFAULT_SITE = 'Default Web Site';

/**
 * The settings of a pool for one node process. By default, a pool ends its process after an idle
 * time, and after 29 hours, at any time of the day. The pool here is recycled by a schedule, once a
 * night.
 */
const POOL = {
  managedRuntimeVersion: '',
  'processModel.identityType': 'ApplicationPoolIdentity',
  'processModel.maxProcesses': '1',
  'processModel.idleTimeout': '00:00:00',
  'recycling.periodicRestart.time': '00:00:00',
};

/**
 * Looks at the server, and installs the application if nothing is missing.
 * @param {import('./system').System} system
 * @param {object} options the options, as command.js reads them
 * @returns {Promise<number>} the exit code: 0, or 1 if something is missing or has failed
 */
async function install(system, options) {
  const facts = look(system, options);
  if (facts === null) {
    system.print('Nothing was changed. Mend the missing parts first, and run this command again.');
    return 1;
  }
  const steps = plan(facts);
  if (steps.length === 0) {
    system.print('Nothing to do: all is there.');
    return options.dryRun ? 0 : ask(system, facts, options.wait);
  }
  system.print('');
  const lines = linesOf(steps);
  if (options.dryRun) {
    lines.forEach(system.print);
    return 0;
  }
  if (lines[0] === SET_APPCMD) system.print(SET_APPCMD);
  if (!await carryOut(system, facts, steps)) return 1;
  return ask(system, facts, options.wait);
}

/**
 * Looks at the server.
 * @returns {object | null} all facts that the steps depend on; null if something is missing
 */
function look(system, options) {
  const findings = new Findings(system);
  lookForAdministrator(system, findings);
  lookAtWindows(system, findings);
  const found = lookAtPackage(findings, options.package);
  const isThere = lookAtIis(system, findings);
  const iis = isThere ? lookIntoIis(system, findings) : null;
  lookAtNode(system, findings);
  if (!iis || !found) return null;
  lookAtServices(system, findings);

  const at = options.path || found.appPath;
  const siteName = options.site || DEFAULT_SITE;
  const name = at === '/' ? lastName(found.appPath) || found.name : lastName(at);
  const pool = options.pool || name;
  const folder = path.resolve(options.folder || defaultFolder(system, options.package, name));
  const there = iis.pool(pool);
  const has32Bits = there && there.settings.enable32BitAppOnWin64 === 'true';
  const bits = options.bits || (has32Bits ? '32' : '64');
  lookAtModules(system, findings, iis, bits);
  const site = lookForSite(findings, iis, siteName);
  if (!site) return null;
  lookForLocks(findings, iis, options.package, `${site.name}${at === '/' ? '' : at}`);

  const facts = {
    iis, site, at, pool, folder, bits, from: options.package,
    appPath: at === '/' ? found.appPath : at, given: options.bits, recycleAt: options.recycleAt,
    queue: options.queue, requests: options.requests,
    settings: Object.assign({}, options.settings), account: accountOf(there, pool), there,
    record: readRecord(folder), now: system.now(), exists: system.exists,
    files: packageFiles(options.package),
    mayAlready: (one, account, rights) => mayAlready(system, one, account, rights),
    hasBackup: one => system.exists(path.join(system.system32(), 'inetsrv', 'backup', one)),
  };
  // An application in IIS has the same path as the server. At the root of a site, the server keeps
  // its own path.
  if (at !== '/' && found.appPath !== at) facts.settings.APP_PATH = at;
  if (facts.settings.APP_PATH) facts.appPath = facts.settings.APP_PATH;
  facts.found = findApplication(iis, site.name, at);
  facts.isOurs = facts.found !== undefined && isSame(facts.found.folder, folder);
  const served = facts.isOurs ? folder : options.package;
  facts.webConfig = fs.readFileSync(path.join(served, 'web.config'), 'utf8');
  lookForPlace(system, findings, facts);
  lookAtRights(system, findings, folder, pool);
  return findings.isComplete ? facts : null;
}

function lastName(at) {
  return at.split('/').pop();
}

/** Finds the default folder. A package is copied into inetpub; a clone stays in its own folder. */
function defaultFolder(system, from, name) {
  if (isClone(from)) return from;
  return path.join(`${system.env.SystemDrive || 'C:'}${path.sep}`, 'inetpub', name);
}

/** Looks whether path, folder and pool are free, or belong to this application already. */
function lookForPlace(system, findings, { iis, site, at, folder, pool, from, found, isOurs }) {
  const where = `${site.name}${at}`;
  const main = site.applications.find(one => one.path === '/');
  if (isOurs) findings.ok(`${where} is this application`);
  else if (at === '/') {
    if (found) {
      findings.note(
        `the root of ${site.name} leads to ${found.folder}`,
        'it will lead to the application',
        'uninstall.cmd leads it back',
      );
    }
  } else if (found) {
    findings.missing(
      `${where} is another application already, in ${found.folder}`,
      'one path has one application',
      `Another --path; or --folder ${quoted(found.folder)}, if it is this one`,
    );
  } else if (main && main.folders.some(one => isSame(one.path, at))) {
    findings.missing(
      `${where} is a virtual directory already`,
      'one path leads to one folder',
      'Another --path',
    );
  } else findings.ok(`${where} is free`);

  const isEmpty = !system.exists(folder)
    || filesIn(folder, ['iisnode', 'installed.json']).length === 0;
  if (!isEmpty && !isSame(folder, from) && !isOurs) {
    findings.missing(`${folder} has other files already`, 'the package is copied there',
      `Another --folder; or empty it: rmdir /s /q ${quoted(folder)}`);
  }
  const others = iis.applicationsIn(pool)
    .filter(one => !isSame(`${one.site}${one.path}`, where))
    .map(one => `${one.site}${one.path}`);
  if (others.length > 0) {
    findings.missing(`the pool ${pool} has other applications: ${others.join(', ')}`,
      'its settings would change for them, too', 'Another --pool');
  }
}

/**
 * Finds the account that a pool runs as, for icacls. Windows' own accounts are given by their
 * numbers, because their names depend on the language of Windows.
 * @returns {{ name: string, sid: string | null } | null} null for an account that has all rights
 */
function accountOf(there, pool) {
  const settings = there ? there.settings : {};
  const { 'processModel.identityType': type, 'processModel.userName': user } = settings;
  if (type === 'NetworkService') return { name: '*S-1-5-20', sid: 'NS' };
  if (type === 'LocalService') return { name: '*S-1-5-19', sid: 'LS' };
  if (type === 'LocalSystem') return null;
  if (type === 'SpecificUser') return { name: user, sid: null };
  return { name: `IIS AppPool\\${pool}`, sid: poolSid(pool) };
}

/** The kinds of steps that change files, and nothing in IIS. */
const OF_THE_FOLDER = ['folder', 'log', 'files', 'setting', 'rights'];

/** The rights in icacls's letters, as bits. */
const BITS = { RX: READ_AND_RUN, M: MODIFY };

/**
 * Says whether an account has rights in a folder already.
 * @param {{ name: string, sid: string | null }} account the account, as accountOf() gives it
 * @param {'RX' | 'M'} rights the rights, in icacls's letters
 */
function mayAlready(system, folder, { name, sid }, rights) {
  if (!system.exists(folder)) return false;
  if (sid !== null) return has(readRights(system, folder) || [], sid, BITS[rights]);
  // The number of a domain's account is not known here, so the code looks for the account's name.
  const { output } = system.run('icacls', [folder]);
  const start = `${name.toLowerCase()}:(oi)(ci)`;
  return output.split(/\r?\n/).some(line => line.toLowerCase().includes(start)
    && (line.includes(`(${rights})`) || line.includes('(F)')));
}

/**
 * Lists the steps that are still necessary. The function changes nothing and asks nobody: the same
 * facts give the same steps.
 * @param {object} facts the result of look()
 * @returns {object[]} the steps, of the kinds in steps.js
 */
function plan(facts) {
  const { iis, site, at, pool, folder, from, account, there, record, settings } = facts;
  const { found, isOurs } = facts;
  const steps = [];
  const add = (kind, entry) => steps.push(Object.assign({ kind }, entry));

  for (const one of absent(folder, facts.exists)) add('folder', { folder: one });
  if (!isSame(folder, from) && !isOurs) add('files', { from, folder, files: facts.files });
  const file = path.join(folder, 'web.config');
  const now = settingsOf(facts.webConfig);
  for (const name of Object.keys(settings)) {
    if (now[name] !== settings[name]) {
      add('setting', { file, name, value: settings[name], before: now[name] });
    }
  }
  const log = path.join(folder, 'iisnode');
  if (!facts.exists(log)) add('log', { folder: log });

  addPool(add, facts);
  if (account !== null) {
    for (const [one, rights] of [[folder, 'RX'], [log, 'M']]) {
      if (!facts.mayAlready(one, account, rights)) {
        add('rights', { folder: one, account: account.name, rights });
      }
    }
  }
  if (at === '/') {
    if (!isOurs || !isSame(found.pool, pool)) {
      add('root', {
        site: site.name, folder, pool,
        before: { folder: found ? found.folder : '', pool: found ? found.pool : 'DefaultAppPool' },
      });
    }
  } else if (!found) add('app', { site: site.name, path: at, folder, pool });
  if (iis.concurrentRequestLimit < facts.requests) {
    add('limit', { requests: facts.requests, before: iis.concurrentRequestLimit });
  }
  // appcmd's backup has all sites. The first step makes a backup if a later step changes IIS.
  const changesIis = steps.some(({ kind }) => !OF_THE_FOLDER.includes(kind));
  const isFirst = !record && !there;
  const name = `before-${pool}`.replace(/[^\w-]/g, '_') + (isFirst ? '' : `-${day(facts.now)}`);
  if (changesIis && !facts.hasBackup(name)) steps.unshift({ kind: 'backup', name });
  return steps;
}

/** @returns {string[]} the folders that are missing: this one and those above, outermost first */
function absent(folder, exists) {
  const above = path.dirname(folder);
  if (exists(folder) || above === folder) return [];
  return [...absent(above, exists), folder];
}

function addPool(add, { pool, bits, given, there, recycleAt, queue }) {
  const settings = Object.assign({}, POOL, {
    enable32BitAppOnWin64: String(bits === '32'), queueLength: String(queue),
  });
  if (there) {
    // A limit that somebody has raised stays. An existing pool keeps its account, and its bits if
    // --bits is not given.
    const stays = ['processModel.identityType'];
    if (given === undefined) stays.push('enable32BitAppOnWin64');
    const differs = name => name === 'queueLength'
      ? Number(there.settings[name]) < queue
      : there.settings[name] !== settings[name];
    const wrong = Object.keys(settings).filter(name => differs(name) && !stays.includes(name));
    if (wrong.length > 0) {
      const only = from => wrong
        .reduce((all, name) => Object.assign(all, { [name]: from[name] }), {});
      add('poolSettings', { pool, settings: only(settings), before: only(there.settings) });
    }
  } else add('pool', { pool, settings });
  const hasSchedule = there && there.schedule.length > 0;
  if (recycleAt !== null && !hasSchedule) add('schedule', { pool, time: recycleAt });
}

function day(now) {
  return new Date(now).toISOString().slice(0, 10);
}

/**
 * @returns {string[]} the lines of steps; first the line that sets %appcmd%, if a line needs it
 */
function linesOf(steps) {
  const lines = [].concat(...steps.map(step => KINDS[step.kind].lines(step)));
  return lines.some(line => line.startsWith('%appcmd%')) ? [SET_APPCMD, ...lines] : lines;
}

/** @returns {Promise<boolean>} false if a step has failed; then all steps of this run are undone */
async function carryOut(system, facts, steps) {
  const { folder, site, at, pool, from, settings } = facts;
  const packaged = fs.readFileSync(path.join(from, 'web.config'), 'utf8');
  const record = Object.assign({ did: [] }, facts.record, {
    site: site.name, path: at, pool,
    settings: Object.assign({}, facts.record && facts.record.settings, settings),
    webConfig: sum(packaged),
    written: sum(withSettings(packaged, settings)),
  });
  const before = record.did.slice();
  const save = () => {
    if (system.exists(folder)) writeRecord(folder, record);
  };
  for (const step of steps) {
    const kind = KINDS[step.kind];
    kind.lines(step).forEach(system.print);
    record.did.push(step);
    save();
    try {
      await kind.make(system, step);
      save();
    } catch (error) {
      system.print(`failed   ${error.message}`);
      await undo(system, facts, record, before);
      return false;
    }
  }
  return true;
}

/** Undoes the steps of this run, and the failed step too: it may have changed a part, or all. */
async function undo(system, { folder, record: old }, record, before) {
  const made = record.did.slice(before.length);
  system.print('So the changes of this run are undone:');
  // The record lies in a folder that may have to be empty.
  removeRecord(folder);
  const left = await undoAll(system, made);
  const did = before.concat(left.reverse());
  if (system.exists(folder) && (did.length > 0 || old)) {
    writeRecord(folder, Object.assign(record, { did }));
  }
  system.print(left.length === 0
    ? 'The server is as it was.'
    : 'All other changes are undone. Run uninstall.cmd to undo the rest.');
}

/** Asks the application for its health. @returns {Promise<number>} the exit code */
async function ask(system, { site, appPath, folder }, seconds) {
  const target = healthOf(site.bindings, appPath);
  if (target === null) {
    system.print(`note     the site ${site.name} has no binding for HTTP: nobody can ask it`);
    return 0;
  }
  const { health, status, saw } = await waitForHealth(system, target, { seconds });
  if (health) {
    system.print(`ok       ${target.url}: ${saw}`);
    return 0;
  }
  system.print(`failed   ${target.url}: ${saw}. The application is installed, but it does not `
    + 'answer.');
  const cure = cures(status, folder);
  if (cure) system.print(`         ${cure}`);
  return 1;
}

function cures(status, folder) {
  const log = `the newest file in ${path.join(folder, 'iisnode')} says why`;
  if (status === undefined) return 'If the site is stopped, start it in IIS Manager.';
  if (status === 401) return 'The site asks for a login, so this command cannot see more.';
  if (status >= 500) {
    return `If node was installed just now: net stop was /y & net start w3svc. Else ${log}.`;
  }
  return 'docs/troubleshooting.md has each status.';
}

module.exports = { install, plan, linesOf };
