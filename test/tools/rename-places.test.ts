/* The places of the name that rename changes, and similar texts that it does not change. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renameIn, taken } from '../../tools/rename/places';
import { webAddress } from '../../tools/rename/repository';
import { appPath, root } from '../support/template';

const current = appPath.slice(1);

/** A text in a file, before and after a rename from chat to talk. */
const lines: [file: string, before: string, after: string][] = [
  ['README.md', '# chat: a chat\n', '# talk: a chat\n'],
  ['README.md', '# chat\n', '# talk\n'],
  ['README.md', '# chat room\n', '# chat room\n'],
  ['README.md', '\n# chat\n', '\n# chat\n'],
  ['README.md', 'a chat, the chat. chat: /chat or chat/ or -chat', 'a chat, the chat. chat: /chat or chat/ or -chat'],
  ['README.md', '`chat` "chat" \'chat\' `npm run rename -- chat`', '`chat` "chat" \'chat\' `npm run rename -- chat`'],
  ['README.md', 'at http://localhost:3000/chat/, https://server/chat.', 'at http://localhost:3000/talk/, https://server/talk.'],
  ['README.md', 'http://server/chats http://server/chat-2 http://server/chat.js', 'http://server/chats http://server/chat-2 http://server/chat.js'],
  ['README.md', 'http://server/x/chat/ https://github.com/chat/chat', 'http://server/x/chat/ https://github.com/chat/chat'],
  ['README.md', '`/chat` (/chat/socket) "/chat/" /chat/x', '`/talk` (/talk/socket) "/talk/" /talk/x'],
  ['README.md', 'src/chat/x src/chat.ts ../chat/ `/x/chat`', 'src/chat/x src/chat.ts ../chat/ `/x/chat`'],
  ['README.md', 'app /path:/chat /applicationPool:chat /name:"chat" /app.name:"Default Web Site/chat"', 'app /path:/talk /applicationPool:talk /name:"talk" /app.name:"Default Web Site/talk"'],
  ['README.md', '/chat:20 /name:chatter --app /chat', '/chat:20 /name:chatter --app /talk'],
  ['README.md', 'C:\\inetpub\\chat\\iisnode "IIS AppPool\\chat:(OI)" C:\\chatter \\chat', 'C:\\inetpub\\talk\\iisnode "IIS AppPool\\talk:(OI)" C:\\chatter \\chat'],
  ['README.md', 'resource: \'chat/socket\', \'chat/sockets\', \'x/chat/socket\'', 'resource: \'talk/socket\', \'chat/sockets\', \'x/chat/socket\''],
  ['docs/GUIDE.md', '# chat\n`/chat/`', '# chat\n`/talk/`'],
  ['src/config.ts', '// chat at /chat\nsetting("APP_PATH", "/chat", \'/chat\')', '// chat at /chat\nsetting("APP_PATH", "/talk", \'/chat\')'],
  ['web.config', '<!-- chat --><match url="^(chat/)?socket" /><match url="^chat" />', '<!-- chat --><match url="^(talk/)?socket" /><match url="^chat" />'],
  ['web.config', '<add key="APP_PATH" value="/chat" /><add key="TITLE" value="/chat" />', '<add key="APP_PATH" value="/talk" /><add key="TITLE" value="/chat" />'],
  ['public/index.html', '<title>chat</title><h1 id="a">\n chat </h1><h2>chat</h2><p>chat', '<title>talk</title><h1 id="a">\n talk </h1><h2>chat</h2><p>chat'],
  ['public/index.html', '<title>our chat</title><h1>chats</h1>', '<title>our chat</title><h1>chats</h1>'],
  ['package.json', '{\n  "name": "chat",\n  "description": "chat: a chat",\n  "author": {\n    "name": "chat"\n', '{\n  "name": "talk",\n  "description": "talk: a chat",\n  "author": {\n    "name": "chat"\n'],
  [
    'package-lock.json',
    '{\n  "name": "chat",\n  "packages": {\n    "": {\n      "name": "chat",\n    "node_modules/a": {\n      "name": "chat"\n',
    '{\n  "name": "talk",\n  "packages": {\n    "": {\n      "name": "talk",\n    "node_modules/a": {\n      "name": "chat"\n',
  ],
];

for (const [file, before, after] of lines) {
  test(`${file}: ${JSON.stringify(before)}`, () => {
    assert.equal(renameIn(file, before, 'chat', 'talk').text, after);
  });
}

test('a dot in the name is no other letter, in web.config neither', () => {
  const before = '<match url="^(chat/)?socket" />';
  const { text } = renameIn('web.config', before, 'chat', 'my.chat-2');
  assert.equal(text, '<match url="^(my\\.chat-2/)?socket" />');
  assert.equal(renameIn('web.config', text, 'my.chat-2', 'chat').text, before);
  assert.equal(renameIn('README.md', '`/myxchat-2`', 'my.chat-2', 'chat').text, '`/myxchat-2`');
});

test('what is not there is named, with the name it was looked for under', () => {
  assert.deepEqual(renameIn('public/index.html', '<title>chat</title>', 'chat', 'talk'), { text: '<title>talk</title>', places: 1, missing: ['<h1>chat</h1>'] });
});

test('the address of a remote is that of its pages, or none', () => {
  for (const remote of ['git@github.com:ada/chat.git', 'https://github.com/ada/chat.git', 'https://github.com/ada/chat', 'https://me:secret@github.com/ada/chat/', 'ssh://git@github.com:22/ada/chat.git', 'git://github.com/ada/chat']) {
    assert.equal(webAddress(remote), 'https://github.com/ada/chat', remote);
  }
  for (const remote of ['/srv/git/chat.git', '../chat', 'C:\\git\\chat', 'file:///srv/chat', '']) assert.equal(webAddress(remote), null, remote);
});

test('the name in the README\'s example is free, in each page of docs/', () => {
  const pages = readdirSync(path.join(root, 'docs')).map(name => `docs/${name}`);
  for (const file of ['src/realtime/README.md', ...pages]) {
    assert.equal(taken(file, readFileSync(path.join(root, file), 'utf8'), current, current === 'chat' ? 'talk' : 'chat'), null, file);
  }
});
