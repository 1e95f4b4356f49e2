/*
 * A server with IIS to install on. Its programs are stand-ins (programs.ts), and its folders are in a
 * temporary folder. Its clock goes forward only with a wait or a command. The deployed dist/server.js
 * decides how its IIS answers health.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test as anywhere, type TestContext } from 'node:test';
import { notOnWindows } from '../../support/available';
import { appPath, fromRoot, root } from '../../support/template';
import { readServer, runProgram, Server, writeServer } from './programs';

const { createSystem } = fromRoot('./deploy/system.js') as { createSystem: (env: NodeJS.ProcessEnv) => any };
const { carryOut } = fromRoot('./deploy/command.js') as {
  carryOut: (args: string[], system: any, folder: string) => Promise<number>;
};

/**
 * Declares a test with stand-ins of Windows' programs. The names of folders are those of this system, and
 * some expected texts have this system's slashes. So the test does not run on Windows, where
 * .github/workflows/iis.yml uses the programs themselves.
 */
export function test(name: string, work: (t: TestContext) => Promise<void> | void): void {
  anywhere(name, notOnWindows('a need for stand-ins of Windows\' programs'), work);
}

export const DEFAULT_SITE = 'Default Web Site';
export const NAME = appPath.slice(1);

const PATH_KEY = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment';
export const COMPONENTS = 'HKLM\\SOFTWARE\\Microsoft\\InetStp\\Components';

/** Makes a Server 2008 R2 with all parts that the application needs, and no part of the application. */
export function freshServer(nodeFolder: string, image: string, wwwroot: string): Server {
  const on = ['REG_DWORD', '0x1'] as [string, string];
  const parts = [
    'W3SVC', 'RequestFiltering', 'ISAPIExtensions', 'ISAPIFilter', 'ASPNET', 'HttpLogging',
    'RequestMonitor', 'ManagementConsole',
  ];
  return {
    isAdministrator: true,
    registry: {
      'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion': { InstallationType: ['REG_SZ', 'Server'] },
      'HKLM\\SOFTWARE\\Microsoft\\InetStp': {
        MajorVersion: ['REG_DWORD', '0x7'], MinorVersion: ['REG_DWORD', '0x5'],
      },
      [COMPONENTS]: Object.fromEntries(parts.map(name => [name, on])),
      'HKLM\\SOFTWARE\\Microsoft\\IIS Extensions\\URL Rewrite': { Version: ['REG_SZ', '7.1.1993'] },
      [PATH_KEY]: { Path: ['REG_EXPAND_SZ', `%windir%\\system32;${nodeFolder}\\`] },
    },
    services: { w3svc: 4 },
    sites: [{
      name: DEFAULT_SITE,
      bindings: [{ protocol: 'http', bindingInformation: '*:80:' }],
      applications: [{ path: '/', pool: 'DefaultAppPool', folder: wwwroot }],
    }],
    pools: [{ name: 'DefaultAppPool', settings: { managedRuntimeVersion: 'v4.0' }, schedule: [] }],
    limit: 5000,
    backups: [],
    locked: [],
    modules: [
      { name: 'RewriteModule', image: '%windir%\\system32\\inetsrv\\rewrite.dll' },
      { name: 'iisnode', image, preCondition: 'bitness64' },
      { name: 'iisnode', image, preCondition: 'bitness32' },
    ],
    rights: {},
    accounts: [],
    unknownFor: 0,
    failing: [],
    calls: [],
  };
}

/** The words in a package's dist/server.js that decide how the stand-in for IIS answers health. */
export const RUNS = 'runs';
export const ENDS = 'ends at its start';

/** Puts the commands for the server into a package, as npm run package does. */
export function putCommands(folder: string): void {
  for (const name of readdirSync(path.join(root, 'deploy'))) {
    mkdirSync(path.join(folder, 'deploy'), { recursive: true });
    const to = name.endsWith('.cmd') ? name : path.join('deploy', name);
    copyFileSync(path.join(root, 'deploy', name), path.join(folder, to));
  }
}

