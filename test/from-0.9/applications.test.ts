/*
 * Seven applications as people wrote them for 0.9. Each gives the same answers on stock 0.9.19 and
 * on this server, with the same script of its page.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import ts from 'typescript';
import type { Server } from '../../src/realtime';
import { applications, openPage, Page, Site, startOld } from '../support/old-application';
import { serve } from '../support/raw';
import { resource } from '../support/template';

type Open = (visitor: string, cookie?: string) => Promise<Page>;

/** The visits to each application. The visitors do some things, and must see the answers. */
const visits: { [application: string]: (open: Open) => Promise<void> } = {
  async chat(open) {
    const ada = await open('Ada');
    ada.does('nickname', 'Ada');
    await ada.sees('you are Ada', 'here: Ada');
    const bob = await open('Bob');
    bob.does('nickname', 'Ada');
    await bob.sees('Ada is taken');
    bob.does('nickname', 'Bob');
    await bob.sees('you are Bob', 'here: Ada, Bob');
    await ada.sees('* Bob came', 'here: Ada, Bob');
    ada.does('say', 'hello');
    await ada.sees('sent 5 letters');
    await bob.sees('Ada: hello');
    bob.does('whisper', 'Ada', 'psst');
    await ada.sees('Bob whispers: psst');
    await bob.sees('Ada has read it');
    bob.does('leave');
    await ada.sees('* Bob went', 'here: Ada');
  },

  async irc(open) {
    const ada = await open('Ada');
    await ada.sees('#node.js: nothing yet');
    ada.does('line', 'JOIN', 'bob');
    await ada.sees('* bob joined the channel');
    ada.does('line', 'PRIVMSG', 'bob', '#node.js', 'hello');
    await ada.sees('bob: hello');
    ada.does('line', 'TOPIC', 'bob', '#node.js', 'npm');
    await ada.sees('#node.js: npm');
    const eve = await open('Eve');
    await eve.sees('#node.js: npm');
    ada.does('line', 'PING');
    ada.does('line', 'NOTICE', 'the server restarts');
    ada.does('line', 'PART', 'bob');
    for (const page of [ada, eve]) {
      await page.sees('-!- the server restarts', '* bob left the channel');
    }
    ada.does('line', 'QUIT');
    ada.does('line', 'JOIN', 'cyd');
    await ada.sees('* cyd joined the channel');
    const late = await open('late');
    late.does('line', 'JOIN', 'dan');
    await late.sees('* dan joined the channel');
  },

  async rooms(open) {
    const ada = await open('Ada');
    ada.does('list');
    await ada.sees('rooms: ');
    ada.does('enter', 'tea');
    await ada.sees('you are one of 1 in tea');
    ada.does('enter', 'cake');
    await ada.sees('you are one of 1 in cake');
    const bob = await open('Bob');
    bob.does('enter', 'tea');
    await bob.sees('you are one of 2 in tea');
    await ada.sees('somebody enters tea');
    bob.does('list');
    await bob.sees('rooms: cake (1), tea (2)');
    bob.does('say', 'tea', 'hello');
    await bob.sees('tea: hello');
    await ada.sees('tea: hello');
    bob.does('say', 'beer', 'hello');
    await bob.sees('there is no room beer');
    bob.does('say to others', 'tea', 'shh');
    await ada.sees('tea: shh');
    bob.does('send', 'tea', 'cup');
    await bob.sees('cup', '{"room":"tea"}', 'tea: that was all');
    await ada.sees('cup', '{"room":"tea"}', 'cup!', '{"from":"tea"}', 'tea: that was all');
    bob.does('quit', 'tea');
    await bob.sees('you are in: ');
    await ada.sees('somebody quits tea');
    bob.does('enter', 'cake');
    await bob.sees('you are one of 2 in cake');
    await ada.sees('somebody enters cake');
    ada.does('leave');
    await bob.sees('somebody quits cake');
    bob.does('list');
    await bob.sees('rooms: cake (1)');
  },

  async game(open) {
    const ada = await open('Ada');
    ada.does('about');
    await ada.sees(
      'transport: xhr-polling', 'connected: true', 'url: ', 'namespace: ', 'same: true',
      'disconnected: false', 'listeners: 1', 'handshakes: 1', 'players: 1',
    );
    ada.does('play', 'chess');
    ada.does('cheat');
    await ada.sees('heard');
    ada.does('honest');
    await ada.sees('honest');
    ada.does('cheat');
    const bob = await open('Bob');
    bob.does('play', 'chess');
    await bob.sees('begin 2');
    await ada.sees('begin 2', 'your turn');
    const eve = await open('Eve');
    eve.does('play', 'chess');
    await eve.sees('full chess');
    bob.does('move', 'e4');
    await bob.sees('not your turn');
    ada.does('move', 'e4');
    await bob.sees('moved e4', 'your turn');
    await ada.sees('verdict good');
    bob.does('move', 'c5');
    await ada.sees('moved c5', 'your turn');
    await bob.sees('verdict bad');
    ada.does('deaf');
    await ada.sees('deaf');
    ada.does('move', 'd4');
    ada.does('give up');
    await bob.sees('you have won', 'alone booted');
    await ada.sees('disconnected: booted');
  },

  async switching(open) {
    const ada = await open('Ada');
    ada.does('name', 'Ada');
    await ada.sees('SERVER: you are in the lobby', '[lobby] kitchen attic', 'users: Ada');
    const bob = await open('Bob');
    bob.does('name', 'Bob');
    await bob.sees('SERVER: you are in the lobby', '[lobby] kitchen attic', 'users: Ada Bob');
    await ada.sees('SERVER: Bob came', 'users: Ada Bob');
    bob.does('go', 'attic');
    await bob.sees('SERVER: you are in the attic', 'lobby kitchen [attic]');
    await ada.sees('SERVER: Bob has left');
    bob.does('say', 'dusty here');
    await bob.sees('Bob: dusty here');
    ada.does('say', 'alone again');
    await ada.sees('Ada: alone again');
    ada.does('go', 'attic');
    await ada.sees('SERVER: you are in the attic', 'lobby kitchen [attic]');
    await bob.sees('SERVER: Ada came');
    ada.does('leave');
    await bob.sees('users: Bob', 'SERVER: Ada has left');
  },

  async nickname(open) {
    const ada = await open('Ada');
    await ada.sees('for you in /chat');
    ada.does('nickname', 'Ada');
    await ada.sees('ready');
    ada.does('spy');
    await ada.sees('spied 3');
    const bob = await open('Bob');
    await bob.sees('for you in /chat');
    ada.does('say', 'hello');
    await ada.sees('acknowledged', 'message of Ada: hello', 'taken');
    await bob.sees('Ada said: hello', '{"from":"Ada"}', '["Ada"]');
    ada.does('rename');
    await ada.sees('ready', 'nobody it is');
    ada.does('forget');
    await ada.sees('true, then false');
    ada.does('hi', 'x');
    const [rooms, namespaces] = ['["","/chat","/chat/x"]', '["","/chat","/news"]'];
    await ada.sees(
      'for everyone in /chat: 1', 'for everyone in x', `${rooms} ${namespaces}`,
    );
    await bob.sees('for everyone in /chat: 1');
    bob.does('hi', 'x');
    await ada.sees('for everyone in /chat: 2', 'for everyone in x', 'for the others in x');
    await bob.sees('for everyone in /chat: 2', 'for everyone in x', `${rooms} ${namespaces}`);
    bob.does('read');
    await bob.sees('no news: unauthorized');
    bob.does('leave chat');
    await ada.sees('somebody left the chat: packet, 1 in it');
    await bob.sees('somebody left the chat: packet, 1 in it');
  },

  async session(open) {
    const nobody = await open('nobody', 'express.sid=none');
    await nobody.sees('error: handshake unauthorized');
    const unlucky = await open('unlucky', 'express.sid=broken');
    await unlucky.sees('error: handshake error');
    const ada = await open('Ada', 'theme=dark; express.sid=s1');
    await ada.sees('hello Ada, 1');
    ada.does('settings');
    await ada.sees(
      '["xhr-polling","xhr-polling",10,true,false,"string","1",false,false,"string",true,"127.0.0.1"]',
    );
    const again = await open('Ada', 'express.sid=s1');
    await again.sees('hello Ada, 2');
    ada.does('admin');
    await ada.sees('welcome Ada, since now');
    const bob = await open('Bob', 'express.sid=s2');
    await bob.sees('hello Bob, 1');
    bob.does('admin');
    await bob.sees('admin: unauthorized');
    again.does('sign out everywhere');
    await ada.sees('disconnected: booted');
    await again.sees('disconnected: booted');
  },
};

