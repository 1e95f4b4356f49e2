/*
 * Stand-ins for Windows' programs: appcmd, icacls, robocopy, reg, sc. Their arguments and exit codes are
 * those of Microsoft's references. Their server is a JSON file. They write applicationHost.config in the
 * form of IIS. They refuse an argument that they do not know.
 *
 * node 10 runs this file, too (preload.ts), so it has no newer syntax and functions, and no fields of
 * classes.
 */
import { createHash } from 'crypto';
import fs from 'fs';
import path from 'path';

export interface Pool {
  name: string;
  settings: Record<string, string>;
  schedule: string[];
}

export interface Application {
  path: string;
  pool: string;
  folder: string;
  /** The virtual directories beside the main one. */
  others?: { path: string; folder: string }[];
}

export interface SiteOf {
  name: string;
  bindings: { protocol: string; bindingInformation: string }[];
  applications: Application[];
}

/** An entry of a folder's rights: a SID as SDDL has it, flags (OICI), and rights (FA, 0x1200a9). */
export type Entry = [sid: string, flags: string, rights: string];

/** A server, as its programs see it. */
export interface Server {
  isAdministrator: boolean;
  registry: Record<string, Record<string, [type: string, value: string]>>;
  services: Record<string, number>;
  sites: SiteOf[];
  pools: Pool[];
  limit: number;
  backups: string[];
  /** The locked sections of system.webServer. */
  locked: string[];
  modules: { name: string; image: string; preCondition?: string }[];
  /** The rights of folders. A folder without an entry has the rights of a fresh C:\inetpub. */
  rights: Record<string, Entry[]>;
  /** The accounts that Windows knows beside those of pools. */
  accounts: string[];
  /** The number of calls for which icacls does not yet know the account of a pool. */
  unknownFor: number;
  /** The calls that fail: a text in the line of the call, and the exit code. */
  failing: { line: string; status: number; again?: boolean }[];
  /** All calls, in their order. */
  calls: string[];
}

export interface Result {
  status: number;
  output: string;
}

/** Error codes from Microsoft's list of system error codes (winerror.h). */
const DENIED = 5;
const BAD_ARGUMENT = 87;
const NOT_FOUND = 1168;
const EXISTS = 183;
const NO_SERVICE = 1060;
const NO_MAPPING = 1332;

class Fails extends Error {
  declare readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    Object.assign(this, { status });
  }
}

/** Returns the file with the state of the server, in the folder of its Windows. */
export function stateFile(windir: string): string {
  return path.join(windir, 'state.json');
}

export function readServer(windir: string): Server {
  return JSON.parse(fs.readFileSync(stateFile(windir), 'utf8')) as Server;
}

export function writeServer(windir: string, server: Server): void {
  fs.writeFileSync(stateFile(windir), JSON.stringify(server));
  const inetsrv = path.join(windir, 'system32', 'inetsrv');
  const [config, backups] = ['config', 'backup'].map(name => path.join(inetsrv, name)) as [string, string];
  for (const folder of [config, backups]) {
    if (!fs.existsSync(folder)) fs.mkdirSync(folder, { recursive: true });
  }
  // Most programs change nothing, and a read takes less time than a write.
  const [file, text] = [path.join(config, 'applicationHost.config'), applicationHost(server)];
  if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) fs.writeFileSync(file, text);
  for (const name of fs.readdirSync(backups)) {
    if (!server.backups.includes(name)) fs.rmdirSync(path.join(backups, name));
  }
  for (const name of server.backups) {
    const backup = path.join(backups, name);
    if (!fs.existsSync(backup)) fs.mkdirSync(backup);
  }
}

/** Runs a program on the server whose Windows is in a folder. */
export function runProgram(windir: string, program: string, args: string[]): Result {
  const server = readServer(windir);
  // A new folder does not get the rights of a deleted folder with the same name.
  for (const folder of Object.keys(server.rights)) {
    if (!fs.existsSync(folder)) delete server.rights[folder];
  }
  const line = [program, ...args].join(' ');
  server.calls.push(line);
  const failing = server.failing.findIndex(one => line.includes(one.line));
  if (failing >= 0) {
    const { status, again } = server.failing[failing]!;
    if (!again) server.failing.splice(failing, 1);
    writeServer(windir, server);
    return { status, output: `${program} fails on order` };
  }
  let result: Result;
  try {
    result = PROGRAMS[program]!(server, args);
  } catch (error) {
    if (!(error instanceof Fails)) throw error;
    result = { status: error.status, output: `ERROR ( message:${error.message} )` };
  }
  writeServer(windir, server);
  return result;
}

