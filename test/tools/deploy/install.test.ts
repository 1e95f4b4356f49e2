/*
 * install.cmd, and uninstall.cmd after it, on stand-ins of Windows' programs (programs.ts). The commands
 * run in this process. windows.test.ts runs the same commands with Windows' own node, from cmd.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { runInNewContext } from 'node:vm';
import { oldNode } from '../../support/fetched';
import { appPath, emptyFolder, fromRoot, otherPath, root } from '../../support/template';
import type { Entry, Server } from './programs';
import { COMPONENTS, DEFAULT_SITE, ENDS, makePackage, makeWorld, NAME, snapshot, test, World } from './world';

/** Says whether a call changes the server. */
function isChange(line: string): boolean {
  return /^(appcmd|robocopy|icacls .* \/(grant|remove:g)) /.test(line);
}

/** Lists the calls that change the server. */
function changes({ server }: World): string[] {
  return server().calls.filter(isChange);
}

const appIn = (world: World) => path.join(world.inetpub, NAME);

test('a fresh server gets pool, rights, application and limits, in this order; then the application answers', async () => {
  const world = makeWorld();
  const { status, text } = await world.run('install');
  assert.equal(status, 0, text);
  const folder = appIn(world);
  assert.deepEqual(changes(world).map(line => line.replaceAll(world.folder, '')), [
    `appcmd add backup before-${NAME}`,
    `robocopy /unpacked /inetpub/${NAME} /E /XD /unpacked/iisnode /unpacked/before /unpacked/current /XF /unpacked/installed.json /R:3 /W:1`,
    `appcmd add apppool /name:${NAME} /managedRuntimeVersion: /processModel.identityType:ApplicationPoolIdentity`
    + ' /processModel.maxProcesses:1 /processModel.idleTimeout:00:00:00 /recycling.periodicRestart.time:00:00:00'
    + ' /enable32BitAppOnWin64:false /queueLength:10000',
    'appcmd set config /section:system.applicationHost/applicationPools'
    + ` /+[name='${NAME}'].recycling.periodicRestart.schedule.[value='04:00:00'] /commit:apphost`,
    `icacls /inetpub/${NAME} /grant IIS AppPool\\${NAME}:(OI)(CI)RX`,
    `icacls /inetpub/${NAME}/iisnode /grant IIS AppPool\\${NAME}:(OI)(CI)M`,
    `appcmd add app /site.name:${DEFAULT_SITE} /path:${appPath} /physicalPath:/inetpub/${NAME} /applicationPool:${NAME}`,
    'appcmd set config /section:system.webServer/serverRuntime /appConcurrentRequestLimit:20000 /commit:apphost',
  ]);
  assert.match(text, new RegExp(`^ok {7}http://localhost${appPath}/health: ok, process \\d+$`, 'm'));
  assert.equal(readFileSync(path.join(folder, 'web.config'), 'utf8'), readFileSync(path.join(world.package, 'web.config'), 'utf8'));
  assert(existsSync(path.join(folder, 'iisnode')));
});

test('a second run changes nothing, and so does a third one from the application\'s own folder', async () => {
  const world = makeWorld();
  await world.run('install');
  const before = snapshot(world);
  for (const from of [world.package, appIn(world)]) {
    const { status, text } = await world.runFrom(from, 'install');
    assert.equal(status, 0, text);
    assert.match(text, /^Nothing to do: all is there\.$/m);
    assert.equal(snapshot(world), before);
  }
});

test('--dry-run prints the lines of the run, and changes nothing', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  const dry = await world.run('install', '--dry-run');
  assert.equal(dry.status, 0);
  assert.equal(snapshot(world), before);
  const real = await world.run('install');
  const health = real.lines.findIndex(line => line.includes('/health: ok'));
  assert.deepEqual(dry.lines, real.lines.slice(0, health));
});

test('uninstall.cmd leaves the server as it was before install.cmd; its --dry-run changes nothing', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  await world.run('install');
  const installed = snapshot(world);
  const dry = await world.run('uninstall', '--dry-run');
  assert.equal(dry.status, 0, dry.text);
  assert.equal(snapshot(world), installed);
  // These are files that iisnode writes.
  for (const name of ['SERVER-4711-stdout-1700000000000.txt', 'SERVER-4711-stderr-1700000000000.txt', 'index.html']) {
    writeFileSync(path.join(appIn(world), 'iisnode', name), 'a log');
  }
  const { status, text } = await world.run('uninstall');
  assert.equal(status, 0, text);
  assert.equal(snapshot(world), before);
  const again = await world.run('uninstall');
  assert.equal(again.status, 1);
  assert.match(again.text, /^missing {2}there is no application/m);
});

