import type net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { Attacker, frame, WEBSOCKET } from './attacker';
import type { Case } from './case';

const NOBODY = 'aaaaaaaaaaaaaaaaaaaa';
const MESSAGE = '5:::{"name":"message","args":["x"]}';
const text = (packet: string) => frame(0x81, packet);
const PING = Buffer.from([0x89, 0]);
const version = (value: string) => ({ ...WEBSOCKET, 'Sec-WebSocket-Version': value });

/** @returns an attack that does something to an open WebSocket, and waits 200 ms for the effect */
const to = (does: (socket: net.Socket, attacker: Attacker, id: string) => unknown, headers?: object) => async (attacker: Attacker) => {
  const id = await attacker.handshake();
  await does(await attacker.websocket(id, headers), attacker, id);
  await sleep(200);
};

/** Attacks that work on stock 0.9 where WebSockets are on. */
export const websocket: Case[] = ([
  // In stock 0.9, the versions of the protocol are properties of a plain object.
  ...['__proto__', 'constructor'].map((value): Case => ({
    name: `an upgrade for version ${value}`,
    attack: async attacker => (await attacker.receive(await attacker.upgrade(`${resource}/1/websocket/${NOBODY}`, version(value)), '\r\n\r\n')).split('\r\n')[0],
    stock: { dies: /is not a constructor|transport\.error is not a function/ },
    ours: /^HTTP\/1\.1 4\d\d /,
  })),
  {
    name: 'a plain GET of version constructor',
    attack: attacker => attacker.send(`/1/websocket/${NOBODY}`, { headers: { 'sec-websocket-version': 'constructor' } }),
    stock: { dies: /transport\.error is not a function/ },
    ours: /^400 .+$/,
  },

  // Stock 0.9 writes to a socket that it has ended, and no longer listens for the errors of this
  // socket.
  {
    name: 'a ping after the end of the session',
    attack: to(socket => { socket.write(Buffer.concat([text('0::'), PING])); }),
    stock: { dies: /ERR_STREAM_WRITE_AFTER_END/ },
  },
  {
    name: 'a ping of version 8 with reserved bits',
    attack: to(socket => { socket.write(Buffer.from([0xf9, 0])); }, version('8')),
    stock: { dies: /ERR_STREAM_WRITE_AFTER_END/ },
  },
  ...[['the end of the session', text('0::')], ['a close frame', frame(0x88, '')], ['a bad frame', frame(0x83, '')]].map(([what, bytes]): Case => ({
    name: `a reset after ${what as string}`,
    attack: to(async socket => {
      socket.write(bytes!);
      await sleep(200);
      socket.resetAndDestroy();
    }),
    stock: { dies: /ECONNRESET/ },
  })),
  {
    name: 'a reset of a WebSocket that was followed by another one of its session',
    attack: to(async (socket, attacker, id) => {
      await attacker.websocket(id);
      await sleep(200);
      socket.resetAndDestroy();
    }),
    stock: { dies: /ECONNRESET/ },
  },
  {
    // The parser of stock 0.9 calls itself for each frame of a piece. A page that sends 1,000
    // messages at once is enough to end the process.
    name: '5,000 heartbeats in one piece',
    attack: to(socket => { socket.write(Buffer.concat(Array<Buffer>(5000).fill(text('2::')))); }),
    stock: { dies: /RangeError: Maximum call stack/ },
  },
  {
    name: 'an event for the namespace __proto__, in a frame',
    attack: to(socket => { socket.write(text('5::__proto__:{"name":"x"}')); }),
    stock: { dies: /handlePacket is not a function/ },
  },

  {
    name: 'a plain GET of a WebSocket',
    attack: attacker => attacker.send(`/1/websocket/${NOBODY}`),
    stock: { gives: 'cut' },
    ours: /^400 .+$/,
  },
  {
    name: 'a POST to a WebSocket',
    attack: attacker => attacker.send(`/1/websocket/${NOBODY}`, { method: 'POST', body: MESSAGE }),
    stock: { gives: 'silence' },
    ours: /^40[05] .+$/,
  },
  {
    name: 'a ping',
    attack: async attacker => {
      const socket = await attacker.websocket(await attacker.handshake());
      socket.write(frame(0x89, 'x'));
      const answer = await attacker.receive(socket, '\x8a');
      return Buffer.from(answer.slice(answer.search(/\xc2?\x8a/)), 'latin1').toString('hex');
    },
    stock: { gives: 'c28a00' }, // 8a as UTF-8 is c28a: a browser ends the connection
    ours: '8a0178',
  },
  {
    name: 'a message that comes along with the upgrade',
    attack: async attacker => {
      const id = await attacker.handshake();
      await attacker.websocket(id, WEBSOCKET, text(MESSAGE));
      await sleep(200);
      return attacker.seen(id);
    },
    stock: { gives: ['connection'] },
    ours: ['connection', 'message'],
  },
  {
    // The length 65,536 needs three bytes. Stock 0.9 writes only the last two of them, which are 0.
    name: 'an answer of 65,536 bytes',
    attack: async attacker => {
      const socket = await attacker.websocket(await attacker.handshake());
      socket.write(text(`5:1+::{"name":"message","args":["${'x'.repeat(65536 - '6:::1+[""]'.length)}"]}`));
      const answer = await attacker.receive(socket, '6:::1+');
      return Buffer.from(/\x81([\x7e\x7f].+)6:::1/s.exec(answer)![1]!, 'latin1').toString('hex');
    },
    stock: { gives: '7e0000' },
    ours: '7f0000000000010000',
  },
  {
    // In stock 0.9, 'destroy buffer size' limits one message over xhr-polling. On a WebSocket, it
    // limits all messages together.
    name: '20 messages of 60 KB, with a limit of 1 MB for one',
    options: { 'destroy buffer size': 1000001 },
    attack: async attacker => {
      const id = await attacker.handshake();
      const socket = await attacker.websocket(id);
      for (let i = 0; i < 20; i++) {
        socket.write(text(`5:::{"name":"message","args":["${'x'.repeat(60000)}"]}`));
        await sleep(10);
      }
      await sleep(200);
      return (await attacker.seen(id)).includes('disconnect');
    },
    stock: { gives: true },
    ours: false,
  },
  {
    name: '5 frames that announce 99 MB and do not bring them',
    attack: async attacker => await attacker.growth(async () => {
      for (let i = 0; i < 5; i++) {
        const socket = await attacker.websocket(await attacker.handshake());
        socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 5, 0xf0, 0, 0, 1, 2, 3, 4]));
      }
      await sleep(200);
    }) > 1e8,
    stock: { gives: true },
    ours: false,
  },
] as Case[]).map(one => ({ ...one, websocket: true }));
