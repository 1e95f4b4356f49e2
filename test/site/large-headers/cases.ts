/* Functions that large-headers.test.ts and large-headers.long.test.ts share. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { oldNode } from '../../support/fetched';
import { sendHead } from '../../support/head';
import { serveAsIis } from '../../support/iis';
import { packaged } from '../../support/packaged';
import { appPath, deploy, Edit, resource } from '../../support/template';
import { until } from '../../support/wait';

const OWN: Edit = ['dist/app.js', /^[^]*$/, 'exports.app = () => undefined;'];
const cookie = (letters: number) => [`Cookie: FedAuth=${'x'.repeat(letters)}`];

/** @param version of node; '' is the one that runs the tests */
export function comeThrough(version: string, make: typeof deploy | typeof packaged = deploy): void {
  const name = `node ${version || process.version}, ${make === packaged ? 'as npm run package makes it' : 'with the web.config that it ships'}`;
  test(`large headers come through: ${name}`, async t => {
    const node = version === '' ? process.execPath : oldNode(t, version);
    if (node === null) return;
    const iis = await serveAsIis(t, make === packaged ? [] : [OWN], { node }, make);
    const to = { port: iis.port, host: 'localhost' };
    for (const letters of [9000, 15500]) {
      assert.equal((await sendHead(to, `${appPath}/health`, cookie(letters))).status, 200);
      const { status, text } = await sendHead(to, `${resource}/1/`, cookie(letters));
      assert.equal(status, 200);
      const poll = await sendHead(to, `${resource}/1/xhr-polling/${text.split(':')[0]}`, cookie(letters));
      assert.match(poll.text, /1::/);
    }
    // IIS itself refuses headers of this size.
    assert.equal((await sendHead(to, `${appPath}/health`, cookie(16400))).status, 400);
  });
}

/** @param version of node; '' is the one that runs the tests */
export function areRefused(version: string): void {
  test(`headers that node refuses are a 431, never a cut, and a line in the log: node ${version || process.version}`, async t => {
    const node = version === '' ? process.execPath : oldNode(t, version);
    if (node === null) return;
    const iis = await serveAsIis(t, [OWN, ['web.config', 'max-http-header-size=32768', 'max-http-header-size=8192']], { node });
    const to = { port: iis.port, host: 'localhost' };
    const start = performance.now();
    for (let times = 0; times < 5; times++) {
      assert.equal((await sendHead(to, `${appPath}/health`, cookie(9000))).status, 431);
      assert.equal((await sendHead(to, `${appPath}/health`, [])).status, 200);
    }
    const seconds = (performance.now() - start) / 1000;
    const folder = path.join(iis.folder, 'iisnode');
    const lines = () => existsSync(folder)
      ? readdirSync(folder).filter(file => file.includes('stderr')).flatMap(file => readFileSync(path.join(folder, file), 'utf8').split('\n'))
      : [];
    await until(() => lines().some(line => / warn 431, .*max-http-header-size/.test(line)), 'the line');
    const count = lines().filter(line => line.includes('431')).length;
    assert(count <= 1 + seconds, `${count} lines in ${seconds} s; one a second at most`);
  });
}
