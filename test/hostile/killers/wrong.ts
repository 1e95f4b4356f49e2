import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { event, join } from '../../support/raw';
import { CUT, Session, SILENCE } from './attacker';
import { Case, seenAfter } from './case';

const NOBODY = 'aaaaaaaaaaaaaaaaaaaa';
const times = (all: string[], what: string) => all.filter(one => one === what).length;

/** Requests that stock 0.9 answers wrongly, or not at all. */
const answers: Case[] = [
  { name: 'an unknown transport', attack: attacker => attacker.send(`/1/nonsense/${NOBODY}`), stock: { gives: CUT }, ours: /^400 .+$/ },
  { name: 'another protocol', attack: attacker => attacker.send('/2/'), stock: { gives: '500 Protocol version not supported.' }, ours: /^400 .+$/ },
  { name: 'a path too many', attack: attacker => attacker.send(`/1/xhr-polling/${NOBODY}/x`), stock: { gives: '200 Welcome to socket.io.' }, ours: /^404 .+$/ },
  { name: 'a PUT', attack: attacker => attacker.send(`/1/xhr-polling/${NOBODY}`, { method: 'PUT' }), stock: { gives: SILENCE }, ours: /^405 .+$/ },
  {
    name: 'a message of a session that is not there',
    attack: attacker => attacker.send(`/1/xhr-polling/${NOBODY}`, { method: 'POST', body: '5:::{"name":"message"}' }),
    stock: { gives: '200 1' },
    ours: /^404 .+$/,
  },
  {
    name: 'a handshake as a script, with JSONP off',
    attack: async attacker => (await attacker.send('/1/?jsonp=0')).replace(/"[\w-]{20}:/, '"…:'),
    stock: { gives: '200 io.j[0]("…:60:60:xhr-polling");' },
    ours: /^400 .+$/,
  },
  {
    name: 'a second poll while one waits',
    attack: async attacker => {
      const session = await attacker.session();
      const first = session.poll();
      await sleep(100);
      void session.poll();
      return (await first).split(' ')[0];
    },
    stock: { gives: SILENCE },
    ours: '200',
  },
  {
    name: 'a letter of two bytes that arrive one after the other',
    attack: async attacker => {
      const session = await attacker.session();
      const body = Buffer.from('5:1+::{"name":"message","args":["é"]}');
      const half = body.indexOf('é') + 1;
      await session.postInPieces(body.subarray(0, half), body.subarray(half));
      return (await session.hear(one => one.startsWith('6:'))).find(one => one.startsWith('6:'));
    },
    stock: { gives: '6:::1+["\ufffd\ufffd"]' },
    ours: '6:::1+["é"]',
  },
];

/**
 * After these packets, the application on stock 0.9 or its client gets wrong or double events, or
 * misses one.
 */
const handlers: Case[] = [
  {
    name: 'an event that is called disconnect',
    attack: seenAfter('5:::{"name":"disconnect"}', '5:::{"name":["disconnect"]}', '5:::{"name":["disconnect"]}'),
    stock: { gives: ['connection', 'disconnect', 'disconnect'] },
    ours: ['connection'],
  },
  {
    name: 'events that are called as those of the server itself',
    attack: seenAfter(...['error', 'connect', 'connection'].map(name => event(name))),
    stock: { gives: ['connection', 'event error', 'event connect', 'event connection'] },
    ours: ['connection'],
  },
  {
    name: 'a second connection to the same namespace',
    attack: seenAfter('1::', '5:::{"name":"message"}'),
    stock: { gives: ['connection', 'connection', 'message', 'message'] },
    ours: ['connection', 'message'],
  },
  {
    name: 'an acknowledgement that is sent twice',
    attack: seenAfter('6:::1+["a"]', '6:::1+["b"]'),
    stock: { gives: ['connection', 'answer a', 'answer b'] },
    ours: ['connection', 'answer a'],
  },
  {
    name: 'a namespace that is left twice',
    attack: seenAfter('1::/other', '0::/other', '0::/other'),
    stock: { gives: ['connection', '/other connection', '/other disconnect', '/other disconnect'] },
    ours: ['connection', '/other connection', '/other disconnect'],
  },
  {
    name: 'an event for a namespace that was left',
    attack: seenAfter('1::/other', '0::/other', '5::/other:{"name":"message"}'),
    stock: { gives: ['connection', '/other connection', '/other disconnect', '/other message'] },
    ours: ['connection', '/other connection', '/other disconnect'],
  },
  {
    name: 'an event for a namespace that the server has ended',
    attack: seenAfter('1::/other', '5::/other:{"name":"kick"}', '5::/other:{"name":"message"}'),
    stock: { gives: ['connection', '/other connection', '/other disconnect', '/other message'] },
    ours: ['connection', '/other connection', '/other disconnect'],
  },
  {
    // Each client of 0.9 does this if its page leaves a namespace and joins it again.
    name: 'a namespace that is left and joined again',
    attack: seenAfter('1::/other', '0::/other', '1::/other', '5::/other:{"name":"message"}'),
    stock: { gives: ['connection', '/other connection', '/other disconnect', '/other connection', '/other message', '/other message'] },
    ours: ['connection', '/other connection', '/other disconnect', '/other connection', '/other message'],
  },
  {
    name: 'a namespace that is joined twice while its authorization is asked',
    attack: async attacker => {
      const session = await attacker.session();
      await session.post(join(['1::/slow', '1::/slow']));
      await attacker.seenWhen(session.id, seen => times(seen, '/slow connection') > 0);
      await sleep(300); // a second connection would come now
      return times(await attacker.seen(session.id), '/slow connection');
    },
    stock: { gives: 2 },
    ours: 1,
  },
  {
    name: 'a session that ends while a namespace asks its authorization',
    attack: async attacker => {
      const session = await attacker.session();
      await session.post(join(['1::/slow', '0::']));
      await sleep(500);
      return attacker.seen(session.id);
    },
    stock: { gives: ['connection', 'disconnect', '/slow connection'] },
    ours: ['connection', 'disconnect'],
  },
  {
    name: 'a room that is called like a namespace',
    attack: async attacker => {
      const session = await attacker.session();
      await session.post('5:::{"name":"join","args":["other"]}');
      await session.post('5:::{"name":"news","args":["for /other only"]}');
      await session.post('5:1+::{"name":"message","args":["x"]}');
      return (await session.hear(packet => packet.startsWith('6:'))).filter(packet => packet.includes('only')).length;
    },
    stock: { gives: 1 },
    ours: 0,
  },
  ...['POST', 'PUT'].map((method): Case => ({
    // Stock 0.9 begins to wait for the next poll after the first poll. A client that never polls is
    // connected for good.
    name: `a session that begins with a ${method}, and never polls`,
    // On a busy machine, the client that was there before may be between two polls for some
    // seconds.
    settings: { 'close timeout': 8, 'polling duration': 1 },
    attack: async attacker => {
      const session = new Session(attacker, await attacker.handshake());
      await attacker.send(session.path, { method, body: '2::' });
      // For a PUT, this server opens no session. If there were a session, it would end within the
      // close timeout.
      const patience = method === 'PUT' ? 10000 : Math.max(10000, attacker.patience);
      const seen = await attacker.seenWhen(session.id, all => all.includes('disconnect'), patience);
      return times(seen, 'connection') - times(seen, 'disconnect');
    },
    stock: { gives: 1 },
    ours: 0,
  })),
];

/** Requests that make the memory of stock 0.9 grow, until none is left. */
const growth: Case[] = [
  {
    name: '10,000 polls of sessions that are not there',
    attack: async attacker => await attacker.growth(async () => {
      let polls = '';
      for (let i = 10000; i < 20000; i++) polls += `GET ${resource}/1/xhr-polling/aaaaaaaaaaaaaaa${i} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      const socket = await attacker.connection(polls);
      // The server answers all polls. On a busy machine this takes some seconds.
      await attacker.receive(socket, 'HTTP/1.1 ', 10000, 60000);
      socket.destroy();
    }) > 1e6,
    stock: { gives: true },
    ours: false,
  },
  {
    name: '50 versions of the client script',
    attack: async attacker => await attacker.growth(async () => {
      for (let i = 0; i < 50; i++) await attacker.send(`/socket.io.v${i}.js`);
    }) > 1.5e6,
    stock: { gives: true },
    ours: false,
  },
];

export const wrong: Case[] = [...answers, ...handlers, ...growth];