const PROGRAMS: Record<string, (server: Server, args: string[]) => Result> = {
  appcmd: (server, args) => {
    if (!server.isAdministrator) throw new Fails(DENIED, 'Access is denied.');
    return { status: 0, output: appcmd(server, args) };
  },
  icacls,
  reg,
  robocopy: (_server, args) => robocopy(args),
  sc,
};

/** The attributes of a pool that appcmd takes here, a few of the attributes in IIS_schema.xml. */
const OF_POOLS = [
  'managedRuntimeVersion', 'enable32BitAppOnWin64', 'queueLength', 'processModel.identityType',
  'processModel.maxProcesses', 'processModel.idleTimeout', 'recycling.periodicRestart.time',
];

function appcmd(server: Server, [verb, object, ...rest]: string[]): string {
  const named = rest.length > 0 && !rest[0]!.startsWith('/') ? rest.shift()! : undefined;
  const options: Record<string, string> = {};
  for (const one of rest) {
    const found = /^\/([^:]+?)(?::([^]*))?$/.exec(one);
    if (!found) throw new Fails(BAD_ARGUMENT, `The parameter ${one} is incorrect.`);
    options[found[1]!] = found[2] === undefined ? '' : found[2];
  }
  const only = (...names: string[]) => {
    const unknown = Object.keys(options).find(name => !names.includes(name));
    if (unknown !== undefined) throw new Fails(BAD_ARGUMENT, `Unknown attribute "${unknown}".`);
  };
  const id = () => {
    if (named === undefined) throw new Fails(BAD_ARGUMENT, 'The identifier is missing.');
    return named;
  };
  switch (`${verb} ${object}`) {
    case 'add backup':
      only();
      if (server.backups.includes(id())) throw new Fails(EXISTS, `Backup "${id()}" exists.`);
      server.backups.push(id());
      return `BACKUP object "${id()}" added`;
    case 'delete backup':
      only();
      if (!server.backups.includes(id())) throw new Fails(NOT_FOUND, `No backup "${id()}".`);
      server.backups = server.backups.filter(one => one !== id());
      return `BACKUP object "${id()}" deleted`;
    case 'add apppool': {
      only('name', ...OF_POOLS);
      const { name, ...settings } = options;
      if (!name) throw new Fails(BAD_ARGUMENT, 'The attribute "name" is missing.');
      if (server.pools.some(one => same(one.name, name))) throw new Fails(EXISTS, 'It exists.');
      server.pools.push({ name, settings, schedule: [] });
      return `APPPOOL object "${name}" added`;
    }
    case 'set apppool':
      only(...OF_POOLS);
      Object.assign(pool(server, id()).settings, options);
      return `APPPOOL object "${id()}" changed`;
    case 'delete apppool':
      only();
      pool(server, id());
      server.pools = server.pools.filter(one => !same(one.name, id()));
      return `APPPOOL object "${id()}" deleted`;
    case 'add app': {
      only('site.name', 'path', 'physicalPath', 'applicationPool');
      const { 'site.name': name = '', path: at = '', physicalPath, applicationPool } = options;
      const site = siteOf(server, name);
      if (!at.startsWith('/')) throw new Fails(BAD_ARGUMENT, 'The attribute "path" begins with /.');
      if (site.applications.some(one => same(one.path, at))) throw new Fails(EXISTS, 'It exists.');
      site.applications.push({ path: at, pool: applicationPool!, folder: physicalPath! });
      return `APP object "${name}${at}" added`;
    }
    case 'delete app': {
      only();
      const [site, app] = application(server, id());
      site.applications = site.applications.filter(one => one !== app);
      return `APP object "${id()}" deleted`;
    }
    case 'set app':
      only('applicationPool');
      application(server, id())[1].pool = options.applicationPool!;
      return `APP object "${id()}" changed`;
    case 'set vdir':
      only('physicalPath');
      application(server, id())[1].folder = options.physicalPath!;
      return `VDIR object "${id()}" changed`;
    case 'set config':
      if (named !== undefined) throw new Fails(BAD_ARGUMENT, `The parameter ${named} is incorrect.`);
      return setConfig(server, options);
    default:
      throw new Fails(BAD_ARGUMENT, `The command ${verb} ${object} is not known.`);
  }
}