test('uninstall.cmd leaves what is not its own, says so, and can be run again', async () => {
  const world = makeWorld();
  await world.run('install');
  const folder = appIn(world);
  writeFileSync(path.join(folder, 'public', 'mine.html'), 'by hand');
  world.change(({ sites: [site] }) => site!.applications.push({ path: '/other', pool: NAME, folder: world.inetpub }));
  const first = await world.runFrom(folder, 'uninstall');
  assert.equal(first.status, 1);
  assert.match(first.text, new RegExp(`^left: the application ${DEFAULT_SITE}/other runs in the pool ${NAME}\\. Later: %appcmd% delete apppool ${NAME}$`, 'm'));
  assert.deepEqual(world.server().sites[0]!.applications.map(one => one.path), ['/', '/other']);
  assert(world.server().pools.some(one => one.name === NAME));
  assert(existsSync(path.join(folder, 'installed.json')));

  world.change(({ sites: [site] }) => site!.applications.pop());
  // The scripts in the folder are gone, but the scripts of the package are still there.
  const second = await world.run('uninstall', '--folder', folder);
  assert.equal(second.status, 1);
  assert.match(second.text, /could not be undone: it has files that install\.cmd has not put there: public\. By hand: rmdir/);
  assert(!world.server().pools.some(one => one.name === NAME));
  assert.equal(readFileSync(path.join(folder, 'public', 'mine.html'), 'utf8'), 'by hand');
});

test('uninstall.cmd does not touch an application that leads elsewhere by now', async () => {
  const world = makeWorld();
  await world.run('install');
  const other = path.join(world.inetpub, 'other');
  mkdirSync(other);
  world.change(({ sites: [site] }) => { site!.applications[1]!.folder = other; });
  await world.run('uninstall', '--folder', appIn(world));
  assert.equal(world.server().sites[0]!.applications[1]!.folder, other);
});

/**
 * The parts that may be missing on a server. Each has a change that takes the part away, and the
 * line of install.cmd.
 */
const MISSING: Record<string, [change: (server: Server, world: World) => void, line: RegExp]> = {
  administrator: [server => { server.isAdministrator = false; },
    /^missing {2}administrator rights are missing: .*Run as administrator/m],
  Windows: [(_, { system }) => { system.release = '6.0.6002'; }, /^missing {2}Windows 6\.0\.6002 is too old: .*2008 R2/m],
  IIS: [({ registry }) => { delete registry['HKLM\\SOFTWARE\\Microsoft\\InetStp']; },
    /^missing {2}IIS is not installed: .*\. dism \/online \/enable-feature \/featurename:IIS-WebServerRole .*:IIS-ASPNET( |$)/m],
  'IIS on a later Windows': [({ registry }, { system }) => {
    system.release = '10.0.17763';
    delete registry['HKLM\\SOFTWARE\\Microsoft\\InetStp'];
  }, /^missing {2}IIS is not installed: .*\. dism \/online \/enable-feature \/all \/featurename:IIS-WebServer .*:IIS-ASPNET45/m],
  'ASP.NET': [({ registry }) => { registry[COMPONENTS]!.ASPNET = ['REG_DWORD', '0x0']; },
    /^missing {2}IIS 7\.5 lacks ASPNET: .*\/featurename:IIS-ASPNET$/m],
  service: [({ services }) => { services.w3svc = 1; }, /^missing {2}the service w3svc does not run: .*net start w3svc$/m],
  'URL Rewrite': [server => { server.modules.shift(); }, /^missing {2}URL Rewrite is not installed: .*500\.19.*www\.iis\.net/m],
  iisnode: [server => { server.modules.splice(1); }, /^missing {2}iisnode is not installed: .*iisnode-full-v0\.2\.26-x64\.msi/m],
  'iisnode of the other bitness': [server => { server.modules.splice(1, 1); },
    /^missing {2}iisnode is not registered for pools of 64 bits: IIS answers 500\.21/m],
  'node for services': [({ registry }) => {
    const key = Object.keys(registry).find(one => one.endsWith('Environment'))!;
    registry[key]!.Path![1] = '%windir%\\system32';
  }, /^missing {2}services do not find node: .*500\.1000.*net stop was \/y & net start w3svc$/m],
  site: [server => { server.sites[0]!.name = 'Intranet & more'; },
    /^missing {2}there is no site "Default Web Site": .*Write --site "Intranet & more"$/m],
  'a free path': [({ sites: [site] }, { inetpub }) => {
    site!.applications.push({ path: appPath.toUpperCase(), pool: 'DefaultAppPool', folder: inetpub });
  },
  /^missing {2}Default Web Site\S+ is another application already, in .*Another --path; or --folder /m],
  'a path that is no virtual directory': [({ sites: [site] }, { inetpub }) => {
    site!.applications[0]!.others = [{ path: appPath, folder: inetpub }];
  },
  /^missing {2}Default Web Site\S+ is a virtual directory already: /m],
  'an empty folder': [(_, world) => {
    mkdirSync(appIn(world));
    writeFileSync(path.join(appIn(world), 'index.html'), 'another site');
  }, /^missing {2}\S+ has other files already: .*Another --folder; or empty it: rmdir/m],
  'a pool of its own': [({ sites: [site], pools }, { inetpub }) => {
    pools.push({ name: NAME, settings: {}, schedule: [] });
    site!.applications.push({ path: '/shop', pool: NAME, folder: inetpub });
  }, /^missing {2}the pool \S+ has other applications: Default Web Site\/shop: .*Another --pool$/m],
  'handlers that are unlocked': [server => { server.locked = ['handlers']; },
    /^missing {2}the section handlers is locked: .*500\.19\. %appcmd% unlock config \/section:system\.webServer\/handlers$/m],
  'rules that are unlocked': [server => { server.locked = ['rewrite/rules']; },
    /^missing {2}the section rewrite\/rules is locked: /m],
  'parents that everybody may read': [({ rights }, { inetpub }) => { rights[inetpub] = [['BA', 'OICI', 'FA']]; },
    /^missing {2}the pool may not look into \S+inetpub: .*icacls \S+inetpub \/grant \*S-1-5-32-568:RX$/m],
  'a whole package': [(_, world) => { rmSync(path.join(world.package, 'dist', 'server.js')); },
    /^missing {2}\S+unpacked lacks dist\/server\.js: .*npm run build$/m],
};

