/*
 * Looks at a server, and changes nothing. Each finding is one line. The line has three parts: the
 * fact, the reason why the fact matters, and the command that changes it.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { isSame, readIis } = require('./iis');
const { isClone, missingIn, readPackage } = require('./package');
const { readRecord } = require('./record');
const { everybodyWrites, mayLook, poolSid, readRights } = require('./rights');
const { findApplication } = require('./steps');
const { commandLine, quoted } = require('./system');
const { sectionsOf } = require('./web-config');

/**
 * Prints the findings, of three kinds. ok: the server is as the application needs it. note: the
 * application works, but the administrator should know the fact. missing: the command changes
 * nothing until the missing thing is there.
 */
class Findings {
  constructor(system) {
    this.system = system;
    this.isComplete = true;
  }

  ok(what) {
    this.system.print(`ok       ${what}`);
  }

  /**
   * @param {string} what the fact
   * @param {string} why the reason why the fact matters
   * @param {string} [line] the command that changes the fact
   */
  note(what, why, line) {
    this.system.print(`note     ${what}: ${why}${line ? `. To change it: ${line}` : ''}`);
  }

  /**
   * @param {string} what the fact
   * @param {string} why the reason why the fact matters
   * @param {string} line the command to write, or the program to install
   */
  missing(what, why, line) {
    this.isComplete = false;
    this.system.print(`missing  ${what}: ${why}. ${line}`);
  }
}

/**
 * A key of the registry that only administrators can read, in each version of Windows. The test
 * needs no service.
 */
const FOR_ADMINISTRATORS = 'HKU\\S-1-5-19';

function lookForAdministrator(system, findings) {
  if (system.run('reg', ['query', FOR_ADMINISTRATORS]).status === 0) {
    findings.ok('administrator');
    return;
  }
  findings.missing(
    'administrator rights are missing',
    'only administrators may read and change the configuration of IIS',
    'Start menu, cmd, right click, "Run as administrator"',
  );
}

function lookAtWindows(system, findings) {
  const [major, minor] = system.release.split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 1)) {
    findings.missing(`Windows ${system.release} is too old`, 'node 10 does not run there',
      'Take Windows Server 2008 R2, Windows 7 or later');
    return;
  }
  const key = 'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';
  const type = valueOf(system, key, 'InstallationType');
  findings.ok(`Windows ${system.release}${type === undefined ? '' : `, ${type}`}`);
  if (type === 'Client') {
    findings.note(
      'this is no Windows Server',
      'it answers 10 requests at a time, Home editions 3 or 1, and each client that waits is one',
    );
  }
}

const IIS_KEY = 'HKLM\\SOFTWARE\\Microsoft\\InetStp';

/**
 * The parts of IIS. Each has a name in the registry (InetStp\Components), and two names for dism:
 * `old` on IIS 7.5, `now` on later ones. The application does not use ASP.NET, but iisnode asks for
 * it. The installation of ASP.NET also lets applications have handlers.
 */
const PARTS = [
  part('W3SVC', { needed: true, old: 'IIS-WebServer', now: 'IIS-WebServer' }),
  part('RequestFiltering', { needed: true }),
  part('ISAPIExtensions'),
  part('ISAPIFilter'),
  part('ASPNET', { needed: true, now: 'IIS-ASPNET45' }),
  part('HttpLogging'),
  part('RequestMonitor'),
  part('ManagementConsole'),
];

function part(name, { needed = false, old = `IIS-${name}`, now = `IIS-${name}` } = {}) {
  return { name, needed, old, now };
}
/**
 * The parts that other parts depend on. dism of Windows 7 has no option /all, so its line names
 * these parts first.
 */
const BELOW = ['IIS-WebServerRole', 'IIS-WebServer', 'IIS-ApplicationDevelopment', 'IIS-Security',
  'IIS-HealthAndDiagnostics', 'IIS-WebServerManagementTools', 'IIS-NetFxExtensibility'];