const SCHEDULE
  = /^([+-])\[name='([^']*)'\]\.recycling\.periodicRestart\.schedule\.\[value='([\d:]+)'\]$/;

function setConfig(server: Server, options: Record<string, string>): string {
  const { section, commit, ...rest } = options;
  if (commit !== 'apphost') throw new Fails(BAD_ARGUMENT, 'It would be written into a web.config.');
  if (section === 'system.webServer/serverRuntime') {
    server.limit = Number(rest.appConcurrentRequestLimit);
    return 'Applied configuration changes';
  }
  // The value has colons, so the parameter is read as a whole.
  const whole = Object.keys(rest).map(name => `${name}:${rest[name]!}`)[0] || '';
  const found = SCHEDULE.exec(whole);
  if (section !== 'system.applicationHost/applicationPools' || !found) {
    throw new Fails(BAD_ARGUMENT, `The parameter ${whole} is incorrect.`);
  }
  const { schedule } = pool(server, found[2]!);
  const time = found[3]!;
  if (schedule.includes(time) === (found[1] === '+')) {
    throw new Fails(found[1] === '+' ? EXISTS : NOT_FOUND, `schedule ${time}`);
  }
  if (found[1] === '+') schedule.push(time);
  else schedule.splice(schedule.indexOf(time), 1);
  return 'Applied configuration changes';
}

function pool(server: Server, name: string): Pool {
  const found = server.pools.find(one => same(one.name, name));
  if (!found) throw new Fails(NOT_FOUND, `Cannot find APPPOOL object with identifier "${name}".`);
  return found;
}

function siteOf(server: Server, name: string): SiteOf {
  const found = server.sites.find(one => same(one.name, name));
  if (!found) throw new Fails(NOT_FOUND, `Cannot find SITE object with identifier "${name}".`);
  return found;
}