for (const [what, [change, line]] of Object.entries(MISSING)) {
  test(`without ${what} nothing is changed, and one line says so`, async () => {
    const world = makeWorld();
    world.change(server => change(server, world));
    const before = snapshot(world);
    const { status, text, lines } = await world.run('install');
    assert.equal(status, 1, text);
    assert.match(text, line);
    assert.equal(lines.filter(one => one.startsWith('missing')).length, 1, text);
    assert.equal(snapshot(world), before);
    assert.deepEqual(changes(world), []);
    assert.equal(lines.at(-1), 'Nothing was changed. Mend the missing parts first, and run this command again.');
  });
}

test('a server without IIS hears of URL Rewrite and iisnode in the same run', async () => {
  const world = makeWorld();
  world.change(({ registry }) => { delete registry['HKLM\\SOFTWARE\\Microsoft\\InetStp']; });
  const { text } = await world.run('install');
  assert.match(text, /^note {5}URL Rewrite and iisnode come next: .*iis\.net.*iisnode-full-v0\.2\.26/m);
});

/**
 * Servers for which install.cmd prints a note. It installs the application nevertheless. Each has
 * the change and the line.
 */
const NOTES: Record<string, [change: (server: Server, world: World) => void, line: RegExp]> = {
  'Windows 7': [({ registry }) => {
    registry['HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion']!.InstallationType = ['REG_SZ', 'Client'];
  }, /^note {5}this is no Windows Server: it answers 10 requests at a time/m],
  'no log of requests': [({ registry }) => { delete registry[COMPONENTS]!.HttpLogging; },
    /^note {5}IIS 7\.5 lacks HttpLogging: .*\/featurename:IIS-HttpLogging$/m],
  'an old iisnode': [(_, { folder }) => {
    writeFileSync(path.join(folder, 'iisnode.dll'), Buffer.from('FileVersion\u0000\u00000.1.21.0\u0000', 'utf16le'));
  }, /^note {5}iisnode 0\.1\.21\.0 is old: /m],
  'a folder that all may write': [({ rights }, { inetpub }) => {
    rights[inetpub] = [['BU', '', '0x1200a9'], ['AU', 'OICIIO', 'SDGXGWGR']];
  }, /^note {5}each user of this machine may write into \S+inetpub: /m],
  'a PATH with letters of another code page': [({ registry }) => {
    const key = Object.keys(registry).find(one => one.endsWith('Environment'))!;
    registry[key]!.Path![1] = 'C:\\M\uFFFDller\\nodejs';
  }, /^note {5}node v[\d.]+; the machine's PATH has letters that cannot be read here/m],
  'another node for services': [({ registry }, { folder }) => {
    const key = Object.keys(registry).find(one => one.endsWith('Environment'))!;
    writeFileSync(path.join(folder, 'node.exe'), '');
    registry[key]!.Path![1] = `"${folder}"`;
  }, /^note {5}services find another node, in /m],
};

test('what is only worth knowing is said, and installs', async () => {
  for (const [what, [change, line]] of Object.entries(NOTES)) {
    const world = makeWorld();
    world.change(server => change(server, world));
    const { status, text } = await world.run('install');
    assert.equal(status, 0, `${what}\n${text}`);
    assert.match(text, line);
  }
});

test('sections that a location unlocks are unlocked, as ASP.NET does for handlers; a later one locks again', async () => {
  const world = makeWorld();
  const file = path.join(world.windir, 'system32', 'inetsrv', 'config', 'applicationHost.config');
  world.change(server => { server.locked = ['handlers']; });
  const add = (at: string, mode: string) => {
    const text = readFileSync(file, 'utf8').replace('</configuration>', `<location path="${at}" ${mode}>
      <system.webServer><handlers accessPolicy="Read, Script" /></system.webServer></location></configuration>`);
    writeFileSync(file, text);
  };
  // A stand-in writes applicationHost.config anew at each call, without the edits of this test. So the text is put back.
  world.system.run = ((run: any) => (name: string, args: string[]) => {
    const text = readFileSync(file);
    const result = run(name, args);
    writeFileSync(file, text);
    return result;
  })(world.system.run);
  const locked = async () => (await world.run('install', '--dry-run')).text.includes('the section handlers is locked');
  assert.equal(await locked(), true);
  add('', 'overrideMode="Allow"');
  assert.equal(await locked(), false);
  add('Other Site', 'overrideMode="Deny"');
  add(`${DEFAULT_SITE}${appPath}x`, 'allowOverride="false"');
  assert.equal(await locked(), false);
  add(DEFAULT_SITE, 'allowOverride="false"');
  assert.equal(await locked(), true);
});

test('a configuration that several servers share is read where it lies; one that cannot be read is missing', async () => {
  const world = makeWorld();
  const config = path.join(world.windir, 'system32', 'inetsrv', 'config');
  const shared = path.join(world.folder, 'shared');
  mkdirSync(shared);
  writeFileSync(path.join(shared, 'applicationHost.config'),
    readFileSync(path.join(config, 'applicationHost.config'), 'utf8').replaceAll(DEFAULT_SITE, 'Shared'));
  writeFileSync(path.join(config, 'redirection.config'),
    '<configuration><configurationRedirection enabled="true" path="%SystemDrive%/shared" /></configuration>');
  assert.match((await world.run('install', '--site', 'shared', '--dry-run')).text, /^ok {7}the site Shared$/m);
  writeFileSync(path.join(shared, 'applicationHost.config'), '<configuration><x></configuration>');
  assert.match((await world.run('install', '--dry-run')).text, /^missing {2}IIS's configuration cannot be read: /m);
});

test('a failure at any step undoes all before it, and the step itself if it was done all the same', async () => {
  const whole = makeWorld();
  await whole.run('install');
  const count = changes(whole).length;
  assert.equal(count, 8);
  for (let fails = 0; fails < 2 * count; fails += 1) {
    const world = makeWorld();
    const before = snapshot(world);
    const { run } = world.system;
    let calls = 0;
    world.system.run = (name: string, args: string[]) => {
      const isIt = isChange([name, ...args].join(' ')) && calls++ === Math.floor(fails / 2);
      if (isIt && fails % 2 === 1) run(name, args);
      return isIt ? { status: 16, output: 'on order' } : run(name, args);
    };
    const { status, text: said } = await world.run('install');
    assert.equal(status, 1, said);
    assert.match(said, /^failed {3}\w+ ended with exit code 16: on order$/m);
    assert.match(said, /^The server is as it was\.$/m);
    assert.equal(snapshot(world), before, said);
  }
});

/** A kind of step in deploy/steps.js. */
interface Kind {
  lines: (entry: object) => string[];
  make: (system: object, entry: object) => Promise<void> | void;
}
const { KINDS } = fromRoot('./deploy/steps.js') as { KINDS: Record<string, Kind> };

/** Lets `before` and `after` see each step that is made, until the test ends. */
function watchSteps(
  t: TestContext, watch: { before?: (lines: string[]) => void; after?: () => void },
): void {
  for (const kind of Object.values(KINDS)) {
    const { make } = kind;
    t.mock.method(kind, 'make', async (system: object, entry: object) => {
      watch.before?.(kind.lines(entry));
      await make(system, entry);
      watch.after?.();
    });
  }
}

test('each step prints its lines before it runs', async t => {
  const world = makeWorld();
  const calls = () => changes(world).length;
  const printed: [line: string, calls: number][] = [];
  const made: string[][] = [];
  watchSteps(t, {
    before(lines) {
      made.push(lines);
      const last = printed.slice(-lines.length);
      assert.deepEqual(last, lines.map(line => [line, calls()]));
    },
  });
  world.onPrint = line => printed.push([line, calls()]);
  assert.equal((await world.run('install', '--set', 'LOG_LEVEL=debug')).status, 0);
  assert.equal(made.length, 11);
});

/** A pool that somebody made in IIS Manager, with other settings than those of install.cmd. */
const OTHER_POOL = {
  name: NAME, schedule: [],
  settings: {
    managedRuntimeVersion: 'v4.0', queueLength: '1000', 'processModel.maxProcesses': '2',
    'processModel.idleTimeout': '00:20:00', 'recycling.periodicRestart.time': '1.05:00:00',
  },
};

/**
 * Servers on which the steps of install.cmd differ. Each has the arguments, a change of the server,
 * and the number of steps.
 */
const SERVERS: Record<string, [args: string[], change: (server: Server) => void, steps: number]> = {
  'an application with settings': [['--path', otherPath, '--set', 'LOG_LEVEL=debug'], () => undefined, 12],
  'the root of a site': [['--path', '/'], () => undefined, 10],
  'a pool that is there': [[], ({ pools }) => { pools.push(OTHER_POOL); }, 10],
};

for (const [what, [args, change, count]] of Object.entries(SERVERS)) {
  test(`a failure before each step and behind it, in turn, undoes all: ${what}`, async t => {
    let left = Infinity;
    const fail = () => {
      left -= 1;
      if (left === 0) throw new Error('on order');
    };
    watchSteps(t, { before: fail, after: fail });
    for (let at = 1; at <= 2 * count + 1; at += 1) {
      const world = makeWorld();
      world.change(change);
      const before = snapshot(world);
      left = at;
      const { status, text } = await world.run('install', ...args);
      if (at > 2 * count) {
        assert.deepEqual([status, left], [0, 1], text);
        break;
      }
      assert.equal(status, 1, text);
      assert.match(text, /^failed {3}on order$/m);
      assert.match(text, /^The server is as it was\.$/m);
      assert.equal(snapshot(world), before, text);
    }
  });
}

test('what cannot be undone is said, with its line; uninstall.cmd tries it again', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  world.change(server => {
    server.failing = [{ line: 'appcmd add app ', status: 1168 }, { line: 'delete apppool', status: 32 }];
  });
  const { status, text } = await world.run('install');
  assert.equal(status, 1);
  assert.match(text, /^failed {3}appcmd ended with exit code 1168/m);
  assert.match(text, new RegExp(`^could not be undone: appcmd ended with exit code 32.*By hand: %appcmd% delete apppool ${NAME}$`, 'm'));
  assert.match(text, /^All other changes are undone\. Run uninstall\.cmd to undo the rest\.$/m);
  assert.deepEqual(world.server().pools.map(one => one.name), ['DefaultAppPool', NAME]);
  const state = (one: string) => (JSON.parse(one) as { pools: unknown }).pools;
  assert.notDeepEqual(state(snapshot(world)), state(before));

  // The folder is gone with its record, so the second run takes the pool that is there.
  const again = await world.run('install');
  assert.equal(again.status, 0, again.text);
});

test('a machine that stops in the middle of a step has it written down: uninstall.cmd undoes that, too', async t => {
  for (const isDone of [false, true]) {
    const world = makeWorld();
    const before = snapshot(world);
    const saved = emptyFolder(t, 'stopped-');
    const { run } = world.system;
    world.system.run = (name: string, args: string[]) => {
      const isLast = args.join(' ').startsWith('add app ');
      const stop = () => cpSync(world.folder, saved, { recursive: true });
      if (isLast && !isDone) stop();
      const result = run(name, args);
      if (isLast && isDone) stop();
      return result;
    };
    await world.run('install');
    // The disk gets the state that it had when the machine stopped.
    rmSync(world.folder, { recursive: true });
    cpSync(saved, world.folder, { recursive: true });
    const { status, text } = await world.run('uninstall', '--folder', appIn(world));
    assert.equal(status, 0, text);
    assert.equal(snapshot(world), before);
  }
});

test('the root of a site: it leads to the application, and back again', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  const { status, text } = await world.run('install', '--path', '/');
  assert.equal(status, 0, text);
  assert.match(text, /^note {5}the root of Default Web Site leads to \S+wwwroot: /m);
  assert.deepEqual(world.server().sites[0]!.applications, [{ path: '/', pool: NAME, folder: appIn(world) }]);
  assert.match(text, new RegExp(`^ok {7}http://localhost${appPath}/health: ok`, 'm'));
  assert.match((await world.run('install', '--path', '/')).text, /Nothing to do/);
  assert.equal((await world.run('uninstall')).status, 0);
  assert.equal(snapshot(world), before);

  for (const line of ['set app ', 'set vdir ']) {
    world.change(server => { server.failing = [{ line, status: 1 }]; });
    assert.equal((await world.run('install', '--path', '/')).status, 1);
    assert.equal(snapshot(world), before, line);
  }
});

