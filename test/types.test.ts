import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root } from './helper';

/** Compiles a project with one file changed, as `npm run build` would; gives the complaints about that file. */
function compile(project: string, file: string, from: string, to: string): string[] {
  const config = path.join(root, project);
  const settings: unknown = ts.readConfigFile(config, name => ts.sys.readFile(name)).config;
  const parsed = ts.parseJsonConfigFileContent(settings, ts.sys, path.dirname(config));
  const host = ts.createCompilerHost(parsed.options);
  const changed = path.join(root, file);
  const source = host.getSourceFile.bind(host);
  host.getSourceFile = (name, options) => {
    if (path.resolve(name) !== changed) return source(name, options);
    const text = ts.sys.readFile(name)!;
    assert(text.includes(from), `${file} has no ${from}`);
    return ts.createSourceFile(name, text.replace(from, to), options);
  };
  const program = ts.createProgram(parsed.fileNames, parsed.options, host);
  return ts.getPreEmitDiagnostics(program)
    .filter(found => found.file && path.resolve(found.file.fileName) === changed)
    .map(found => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
}

const mistakes: [what: string, from: string, to: string][] = [
  ['an event that is not there', `socket.on('message'`, `socket.on('mesage'`],
  ['an answer that is not there', `socket.emit('response'`, `socket.emit('respones'`],
  ['a broadcast that is not there', `emit('clients'`, `emit('client'`],
  ['a wrong argument', `'Got it!'`, '42'],
  ['an argument too few', `, 'Got it!'`, ''],
  ['an argument too many', `'Got it!'`, `'Got it!', 1`],
  ['a wrong answer to an acknowledgement', 'ack(text)', 'ack(1)'],
  ['an acknowledgement taken for granted', 'if (ack) ack', 'ack'],
  ['a setting that is not there', 'let clients', `io.set('authorisation', false); let clients`],
];

test('app.ts compiles as it is', () => {
  assert.deepEqual(compile('tsconfig.json', 'src/app.ts', 'clients', 'clients'), []);
});
for (const [what, from, to] of mistakes) {
  test(`app.ts does not compile with ${what}`, () => {
    assert.notDeepEqual(compile('tsconfig.json', 'src/app.ts', from, to), []);
  });
}

test('the page\'s script passes as it is', () => {
  assert.deepEqual(compile('src/page/tsconfig.json', 'public/demo.js', 'clients', 'clients'), []);
});
for (const [what, from, to] of [
  ['an event that is not there', `on('clients'`, `on('client'`],
  ['a message that is not there', `emit('message'`, `emit('mesage'`],
  ['a wrong argument', `emit('message', text`, `emit('message', sent`],
  ['a status that is not there', `=== 'reconnecting'`, `=== 'reconecting'`],
] as const) {
  test(`the page's script fails the build with ${what}`, () => {
    assert.notDeepEqual(compile('src/page/tsconfig.json', 'public/demo.js', from, to), []);
  });
}
