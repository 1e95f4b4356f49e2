/*
 * update.cmd and back.cmd run in this process, with stand-ins of Windows' programs. windows.test.ts
 * runs them in cmd.
 */
import assert from 'node:assert/strict';
import fs, { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { appPath } from '../../support/template';
import { DEFAULT_SITE, ENDS, makePackage, makeWorld, NAME, RUNS, snapshot, test, World } from './world';

interface Installed extends World {
  app: string;
  /** Reads a file of the deployed application. */
  read: (name: string) => string;
  /** Makes a package of a later version. */
  make: (version: string, kind?: string, edit?: (folder: string) => void) => string;
}

async function installed(t: TestContext, ...args: string[]): Promise<Installed> {
  const world = makeWorld();
  const { status, text } = await world.run('install', ...args);
  assert.equal(status, 0, text);
  const app = path.join(world.inetpub, NAME);
  return {
    ...world,
    app,
    read: name => readFileSync(path.join(app, name), 'utf8'),
    make: (version, kind = RUNS, edit = undefined) => makePackage(path.join(world.folder, version), version, kind, edit),
  };
}

/** Reads the version in each file of a deployed application. */
function versions(folder: string): string[] {
  const of = ['dist/server.js', 'node_modules/x/dist/server.js', 'public/index.html', 'package.json'];
  return of.map(name => /\d+\.\d+\.\d+/.exec(readFileSync(path.join(folder, name), 'utf8'))![0]);
}

const all = (version: string) => Array<string>(4).fill(version);

test('an update is one new process, which starts when all files are there; the version before is kept', async t => {
  const world = await installed(t);
  const from = world.make('1.0.2');
  const config = statSync(path.join(world.app, 'web.config')).mtimeMs;
  const starts = world.iis.starts.length;
  // The list has the versions that a request would get after each step.
  const seen: string[][] = [];
  const { print } = { print: world.system.run };
  world.system.run = (name: string, args: string[]) => {
    const result = print(name, args);
    if (name === 'robocopy') seen.push(versions(world.app));
    return result;
  };
  const { status, text } = await world.runFrom(from, 'update');
  assert.equal(status, 0, text);
  assert.deepEqual(seen, [all('1.0.1'), ['1.0.1', '1.0.2', '1.0.2', '1.0.2']]);
  assert.deepEqual(versions(world.app), all('1.0.2'));
  assert.deepEqual(versions(path.join(world.app, 'before')), all('1.0.1'));
  assert.equal(world.iis.starts.length, starts + 1);
  // The time of server.js is now, and not the time in the package.
  assert.equal(statSync(path.join(world.app, 'dist', 'server.js')).mtimeMs, world.system.now());
  assert.equal(statSync(path.join(world.app, 'web.config')).mtimeMs, config);
  assert.match(text, new RegExp(`^ok {7}http://localhost${appPath}/health: ok, process ${1000 + starts}$`, 'm'));
  assert.deepEqual(readdirSync(world.app).filter(name => name === 'current'), []);
});

test('--dry-run prints the lines of the run, and changes nothing; a second run has nothing to do', async t => {
  const world = await installed(t);
  const from = world.make('1.0.2', RUNS, folder => rmSync(path.join(folder, 'public', 'images'), { recursive: true }));
  const before = snapshot(world);
  const dry = await world.runFrom(from, 'update', '--dry-run');
  assert.equal(dry.status, 0);
  assert.equal(snapshot(world), before);
  const real = await world.runFrom(from, 'update');
  assert.equal(real.status, 0, real.text);
  assert.deepEqual(dry.lines, real.lines.filter(line => !/^rem waits|\/health: ok|the new version runs/.test(line)));
  const after = snapshot(world);
  const again = await world.runFrom(from, 'update');
  assert.equal(again.status, 0);
  assert.match(again.text, /^Nothing to do: this version is there already\.$/m);
  assert.equal(snapshot(world), after);
});

test('the new version may be named: update.cmd <folder>', async t => {
  const world = await installed(t);
  const { status, text } = await world.runFrom(world.app, 'update', world.make('1.0.2'));
  assert.equal(status, 0, text);
  assert.deepEqual(versions(world.app), all('1.0.2'));
  const own = await world.runFrom(world.app, 'update');
  assert.equal(own.status, 1);
  assert.match(own.text, /^missing {2}\S+ is the application itself: /m);
});

test('a version that does not run: after 60 s the one before is back, and what it kept is as it was', async t => {
  const world = await installed(t);
  assert.equal((await world.runFrom(world.make('1.0.2'), 'update')).status, 0);
  const before = snapshot(world);
  const from = world.make('1.0.3', ENDS, folder => writeFileSync(path.join(folder, 'public', 'new.html'), '1.0.3'));
  const began = world.system.now();
  const { status, text } = await world.runFrom(from, 'update');
  assert.equal(status, 1);
  assert.match(text, /^failed {3}http:\S+: status 500, after 60 s$/m);
  assert.match(text, /^The version before is there again\. The new version is still in the folder of its package\.$/m);
  const took = (world.system.now() - began) / 1000;
  assert(took >= 120 && took < 125, `${took} s, with 60 s of typing`);
  assert.deepEqual(versions(world.app), all('1.0.2'));
  assert.deepEqual(versions(path.join(world.app, 'before')), all('1.0.1'));
  assert.equal(snapshot(world), before);
});

test('the old process does not count as the new one: where iisnode hears nothing, the update goes back', async t => {
  const world = await installed(t);
  const before = snapshot(world);
  world.iis.isDeaf = true;
  const { status, text } = await world.runFrom(world.make('1.0.2'), 'update', '--wait', '9');
  assert.equal(status, 1);
  assert.match(text, /^failed {3}http:\S+: still the old process, 1000, after 9 s$/m);
  // From now on, the record names the folders that keep a version. All other files are unchanged.
  const other = (text: string) => (JSON.parse(text) as { files: string[] }).files.filter(one => !one.includes('installed.json: '));
  assert.deepEqual(other(snapshot(world)), other(before));
});

test('by its uptime, too, an old process is known: of several, another one may answer', async t => {
  const world = await installed(t);
  let asked = 0;
  world.system.ask = () => {
    asked += 1;
    const [pid, uptime] = asked === 1 ? [1, 500] : asked < 5 ? [asked, 500 + asked] : [9, 1];
    return Promise.resolve({ status: 200, text: JSON.stringify({ status: 'ok', pid, uptime }) });
  };
  const { status, text } = await world.runFrom(world.make('1.0.2'), 'update');
  assert.equal(status, 0, text);
  assert.equal(asked, 5);
  assert.match(text, /health: ok, process 9$/m);
});

test('each step that fails leads back', async t => {
  for (const [call, message] of [[0, /^failed {3}robocopy ended with exit code 8: on order\. The application is as it was\.$/m],
    [1, /^The version before is there again\./m]] as const) {
    const world = await installed(t);
    await world.runFrom(world.make('1.0.2'), 'update');
    const before = snapshot(world);
    const { run } = world.system;
    let calls = 0;
    world.system.run = (name: string, args: string[]) => {
      if (name !== 'robocopy' || calls++ !== call) return run(name, args);
      run(name, args); // robocopy copies some files, and fails at another file
      return { status: 8, output: 'on order' };
    };
    const { status, text } = await world.runFrom(world.make('1.0.3'), 'update');
    assert.equal(status, 1, text);
    assert.match(text, message);
    rmSync(path.join(world.app, 'current'), { recursive: true, force: true });
    assert.equal(snapshot(world), before);
  }
});

test('a file that cannot be written leads back; web.config is as it was then, with the settings of the server', async t => {
  for (const name of ['web.config', path.join('dist', 'server.js')]) {
    const world = await installed(t, '--set', 'LOG_LEVEL=debug');
    const config = world.read('web.config');
    const from = world.make('1.0.2', RUNS, folder => appendFileSync(path.join(folder, 'web.config'), '<!-- new -->\n'));
    const write = fs.writeFileSync;
    let times = 0;
    const mocked = t.mock.method(fs, 'writeFileSync', (file: string, ...more: [string]) => {
      const isIt = file === path.join(world.app, name) && times++ === 0;
      if (isIt) throw Object.assign(new Error('EBUSY: it is in use'), { code: 'EBUSY' });
      write(file, ...more);
    });
    const { status, text } = await world.runFrom(from, 'update');
    mocked.mock.restore();
    assert.equal(status, 1, text);
    assert.match(text, /^failed {3}\S+ cannot be written: EBUSY: it is in use$/m);
    assert.match(text, /^The version before is there again\./m);
    assert.deepEqual(versions(world.app), all('1.0.1'));
    assert.equal(world.read('web.config'), config);
  }
});

test('a version that runs stays, though files of the one before are in use; back.cmd can go back', async t => {
  const world = await installed(t);
  const rename = t.mock.method(fs, 'renameSync', () => {
    throw Object.assign(new Error('EPERM: it is open'), { code: 'EPERM' });
  });
  const lua = path.join(world.app, 'dist', 'commit.lua');
  const remove = fs.unlinkSync;
  const unlink = t.mock.method(fs, 'unlinkSync', (file: string) => {
    if (file === lua) throw Object.assign(new Error('EBUSY: it is in use'), { code: 'EBUSY' });
    remove(file);
  });
  const from = world.make('1.0.2', RUNS, folder => rmSync(path.join(folder, 'dist', 'commit.lua')));
  const { status, text } = await world.runFrom(from, 'update');
  unlink.mock.restore();
  assert.equal(status, 0, text);
  assert.match(text, /^note {5}EBUSY: it is in use$/m);
  assert.match(text, /^note {5}EPERM: it is open\. For back\.cmd, by hand: ren \S+current before$/m);
  rename.mock.restore();
  assert.deepEqual(versions(world.app), all('1.0.2'));
  fs.renameSync(path.join(world.app, 'current'), path.join(world.app, 'before'));
  assert.equal((await world.runFrom(world.app, 'back')).status, 0);
  assert.deepEqual(versions(world.app), all('1.0.1'));
});

test('where going back fails, too, the lines to do it by hand are said', async t => {
  const world = await installed(t);
  const { run } = world.system;
  let calls = 0;
  world.system.run = (name: string, args: string[]) => {
    if (name === 'robocopy' && ++calls > 1) return { status: 16, output: 'the disk is full' };
    return run(name, args);
  };
  const { status, text } = await world.runFrom(world.make('1.0.2'), 'update');
  assert.equal(status, 1);
  assert.equal(text.match(/^failed {3}robocopy ended with exit code 16/gm)!.length, 2);
  assert.match(text, /^By hand: run the lines above, with \S+current as the folder to copy from\./m);
  assert.deepEqual(versions(path.join(world.app, 'current')), all('1.0.1'));
});

test('back.cmd leads to the version before, and twice to where one was', async t => {
  const world = await installed(t);
  const none = await world.run('back');
  assert.equal(none.status, 1);
  assert.match(none.text, /^missing {2}there is no version before, in /m);
  await world.runFrom(world.make('1.0.2', RUNS, folder => writeFileSync(path.join(folder, 'public', 'new.html'), '')), 'update');
  const before = snapshot(world);
  const dry = await world.runFrom(world.app, 'back', '--dry-run');
  assert.equal(dry.status, 0, dry.text);
  assert.equal(snapshot(world), before);

  for (const [version, other] of [['1.0.1', '1.0.2'], ['1.0.2', '1.0.1']] as const) {
    const starts = world.iis.starts.length;
    const { status, text } = await world.runFrom(world.app, 'back');
    assert.equal(status, 0, text);
    assert.deepEqual(versions(world.app), all(version));
    assert.deepEqual(versions(path.join(world.app, 'before')), all(other));
    assert.equal(existsSync(path.join(world.app, 'public', 'new.html')), version === '1.0.2');
    assert.equal(world.iis.starts.length, starts + 1);
  }
  assert.equal(snapshot(world), before);
});

test('back.cmd to a version that does not run stays where it is', async t => {
  const world = await installed(t);
  await world.runFrom(world.make('1.0.2'), 'update');
  writeFileSync(path.join(world.app, 'before', 'dist', 'server.js'), `// ${ENDS}`);
  const before = snapshot(world);
  const { status, text } = await world.run('back', '--wait', '3');
  assert.equal(status, 1, text);
  assert.equal(snapshot(world), before);
});

test('web.config is written only if the package has another one; a new iisnode.yml counts with it', async t => {
  const world = await installed(t, '--set', 'LOG_LEVEL=debug');
  const config = path.join(world.app, 'web.config');
  const time = () => statSync(config).mtimeMs;
  const first = time();
  await world.runFrom(world.make('1.0.2'), 'update');
  assert.equal(time(), first);
  await world.runFrom(world.make('1.0.3', RUNS, folder => appendFileSync(path.join(folder, 'iisnode.yml'), '# more\n')), 'update');
  const second = time();
  assert.notEqual(second, first);
  const from = world.make('1.0.4', RUNS, folder => appendFileSync(path.join(folder, 'web.config'), '<!-- new -->\n'));
  appendFileSync(path.join(from, 'iisnode.yml'), '# more\n');
  const { status, text } = await world.runFrom(from, 'update');
  assert.equal(status, 0, text);
  assert.notEqual(time(), second);
  // The new web.config has the settings that install.cmd wrote into the old one.
  assert.match(world.read('web.config'), /<add key="LOG_LEVEL" value="debug" \/>[^]*<!-- new -->/);
});

test('a web.config that was changed on the server stays, or has to be decided on', async t => {
  const world = await installed(t);
  const config = path.join(world.app, 'web.config');
  appendFileSync(config, '<!-- by hand -->\n');
  const same = await world.runFrom(world.make('1.0.2'), 'update');
  assert.equal(same.status, 0, same.text);
  assert.match(same.text, /^note {5}\S+web\.config was changed here: /m);
  assert.match(world.read('web.config'), /by hand/);

  const newer = (version: string) => world.make(version, RUNS, folder => appendFileSync(path.join(folder, 'web.config'), '<!-- new -->\n'));
  const before = snapshot(world);
  const both = await world.runFrom(newer('1.0.3'), 'update');
  assert.equal(both.status, 1);
  assert.match(both.text, /^missing {2}\S+web\.config was changed here, and the package has a new one: /m);
  assert.equal(snapshot(world), before);

  assert.equal((await world.runFrom(newer('1.0.4'), 'update', '--keep-web-config')).status, 0);
  assert.match(world.read('web.config'), /by hand/);
  assert.equal((await world.runFrom(newer('1.0.5'), 'update', '--new-web-config')).status, 0);
  assert.doesNotMatch(world.read('web.config'), /by hand/);
  assert.match(world.read('web.config'), /<!-- new -->/);
  assert.equal((await world.run('back')).status, 0);
  assert.match(world.read('web.config'), /by hand/);
});

test('files of the old version go when the new one runs; those of the server stay', async t => {
  const world = await installed(t);
  writeFileSync(path.join(world.app, 'iisnode', 'SERVER-1-stdout-1.txt'), 'a log');
  writeFileSync(path.join(world.app, 'notes.txt'), 'by hand');
  const from = world.make('1.0.2', RUNS, folder => {
    rmSync(path.join(folder, 'public', 'images'), { recursive: true });
    rmSync(path.join(folder, 'dist', 'commit.lua'));
  });
  assert.equal((await world.runFrom(from, 'update')).status, 0);
  assert(!existsSync(path.join(world.app, 'public', 'images')));
  assert(!existsSync(path.join(world.app, 'dist', 'commit.lua')));
  assert.equal(world.read('notes.txt'), 'by hand');
  assert.equal(world.read('iisnode/SERVER-1-stdout-1.txt'), 'a log');
  const gone = await world.run('uninstall', '--folder', world.app);
  // The record also has the files that updates have brought, so only notes.txt stays.
  assert.match(gone.text, /it has files that install\.cmd has not put there: notes\.txt\. By hand/);
  assert.deepEqual(readdirSync(world.app), ['notes.txt']);
});

test('pages that have changed, and nothing else: no new process', async t => {
  const world = await installed(t);
  const from = world.make('1.0.2');
  for (const name of ['dist/server.js', 'node_modules/x/dist/server.js', 'package.json']) {
    writeFileSync(path.join(from, name), world.read(name));
  }
  const { status, text } = await world.runFrom(from, 'update');
  assert.equal(status, 0, text);
  assert.doesNotMatch(text, /server\.js \+,,/);
  assert.equal(world.iis.starts.length, 1);
  assert.match(world.read('public/index.html'), /1\.0\.2/);
});

test('an application that was made by hand is updated, too, and goes back', async t => {
  const world = await installed(t);
  rmSync(path.join(world.app, 'installed.json'));
  const from = world.make('1.0.2', RUNS, folder => rmSync(path.join(folder, 'public', 'images'), { recursive: true }));
  assert.equal((await world.runFrom(from, 'update')).status, 0);
  assert.deepEqual(versions(world.app), all('1.0.2'));
  assert(!existsSync(path.join(world.app, 'public', 'images')));
  assert.equal((await world.run('back')).status, 0);
  assert.deepEqual(versions(world.app), all('1.0.1'));
  assert(existsSync(path.join(world.app, 'public', 'images', 'logo.svg')));
  const gone = await world.run('uninstall');
  assert.equal(gone.status, 1);
  assert.match(gone.text, /^missing {2}\S+ has no installed\.json: /m);
});

test('the application is found at another path, and at the root of a site; two of them have to be told apart', async () => {
  for (const at of ['/tools/chat', '/']) {
    const world = makeWorld();
    assert.equal((await world.run('install', '--path', at)).status, 0);
    const from = makePackage(path.join(world.folder, 'new'), '1.0.2');
    const { status, text } = await world.runFrom(from, 'update');
    assert.equal(status, 0, text);
    assert.match(text, new RegExp(`^ok {7}the application ${DEFAULT_SITE}${at}, in `, 'm'));

    assert.equal((await world.run('install', '--path', '/second')).status, 0);
    const both = await world.runFrom(from, 'update');
    assert.equal(both.status, 1);
    assert.match(both.text, new RegExp(`^missing {2}${NAME} is there more than once: ${DEFAULT_SITE}${at}, ${DEFAULT_SITE}/second: `, 'm'));
    assert.equal((await world.runFrom(from, 'update', '--path', '/second')).status, 0);
  }
});

test('another application\'s package is refused, and one that is not whole', async t => {
  const world = await installed(t);
  const before = snapshot(world);
  const other = world.make('1.0.2', RUNS, folder => {
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'shop', version: '1.0.0', appPath: '/shop' }));
  });
  const refused: [args: string[], from: string, line: RegExp][] = [
    [[], other, /^missing {2}there is no application shop in a site: /m],
    [['--path', appPath], other, /^missing {2}the package is shop, and the application is \S+: the update would write one application over the other/m],
    [['--site', 'Other'], world.package, /^missing {2}there is no application \S+ in Other: /m],
    [[], world.make('1.0.3', RUNS, folder => rmSync(path.join(folder, 'iisnode.yml'))), /lacks iisnode\.yml/],
  ];
  for (const [args, from, line] of refused) {
    const { status, text } = await world.runFrom(from, 'update', ...args);
    assert.equal(status, 1, text);
    assert.match(text, line);
  }
  world.change(server => { server.isAdministrator = false; });
  assert.equal((await world.runFrom(world.make('1.0.4'), 'update')).status, 1);
  world.change(server => { server.isAdministrator = true; });
  assert.equal(snapshot(world), before);
});

test('a site that asks for a login: nothing is changed, or nobody waits', async t => {
  const world = await installed(t);
  const before = snapshot(world);
  world.system.ask = () => Promise.resolve({ status: 401, text: '' });
  const { status, text } = await world.runFrom(world.make('1.0.2'), 'update');
  assert.equal(status, 1);
  assert.match(text, /^missing {2}http:\S+: status 401: the site asks for a login/m);
  assert.equal(snapshot(world), before);
  assert.equal((await world.runFrom(world.make('1.0.3'), 'update', '--no-health')).status, 0);
  assert.deepEqual(versions(world.app), all('1.0.3'));
});

test('an application that did not answer before is not waited for when the update goes back', async t => {
  const world = await installed(t);
  writeFileSync(path.join(world.app, 'dist', 'server.js'), `// ${ENDS}: 1.0.1`);
  const { status, text } = await world.runFrom(world.make('1.0.2', ENDS), 'update');
  assert.equal(status, 1);
  assert.match(text, /^note {5}health before the update: status 500$/m);
  assert.match(text, /It did not answer before the update, either\.$/m);
  assert.equal((await world.runFrom(world.make('1.0.3'), 'update')).status, 0);
});