test('another path than the package\'s is written into web.config as APP_PATH, settings of --set as well', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  const { status, text } = await world.run('install', '--path', '/tools/chat', '--set', 'LOG_LEVEL=debug', '--set=ALLOWED_ORIGINS=https://a.example?b="1"&c', '--pool', 'Pool');
  assert.equal(status, 0, text);
  const config = readFileSync(path.join(world.inetpub, 'chat', 'web.config'), 'utf8');
  const settings = config.slice(config.indexOf('<clear />'), config.indexOf('Ends those') + 4000);
  assert.match(settings, /<clear \/>\n {6}<add key="APP_PATH"|<add key="APP_PATH" value="\/tools\/chat" \/>/);
  assert.match(config, /<add key="LOG_LEVEL" value="debug" \/>/);
  assert.match(config, /<add key="ALLOWED_ORIGINS" value="https:\/\/a\.example\?b=&quot;1&quot;&amp;c" \/>/);
  assert.match(text, /^ok {7}http:\/\/localhost\/tools\/chat\/health: ok/m);
  assert.match((await world.run('install', '--path', '/tools/chat', '--pool', 'Pool')).text, /Nothing to do/);
  // uninstall.cmd finds the application by the name of the package.
  assert.equal((await world.run('uninstall')).status, 0);
  assert.equal(snapshot(world), before);
});

