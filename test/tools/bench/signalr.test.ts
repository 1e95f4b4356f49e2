/* The benchmark's client of SignalR checks each answer. The long test talks to a real server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalr } from '../../../tools/bench/protocols';

/**
 * Makes a session that has negotiated, and collects its requests.
 * @param first the answer to a GET
 */
async function session(first = '') {
  const requests: string[] = [];
  const made = signalr(80);
  await made.open(request => {
    requests.push(request);
    return Promise.resolve(request.startsWith('POST') ? '{"connectionToken":"a-token"}' : first);
  });
  return { made, requests };
}

const line = (request: string) => request.split('\r\n')[0]!.replace(/_=\d+/, '_=1');
const body = (request: string) => request.split('\r\n\r\n')[1];

test('negotiates, polls once, shakes hands, and sends invocations', async () => {
  const { made, requests } = await session();
  assert.deepEqual([...requests, made.poll(), made.hello!()].map(line), [
    'POST /hub/negotiate?negotiateVersion=1 HTTP/1.1', 'GET /hub?id=a-token&_=1 HTTP/1.1',
    'GET /hub?id=a-token&_=1 HTTP/1.1', 'POST /hub?id=a-token HTTP/1.1',
  ]);
  assert.deepEqual([made.hello!(), made.post('echo', 'é', false), made.post('ask', 'b', true),
    made.post('ask', 'c', true)].map(body), [
    '{"protocol":"json","version":1}\x1e',
    '{"arguments":["é"],"target":"echo","type":1}\x1e',
    '{"arguments":["b"],"invocationId":"0","target":"ask","type":1}\x1e',
    '{"arguments":["c"],"invocationId":"1","target":"ask","type":1}\x1e',
  ]);
});

test('reads events, completions and pings, and refuses everything else', async () => {
  const { made } = await session();
  assert.deepEqual(made.read('{}\x1e'), { messages: [], opened: true });
  assert.deepEqual(made.read(''), { messages: [], opened: false }, 'a poll that has timed out');
  assert.deepEqual(made.read('{"type":1,"target":"news","arguments":["a"]}\x1e{"type":6}\x1e'
    + '{"type":3,"invocationId":"0","result":"b"}\x1e'),
  { messages: [['news', 'a'], ['answer', 'b']], opened: false });
  for (const wrong of [
    '{"error":"no such protocol"}\x1e', '{"type":3,"invocationId":"0","error":"failed"}\x1e',
    '{"type":7,"error":"closed"}\x1e', '{"type":2,"invocationId":"0","item":"a"}\x1e',
    '{"type":1,"target":"news","arguments":["a"]}', 'not JSON\x1e',
  ]) assert.throws(() => made.read(wrong), wrong);
  await assert.rejects(session('{}\x1e'), /the first poll brought/);
});