/** Starts app.ts in this process. It is the same application after its move to this server. */
function startMoved(t: TestContext, name: string): Promise<Site> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { app } = require(`./applications/${name}/app`) as { app: (io: Server) => void };
  const { port } = serve(t, app);
  return Promise.resolve({ port, resource: resource.slice(1) });
}

const servers: [what: string, start: (t: TestContext, name: string) => Promise<Site>][] = [
  ['stock 0.9.19', startOld],
  ['this server', startMoved],
];

for (const [what, start] of servers) {
  describe(`an application of 0.9 on ${what}`, { concurrency: 3 }, () => {
    for (const [name, visit] of Object.entries(visits)) {
      test(name, async t => {
        const site = await start(t, name);
        await visit((visitor, cookie) => openPage(t, name, site, visitor, cookie));
      });
    }
  });
}

/** @returns the statements of a script, without comments, all with the same white space */
function statements(source: ts.SourceFile, nodes: readonly ts.Statement[]): string[] {
  const printer = ts.createPrinter({ removeComments: true });
  return nodes.map(node => printer.printNode(ts.EmitHint.Unspecified, node, source));
}

const parse = (text: string) => ts.createSourceFile('app.js', text, ts.ScriptTarget.ES2018, true);
const read = (name: string, file: string) => readFileSync(path.join(applications, name, file), 'utf8');

/** @returns the statements of app.js that come after server.listen() */
function written(name: string): string[] {
  const source = parse(read(name, 'app.js'));
  const begin = source.statements.findIndex(one => one.getText().startsWith('server.listen(')) + 1;
  assert(begin > 0);
  return statements(source, source.statements.slice(begin));
}

/** @returns the statements in the function of app.ts, without types */
function moved(name: string): string[] {
  const compilerOptions = { target: ts.ScriptTarget.ES2018, module: ts.ModuleKind.ES2015 };
  const source = parse(ts.transpileModule(read(name, 'app.ts'), { compilerOptions }).outputText);
  const app = source.statements.find(ts.isFunctionDeclaration);
  return statements(source, app!.body!.statements);
}

/** The lines that the move takes out of an application. */
const takenOut: { [application: string]: string[] } = {
  irc: [
    `io.set('log level', 1);`,
    `io.enable('browser client minification');`,
    `io.enable('browser client etag');`,
  ],
};

describe('an application moves in with its imports and types changed, and nothing else', () => {
  for (const name of Object.keys(visits)) {
    test(name in takenOut ? `${name}: but for the lines that are taken out` : name, () => {
      const out = takenOut[name] ?? [];
      const old = written(name);
      for (const line of out) assert(old.includes(line), line);
      assert.deepEqual(moved(name), old.filter(line => !out.includes(line)));
    });
  }
});