test('a folder that is served as it lies: the settings are taken out again, the files stay', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  const config = path.join(world.package, 'web.config');
  const own = readFileSync(config, 'utf8');
  const { status, text } = await world.run('install', '--folder', world.package, '--path', otherPath);
  assert.equal(status, 0, text);
  assert.match(readFileSync(config, 'utf8'), new RegExp(`<add key="APP_PATH" value="${otherPath}" />`));
  assert.equal((await world.run('uninstall')).status, 0);
  assert.equal(readFileSync(config, 'utf8'), own);
  assert(existsSync(path.join(world.package, 'dist', 'server.js')));
  assert(!existsSync(path.join(world.package, 'iisnode')));
  assert.equal(snapshot(world), before);
});

test('a clone stays where it is', async () => {
  const world = makeWorld();
  mkdirSync(path.join(world.package, 'src'));
  writeFileSync(path.join(world.package, 'src', 'server.ts'), '');
  assert.equal((await world.run('install')).status, 0);
  assert.equal(world.server().sites[0]!.applications[1]!.folder, world.package);
});

test('names with spaces, parentheses, &, ^, %, umlauts, and a quotation mark', async () => {
  const inside = 'Müller & Söhne (neu) 100% ^x';
  const world = makeWorld({ inside });
  const site = 'A & B (c) 50% ^ Größe';
  world.change(server => { server.sites[0]!.name = site; });
  const before = snapshot(world);
  const folder = path.join(world.inetpub, 'über & (x) %y% ^');
  const given = ['--site', site, '--folder', folder, '--pool', 'Pool (ü) & 100%'];
  const { status, text } = await world.run('install', ...given);
  assert.equal(status, 0, text);
  assert.deepEqual(world.server().sites[0]!.applications[1], { path: appPath, pool: 'Pool (ü) & 100%', folder });
  assert(text.includes(`%appcmd% add app /site.name:"${site}" /path:${appPath} /physicalPath:"${folder}" /applicationPool:"Pool (ü) & 100%"`), text);
  assert(text.includes(`icacls "${folder}" /grant "IIS AppPool\\Pool (ü) & 100%:(OI)(CI)RX"`), text);
  assert.match((await world.run('install', ...given)).text, /Nothing to do/);
  assert.equal((await world.run('uninstall')).status, 0);
  assert.equal(snapshot(world), before);
});