/** @returns {boolean} whether IIS is installed, so that its configuration can be read */
function lookAtIis(system, findings) {
  const version = valueOf(system, IIS_KEY, 'MajorVersion');
  const [major, minor] = system.release.split('.').map(Number);
  const isOld = major === 6 && minor < 2;
  const parts = new Map(valuesOf(system, `${IIS_KEY}\\Components`));
  // Later versions of Windows have ASP.NET 4.5 beside 3.5, or in its place. Either version will do.
  const has = name => isOn(parts.get(name)) || (name === 'ASPNET' && isOn(parts.get('ASPNET45')));
  const absent = version === undefined ? PARTS : PARTS.filter(({ name }) => !has(name));
  const line = commandLine('dism', ['/online', '/enable-feature', ...(isOld ? [] : ['/all']),
    ...featuresFor(absent, isOld).map(one => `/featurename:${one}`)]);
  if (version === undefined) {
    findings.missing('IIS is not installed', 'it serves the application', line);
    findings.note('URL Rewrite and iisnode come next', 'they are parts of IIS, so IIS comes first',
      `${REWRITE}; ${IISNODE}`);
    return false;
  }
  const name = `IIS ${Number(version)}.${Number(valueOf(system, IIS_KEY, 'MinorVersion') || 0)}`;
  const needed = absent.filter(one => one.needed);
  if (needed.length > 0) {
    findings.missing(`${name} lacks ${needed.map(one => one.name).join(', ')}`,
      'iisnode and web.config need it', line);
  } else {
    findings.ok(`${name}, with the parts that are needed`);
    if (absent.length > 0) {
      findings.note(`${name} lacks ${absent.map(one => one.name).join(', ')}`,
        'a fault is harder to find without', line);
    }
  }
  return true;
}

function isOn(value) {
  return value !== undefined && Number(value) !== 0;
}

function featuresFor(absent, isOld) {
  const names = absent.map(one => isOld ? one.old : one.now);
  return isOld ? [...new Set([...BELOW, ...names])] : names;
}

/** Looks at the Windows service of IIS. sc prints its state as number and word: 4, RUNNING. */
function lookAtServices(system, findings) {
  const { status, output } = system.run('sc', ['query', 'w3svc']);
  if (status === 0 && /:\s*4\s/.test(output)) {
    findings.ok('the service w3svc runs');
  } else {
    findings.missing('the service w3svc does not run', 'IIS answers nothing', 'net start w3svc');
  }
}

const REWRITE = 'URL Rewrite 2, x64: https://www.iis.net/downloads/microsoft/url-rewrite';
const IISNODE = 'iisnode-full-v0.2.26-x64.msi: https://github.com/Azure/iisnode/releases';

function lookAtModules(system, findings, iis, bits) {
  const images = name => iis.modules.filter(one => isSame(one.name, name));
  if (images('RewriteModule').length === 0) {
    findings.missing(
      'URL Rewrite is not installed',
      'the rules in web.config need it, and IIS answers 500.19',
      `Install ${REWRITE}`,
    );
  } else {
    const key = 'HKLM\\SOFTWARE\\Microsoft\\IIS Extensions\\URL Rewrite';
    const version = valueOf(system, key, 'Version');
    findings.ok(`URL Rewrite${version === undefined ? '' : ` ${version}`}`);
  }
  const modules = images('iisnode');
  const fit = modules.filter(({ preCondition = '' }) => !/bitness/i.test(preCondition)
    || preCondition.toLowerCase().includes(`bitness${bits}`));
  if (modules.length === 0) {
    findings.missing(
      'iisnode is not installed',
      'it starts node, and IIS answers 500.19',
      `Install ${IISNODE}`,
    );
    return;
  }
  if (fit.length === 0) {
    findings.missing(`iisnode is not registered for pools of ${bits} bits`, 'IIS answers 500.21',
      `Install ${IISNODE}`);
    return;
  }
  const version = versionOf(system, system.expand(fit[0].image));
  findings.ok(`iisnode${version === null ? '' : ` ${version}`}`);
  if (version !== null && olderThan(version, [0, 2, 21])) {
    findings.note(
      `iisnode ${version} is old`,
      'from 0.2.21 on it takes more than 4 connections to node at a time by itself',
      `install ${IISNODE}`,
    );
  }
}

/**
 * Reads the version of a DLL from its resource: the text behind "FileVersion", in UTF-16.
 * @returns {string | null} null if the file or the text is missing
 */