/** Finds an application by the name of its site and its path. */
function application(server: Server, id: string): [SiteOf, Application] {
  for (const site of server.sites) {
    for (const app of site.applications) {
      if (same(site.name + app.path, id)) return [site, app];
    }
  }
  throw new Fails(NOT_FOUND, `Cannot find APP object with identifier "${id}".`);
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Computes the SID of a pool's account (see deploy/rights.js). */
export function sidOf(name: string): string {
  const bytes = createHash('sha1').update(Buffer.from(name.toLowerCase(), 'utf16le')).digest();
  return `S-1-5-82-${[0, 4, 8, 12, 16].map(at => bytes.readUInt32LE(at)).join('-')}`;
}

/** The rights of a fresh C:\inetpub: users may read, and administrators may do everything. */
const FRESH: Entry[] = [
  ['BU', '', '0x1200a9'], ['BU', 'OICIIO', 'GXGR'], ['SY', 'OICI', 'FA'], ['BA', 'OICI', 'FA'],
];

const RIGHTS: Record<string, string> = { RX: '0x1200a9', M: '0x1301bf', F: 'FA' };

function icacls(server: Server, [folder, option, value, ...rest]: string[]): Result {
  if (folder === undefined || !fs.existsSync(folder)) {
    return { status: 2, output: `${folder}: The system cannot find the file specified.` };
  }
  const entries = server.rights[folder] || FRESH;
  if (option === undefined) {
    const lines = entries.map(([sid, flags, rights]) => {
      const shown = Object.keys(RIGHTS).find(one => RIGHTS[one] === rights) || rights;
      return `${folder} ${sid}:${(flags.match(/../g) || []).map(one => `(${one})`).join('')}(${shown})`;
    });
    return { status: 0, output: lines.join('\r\n') };
  }
  if (option === '/save' && rest.join() === '/q') {
    const sddl = entries.map(([sid, flags, rights]) => `(A;${flags};${rights};;;${sid})`).join('');
    fs.writeFileSync(value!, `${path.basename(folder)}\r\nD:PAI${sddl}\r\n`, 'utf16le');
    return { status: 0, output: 'Successfully processed 1 files; Failed processing 0 files' };
  }
  if (rest.length > 0) return { status: BAD_ARGUMENT, output: `Invalid parameter "${rest[0]!}"` };
  const denied = { status: DENIED, output: `${folder}: Access is denied.` };
  const grant = /^(.+):((?:\((?:OI|CI)\))*)(RX|M|F)$/.exec(value || '');
  if (option === '/grant' && grant) {
    const sid = account(server, grant[1]!);
    if (sid === null) return { status: NO_MAPPING, output: `${grant[1]!}: No mapping.` };
    if (!server.isAdministrator) return denied;
    const entry: Entry = [sid, grant[2]!.replace(/[()]/g, ''), RIGHTS[grant[3]!]!];
    server.rights[folder] = [...entries, entry];
    return { status: 0, output: `processed file: ${folder}` };
  }
  if (option === '/remove:g' && value !== undefined) {
    const sid = account(server, value);
    if (sid === null) return { status: NO_MAPPING, output: `${value}: No mapping.` };
    if (!server.isAdministrator) return denied;
    server.rights[folder] = entries.filter(one => one[0] !== sid);
    if (server.rights[folder]!.length === FRESH.length) delete server.rights[folder];
    return { status: 0, output: `processed file: ${folder}` };
  }
  return { status: BAD_ARGUMENT, output: `Invalid parameter "${option}"` };
}

const KNOWN: Record<string, string> = { 'S-1-5-20': 'NS', 'S-1-5-19': 'LS', 'S-1-5-32-568': 'IS' };

function account(server: Server, name: string): string | null {
  if (name.startsWith('*')) return KNOWN[name.slice(1)] || name.slice(1);
  const found = /^IIS AppPool\\(.+)$/i.exec(name);
  if (found && server.pools.some(one => same(one.name, found[1]!))) {
    if (server.unknownFor === 0) return sidOf(found[1]!);
    server.unknownFor -= 1;
    return null;
  }
  return server.accounts.some(one => same(one, name)) ? name : null;
}

function reg(server: Server, [verb, key, option, name]: string[]): Result {
  const absent = {
    status: 1, output: 'ERROR: The system was unable to find the specified registry key or value.',
  };
  if (verb !== 'query' || key === undefined) return { status: 1, output: 'ERROR: Invalid syntax.' };
  if (key === 'HKU\\S-1-5-19') return server.isAdministrator ? { status: 0, output: key } : absent;
  const values = server.registry[key];
  if (!values) return absent;
  const wanted = Object.keys(values).filter(one => option !== '/v' || same(one, name!));
  if (wanted.length === 0) return absent;
  const lines = wanted.map(one => `    ${one}    ${values[one]![0]}    ${values[one]![1]}`);
  return { status: 0, output: ['', key, ...lines, ''].join('\r\n') };
}

function sc(server: Server, [verb, name]: string[]): Result {
  const state = verb === 'query' ? server.services[name!] : undefined;
  if (state === undefined) return { status: NO_SERVICE, output: `FAILED ${NO_SERVICE}` };
  const word = state === 4 ? 'RUNNING' : 'STOPPED';
  return {
    status: 0,
    output: [
      `SERVICE_NAME: ${name!}`, '        TYPE               : 20  WIN32_SHARE_PROCESS',
      `        STATE              : ${state}  ${word}`,
    ].join('\r\n'),
  };
}

/** Copies files with another size or time, as robocopy does. The exit code is a sum of 1, 2 and 16. */
function robocopy([from, to, ...options]: string[]): Result {
  const excluded: Record<string, string[]> = { '/XD': [], '/XF': [] };
  const flags: string[] = [];
  let list: string[] | undefined;
  for (const one of options) {
    if (one in excluded) list = excluded[one];
    else if (/^\/(E|MIR|R:\d+|W:\d+)$/.test(one)) {
      list = undefined;
      flags.push(one);
    } else if (list && path.isAbsolute(one)) list.push(one.toLowerCase());
    else return { status: 16, output: `ERROR : Invalid Parameter "${one}"` };
  }
  if (!flags.includes('/E') && !flags.includes('/MIR')) return { status: 16, output: 'not recursive' };
  if (!flags.some(one => one.startsWith('/R:'))) return { status: 16, output: 'a million tries' };
  if (!fs.existsSync(from!)) return { status: 16, output: `ERROR 2 Accessing Source Directory ${from!}` };
  const isOut = (kind: string, name: string) => excluded[kind]!
    .some(one => one === name.toLowerCase() || one === path.basename(name).toLowerCase());
  let status = 0;
  const copy = (source: string, target: string) => {
    fs.mkdirSync(target, { recursive: true });
    for (const name of fs.readdirSync(source)) {
      const [a, b] = [path.join(source, name), path.join(target, name)];
      const { size, mtimeMs, mtime, isFolder } = about(a);
      if (isFolder) {
        if (!isOut('/XD', a)) copy(a, b);
        continue;
      }
      if (isOut('/XF', a)) continue;
      if (fs.existsSync(b) && about(b).size === size && Math.abs(about(b).mtimeMs - mtimeMs) < 2) continue;
      fs.copyFileSync(a, b);
      fs.utimesSync(b, mtime, mtime);
      status |= 1;
    }
    if (!flags.includes('/MIR')) return;
    for (const name of fs.readdirSync(target)) {
      const extra = path.join(target, name);
      if (fs.existsSync(path.join(source, name)) || isOut('/XD', extra) || isOut('/XF', extra)) continue;
      remove(extra);
      status |= 2;
    }
  };
  copy(from!, to!);
  return { status, output: '' };
}

function about(file: string) {
  const { size, mtimeMs, mtime } = fs.statSync(file);
  return { size, mtimeMs, mtime, isFolder: fs.statSync(file).isDirectory() };
}

function remove(one: string): void {
  if (!fs.lstatSync(one).isDirectory()) return fs.unlinkSync(one);
  for (const name of fs.readdirSync(one)) remove(path.join(one, name));
  fs.rmdirSync(one);
}

/** Writes applicationHost.config, with those parts of IIS 7.5's file that the commands read. */
function applicationHost(server: Server): string {
  const sections = [
    'caching', 'handlers', 'httpErrors', 'httpProtocol', 'httpRedirect', 'iisnode', 'serverRuntime',
    'urlCompression', 'validation',
  ];
  const section = (name: string, full = name) =>
    `<section name="${name}" overrideModeDefault="${server.locked.includes(full) ? 'Deny' : 'Allow'}" />`;
  const pools = server.pools.map(({ name, settings, schedule }) => {
    const inside = (before: string) => Object.keys(settings)
      .filter(one => one.startsWith(before) && !one.slice(before.length).includes('.'))
      .map(one => ` ${one.slice(before.length)}="${escape(settings[one]!)}"`).join('');
    const times = schedule.map(time => `<add value="${time}" />`).join('');
    return `      <add name="${escape(name)}"${inside('')}>
        <recycling><periodicRestart${inside('recycling.periodicRestart.')}><schedule>${times}</schedule></periodicRestart></recycling>
        <processModel${inside('processModel.')} />
      </add>`;
  });
  const sites = server.sites.map(({ name, bindings, applications }, id) => {
    const apps = applications.map(({ path: at, pool: own, folder, others = [] }) => {
      const folders = [{ path: '/', folder }, ...others].map(one =>
        `<virtualDirectory path="${one.path}" physicalPath="${escape(one.folder)}" />`);
      return `        <application path="${escape(at)}" applicationPool="${escape(own)}">
          ${folders.join('\n          ')}
        </application>`;
    });
    const ends = bindings.map(one =>
      `<binding protocol="${one.protocol}" bindingInformation="${escape(one.bindingInformation)}" />`);
    return `      <site name="${escape(name)}" id="${id + 1}">
${apps.join('\n')}
        <bindings>${ends.join('')}</bindings>
      </site>`;
  });
  const modules = server.modules.map(({ name, image, preCondition }) =>
    `<add name="${name}" image="${escape(image)}"${preCondition ? ` preCondition="${preCondition}"` : ''} />`);
  return `\uFEFF<?xml version="1.0" encoding="UTF-8"?>
<!-- IIS configuration sections: <site name="in a comment" /> -->
<configuration>
  <configSections>
    <sectionGroup name="system.applicationHost">
      <section name="sites" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
    </sectionGroup>
    <sectionGroup name="system.webServer">
      ${sections.map(name => section(name)).join('\n      ')}
      <sectionGroup name="security">
        ${section('requestFiltering', 'security/requestFiltering')}
      </sectionGroup>
      <sectionGroup name="rewrite">
        ${section('rules', 'rewrite/rules')}
        ${section('outboundRules', 'rewrite/outboundRules')}
      </sectionGroup>
    </sectionGroup>
  </configSections>
  <system.applicationHost>
    <applicationPools>
${pools.join('\n')}
      <applicationPoolDefaults><processModel identityType="ApplicationPoolIdentity" /></applicationPoolDefaults>
    </applicationPools>
    <sites>
${sites.join('\n')}
      <applicationDefaults applicationPool="DefaultAppPool" />
    </sites>
  </system.applicationHost>
  <system.webServer>
    <globalModules>${modules.join('')}</globalModules>
    <serverRuntime${server.limit === 5000 ? '' : ` appConcurrentRequestLimit="${server.limit}"`} />
  </system.webServer>
</configuration>
`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
