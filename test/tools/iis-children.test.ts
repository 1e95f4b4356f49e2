/*
 * Applications below another application. Each has its own folder, and inherits from the web.config
 * above.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { deploy } from '../support/template';
import { application, script, serve } from './iis-application';
import { site } from './iis-ask';

const NODE = '<handlers><clear /><add name="node" path="server.js" verb="*" modules="iisnode" /></handlers>'
  + '<iisnode namedPipeConnectionRetryDelay="20" devErrorsEnabled="false" />';
const ALL = '<rewrite><rules><clear /><rule name="all"><match url=".*" /><action type="Rewrite" url="server.js" /></rule></rules></rewrite>';
const named = (name: string) => script(`res.end(${JSON.stringify(name)} + " " + req.url + " " + process.env.SHARED);`);
const shared = '<appSettings><add key="SHARED" value="of the parent" /></appSettings>';

/** Serves an application at the root of a site, and another application below it, at /below. */
async function serveBoth(t: TestContext, own: string, below: Record<string, string>) {
  const folder = application(t, below);
  const files = { 'web.config': own, 'server.js': named('parent') };
  return serve(t, files, { app: '/', children: [{ path: 'below', folder }] });
}

test('two applications for node run side by side, each in its folder', async t => {
  const { get, iis } = await serveBoth(t, site(NODE + ALL, shared), { 'web.config': site(NODE + ALL), 'server.js': named('child') });
  assert.equal((await get('x')).text, 'parent /x of the parent');
  assert.equal((await get('below/x')).text, 'child /below/x of the parent');
  assert.equal((await get('belowx')).text, 'parent /belowx of the parent');
  assert.equal(iis.pids().length, 2);
});

test('what is inside of inheritInChildApplications="false" stays with the parent', async t => {
  const inside = `<location path="." inheritInChildApplications="false">${site(NODE + ALL).replace(/<\/?configuration>/g, '')}${shared}</location>`;
  const { get } = await serveBoth(t, `<configuration>${inside}</configuration>`, { 'a.txt': 'file below', 'web.config': site('') });
  assert.equal((await get('x')).text, 'parent /x of the parent');
  assert.equal((await get('below/a.txt')).text, 'file below');
});

test('without it the parent\'s rules take the child\'s URLs, and lead to the parent\'s script', async t => {
  const { get, trace } = await serveBoth(t, site(NODE + ALL, shared), { 'a.txt': 'file below' });
  assert.equal((await get('below/a.txt')).text, 'parent /below/a.txt of the parent');
  assert.match(trace(), /rule "all" → rewritten to \/server\.js → handler node/);
});

test('without it the parent\'s handlers take the child\'s files', async t => {
  const { get, trace } = await serveBoth(t, site(NODE), { 'a.txt': 'file below' });
  assert.equal((await get('below/a.txt')).status, 404);
  assert.match(trace(), /404\.4/);
});

test('settings that both have make the child fail, and the parent runs on', async t => {
  const { get, trace } = await serveBoth(t, site(NODE + ALL, shared), { 'web.config': site(NODE + ALL, shared), 'server.js': named('child') });
  assert.equal((await get('below/x')).status, 500);
  assert.match(trace(), /500\.1000.*0x800700b7/);
  assert.equal((await get('x')).status, 200);
});

test('a child of a child inherits from both above it', async t => {
  const headers = (name: string) => site(`<httpProtocol><customHeaders><add name="X-${name}" value="1" /></customHeaders></httpProtocol>`);
  const first = application(t, { 'web.config': headers('One'), 'a.txt': 'first' });
  const second = application(t, { 'web.config': headers('Two'), 'a.txt': 'second' });
  const { get } = await serve(t, { 'web.config': headers('Main'), 'a.txt': 'main' }, {
    app: '/main', children: [{ path: 'one/two', folder: second }, { path: 'one', folder: first }],
  });
  for (const [url, text, inherited] of [
    ['a.txt', 'main', ['x-main']], ['one/a.txt', 'first', ['x-main', 'x-one']], ['one/two/a.txt', 'second', ['x-main', 'x-one', 'x-two']],
  ] as const) {
    const answer = await get(url);
    assert.equal(answer.text, text);
    assert.deepEqual(Object.keys(answer.headers).filter(name => /^x-(main|one|two)$/.test(name)).sort(), inherited);
  }
});

test('a copy of the template runs below another one, started as iisnode would', async t => {
  const below = deploy(t, [['web.config', '</appSettings>', '<add key="APP_PATH" value="/below" /></appSettings>']]);
  const { get } = await serve(t, { 'web.config': site(NODE + ALL, shared), 'server.js': named('parent') }, {
    app: '/', children: [{ path: 'below', folder: below }],
  });
  assert.match((await get('below/health')).text, /"clients"/);
  assert.match((await get('below/socket/1/?t=1')).text, /^[\w-]+:\d+:\d+:xhr-polling$/);
  assert.equal((await get('x')).text, 'parent /x of the parent');
});
