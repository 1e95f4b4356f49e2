/*
 * iisnode reads its settings from web.config and iisnode.yml, and refuses wrong settings. Some
 * tests have the names of iisnode's own functional tests.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { readSettings } from '../../tools/iis/settings';
import { until } from '../support/wait';
import { application, script, serve, webConfig } from './iis-application';

/** A script that answers with its environment. */
const environment = script('res.end(JSON.stringify(process.env));');
const parse = (text: string) => JSON.parse(text) as Record<string, string>;
/**
 * A script that answers with NODE_ENV, the number of its process, and whether it got
 * X-Forwarded-For.
 */
const settings = script('res.end([process.env.NODE_ENV, process.pid, "x-forwarded-for" in req.headers].join());');

/** The path of a node.exe that does not exist. */
const noNode = path.join(path.sep, 'nowhere', 'no-such-node.exe');

test('appsettings: each entry becomes an environment variable, beside iisnode\'s own', async t => {
  const rest = '<appSettings><add key="greeting" value="hello &amp; welcome" /><add key="nothing" value="" /></appSettings>';
  const { get } = await serve(t, { 'web.config': webConfig('', { rest }), 'hello.js': environment });
  const env = parse((await get()).text);
  assert.equal(env.greeting, 'hello & welcome');
  assert.equal(env.nothing, '');
  assert.match(env.IISNODE_VERSION!, /^\d+\.\d+\.\d+$/);
  assert(Number.isNaN(Number(env.PORT)), 'PORT is a pipe, no number');
  assert.equal(env.IISNODE_CONTROL_PIPE, undefined);
  assert.equal(env.NODE_PENDING_PIPE_INSTANCES, '5000');
});

test('node_env becomes NODE_ENV', async t => {
  const { get } = await serve(t, { 'web.config': webConfig('node_env="production" loggingEnabled="false"'), 'hello.js': environment });
  const env = parse((await get()).text);
  assert.equal(env.NODE_ENV, 'production');
  assert.equal(env.IISNODE_LOGGINGENABLED, undefined);
});

test('logging: stdout and stderr go to files of the process in logDirectory, beside the script', async t => {
  const files = { 'web.config': webConfig('logDirectory="said"', { script: 'sub/hello.js' }), 'sub/hello.js': script('console.log("one\\ntwo"); console.error("wrong"); res.end(String(process.pid));') };
  const { get, folder } = await serve(t, files);
  const pid = (await get('sub/hello.js')).text;
  const logs = readdirSync(path.join(folder, 'sub', 'said'));
  for (const [kind, text] of [['stdout', 'one\r\ntwo\r\n'], ['stderr', 'wrong\r\n']] as const) {
    const name = logs.find(log => new RegExp(`^.+-${pid}-${kind}-\\d+\\.txt$`).test(log));
    assert(name, `${kind} among ${logs.join()}`);
    assert.equal(readFileSync(path.join(folder, 'sub', 'said', name), 'utf8'), text);
  }
});

test('logging: a full file is followed by another, and the oldest are deleted', async t => {
  const writing = script('for (let n = 0; n < 20; n++) { console.log("x".repeat(600)); const next = Date.now() + 3; while (Date.now() < next); } res.end();');
  const files = { 'web.config': webConfig('maxLogFiles="3" maxLogFileSizeInKB="1"'), 'hello.js': writing, 'iisnode/old.txt': 'the oldest of all' };
  const { get, folder } = await serve(t, files);
  await get();
  const logs = readdirSync(path.join(folder, 'iisnode')).filter(name => name !== 'index.html');
  assert(logs.length > 1 && logs.length <= 4, logs.join());
  assert(!logs.includes('old.txt'), 'iisnode deletes any file of the folder');
});

test('dev_errors off: a node.exe that does not start is a 500.1000', async t => {
  const { get, trace } = await serve(t, { 'web.config': webConfig('devErrorsEnabled="false"'), 'hello.js': settings }, { node: noNode });
  assert.equal((await get()).status, 500);
  assert.match(trace(), /500\.1000/);
});

