/*
 * Longer tests of the package. The command makes it twice, and refuses it after the build. Each old
 * node runs it.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import { command, commit, env, npm, repository } from '../support/repository';
import { appPath, emptyFolder } from '../support/template';
import { breaks, FILES, NAME, verifies } from './package/cases';

let archive: Buffer | undefined;

test('the same commit gives the same bytes, in another folder and another time zone too', t => {
  const first = repository(t);
  const second = repository(t);
  if (!first || !second) return;
  for (const folder of [first, second]) {
    appendFileSync(path.join(folder, 'src', 'app.ts'), '// changed later\n');
    commit(folder);
  }
  assert.match(npm(first, 'run', 'package'), /a message to Socket.IO is acknowledged/);
  archive = readFileSync(path.join(first, 'build', `${NAME}.zip`));
  const unpacked = unzipSync(archive);
  assert.deepEqual(Object.keys(unpacked), FILES);

  env.TZ = env.TZ === 'Asia/Kolkata' ? 'UTC' : 'Asia/Kolkata';
  const { status, stderr } = command(second, 'package');
  assert.equal(status, 0, stderr);
  assert(archive.equals(readFileSync(path.join(second, 'build', `${NAME}.zip`))));
  for (const [name, bytes] of Object.entries(unpacked)) {
    assert(!Buffer.from(bytes).toString('latin1').includes(path.basename(first)), name);
  }
});

test('a package that would not run leaves nothing behind, and the package before stays as it was', t => {
  const folder = repository(t, ['test']);
  if (!folder) return;
  const build = path.join(folder, 'build');
  const before = readdirSync(build).sort();
  const wrong = () => {
    breaks(folder, 'src/app.ts', 'io.sockets.on', `if (process.env.IISNODE_VERSION) throw new Error('not here'); io.sockets.on`, /^No package: the package does not run as it should:\n/m);
  };
  const own = path.join(emptyFolder(t, 'temporary-'), 'own');
  mkdirSync(own);
  const places = ['TMPDIR', 'TEMP', 'TMP'].map(name => [name, env[name]] as const);
  for (const [name] of places) env[name] = own;
  t.after(() => {
    for (const [name, value] of places) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
  });
  wrong();
  assert.deepEqual(readdirSync(build).sort(), before);
  const files = { [`${NAME}.zip`]: 'an older zip file', [`${NAME}/dist/server.js`]: 'an older server' };
  mkdirSync(path.join(build, NAME, 'dist'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(build, name), text);
  wrong();
  for (const [name, text] of Object.entries(files)) assert.equal(readFileSync(path.join(build, name), 'utf8'), text);
  assert.deepEqual(readdirSync(build).sort(), [...before, NAME, `${NAME}.zip`].sort());
  assert.deepEqual(readdirSync(path.join(build, NAME)), ['dist']);
  assert.deepEqual(readdirSync(own).filter(name => name.startsWith('package-')), []);
});

test('what does not compile, cannot be bundled, or would not run is no package', t => {
  const folder = repository(t);
  if (!folder) return;
  breaks(folder, 'src/app.ts', 'io.sockets.on', 'io.sockets.once.on', /^No package: npm run build failed:\n[^]*src\/app\.ts.*error TS/m);
  breaks(folder, 'src/app.ts', 'io.sockets.on', `require('no-such-package'); io.sockets.on`, /^No package: the server cannot be bundled into one file [^]*no-such-package/m);
  breaks(folder, 'src/app.ts', 'io.sockets.on', `if (process.env.IISNODE_VERSION) throw new Error('not here'); io.sockets.on`, /^No package: the package does not run as it should:\n[^]*500\.1002/m);
});

for (const version of ['10.24.1', '12.22.12', '13.14.0']) {
  for (const app of [appPath, '/']) {
    test(`the zip file, unpacked, passes npm run verify at ${app} on node ${version}`, async t => {
      assert(archive, 'the first test makes it');
      const folder = emptyFolder(t, 'packaged-');
      for (const [name, bytes] of Object.entries(unzipSync(archive))) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), bytes);
      }
      await verifies(t, folder, version, app);
    });
  }
}
