/*
 * The tests of windows.test.ts, but each program of Windows is a process of its own. So names of folders,
 * sites and pools go through the command lines of Windows: spaces, parentheses, &, ^, umlauts. Names with a
 * % are in install.test.ts: wine's cmd expands a % in the value of a variable, which Windows' cmd does not.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { appPath } from '../../support/template';
import { inWindows, startServerInWine } from './wine';
import { ENDS, NAME } from './world';

const NAMES = [
  { version: '13.13.0', inside: 'Müller & Söhne (neu) ^x', site: 'Größe & more (b) ^', pool: 'Pool (ü) & ^' },
  { version: '12.16.1', inside: 'plain', site: 'Site', pool: NAME, root: true },
  { version: '12.16.1', inside: 'a, b = c & (d)', site: 'a b', pool: 'c d', bits: '32' },
];

for (const { version, inside, site, pool, root, bits } of NAMES) {
  test(`node ${version}, in "${inside}", site "${site}", pool "${pool}"`, async t => {
    const wine = await startServerInWine(t, version, { inside, within: false });
    if (!wine) return;
    wine.change(server => { server.sites[0]!.name = site; });
    const folder = path.join(wine.folder, 'inetpub', `my app (${pool})`);
    const at = root ? '/' : appPath;
    const deployed = () => /\d+\.\d+\.\d+/.exec(readFileSync(path.join(folder, 'dist', 'server.js'), 'utf8'))![0];
    const run = async (expected: number, file: string, ...args: string[]) => {
      const { status, text } = await wine.cmd(file, ...args);
      assert.equal(status, expected, text);
      return text;
    };
    const given = ['--site', site, '--pool', pool, '--folder', inWindows(folder), '--path', at, ...(bits ? ['--bits', bits] : [])];
    const install = path.join(wine.package, 'install.cmd');

    const before = wine.server();
    await run(0, install, ...given, '--dry-run');
    assert.deepEqual(wine.server().pools, before.pools);
    wine.change(server => { server.failing = [{ line: 'appConcurrentRequestLimit', status: 5 }]; });
    assert.match(await run(1, install, ...given), /^The server is as it was\.$/m);
    assert.deepEqual(wine.server().sites, before.sites);
    await run(0, install, ...given);
    const installed = wine.server();
    assert.deepEqual(installed.sites[0]!.applications.at(-1), { path: at, pool, folder: inWindows(folder) });
    assert.equal(installed.pools[1]!.settings.enable32BitAppOnWin64, String(bits === '32'));
    assert.match(await run(0, install, ...given), /^Nothing to do: all is there\.$/m);

    await run(0, path.join(wine.make('1.0.2'), 'update.cmd'));
    assert.equal(deployed(), '1.0.2');
    await run(1, path.join(wine.make('1.0.3', ENDS), 'update.cmd'), '--wait', '3');
    assert.equal(deployed(), '1.0.2');
    await run(0, path.join(folder, 'back.cmd'));
    assert.equal(deployed(), '1.0.1');
    mkdirSync(path.join(folder, 'iisnode'), { recursive: true });
    await run(0, path.join(wine.package, 'uninstall.cmd'));
    assert.deepEqual(wine.server().sites, before.sites);
    assert.deepEqual(wine.server().pools, before.pools);
    assert.deepEqual(readdirSync(path.join(wine.folder, 'inetpub')), ['wwwroot']);
  });
}