test('nodeProcessCommandLine may have options for node', async t => {
  const attributes = 'nodeProcessCommandLine="node.exe --max-old-space-size=123"';
  const { get } = await serve(t, { 'web.config': webConfig(attributes), 'hello.js': script('res.end(process.execArgv.join());') });
  assert.equal((await get()).text, '--max-old-space-size=123');
});

test('dev_errors on: a node.exe that does not start is a page with status 200', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': settings }, { node: noNode });
  const answer = await get();
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type']!, /^text\/html/);
  assert.equal(answer.headers['cache-control'], 'no-cache');
  assert.match(answer.text, /unable to start the node\.exe process/);
});

const throws = 'console.error("<b>&\\"\'"); throw new Error("broken at the start");';
const soon = 'namedPipeConnectionRetryDelay="10"';

test('dev_errors on: of a script that throws at its start the page tells what it wrote to stderr', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(soon), 'hello.js': throws });
  const answer = await get();
  assert.equal(answer.status, 200);
  assert.match(answer.text, /HTTP status: 500\s+HTTP subStatus: 1002\s+HTTP reason: Internal Server Error/);
  assert.doesNotMatch(answer.text, /<b>/, 'what it wrote is shown, not part of the page');
  assert.match(answer.text, /broken at the start/);
});

test('dev_errors on, without logging: the page says that it knows nothing', async t => {
  const { get } = await serve(t, { 'web.config': webConfig(`${soon} loggingEnabled="false"`), 'hello.js': throws });
  const answer = await get();
  assert.equal(answer.status, 200);
  assert.match(answer.text, /HTTP subStatus: 1002/);
  assert.doesNotMatch(answer.text, /broken at the start/);
});

test('dev_errors off: a script that throws at its start is a 500.1002', async t => {
  const { get, trace } = await serve(t, { 'web.config': webConfig(`${soon} devErrorsEnabled="false"`), 'hello.js': throws });
  const answer = await get();
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /broken at the start/);
  assert.match(trace(), /500\.1002/);
});

test('configerror: an attribute that <iisnode> does not have is a 500.1000 of what iisnode handles, and files still come', async t => {
  const files = { 'web.config': webConfig('noSuchSetting="12"'), 'hello.js': settings, 'page.html': 'a page' };
  const { get, trace } = await serve(t, files);
  assert.equal((await get()).status, 500);
  assert.match(trace(), /500\.1000.*noSuchSetting/);
  assert.equal((await get('page.html')).text, 'a page');
  // As in iisnode's own functional test 116, this request comes from the server itself.
  const local = await (await serve(t, files, { local: true })).get();
  assert.equal(local.status, 200);
  assert.match(local.text, /unable to read the configuration file web\.config/);
});

test('appsettings: a key twice, in any case of letters, is a 500.1000 of what iisnode handles, and files still come', async t => {
  for (const second of ['GREETING', 'greeting']) {
    const rest = `<appSettings><add key="greeting" value="1" /><add key="${second}" value="2" /></appSettings>`;
    const files = { 'web.config': webConfig('', { rest }), 'hello.js': environment, 'page.html': 'a page' };
    const { get, trace } = await serve(t, files);
    assert.equal((await get()).status, 500);
    assert.match(trace(), /500\.1000.*appSettings\/add.*0x800700b7/);
    assert.equal((await get('page.html')).text, 'a page');
  }
});

test('appsettings: what is removed or cleared does not arrive', async t => {
  const rest = '<appSettings><add key="a" value="1" /><clear /><add key="b" value="2" /><add key="c" value="3" /><remove key="B" /></appSettings>';
  const { get } = await serve(t, { 'web.config': webConfig('', { rest }), 'hello.js': environment });
  const env = parse((await get()).text);
  assert.deepEqual([env.a, env.b, env.c], [undefined, undefined, '3']);
});