test('a pool of 32 bits, new or there already', async () => {
  const world = makeWorld();
  const bits = () => world.server().pools.find(one => one.name === NAME)!.settings.enable32BitAppOnWin64;
  await world.run('install', '--bits', '32');
  assert.equal(bits(), 'true');
  assert.match((await world.run('install')).text, /Nothing to do/);
  // iisnode has to be registered for a pool of 32 bits.
  world.change(server => { server.modules.splice(2, 1); });
  assert.match((await world.run('install')).text, /^missing {2}iisnode is not registered for pools of 32 bits/m);
  assert.equal((await world.run('install', '--bits', '64')).status, 0);
  assert.equal(bits(), 'false');
});

test('a pool that is there gets the settings that it lacks, keeps larger limits, and its own account', async () => {
  const world = makeWorld();
  world.change(server => {
    server.pools.push({
      name: NAME, schedule: ['02:00:00'],
      settings: { queueLength: '50000', 'processModel.identityType': 'NetworkService', 'processModel.idleTimeout': '00:00:00' },
    });
    server.limit = 90000;
  });
  const before = snapshot(world);
  const { status, text } = await world.run('install');
  assert.equal(status, 0, text);
  assert(changes(world).includes(`appcmd set apppool ${NAME} /managedRuntimeVersion: /recycling.periodicRestart.time:00:00:00`));
  assert(text.includes('/grant "*S-1-5-20:(OI)(CI)RX"'), text);
  assert.match((await world.run('install')).text, /Nothing to do/);
  const { pools, limit } = world.server();
  assert.deepEqual([limit, pools[1]!.settings.queueLength, pools[1]!.schedule], [90000, '50000', ['02:00:00']]);
  // For settings without a value before, uninstall.cmd writes IIS's default values.
  assert.equal((await world.run('uninstall')).status, 0);
  world.change(server => {
    assert.equal(server.pools[1]!.settings.managedRuntimeVersion, 'v2.0');
    for (const name of ['managedRuntimeVersion', 'recycling.periodicRestart.time']) delete server.pools[1]!.settings[name];
  });
  assert.equal(snapshot(world), before);
});

