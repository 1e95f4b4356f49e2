import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { appPath, deploy, Edit, edit, emptyFolder, resource, root } from '../support/template';
import { until } from '../support/wait';

/**
 * Runs preview until the test ends.
 * @param deployed whether preview gets a copy of the template; preview ends before the copy is
 *   deleted
 * @param edits the edits of this copy
 * @param detached whether preview is a group of processes of its own
 */
function preview(t: TestContext, args: string[], deployed = false, edits: Edit[] = [], detached = false) {
  let stop: () => unknown = () => undefined;
  t.after(() => stop());
  const folder = deployed ? deploy(t, edits) : '';
  if (deployed) args = [folder, ...args];
  const child = spawn(process.execPath, [path.join(root, 'build', 'tools', 'iis', 'preview.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => text += String(data));
  const ended = once(child, 'close') as Promise<[number, NodeJS.Signals | null]>;
  stop = () => child.kill('SIGTERM') && ended;
  return {
    folder,
    pid: child.pid!,
    output: () => text,
    ended,
    url: () => until(() => /http:\/\/localhost:\d+\S*/.exec(text)?.[0], 'the address'),
  };
}

test('preview serves a folder as IIS does, and says what happens with each request', async t => {
  const { folder, url, output } = preview(t, ['--port', '0', '--trace'], true);
  const address = await url();
  assert.equal(new URL(address).pathname, `${appPath}/`);
  assert.equal((await fetch(address)).status, 200);
  assert.equal((await fetch(`${new URL(address).origin}${resource}/1/?t=1`)).status, 200);
  const line = await until(() => output().split('\n').find(one => one.includes('/1/')), 'the line');
  const way = /^GET \/\S+\/1\/\?t=1 → rule "socket" → rewritten to \S+\/dist\/server\.js\?t=1 → handler iisnode → process \d+ → 200$/;
  assert.match(line, way);
  assert.match(output(), /this machine only/);

  // preview prints a new mistake, with its line. It answers every request with the mistake.
  edit(folder, ['web.config', '<httpErrors ', '<httpErrors nonsense="1" ']);
  const broken = await fetch(address);
  assert.equal(broken.status, 500);
  assert.match(await broken.text(), /500\.19[^]*nonsense/);
  await until(() => output().includes('500.19 for every request'), 'the line');
  assert.match(output(), /500\.19 for every request: .*web\.config, line \d+, system\.webServer\/httpErrors: Unrecognized .*nonsense/);
});

test('Ctrl+C in a terminal ends preview without a word about requests that it cuts', async t => {
  if (process.platform === 'win32') {
    t.skip('skipped: on Windows, a test cannot press Ctrl+C for a group of processes');
    return;
  }
  const { url, output, ended, pid } = preview(t, ['--port', '0', '--trace'], true, [], true);
  const address = await url();
  const [id] = (await (await fetch(`${new URL(address).origin}${resource}/1/`)).text()).split(':');
  // The body of this request does not end. So the request is under way until preview cuts it.
  const post = http.request(`${new URL(address).origin}${resource}/1/xhr-polling/${id}`, { method: 'POST' });
  post.on('error', () => undefined).write('5:::');
  t.after(() => post.destroy());
  // This request comes later. Its line shows that the POST is under way.
  assert.equal((await fetch(`${address}health`)).status, 200);
  await until(() => output().includes(`GET ${appPath}/health → `), 'the line');
  const before = output();
  // A terminal sends the signal to preview and to its node processes. npm sends it to preview
  // again.
  process.kill(-pid, 'SIGINT');
  process.kill(pid, 'SIGINT');
  assert.deepEqual(await ended, [0, null]);
  assert.equal(output(), before);
});

test('preview --app / serves the folder as the root of a site', async t => {
  const { url } = preview(t, ['--port', '0', '--app', '/'], true);
  const address = await url();
  assert.equal(new URL(address).pathname, '/');
  assert.equal((await fetch(`${address.replace(/\/$/, '')}${appPath}/health`)).status, 200);
});

test('preview takes the path from the folder\'s own APP_PATH, and says where --app is another', async t => {
  const edited: Edit = ['web.config', '</appSettings>', '<add key="APP_PATH" value="/shop" /></appSettings>'];
  const own = preview(t, ['--port', '0'], true, [edited]);
  const address = await own.url();
  assert.equal(new URL(address).pathname, '/shop/');
  assert.equal((await fetch(`${address}health`)).status, 200);
  const empty: Edit = [edited[0], edited[1], edited[2].replace('/shop', '')];
  assert.equal(new URL(await preview(t, ['--port', '0'], true, [empty]).url()).pathname, `${appPath}/`);
  const other = preview(t, ['--port', '0', '--app', '/elsewhere'], true, [edited]);
  await other.url();
  assert.match(other.output(), /--app is \/elsewhere, and APP_PATH of the application is \/shop: the application answers 404/);
});

test('preview names APP_PATH, and not --app, where the folder\'s APP_PATH is wrong', async t => {
  for (const [value, at] of [['shop/', '/shop/'], ['a b?c', `${appPath}/`]] as const) {
    const { url, output } = preview(t, ['--port', '0'], true, [
      ['web.config', '</appSettings>', `<add key="APP_PATH" value="${value}" /></appSettings>`],
    ]);
    const address = await url();
    assert.equal(new URL(address).pathname, at);
    assert.match(output(), /^web\.config, <appSettings>: APP_PATH: got "[^"]+"; takes a path with no slash at its end, .*500\.1002/m);
    assert.doesNotMatch(output(), /--app/);
    assert.equal((await fetch(address)).status, 500);
  }
});

test('preview --parent shows what a site above does to the application', async t => {
  const above = emptyFolder(t, 'above-');
  const settings = '<appSettings><add key="LOG_LEVEL" value="Trace" /></appSettings>';
  writeFileSync(path.join(above, 'web.config'), `<configuration>${settings}<system.webServer><directoryBrowse /></system.webServer></configuration>`);
  // This web.config lacks the line that removes the settings of a parent.
  const { folder, url, output } = preview(t, ['--port', '0', '--parent', above], true, [['web.config', '<clear />', '']]);
  const address = await url();
  assert.match(output(), /does not support system\.webServer\/directoryBrowse/);
  assert.equal((await fetch(address)).status, 500);
  // The server refuses the setting, and preview shows the server's message.
  const words = await until(() => /ended before it listened[^]*LOG_LEVEL[^]*its log: (\S+)/.exec(output()), 'the reason');
  assert.equal(path.dirname(words[1]!), path.join(folder, 'iisnode'));
  assert.match(readFileSync(words[1]!, 'utf8'), /LOG_LEVEL/);
});

test('preview --parent, twice: the outermost comes first', async t => {
  const headers = (inside: string) => `<configuration><system.webServer><httpProtocol><customHeaders>${inside}</customHeaders></httpProtocol></system.webServer></configuration>`;
  const folders = Object.entries({
    outer: headers('<add name="X-One" value="outer" /><add name="X-Two" value="outer" />'),
    inner: headers('<remove name="X-One" /><add name="X-One" value="inner" />'),
    own: headers(''),
  }).map(([name, text]) => {
    const folder = emptyFolder(t, `${name}-`);
    writeFileSync(path.join(folder, 'web.config'), text);
    return folder;
  });
  const [outer, inner, own] = folders as [string, string, string];
  writeFileSync(path.join(own, 'a.txt'), 'a file');
  const { url } = preview(t, [own, '--port', '0', '--app', '/a/b', '--parent', outer, '--parent', inner]);
  const { status, headers: shown } = await fetch(`${(await url()).replace(/\/$/, '')}/a.txt`);
  assert.deepEqual([status, shown.get('x-one'), shown.get('x-two')], [200, 'inner', 'outer']);
});

test('preview says at the start that nothing is built, and the command', async t => {
  const folder = deploy(t);
  rmSync(path.join(folder, 'dist'), { recursive: true });
  const { url, output } = preview(t, [folder, '--port', '0']);
  assert.equal((await fetch(await url())).status, 500);
  const said = output().indexOf('there is no dist/server.js');
  assert(said >= 0 && said < output().indexOf('this machine only'), output());
  assert.match(output(), /there is no dist\/server\.js in \S+, which the handler runs: npm run build makes it/);
});

test('preview says at the start what IIS would not: rules and handlers that lead nowhere, misspelt settings', async t => {
  const setting = '<add key="max_client" value="5" /><add key="MAX_PACKET" value="5" /><add key="OWN" value="5" />';
  const rule = (name: string, to: string, more = '') =>
    `<rule name="${name}" stopProcessing="true" ${more}><match url="^${name}$" /><action type="Rewrite" url="${to}" /></rule>`;
  const rules = [
    rule('none', 'dist/sever.js'), rule('other', 'dist/app.js'), rule('any', 'dist/{R:0}.js'), rule('off', 'dist/off.js', 'enabled="false"'),
  ].join('\n');
  const { folder, url, output } = preview(t, ['--port', '0'], true, [
    ['web.config', '</appSettings>', `${setting}</appSettings>`],
    ['web.config', '<rule name="socket"', `${rules}\n<rule name="socket"`],
  ]);
  const address = await url();
  const lines = readFileSync(path.join(folder, 'web.config'), 'utf8').split('\n');
  const lineOf = (name: string) => lines.findIndex(line => line.includes(`<rule name="${name}"`)) + 1;
  const file = path.join(folder, 'web.config');
  const said = output().split('\n');
  assert.deepEqual(said.slice(0, said.findIndex(line => line.includes('this machine only'))), [
    `${file}, line ${lineOf('none')}: rule "none" leads to dist/sever.js, and no handler takes it: there is no such file (404.4)`,
    `${file}, line ${lineOf('other')}: rule "other" leads to dist/app.js, and no handler takes it (404.4)`,
    '<appSettings>: max_client is no setting, and has no effect. Is MAX_CLIENTS meant?',
    '<appSettings>: MAX_PACKET is no setting, and has no effect. Is MAX_PACKETS meant?',
  ], output());

  // preview checks the rules and the handlers again after a change. The build is there, so the line
  // does not name npm run build.
  edit(folder, ['web.config', 'path="dist/server.js"', 'path="dist/sever.js"']);
  await fetch(address);
  await until(() => output().includes('there is no dist/sever.js'), 'the line');
  assert.match(output(), /there is no dist\/sever\.js in \S+, which the handler runs\n/);
});

test('preview says once that a web.config of a folder below has a mistake', async t => {
  const { folder, url, output } = preview(t, ['--port', '0'], true);
  const address = await url();
  const file = path.join(folder, 'public', 'web.config');
  const write = (inside: string) => writeFileSync(file, `<configuration><system.webServer>\n${inside}</system.webServer></configuration>`);
  const count = (text: string) => output().split(text).length - 1;
  write('<nonsense />');
  for (const name of ['page.js', 'page.js', 'style.css']) assert.equal((await fetch(`${address}public/${name}`)).status, 500);
  const wrong = `500.19 for ${new URL(address).pathname}public/page.js: ${file}, line 2, system.webServer/nonsense: `;
  await until(() => output().includes(wrong), 'the line');
  write('<rewrite><rules><rule name="below"><match url="{" /></rule></rules></rewrite>');
  for (const name of ['page.js', 'page.js']) assert.equal((await fetch(`${address}public/${name}`)).status, 500);
  await until(() => output().includes(`500.52 for ${new URL(address).pathname}public/page.js: ${file}, line 2`), 'the line');
  assert.deepEqual([count('500.19 for'), count('500.52 for'), count('for every request')], [1, 1, 0], output());
  assert.equal((await fetch(address)).status, 200);
});

test('preview --child serves an application below, which inherits nothing from this one', async t => {
  const below = emptyFolder(t, 'below-');
  writeFileSync(path.join(below, 'web.config'), '<configuration />');
  writeFileSync(path.join(below, 'a.txt'), 'a file below');
  const { url } = preview(t, ['--port', '0', '--child', `below=${below}`], true);
  const address = await url();
  const answer = await fetch(`${address}below/a.txt`);
  assert.equal(await answer.text(), 'a file below');
  assert.equal(answer.headers.get('x-frame-options'), null);
  assert.equal((await fetch(address)).status, 200);
});

test('preview says in a line what it cannot do, and ends with 2', async t => {
  for (const [args, says] of [
    [['/no/such/folder'], /^there is no folder/],
    [['/'], /^there is no web\.config in/],
    [['--iis', '6'], /^--iis/],
    [['--app', 'app'], /^--app/],
    [['--node', '/no/such/node'], /^--node/],
    [['--parent', '/no/such/web.config'], /^--parent: there is no file/],
    [['--parent', root, '--app', '/'], /0 folders above/],
    [['--child', 'shop'], /^--child: <path>=<folder>/],
    [['--child', 'shop=/no/such/folder'], /^--child: there is no folder/],
  ] as const) {
    const { ended, output } = preview(t, [...args]);
    assert.deepEqual((await ended)[0], 2, output());
    assert.match(output(), says);
  }
});