test('a script that is not there is a 404, and a 500.1000 if its folder is not either', async t => {
  const here = await serve(t, { 'web.config': webConfig() });
  assert.equal((await here.get()).status, 404);
  const nowhere = await serve(t, { 'web.config': webConfig('', { script: 'sub/hello.js' }) });
  assert.equal((await nowhere.get('sub/hello.js')).status, 500);
  assert.match(nowhere.trace(), /500\.1000/);
});

test('debug header: tells of the process', async t => {
  const files = { 'web.config': webConfig('debugHeaderEnabled="true"'), 'hello.js': script('res.end(String(process.pid));') };
  const { get } = await serve(t, files);
  const answer = await get();
  const header = String(answer.headers['iisnode-debug']);
  assert.match(header, /^http:\/\/bit\.ly\/NsU2nd#iisnode_ver=/);
  const values = new URLSearchParams(header.slice(header.indexOf('#') + 1));
  assert.equal(values.get('node_pid'), answer.text);
  assert.equal(values.get('app_processes'), '1');
  assert.equal(values.get('hresult'), '0');
  const without = await serve(t, { ...files, 'web.config': webConfig() });
  assert.equal((await without.get()).headers['iisnode-debug'], undefined);
});

test('node_config_override: iisnode.yml beside the script has the last word', async t => {
  const { get, iis } = await serve(t, {
    'web.config': webConfig('nodeProcessCountPerApplication="2" node_env="config"'),
    'iisnode.yml': 'nodeProcessCountPerApplication: 4\nNODE_ENV: yml\n',
    'hello.js': script('res.end(`${process.env.NODE_ENV} ${++n}`);', 'let n = 0;'),
  });
  const answers: string[] = [];
  for (let i = 0; i < 8; i++) answers.push((await get()).text);
  assert.deepEqual(answers, ['yml 1', 'yml 1', 'yml 1', 'yml 1', 'yml 2', 'yml 2', 'yml 2', 'yml 2']);
  assert.equal(iis.pids().length, 4);
});

test('iisnode.yml is looked for beside the script, unless configOverrides leads elsewhere', async t => {
  const files = { 'iisnode.yml': 'node_env: yml', 'sub/hello.js': settings };
  for (const [attributes, expected] of [['', 'config'], [String.raw`configOverrides="..\iisnode.yml"`, 'yml'], ['configOverrides="no-such.yml"', 'config']]) {
    const { get } = await serve(t, { ...files, 'web.config': webConfig(`node_env="config" ${attributes}`, { script: 'sub/hello.js' }) });
    assert.equal((await get('sub/hello.js')).text.split(',')[0], expected, attributes);
  }
});

test('node_config_autoupdate: a changed iisnode.yml recycles, and is read again over what was set', async t => {
  const { get, folder } = await serve(t, { 'web.config': webConfig('node_env="config"'), 'hello.js': settings });
  const write = (text: string) => { writeFileSync(path.join(folder, 'iisnode.yml'), text); };
  const ask = async () => (await get()).text.split(',');
  const [first, pid, told] = await ask();
  assert.deepEqual([first, told], ['config', 'false']);
  write('node_env: one\nenableXFF: true\n');
  const next = await until(async () => { const now = await ask(); return now[0] === 'one' ? now : null; }, 'a file that is new to have effect');
  assert.notEqual(next[1], pid);
  assert.equal(next[2], 'true');
  write('node_env: two\n');
  const last = await until(async () => { const now = await ask(); return now[0] === 'two' ? now : null; }, 'a change to have effect');
  assert.notEqual(last[1], next[1]);
  assert.equal(last[2], 'true', 'what is no longer said stays as it was');
  rmSync(path.join(folder, 'iisnode.yml'));
  assert.equal((await ask())[1], last[1]);
});

const good: [yml: string, nodeEnv: string][] = [
  ['', 'config'],
  ['# only: words', 'config'],
  ['node_env:', 'config'],
  ['node_env:   # comment', 'config'],
  ['foo: bar\nbaz: 12', 'config'],
  ['foo:bar\n\n\r\nnode_env:one', 'one'],
  ['  Node_Env  :  one two  # comment', 'one two'],
  ['node_env: a:b', 'a:b'],
  ['\tnode_env: one', 'config'],
  ['loggingEnabled : NO\nenableXFF: 1\nflushResponse: Yes\nmaxLogFiles: many', 'config'],
];

/**
 * Reads the settings from attributes of <iisnode> and a text of iisnode.yml. This needs no process.
 */
const read = (t: TestContext, attributes: Record<string, string>, yml: string) =>
  readSettings(attributes, path.join(application(t, { 'iisnode.yml': yml }), 'hello.js'));

test('node_config_syntax: what iisnode takes', t => {
  for (const [yml, expected] of good) {
    assert.equal(read(t, { node_env: 'config' }, yml).node_env, expected, JSON.stringify(yml));
  }
});

test('nodeProcessStickySessions takes what every boolean takes, and nothing else', t => {
  const sticky = (value: string) => read(t, {}, `nodeProcessStickySessions: ${value}`).nodeProcessStickySessions;
  assert.deepEqual(['true', '1', 'no'].map(sticky), [true, true, false]);
  for (const value of ['2', 'on', 'maybe']) assert.throws(() => sticky(value), /nodeProcessStickySessions is neither true nor false/, value);
});

test('names of the environment are one in any case, for iisnode and for node', async t => {
  const rest = '<appSettings><add key="port" value="8000" /><add key="Node_Env" value="settings" /><add key="Greeting" value="hello" /></appSettings>';
  const answer = script('res.end(JSON.stringify([process.env.PORT, process.env.NODE_ENV, process.env.greeting, "GREETING" in process.env, Object.keys(process.env)]));');
  const { get } = await serve(t, { 'web.config': webConfig('node_env="attribute"', { rest }), 'hello.js': answer });
  const [port, nodeEnv, greeting, there, names] = JSON.parse((await get()).text) as [string, string, string, boolean, string[]];
  // iisnode writes its PORT, then appSettings, and then node_env. Of two equal names, the first
  // counts.
  assert.notEqual(port, '8000');
  assert.deepEqual([nodeEnv, greeting, there], ['settings', 'hello', true]);
  for (const name of ['port', 'node_env']) assert.equal(names.filter(one => one.toLowerCase() === name).length, 1, name);
});

test('%NAME% in a setting is a variable of the machine, in iisnode.yml too', async t => {
  process.env.STAND_IN_WORD = 'word';
  t.after(() => delete process.env.STAND_IN_WORD);
  const { get } = await serve(t, { 'web.config': webConfig('node_env="a-%stand_in_word%"'), 'hello.js': environment });
  assert.equal(parse((await get()).text).NODE_ENV, 'a-word');
  assert.equal(read(t, { node_env: '%NO_SUCH_NAME%' }, '').node_env, '%NO_SUCH_NAME%');
  assert.equal(read(t, {}, 'node_env: %STAND_IN_WORD%').node_env, 'word');
});

test('IISNODE_<attribute> of the machine comes before web.config, and iisnode.yml before both', async t => {
  process.env.IISNODE_node_env = 'machine';
  process.env.iisnode_loggingEnabled = '0';
  t.after(() => { delete process.env.IISNODE_node_env; delete process.env.iisnode_loggingEnabled; });
  const ask = async (yml = '') => {
    const files = { 'web.config': webConfig('node_env="config"'), 'iisnode.yml': yml, 'hello.js': environment };
    const { NODE_ENV, IISNODE_LOGGINGENABLED } = parse((await (await serve(t, files)).get()).text);
    return [NODE_ENV, IISNODE_LOGGINGENABLED];
  };
  assert.deepEqual(await ask(), ['machine', undefined]);
  assert.deepEqual(await ask('node_env: yml\nloggingEnabled: true'), ['yml', '1']);
  process.env.iisnode_loggingEnabled = 'yes';
  const { get, trace } = await serve(t, { 'web.config': webConfig(), 'hello.js': environment });
  assert.equal((await get()).status, 500);
  assert.match(trace(), /500\.1000.*IISNODE_loggingEnabled=yes/);
});

const bad = [': foo', '   : bar', 'loggingEnabled: foobar', 'no colon here', 'two words: 1', 'node_env # comment: one', '- node_env'];

// A browser on the server itself gets the page of the error with both values of devErrorsEnabled.
// iisnode cannot read its settings here, and devErrorsEnabled is one of them.
test('node_config_syntax: a line that iisnode does not take takes the application down, until it is mended', async t => {
  for (const devErrors of [true, false]) {
    const files = { 'web.config': webConfig(`devErrorsEnabled="${devErrors}"`), 'hello.js': settings };
    for (const local of [true, false]) {
      const { get, folder, iis, trace } = await serve(t, files, { local });
      for (const yml of bad) {
        writeFileSync(path.join(folder, 'iisnode.yml'), yml);
        const answer = await get();
        assert.equal(answer.status, local ? 200 : 500, yml);
        if (local) assert.match(answer.text, /unable to read the configuration file iisnode\.yml/, yml);
      }
      if (!local) assert.equal(trace().match(/500\.1000/g)?.length, bad.length);
      assert.deepEqual(iis.pids(), []);
      writeFileSync(path.join(folder, 'iisnode.yml'), 'node_env: mended');
      assert.match((await get()).text, /^mended,/);
    }
  }
});

test('what iisnode does not say of iisnode.yml is said at the start: unknown keys, words for numbers, a file that is not found', async t => {
  const said = async (files: Record<string, string>, attributes = '') => {
    const lines: string[] = [];
    await serve(t, { 'web.config': webConfig(attributes, { script: 'app/hello.js' }), 'app/hello.js': script('res.end();'), ...files }, { log: line => lines.push(line) });
    return lines.join('\n');
  };
  const quiet = 'debuggingEnabled="false" devErrorsEnabled="false"';
  assert.equal(await said({}, quiet), '');
  assert.match(await said({}), /debuggingEnabled: .*hello\.js\/debug.*\ndevErrorsEnabled: /);
  assert.equal(await said({ 'app/iisnode.yml': 'maxLogFiles: 20 # files\nnode_env: production\n' }, quiet), '');
  assert.match(await said({ 'app/iisnode.yml': '\nmaxLogFilez: 20\n' }), /line 2: iisnode does not know "maxLogFilez"/);
  assert.match(await said({ 'app/iisnode.yml': 'maxLogFiles: many\n' }), /line 1: iisnode reads "many" as 0/);
  assert.match(await said({ 'app/iisnode.yml': 'maxLogFiles = 20\n' }), /500\.1000 for every request: .*line 1/);
  assert.match(await said({ 'iisnode.yml': 'maxLogFiles: 20\n' }), /there is no file .*app.iisnode\.yml.*configOverrides="\.\.\\iisnode\.yml"/);
  assert.match(await said({}, 'configOverrides="other.yml"'), /there is no file .*other\.yml/);
});

test('why iisnode did not carry a request out is said, once', async t => {
  const lines: string[] = [];
  const { get } = await serve(t, { 'web.config': webConfig('devErrorsEnabled="false"'), 'hello.js': script('req.socket.destroy();') }, { log: line => lines.push(line) });
  for (let i = 0; i < 3; i++) assert.equal((await get()).status, 500);
  assert.equal(lines.filter(line => /^GET \S+: 500\.1013: node closed the connection/.test(line)).length, 1, lines.join('\n'));
});
