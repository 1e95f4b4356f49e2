/*
 * The log writes one line for each entry. It writes no character that a terminal or an editor acts
 * on.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { createLog } from '../../src/log';
import { startServer } from '../support/server';
import { appPath, resource } from '../support/template';
import { until } from '../support/wait';

/** @returns the text that the log writes to stderr for an entry */
function written(t: TestContext, ...parts: unknown[]): string {
  let text = '';
  const write = t.mock.method(process.stderr, 'write', (chunk: string) => { text += chunk; return true; });
  createLog('warn').warn(...parts);
  write.mock.restore();
  return text.replace(/^\S+Z /, '');
}

/**
 * The log must not write these characters as they are: C0 without the line feed, C1, separators,
 * directions, invisible characters, lone surrogates.
 */
const UNSEEN = [
  ...Array.from({ length: 0x20 }, (_, code) => code).filter(code => code !== 10), ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  0xad, 0x61c, 0x200b, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060,
  0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xd800, 0xdbff, 0xdc00, 0xdfff,
];

test('characters that cannot be seen are escaped, wherever they are in an entry', t => {
  for (const code of UNSEEN) {
    const char = String.fromCharCode(code);
    const escaped = `\\u${code.toString(16).padStart(4, '0')}`;
    assert.equal(written(t, 'origin', `a${char}b`), `warn origin a${escaped}b\n`);
    assert.equal(written(t, `kind${char}`), `warn kind${escaped}\n`);
    for (const part of [new Error(`a${char}b`), { text: `a${char}b` }, [`a${char}b`], { [`a${char}b`]: 1 }, new Map([[1, char]]), Symbol(char)]) {
      assert(!written(t, 'failed', part).includes(char), `${escaped} in ${typeof part}`);
    }
  }
  assert.equal(written(t, 'a\u{e0001}b'), 'warn a\\u{e0001}b\n');
  for (const text of ['ä ß 漢字 😀 “x” – \u00a0|', 'C:\\new\\table', '100 %']) assert.equal(written(t, text), `warn ${text}\n`);
});

test('no text begins a line of its own: it would look like an entry', t => {
  const forged = '2026-01-01T00:00:00.000Z info all is well';
  assert.equal(written(t, 'from', `x\n${forged}`), `warn from x\\n${forged}\n`);
  assert.equal(written(t, `x\r\n${forged}`), `warn x\\u000d\\n${forged}\n`);
  const error = new Error(`bad name: x\n${forged}`);
  for (const parts of [[error], ['failed', error], ['failed', { error }], [{ [forged]: `\n${forged}`, list: Array(60).fill(forged) }]]) {
    const [, ...more] = written(t, ...parts).trimEnd().split('\n');
    assert(more.length > 0);
    for (const line of more) assert.match(line, /^\s/, line);
  }
  // A stack can still be read.
  assert.match(written(t, 'failed', new Error('why')), /^warn failed Error: why\n {4}at [^\n]+\n {4}at /);
});

test('what a client sends reaches the log escaped: its origin, its path', async t => {
  const { port, output } = await startServer(t, { env: { LOG_LEVEL: 'debug' } });
  // node itself refuses C0 characters in a header, so this text has none.
  const bad = '\u009b31m\u0085\u00ad';
  for (const [line, ...headers] of [
    [`GET ${resource}/1/ HTTP/1.1`, `Origin: http://evil${bad}`], [`GET ${resource}/1/ HTTP/1.1`, `Referer: http://evil${bad}/`],
    [`GET ${resource}/1/x${bad}/y${bad} HTTP/1.1`], [`GET ${appPath}/${bad} HTTP/1.1`], [`GET ${resource}/1/ HTTP/1.1`, `X-Forwarded-For: ${bad}`, 'Origin: http://evil'],
  ]) {
    const socket = net.connect(port, 'localhost');
    socket.end(`${[line, 'Host: localhost', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`, 'latin1');
    socket.resume();
    await once(socket, 'close');
  }
  await until(() => output().includes('\\u009b31m\\u0085\\u00ad'), 'a refusal in the log');
  assert.doesNotMatch(output(), /[^\n\x20-\x7e]/);
});