/**
 * Makes a package of a version, as npm run package does.
 * @param kind RUNS or ENDS: how the package's server answers
 * @param edit a function that changes the package
 */
export function makePackage(folder: string, version: string, kind = RUNS, edit?: (folder: string) => void): string {
  for (const one of ['dist', 'public/images', 'node_modules/x/dist']) {
    mkdirSync(path.join(folder, one), { recursive: true });
  }
  const files: Record<string, string> = {
    'dist/server.js': `// ${kind}: ${version}\n`,
    'dist/commit.lua': '-- the same in each version\n',
    // iisnode does not watch this file, although it has the same name.
    'node_modules/x/dist/server.js': `// of a package, ${version}\n`,
    'public/index.html': `<title>${version}</title>\n`,
    'public/images/logo.svg': '<svg/>\n',
    'package.json': `${JSON.stringify({ name: NAME, version, appPath })}\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  for (const name of ['web.config', 'iisnode.yml']) copyFileSync(path.join(root, name), path.join(folder, name));
  edit?.(folder);
  // All files get the time of the package's commit, which is later for a later version.
  const time = new Date(Date.UTC(2026, 0, 1) + Number(version.split('.').pop()) * 1000);
  for (const name of readdirSync(folder, { recursive: true }).map(String)) {
    if (statSync(path.join(folder, name)).isFile()) utimesSync(path.join(folder, name), time, time);
  }
  return folder;
}

/** A stand-in for IIS and iisnode. It starts a process when the time of server.js or web.config changes. */
export class FakeIis {
  /** The starts of processes, with their time and folder. */
  readonly starts: { pid: number; since: number; key: string; folder: string }[] = [];

  /** @param own a function that returns the path on this system for a folder of IIS */
  constructor(
    readonly windir: string, readonly now: () => number, readonly own = (folder: string) => folder,
  ) {}

  /** Whether iisnode misses changes, as it may on a share. */
  isDeaf = false;

  /** Answers a request as IIS and the application would. */
  answer(url: string, host: string): { status: number; text: string } {
    const { pathname, port } = new URL(url);
    const site = readServer(this.windir).sites.find(one => one.bindings.some(({ protocol, bindingInformation }) => {
      const [at, name] = bindingInformation.split(':').slice(-2);
      const asked = host.split(':')[0]!;
      return url.startsWith(`${protocol}:`) && at === (port || '80') && (name === '' || name === asked);
    }));
    if (!site) return { status: 400, text: 'Bad Request - Invalid Hostname' };
    const fits = (at: string) => at === '/' || `${pathname}/`.startsWith(`${at}/`);
    const [app] = site.applications.filter(one => fits(one.path)).sort((a, b) => b.path.length - a.path.length);
    const file = (name: string) => path.join(this.own(app!.folder), name);
    if (!app || !existsSync(file('dist/server.js'))) return { status: 404, text: '' };
    const text = readFileSync(file('dist/server.js'), 'utf8');
    if (text.includes(ENDS)) return { status: 500, text: '' };
    const own = /<add key="APP_PATH" value="([^"]*)"/.exec(readFileSync(file('web.config'), 'utf8').replace(/<!--[^]*?-->/g, ''));
    const base = own ? own[1]!.replace(/\/$/, '') : appPath;
    if (pathname !== `${base}/health`) return { status: 404, text: 'Not found.' };
    const key = ['dist/server.js', 'web.config'].map(name => statSync(file(name)).mtimeMs).join();
    let process = this.starts.filter(one => one.folder === app.folder).pop();
    if (!process || (process.key !== key && !this.isDeaf)) {
      process = { pid: 1000 + this.starts.length, since: this.now(), key, folder: app.folder };
      this.starts.push(process);
    }
    const uptime = Math.round((this.now() - process.since) / 1000);
    return { status: 200, text: JSON.stringify({ status: 'ok', uptime, pid: process.pid }) };
  }
}

export interface World {
  folder: string;
  windir: string;
  /** The folder inetpub of the server. */
  inetpub: string;
  /** The folder of the package that is installed first. */
  package: string;
  iis: FakeIis;
  env: NodeJS.ProcessEnv;
  system: any;
  server: () => Server;
  /** Changes the server. */
  change: (change: (server: Server) => void) => void;
  /** Is called with each line that a command prints. */
  onPrint?: (line: string) => void;
  /** Runs a command of the first package. @returns its exit code and its lines */
  run: (command: string, ...args: string[]) => Promise<{ status: number; lines: string[]; text: string }>;
  /** Runs a command of another package. @returns its exit code and its lines */
  runFrom: (folder: string, command: string, ...args: string[]) => Promise<{ status: number; lines: string[]; text: string }>;
}

/** The folder of all servers of a test file. */
let servers: string | undefined;
after(() => {
  if (servers) rmSync(servers, { recursive: true, force: true, maxRetries: 5 });
});

/**
 * Makes a folder for a server, which is gone when all tests of the file have ended. ext4 searches long for a
 * new file's place where files were deleted a moment ago. So no server is deleted while others are made.
 */
function serverFolder(): string {
  servers ??= mkdtempSync(path.join(tmpdir(), 'servers-'));
  return mkdtempSync(path.join(servers, 'server-'));
}

/**
 * Makes a server.
 * @param inside the folder of the server inside the temporary folder, for names that are hard to write
 */
export function makeWorld({ inside = '', program = process.execPath } = {}): World {
  const folder = path.join(serverFolder(), inside);
  const windir = path.join(folder, 'Windows');
  const inetpub = path.join(folder, 'inetpub');
  const wwwroot = path.join(inetpub, 'wwwroot');
  for (const one of [windir, wwwroot]) mkdirSync(one, { recursive: true });
  const image = path.join(folder, 'iisnode.dll');
  writeFileSync(image, Buffer.from('MZ…FileVersion\u0000\u00000.2.26.0\u0000', 'utf16le'));
  writeServer(windir, freshServer(path.dirname(program), image, wwwroot));
  const env = { ...process.env, windir, SystemDrive: folder };
  let now = Date.UTC(2026, 5, 1, 12);
  const iis = new FakeIis(windir, () => now);
  const world: World = {
    folder, windir, inetpub, env, iis,
    package: makePackage(path.join(folder, 'unpacked'), '1.0.1'),
    system: {
      ...createSystem(env),
      release: '6.1.7601',
      node: program,
      run: (name: string, args: string[]) => runProgram(windir, name, args),
      ask: (url: string, host: string) => Promise.resolve(iis.answer(url, host)),
      now: () => now,
      sleep(ms: number) {
        now += ms;
        return Promise.resolve();
      },
    },
    server: () => readServer(windir),
    change(change) {
      const server = readServer(windir);
      change(server);
      writeServer(windir, server);
    },
    run: (command, ...args) => world.runFrom(world.package, command, ...args),
    async runFrom(from, command, ...args) {
      const lines: string[] = [];
      const print = (line: string) => {
        world.onPrint?.(line);
        lines.push(...line.split('\n'));
      };
      const system = { ...world.system, print };
      now += 60000; // a person needs time to type
      const status = await carryOut([command, ...args], system, from);
      return { status, lines, text: lines.join('\n') };
    },
  };
  return world;
}

/** Writes down all that a run may change: the server's state, and the files with their texts. */
export function snapshot({ windir, inetpub, server }: World): string {
  const rest: Partial<Server> & Pick<Server, 'rights'> = server();
  delete rest.calls;
  for (const folder of Object.keys(rest.rights)) if (!existsSync(folder)) delete rest.rights[folder];
  const files = readdirSync(inetpub, { recursive: true }).map(String).sort()
    .map(name => path.join(inetpub, name))
    .map(file => statSync(file).isFile() ? `${file}: ${readFileSync(file, 'latin1')}` : file);
  const backups = readdirSync(path.join(windir, 'system32', 'inetsrv', 'backup'));
  return JSON.stringify({ ...rest, failing: [], files, backups }, null, 1);
}
