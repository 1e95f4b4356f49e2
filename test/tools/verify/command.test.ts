/* The output and the exit status of `npm run verify`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { report } from '../../../tools/verify/table';
import { CHECKS, Unreachable, verify } from '../../../tools/verify/verify';
import { appPath, root } from '../../support/template';
import { setting, webConfig } from './config';
import { answerWith, standInFront } from './front';
import { EVENT, site } from './site';

/** Runs the command in a folder. @returns its exit status, its stdout and its stderr */
function command(
  folder: string, ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const file = path.join(root, 'build', 'tools', 'verify', 'index.js');
  return new Promise(resolve => {
    execFile(process.execPath, [file, ...args], { cwd: folder }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }));
  });
}

describe('the command', { concurrency: 4 }, () => {
  test('prints each check once, and ends with 0 where all passes', async t => {
    const iis = await site(t);
    const args = ['--hold', '2', '--idle', '1', '--event', EVENT, iis.url];
    const { code, out, err } = await command(iis.folder, ...args);
    assert.equal(code, 0, out);
    assert.equal(err, '');
    const rows = out.split('\n').filter(line => /^(passed|failed|skipped) /.test(line));
    assert.equal(rows.length, CHECKS);
    assert.equal(new Set(rows.map(row => row.slice(9, 31))).size, CHECKS);
    assert.match(out, /\n\n20 passed, 0 failed, 1 skipped\n$/);
    assert.doesNotMatch(out, /What to change/);
  });

  test('ends with 1 where a check fails, and says what to change behind the table', async t => {
    const iis = await site(t, [webConfig(config => config.drop('add', 'Referrer-Policy'))]);
    const { code, out, err } = await command(iis.folder, '--hold', '2', iis.url);
    assert.deepEqual([code, err], [1, '']);
    assert.equal(out.match(/^failed {3}headers/gm)?.length, 1);
    const [, said] = out.split('\nWhat to change, the most likely first:\n\n');
    assert.match(said!, /^1\. web\.config, in <customHeaders>: <add name="Referrer-Policy" value="sa/);
    assert.match(said!, /^ {3}seen by headers: page: Referrer-Policy: missing$/m);
    assert.equal(out.match(/1\. web\.config/g)?.length, 1, 'seen twice, said once');

    // Without the files of the application, the report has no numbers of lines.
    const elsewhere = path.join(iis.folder, 'public');
    const results = await verify(iis.url, { hold: 1, folder: elsewhere });
    const unnumbered = report(results, elsewhere, CHECKS);
    assert.match(unnumbered, /^1\. web\.config, in <customHeaders>: <add name="Referrer-Policy" [^(]*$/m);
  });

  test('says no more than that, where there is no application', async t => {
    const iis = await site(t, [setting('LOG_LEVEL', 'loud')]);
    const { code, out } = await command(iis.folder, iis.url);
    assert.equal(code, 1);
    assert.match(out, /^failed {3}first request .*\n\nWhat to change/);
    assert.match(out, new RegExp(`\n${CHECKS - 1} other checks were not tried: there is no app`));
    assert.equal(out.match(/^(passed|failed|skipped) /gm)?.length, 1);
  });

  test('says that another application answers', async t => {
    const server = http.createServer((_req, res) => res.end('hello')).listen(0, 'localhost');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, out } = await command(root, `http://localhost:${port}${appPath}/`);
    assert.equal(code, 1);
    assert.match(out, /^failed {3}first request/);
    assert.match(out, /another application is at this address/);
  });

  test('sees a server that is gone after idle', async t => {
    const iis = await site(t);
    const idle = 1;
    // The server is gone when only one check is left: the check that waits for the idle time.
    let done = 0;
    const address = await standInFront(t, iis, {
      request: (_req, res) => done === CHECKS - 1 && answerWith(res, 503),
    });
    const options = { hold: 2, idle, clients: 2, folder: iis.folder };
    const results = await verify(address, options, () => { done += 1; });
    const failed = results.filter(({ state }) => state === 'failed').map(({ name }) => name);
    assert.deepEqual(failed, ['after idle'], report(results, iis.folder));
  });

  test('ends with 2 where it cannot verify, and says why in one line', async t => {
    const iis = await site(t);
    const refused = await standInFront(t, iis, { tls: true });
    const toHttps = await standInFront(t, iis, {
      request: (_req, res) => answerWith(res, 301, '', { Location: 'https://localhost:1/app/' }),
    });
    const lines: [args: string[], says: RegExp][] = [
      [[], /^takes one address, such as http:\/\/server\/\S+\//],
      [['http://localhost:1/', 'http://localhost:2/'], /^takes one address/],
      [['http://localhost:1/app/'], /^http:\/\/localhost:1\/app\/: nothing listens there\n$/],
      [['--hold', 'long', 'http://localhost:1/'], /^--hold takes a whole number from 1\. --help says/],
      [['--user', 'ada', 'http://localhost:1/'], /^--user takes a name and a password/],
      [['--cookie', 'x', 'http://localhost:1/'], /^--cookie takes cookies as a browser sends them/],
      [['--origin', 'x', 'http://localhost:1/'], /^--origin takes an origin, such as https:/],
      [['--origin', 'https://a.b/c', 'http://localhost:1/'], /^--origin takes an origin/],
      [['--unknown', 'http://localhost:1/'], /^Unknown option '--unknown'\. /],
    ];
    await Promise.all(lines.map(async ([args, says]) => {
      const { code, out, err } = await command(root, ...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, says);
      assert.match(err, /^[^\n]+\n$/);
    }));

    // The command prints these messages in the way of "nothing listens there".
    const unreachable: [address: string, says: RegExp][] = [
      ['server/app/', /^server\/app\/ is not the address of a page, such as http:/],
      ['ftp://server/', /^ftp:.* is not the address of a page/],
      ['http://server.invalid/app/', /^http:\/\/server\.invalid\/app\/: there is no such host/],
      [refused, /^https:\S+: the certificate is not accepted \(\w+\); with --insecure it is$/],
      [toHttps, / leads to https:\/\/localhost:1\/app\/: npm run verify -- https:\/\/localhost:1\/app\/$/],
    ];
    for (const [address, says] of unreachable) {
      const isSaid = (error: Error) => error instanceof Unreachable && says.test(error.message);
      await assert.rejects(verify(address), isSaid, address);
    }
  });

  test('--help names every option', async () => {
    const { code, out } = await command(root, '--help');
    assert.equal(code, 0);
    const source = readFileSync(path.join(root, 'tools/verify/index.ts'), 'utf8');
    const [, list] = /OPTIONS = \{\s+(user: text[^]*?)\n\}/.exec(source)!;
    const options = Array.from(list!.matchAll(/'?([\w-]+)'?: (?:text|\{)/g), ([, name]) => name);
    assert(options.length > 10);
    for (const option of options) assert.match(out, new RegExp(`^  --${option} `, 'm'));
  });
});