function versionOf(system, file) {
  if (!system.exists(file)) return null;
  const text = fs.readFileSync(file).toString('latin1');
  const found = /F\0i\0l\0e\0V\0e\0r\0s\0i\0o\0n\0[\0]+((?:[0-9.,]\0)+)/.exec(text);
  return found ? found[1].replace(/\0/g, '').replace(/,/g, '.') : null;
}

function olderThan(version, than) {
  const parts = version.split('.').map(Number);
  const at = than.findIndex((one, i) => (parts[i] || 0) !== one);
  return at >= 0 && (parts[at] || 0) < than[at];
}

/** Looks for node in the machine's PATH. IIS's services use that PATH, and not a user's PATH. */
function lookAtNode(system, findings) {
  const version = process.version;
  const folder = path.dirname(system.node);
  const key = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment';
  const folders = (valueOf(system, key, 'Path') || '').split(';')
    .map(one => system.expand(one.trim().replace(/^"|"$/g, '')).replace(/[\\/]+$/, ''));
  if (folders.some(one => isSame(one, folder))) {
    findings.ok(`node ${version}, found by services`);
    return;
  }
  if (folders.some(one => one.includes('\uFFFD'))) {
    // reg prints in the code page of the console, so a letter outside of ASCII cannot be read.
    findings.note(`node ${version}; the machine's PATH has letters that cannot be read here`,
      `services have to find node in it: ${folder}`);
    return;
  }
  const other = folders.find(one => one !== '' && system.exists(path.join(one, 'node.exe')));
  if (other) {
    findings.note(
      `services find another node, in ${other}`,
      `this one is ${system.node}; iisnode starts theirs`,
    );
    return;
  }
  findings.missing(`services do not find node: ${folder} is not in the machine's PATH`,
    'iisnode answers 500.1000',
    'Install node for all users, with its .msi; then: net stop was /y & net start w3svc');
}

/**
 * Looks for the site of that name.
 * @returns {object | undefined} the site; undefined, with a finding, if it is missing
 */
function lookForSite(findings, iis, name) {
  const site = iis.site(name);
  if (site) {
    findings.ok(`the site ${site.name}`);
    return site;
  }
  const names = iis.sites.map(one => `--site ${quoted(one.name)}`).join(' or ');
  findings.missing(`there is no site "${name}"`, 'the application is a part of a site',
    names === '' ? 'Make one in IIS Manager' : `Write ${names}`);
  return undefined;
}

/** Looks for sections of web.config that the server, or a <location> of it, has locked. */
function lookForLocks(findings, iis, folder, application) {
  const sections = sectionsOf(fs.readFileSync(path.join(folder, 'web.config'), 'utf8'));
  const locked = [...new Set(sections)].filter(one => iis.isLocked(one, application));
  for (const section of locked) {
    findings.missing(
      `the section ${section} is locked`,
      'web.config has it, and IIS answers 500.19',
      commandLine('appcmd', ['unlock', 'config', `/section:system.webServer/${section}`]),
    );
  }
  if (locked.length === 0) findings.ok('no section of web.config is locked');
}

/** Looks whether the pool can reach the folder, and whether each user can write into it. */
function lookAtRights(system, findings, folder, pool) {
  const sid = poolSid(pool);
  let existing = folder;
  while (!system.exists(existing) && path.dirname(existing) !== existing) {
    existing = path.dirname(existing);
  }
  const own = readRights(system, existing);
  if (own === null) {
    findings.note(`the rights of ${existing} cannot be read`, 'the pool has to read it');
    return;
  }
  if (everybodyWrites(own)) {
    findings.note(
      `each user of this machine may write into ${existing}`,
      'who writes there runs programs as the application',
      'another --folder, such as one in C:\\inetpub',
    );
  }
  let isGood = true;
  // install.cmd gives the pool the rights of the folder itself. The rights of the folders above it
  // have to be there already.
  for (let at = existing === folder ? path.dirname(folder) : existing; ; at = path.dirname(at)) {
    const entries = at === existing ? own : readRights(system, at);
    if (entries !== null && !mayLook(entries, sid)) {
      isGood = false;
      findings.missing(
        `the pool may not look into ${at}`,
        'node looks at each folder above its script, and would end at once',
        commandLine('icacls', [at, '/grant', '*S-1-5-32-568:RX']),
      );
    }
    if (path.dirname(at) === at) break;
  }
  if (isGood) findings.ok(`the pool can come to ${folder}`);
}

