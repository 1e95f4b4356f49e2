/*
 * Reads IIS's own configuration, applicationHost.config: sites, applications, pools, modules,
 * locks. The commands read the file, and do not ask appcmd. appcmd prints names in the code page of
 * the console, in which an umlaut or a Cyrillic letter may become another character.
 */
'use strict';

const path = require('path');
const { elementsAt, parseXml } = require('./xml');

/**
 * Reads applicationHost.config.
 * @param {import('./system').System} system
 * @returns {Iis}
 * @throws Error if the file is not there, cannot be read, or is no XML
 */
function readIis(system) {
  const own = path.join(system.system32(), 'inetsrv', 'config');
  const folder = sharedFolder(system, own) || own;
  const text = system.readText(path.join(folder, 'applicationHost.config'));
  const [configuration] = elementsAt(parseXml(text), 'configuration');
  if (!configuration) throw new Error('applicationHost.config has no <configuration>');
  return new Iis(configuration, system.expand);
}

/**
 * Finds the folder of a configuration that several servers share. redirection.config names it.
 * @returns {string | undefined} undefined if the server has its own configuration
 */
function sharedFolder(system, own) {
  const file = path.join(own, 'redirection.config');
  if (!system.exists(file)) return undefined;
  const [redirection] = elementsAt(
    parseXml(system.readText(file)), 'configuration', 'configurationRedirection',
  );
  if (!redirection || redirection.attributes.enabled !== 'true') return undefined;
  return system.expand(redirection.attributes.path || '') || undefined;
}

/** IIS's default of each setting that the commands read, from IIS's schema (IIS_schema.xml). */
const DEFAULTS = {
  managedRuntimeVersion: 'v2.0',
  enable32BitAppOnWin64: 'false',
  queueLength: '1000',
  'processModel.maxProcesses': '1',
  'processModel.idleTimeout': '00:20:00',
  'processModel.identityType': 'ApplicationPoolIdentity',
  'processModel.userName': '',
  'recycling.periodicRestart.time': '1.05:00:00',
};
const DEFAULT_LIMIT = 5000;

class Iis {
  /**
   * @param {object} configuration the element <configuration>, as xml.js reads it
   * @param {(text: string) => string} expand a function that replaces %SystemDrive% and other
   *   variables in the path of a folder
   */
  constructor(configuration, expand) {
    this.configuration = configuration;
    const host = elementsAt(configuration, 'system.applicationHost')[0];
    this.sites = host ? elementsAt(host, 'sites', 'site').map(readSite(host, expand)) : [];
    this.pools = host ? elementsAt(host, 'applicationPools', 'add').map(readPool(host)) : [];
    /** The modules that IIS loads, each with the file of its image. */
    this.modules = elementsAt(configuration, 'system.webServer', 'globalModules', 'add')
      .map(({ attributes }) => attributes);
  }

  /** @param {string} name the site's name; IIS does not tell large from small letters */
  site(name) {
    return this.sites.find(one => isSame(one.name, name));
  }

  pool(name) {
    return this.pools.find(one => isSame(one.name, name));
  }

  /** @returns the applications that run in a pool, with the names of their sites */
  applicationsIn(pool) {
    return [].concat(...this.sites.map(site => site.applications
      .filter(one => isSame(one.pool, pool))
      .map(one => Object.assign({ site: site.name }, one))));
  }

  /** The number of requests that an application may have at a time. The whole server has one. */
  get concurrentRequestLimit() {
    const [runtime] = elementsAt(this.configuration, 'system.webServer', 'serverRuntime');
    const value = runtime && runtime.attributes.appConcurrentRequestLimit;
    return value === undefined ? DEFAULT_LIMIT : Number(value);
  }

  /**
   * Says whether IIS forbids a section in the web.config of an application.
   * @param {string} section the section's name, such as 'handlers', 'security/requestFiltering'
   * @param {string} application the application's site and path, such as 'Default Web Site/myApp'
   */
  isLocked(section, application) {
    const names = section.split('/');
    const last = names.pop();
    const groups = groupsAt(this.configuration, ['system.webServer', ...names]);
    const [declared] = [].concat(...groups.map(group => elementsAt(group, 'section')))
      .filter(({ attributes }) => attributes.name === last);
    if (!declared) return false;
    // Each section has a default, Allow or Deny. A <location> that contains the section may change
    // it, for its own path and all paths below. The installer of ASP.NET does so for handlers.
    let locked = declared.attributes.overrideModeDefault === 'Deny';
    const locations = elementsAt(this.configuration, 'location')
      .filter(one => holdsFor(one.attributes.path || '', application))
      .filter(one => elementsAt(one, 'system.webServer', ...names, last).length > 0)
      .sort((a, b) => (a.attributes.path || '').length - (b.attributes.path || '').length);
    for (const { attributes: { overrideMode, allowOverride } } of locations) {
      if (overrideMode === 'Allow' || allowOverride === 'true') locked = false;
      if (overrideMode === 'Deny' || allowOverride === 'false') locked = true;
    }
    return locked;
  }
}

/** @returns the groups of <configSections> with these names, each inside the group before it */
function groupsAt(configuration, names) {
  return names.reduce(
    (all, name) => [].concat(...all.map(one => elementsAt(one, 'sectionGroup')))
      .filter(({ attributes }) => attributes.name === name),
    elementsAt(configuration, 'configSections'),
  );
}

/** Says whether the path of a <location> covers an application. '' and '.' are the whole server. */
function holdsFor(location, application) {
  if (location === '' || location === '.') return true;
  const [above, below] = [location, application]
    .map(one => `${one.toLowerCase()}/`.replace(/\/+$/, '/'));
  return below.startsWith(above);
}

function readSite(host, expand) {
  const [defaults] = elementsAt(host, 'sites', 'applicationDefaults');
  const defaultPool = (defaults && defaults.attributes.applicationPool) || 'DefaultAppPool';
  return element => ({
    name: element.attributes.name,
    bindings: elementsAt(element, 'bindings', 'binding').map(({ attributes }) => attributes),
    applications: elementsAt(element, 'application').map(one => ({
      path: one.attributes.path,
      pool: one.attributes.applicationPool || defaultPool,
      folders: elementsAt(one, 'virtualDirectory').map(({ attributes }) => ({
        path: attributes.path,
        physicalPath: expand(attributes.physicalPath || ''),
      })),
    })),
  });
}

function readPool(host) {
  const [defaults] = elementsAt(host, 'applicationPools', 'applicationPoolDefaults');
  return element => {
    const own = Object.assign({}, DEFAULTS, defaults ? flatten(defaults) : {}, flatten(element));
    const schedule = elementsAt(element, 'recycling', 'periodicRestart', 'schedule', 'add');
    return {
      name: element.attributes.name,
      settings: own,
      schedule: schedule.map(({ attributes }) => attributes.value),
    };
  };
}

/**
 * Collects the attributes of an element and of the elements in it, under appcmd's names: an inner
 * attribute has the names of its elements in front, such as processModel.idleTimeout.
 */
function flatten(element, before = '') {
  const all = {};
  for (const [name, value] of Object.entries(element.attributes)) all[before + name] = value;
  for (const child of element.children) {
    if (child.name !== 'add') Object.assign(all, flatten(child, `${before}${child.name}.`));
  }
  return all;
}

/** Compares two names as IIS and Windows do, which do not tell large from small letters. */
function isSame(one, other) {
  return one.toLowerCase() === other.toLowerCase();
}

module.exports = { readIis, Iis, isSame };
