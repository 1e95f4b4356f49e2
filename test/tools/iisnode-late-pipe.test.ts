/*
 * Windows' pipes confirm a write later than sockets do. The stand-in for iisnode has to work with
 * both.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script, serve, webConfig } from './iis-application';
import { ownNode } from '../../tools/iis/system';

/**
 * Makes a node whose pipe confirms each write late, as Windows' pipes do. This includes the empty
 * write at the end of a request, which takes 50 ms.
 */
function latePipe() {
  const own = ownNode(process.execPath);
  const open = async (pipe: string) => {
    const socket = await own.open(pipe);
    const write = socket._write.bind(socket);
    socket._write = (chunk: Buffer | string, encoding, done) => {
      if (chunk.length > 0) write(chunk, encoding, error => setTimeout(done, 10, error));
      else setTimeout(write, 50, chunk, encoding, done);
    };
    return socket;
  };
  return { ...own, open };
}

test('a connection is not used again while its request is under way, though the answer is there', { timeout: 60000 }, async t => {
  const { get } = await serve(t, { 'web.config': webConfig(), 'hello.js': script('setTimeout(() => res.end(req.url), 30);') }, { node: latePipe() });
  await Promise.all(Array.from({ length: 5 }, async (_, client) => {
    for (let n = 0; n < 10; n++) {
      const path = `hello.js?client=${client}&n=${n}`;
      const { text } = await get(path);
      assert(text.endsWith(path), `${path}: ${text}`);
    }
  }));
});