/** @returns {object | null} the package's data from package.json and web.config */
function lookAtPackage(findings, folder) {
  const missing = missingIn(folder);
  if (missing.length > 0) {
    findings.missing(
      `${folder} lacks ${missing.join(', ')}`,
      'it is no package, or it is not built',
      'Unpack the zip file of npm run package; in a clone: npm ci & npm run build',
    );
    return null;
  }
  const found = readPackage(folder);
  const clone = isClone(folder) ? ', a clone' : '';
  findings.ok(`the package ${found.name} ${found.version} in ${folder}${clone}`);
  return found;
}

/** @returns {[string, string][]} the names and the values in a key of the registry */
function valuesOf(system, key, name) {
  const args = name === undefined ? ['query', key] : ['query', key, '/v', name];
  const { status, output } = system.run('reg', args);
  if (status !== 0) return [];
  // A line has four spaces, the name, the type, the value. A name may have spaces, a type has none.
  return output.split(/\r?\n/)
    .map(line => /^\s+(.+?)\s+REG_\w+\s+(.*)$/.exec(line))
    .filter(Boolean)
    .map(([, one, value]) => [one, value.trim()]);
}

/** @returns {string | undefined} the value of that name; undefined if the key does not have it */
function valueOf(system, key, name) {
  const found = valuesOf(system, key, name).find(([one]) => isSame(one, name));
  return found && found[1];
}

/**
 * Reads IIS's configuration.
 * @returns {import('./iis').Iis | null} null, with a finding, if the file cannot be read
 */
function lookIntoIis(system, findings) {
  try {
    return readIis(system);
  } catch (error) {
    findings.missing('IIS\'s configuration cannot be read', error.message,
      'Is IIS installed, and are you administrator? Does IIS Manager show the sites?');
    return null;
  }
}

/**
 * Finds the application that a package is a version of. --site and --path limit the search. Then an
 * application counts if its folder is that of the package; else the application at --path; else the
 * application whose package.json has the same name. The result has to be one application only.
 * @param {{ site?: string, path?: string, package: string }} options the options of the command
 * @param {{ name: string, appPath: string }} found the result of readPackage
 * @returns {{ site: object, path: string, folder: string, record: object | null } | null} null,
 *   with a finding, if none or several are found
 */
function lookForApplication(findings, iis, options, found) {
  const all = [].concat(...iis.sites.map(site => site.applications
    .map(one => Object.assign({ site }, findApplication(iis, site.name, one.path)))));
  const nameOf = folder => missingIn(folder).length === 0 ? readPackage(folder).name : null;
  const given = all
    .filter(one => options.site === undefined || isSame(one.site.name, options.site))
    .filter(one => options.path === undefined || isSame(one.path, options.path));
  const own = given.filter(one => isSame(one.folder, options.package));
  const named = given.filter(one => nameOf(one.folder) === found.name);
  const fit = own.length > 0 ? own : options.path === undefined ? named : given;
  if (fit.length === 1) {
    const [one] = fit;
    findings.ok(`the application ${one.site.name}${one.path}, in ${one.folder}`);
    return Object.assign({ record: readRecord(one.folder) }, one);
  }
  const where = `${options.site || 'a site'}${options.path || ''}`;
  if (fit.length === 0) {
    findings.missing(
      `there is no application ${found.name} in ${where}`,
      'there is nothing to change',
      'install.cmd makes it; or give --site and --path',
    );
  } else {
    const names = fit.map(one => `${one.site.name}${one.path}`).join(', ');
    findings.missing(`${found.name} is there more than once: ${names}`, 'only one can be meant',
      'Give --site and --path');
  }
  return null;
}

/**
 * Looks at a package and at IIS, and finds the application that the package is a version of.
 * @returns {ReturnType<typeof lookForApplication>} null, with a finding, if one of them is missing
 */
function lookForInstalled(system, findings, options) {
  const found = lookAtPackage(findings, options.package);
  const iis = lookIntoIis(system, findings);
  return found && iis && lookForApplication(findings, iis, options, found);
}

module.exports = {
  Findings, lookAtIis, lookAtModules, lookAtNode, lookAtPackage, lookAtRights, lookAtServices,
  lookAtWindows, lookForAdministrator, lookForInstalled, lookForLocks, lookForSite, lookIntoIis,
};