test('each kind of account of a pool', async () => {
  const kinds: [settings: Record<string, string>, account: string | null][] = [
    [{ 'processModel.identityType': 'LocalService' }, '*S-1-5-19'],
    [{ 'processModel.identityType': 'LocalSystem' }, null],
    [{ 'processModel.identityType': 'SpecificUser', 'processModel.userName': 'DOMAIN\\web user' }, 'DOMAIN\\web user'],
  ];
  for (const [settings, account] of kinds) {
    const world = makeWorld();
    world.change(server => {
      server.pools.push({ name: NAME, settings, schedule: [] });
      server.accounts = ['DOMAIN\\web user'];
    });
    const { status, text } = await world.run('install');
    assert.equal(status, 0, text);
    assert.equal(text.includes('icacls '), account !== null);
    if (account !== null) assert(text.includes(`/grant "${account}:(OI)(CI)RX"`), text);
    assert.match((await world.run('install')).text, /Nothing to do/);
  }
});

test('Windows knows the account of a new pool some seconds later', async () => {
  const world = makeWorld();
  world.change(server => { server.unknownFor = 3; });
  assert.equal((await world.run('install')).status, 0);
  const other = makeWorld();
  const before = snapshot(other);
  other.change(server => { server.unknownFor = 99; });
  const { status, text } = await other.run('install');
  assert.equal(status, 1);
  assert.match(text, /^failed {3}icacls ended with exit code 1332/m);
  other.change(server => { server.unknownFor = 0; });
  assert.equal(snapshot(other), before);
});

test('limits and the time of the daily recycling are parameters', async () => {
  const world = makeWorld();
  await world.run('install', '--queue', '3000', '--requests', '7000', '--recycle-at', '23:30');
  assert.deepEqual([world.server().pools[1]!.settings.queueLength, world.server().limit], ['3000', 7000]);
  assert.deepEqual(world.server().pools[1]!.schedule, ['23:30:00']);
  const other = makeWorld();
  await other.run('install', '--recycle-at', 'never');
  assert.deepEqual(other.server().pools[1]!.schedule, []);
});

test('an application that does not answer stays installed; the exit code says so, and the line what to look at', async () => {
  const world = makeWorld();
  makePackage(world.package, '1.0.1', ENDS);
  const { status, text } = await world.run('install', '--wait', '5');
  assert.equal(status, 1);
  assert.match(text, /^failed {3}http:\S+\/health: status 500\. The application is installed, but it does not answer\.$/m);
  assert.match(text, /net stop was \/y & net start w3svc\. Else the newest file in \S+iisnode says why/);
  assert.equal(world.server().sites[0]!.applications.length, 2);
  makePackage(appIn(world), '1.0.2');
  assert.equal((await world.run('install')).status, 0);
});

test('health is asked where the site is: by host name, at another port, at an address, over HTTPS', async () => {
  const cases: [binding: [string, string], url: string, host: string][] = [
    [['http', '*:8080:'], `http://localhost:8080${appPath}/health`, 'localhost:8080'],
    [['http', '10.1.2.3:80:www.example.com'], `http://10.1.2.3${appPath}/health`, 'www.example.com'],
    [['https', '*:443:'], `https://localhost${appPath}/health`, 'localhost'],
    [['http', '[::1]:81:'], `http://[::1]:81${appPath}/health`, '[::1]:81'],
  ];
  for (const [[protocol, bindingInformation], url, host] of cases) {
    const world = makeWorld();
    world.change(server => { server.sites[0]!.bindings = [{ protocol: 'net.pipe', bindingInformation: '*' }, { protocol, bindingInformation }]; });
    const asked: string[][] = [];
    world.system.ask = (...args: string[]) => {
      asked.push(args);
      return Promise.resolve({ status: 200, text: '{"status":"ok","pid":1,"uptime":1}' });
    };
    assert.equal((await world.run('install')).status, 0);
    assert.deepEqual(asked, [[url, host]]);
  }
  const world = makeWorld();
  world.change(server => { server.sites[0]!.bindings = []; });
  const { status, text } = await world.run('install');
  assert.equal(status, 0);
  assert.match(text, /^note {5}the site Default Web Site has no binding for HTTP/m);
});

test('what is called wrongly is said in a line, with exit code 2 of main.js', async () => {
  const world = makeWorld();
  const before = snapshot(world);
  const wrong: [args: string[], message: RegExp][] = [
    [['install', '--sight', 'x'], /there is no option --sight/], [['install', '--site'], /--site needs a value/],
    [['install', '--site='], /--site needs a value/], [['install', 'C:\\x'], /takes no C:\\x/],
    [['install', '--path', 'myApp'], /--path takes a path, such as \/myApp, or \/, not myApp/],
    [['install', '--bits', '16'], /takes 64 or 32, not 16/], [['install', '--recycle-at', '24:00'], /takes a time/],
    [['install', '--set', 'x'], /takes NAME=value, not x/], [['install', '--queue', 'many'], /takes a number/],
    [['install', '--dry-run=1'], /--dry-run takes no value/], [['update', 'a', 'b'], /takes no b/],
    [['back', '--folder', 'x'], /there is no option --folder/], [['reinstall'], /there is no command/],
  ];
  for (const [[command, ...args], message] of wrong) {
    await assert.rejects(world.run(command!, ...args), message);
  }
  for (const command of ['install', 'update', 'back', 'uninstall']) {
    const { status, lines } = await world.run(command, '--help');
    assert.equal(status, 0);
    assert.match(lines[0]!, new RegExp(`^${command}\\.cmd `));
    assert(lines.every(line => line.length <= 100));
  }
  assert.equal(snapshot(world), before);
});

test('rights are read from SDDL, with all ways of writing them', () => {
  const rights = fromRoot('./deploy/rights.js');
  const { parseSddl, has, mayLook, everybodyWrites, poolSid, READ_AND_RUN, MODIFY } = rights;
  const read = (...entries: Entry[]) => parseSddl(`D:PAI${entries.map(([sid, flags, rights]) => `(A;${flags};${rights};;;${sid})`).join('')}`);
  assert.equal(poolSid('DefaultAppPool'), 'S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415');
  const sid = poolSid('x');
  assert(has(read([sid, 'OICI', '0x1200a9']), sid, READ_AND_RUN));
  assert(has(read([sid, 'CIOIID', 'FA']), sid, MODIFY));
  assert(!has(read([sid, 'OICI', '0x1200a9']), sid, MODIFY));
  assert(!has(read([sid, '', '0x1200a9']), sid, READ_AND_RUN));
  assert(mayLook(read(['BU', '', 'FRFX']), sid) && mayLook(read(['S-1-5-32-568', '', 'LO']), sid));
  assert(!mayLook(read(['BU', 'OICIIO', 'FA']), sid) && !mayLook(read(['BA', '', 'FA']), sid));
  assert(!mayLook(parseSddl('D:(D;;FA;;;BU)'), sid));
  assert(everybodyWrites(read(['AU', 'OICI', '0x1301bf'])) && everybodyWrites(read(['WD', '', 'FA'])));
  assert(!everybodyWrites(read(['BU', 'OICI', '0x1200a9'])) && !everybodyWrites(read(['AU', '', 'LC'])));
});

test('node 10 runs the scripts; an older one is told that it is too old, in words', t => {
  const main = path.join(root, 'deploy', 'main.js');
  const printed: string[] = [];
  const fake = { versions: { node: '0.12.18' }, version: 'v0.12.18', argv: [], exitCode: 0 };
  const console = { log: (line: string) => printed.push(line) };
  runInNewContext(readFileSync(main, 'utf8'), { process: fake, console, require: () => assert.fail('it goes on') });
  assert.equal(fake.exitCode, 1);
  assert.match(printed.join('\n'), /^missing {2}node v0\.12\.18 is too old\. .*node-v12\.22\.12-x64\.msi/);
  const node = oldNode(t, '10.24.1');
  if (!node) return;
  const run = (arg: string): number | null => spawnSync(node, [main, 'uninstall', arg]).status;
  for (const [arg, expected] of [['--help', 0], ['--sight', 2]] as const) {
    assert.equal(run(arg), expected);
  }
});

test('the four .cmd files are the same but for the command and their first line', () => {
  const texts = ['install', 'update', 'back', 'uninstall'].map(command => {
    const lines = readFileSync(path.join(root, 'deploy', `${command}.cmd`), 'utf8').split(/\r?\n/);
    assert(lines[1]!.endsWith(`${command}.cmd --help says more.`), lines[1]);
    lines.splice(1, 1);
    return lines.join('\n').replace(`main.js" ${command} %*`, 'main.js" … %*');
  });
  assert.equal(new Set(texts).size, 1);
  assert(texts[0]!.includes('main.js" … %*'));
});
