/*
 * Clients with bad intent make a server hold as much as they can. Each case sends several times as
 * much as its settings allow the server to hold.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { fill, frame, many, open, openWebSocket, shake, Target, upgrade } from './target';

type Attack = (target: Target) => Promise<void>;

export interface Case {
  settings: Record<string, string>;
  /** How many bytes the server may hold with these settings. */
  allowed: number;
  /**
   * How many connections may be open after an attack. The connections of answered requests do not
   * count.
   */
  connections: number;
  /** The attacks run one after the other. */
  attacks: Record<string, Attack>;
}

/** The most bytes of headers that node takes: --max-http-header-size. */
const HEADERS = 32768;
/** For all clients together, this many times MAX_WAITING_BYTES may wait. */
const TOGETHER = 256;
/** How many bodies the server may receive at a time. */
const BODIES = 2000;

/** Ways to send some 31 KB of headers or of a query, at a cost for the server. */
const WAYS: Record<string, (n: number) => { headers?: string[]; query?: string }> = {
  'headers of one letter': n => ({
    headers: pairs(3300, i => [`${n}x${i}`, 'b']),
  }),
  'long headers': n => ({
    headers: pairs(100, i => [`h${i}`, `${n} ${'v'.repeat(290)}`]),
  }),
  'one header many times': n => ({
    headers: pairs(3400, i => ['x', `${n % 10}${i}`]),
  }),
  'a long query': n => ({ query: `?a=${n}${'v'.repeat(30000)}` }),
  'a long query of escapes': n => ({ query: `?a=${n}${'%C4%80'.repeat(5000)}` }),
  'a query of 200 parts': n => ({
    query: `?${pairs(199, i => [`${n}q${i}=`, 'v'.repeat(140)]).join('').replace(/v(?=\d)/g, 'v&')}`,
  }),
};

/** These ways take the most memory in a server that does nothing about them. */
const QUICK = ['headers of one letter', 'a query of 200 parts'];

function pairs(count: number, make: (i: number) => [string, string]): string[] {
  return Array.from({ length: count }, (_, i) => make(i)).flat();
}

/**
 * How much a case sends: just enough to show each fault, several times that, or so much that it
 * takes minutes.
 */
export type Size = 'small' | 'usual' | 'large';

export function cases(size: Size): Record<string, Case> {
  const by = <T>(small: T, usual: T, large: T) => ({ small, usual, large })[size];
  return {
    'bodies in chunks of one byte': chunks(by(60000, 60000, 80000), by(6, 100, 100)),
    'many bodies': bodies(by(300, 300, 2000)),
    'handshakes that nobody uses': by(handshakes(200, QUICK.slice(1)), handshakes(400), handshakes(2000)),
    'sessions of clients that are away': by(sessions(200, QUICK.slice(0, 1)), sessions(400, QUICK), sessions(2000)),
    'messages that wait, answers that nobody reads': by(waiting(0.4, 8000), waiting(0.4), waiting(2.5)),
    'messages over WebSockets that do not end': by(unended(500, 5), unended(500), unended(1500)),
    'upgrades that are refused': upgrades(by(250, 250, 1000)),
  };
}

/**
 * @param most the most bytes that a body may have
 * @param clients how many clients send a body
 */
function chunks(most: number, clients: number): Case {
  const head = 'HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
  const tenth = '1\r\nx\r\n'.repeat(most / 10);

  async function attack(target: Target): Promise<void> {
    const at = await open(target);
    const sockets = Array.from({ length: clients }, () => target.connect().resume());
    for (const socket of sockets) socket.write(`POST ${at} ${head}`);
    // The sockets take turns, so that the pieces that the server reads together belong to several
    // bodies. No body comes to its end.
    for (let i = 0; i < 9; i++) {
      await Promise.all(sockets.map(socket => new Promise<unknown>(resolve => {
        if (socket.destroyed) resolve(null);
        else socket.once('close', resolve).write(tenth, resolve);
      })));
    }
    await sleep(2000); // the system has taken all bytes, but the server may not have read all yet
  }

  const settings = { MAX_MESSAGE_BYTES: String(most) };
  return { settings, allowed: 64 * most, connections: clients, attacks: { chunks: attack } };
}

/** @param more how many bodies are sent beyond BODIES */
function bodies(more: number): Case {
  const head = 'HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n';

  async function attack(target: Target): Promise<void> {
    const request = `POST ${await open(target)} ${head}${'x'.repeat(50000)}`;
    await many(BODIES + more, 100, () => new Promise<unknown>(resolve => {
      target.connect().resume().once('close', resolve).write(request, resolve);
    }));
  }

  const most = 300000;
  const settings = { MAX_MESSAGE_BYTES: String(most) };
  return { settings, allowed: 64 * most, connections: BODIES, attacks: { bodies: attack } };
}

/**
 * @param most how many unused handshakes there may be
 * @param ways the names of the WAYS that are tried
 */
function handshakes(most: number, ways = Object.keys(WAYS)): Case {
  const settings = { MAX_HANDSHAKES: String(most), MAX_CLIENTS: '100000' };
  const attacks = ways.map((name): [string, Attack] => [
    name,
    target => many(most * 1.2, 20, n => {
      const { headers, query } = WAYS[name]!(n);
      return shake(target, query, headers);
    }),
  ]);
  return {
    settings, allowed: most * HEADERS, connections: 0, attacks: Object.fromEntries(attacks),
  };
}

/**
 * @param most how many sessions there may be
 * @param ways the names of the WAYS that are tried
 */
function sessions(most: number, ways = Object.keys(WAYS)): Case {
  const attacks = ways.map((name): [string, Attack] => [
    name,
    async target => {
      const way = WAYS[name]!;
      const paths: string[] = [];
      await many(most, 20, async n => {
        const { headers, query } = way(n);
        const path = `${resource}/1/xhr-polling/${await shake(target, query, headers)}`;
        paths.push(path);
        await target.request(path);
      });
      assert.equal((await target.request(`${resource}/1/`)).status, 503);
      await sleep(1000);
      await many(most, 20, n => target.request(paths[n]!, '0::'));
    },
  ]);
  const settings = { MAX_CLIENTS: String(most) };
  return {
    settings, allowed: most * HEADERS, connections: 0, attacks: Object.fromEntries(attacks),
  };
}

/**
 * @param factor how large all numbers of the case are
 * @param short how many short messages wait for each client
 */
function waiting(factor: number, short = 20000): Case {
  const most = 100000 * factor;
  const clients = 150 * factor;
  const attack = (act: (target: Target) => Promise<unknown>): Attack => {
    return target => many(clients, 5, () => act(target));
  };
  const poll = (at: string) => `GET ${at} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const numbered = '?got=0&try=1';
  return {
    settings: {
      MAX_WAITING_BYTES: String(most),
      MAX_HANDSHAKES: '2000',
      TRANSPORTS: 'websocket,xhr-polling',
    },
    allowed: TOGETHER * most,
    connections: 4 * clients,
    attacks: {
      'messages for plain clients': attack(async target => {
        await target.request(await open(target), fill(10, 100000));
      }),
      'small messages for plain clients': attack(async target => {
        await target.request(await open(target), fill(short, 10));
      }),
      'messages for clients that number them': attack(async target => {
        await target.request(await open(target, numbered), fill(10, 100000, '1'));
      }),
      'small messages for clients that number them': attack(async target => {
        await target.request(await open(target, numbered), fill(short, 10, '1'));
      }),
      'messages for WebSockets': attack(async target => {
        const send = await openWebSocket(target);
        for (let i = 0; i < 3; i++) {
          send(fill(1, 400000));
          await sleep(20);
        }
      }),
      'answers that nobody reads': attack(async target => {
        const at = await open(target);
        for (let n = 0; n < 2; n++) {
          target.connect().pause().write(poll(at));
          await target.request(at, fill(1, 500000));
        }
      }),
      'answers on one connection that nobody reads': attack(async target => {
        const at = await open(target);
        const socket = target.connect().pause();
        for (let n = 0; n < 10; n++) {
          socket.write(poll(at));
          await target.request(at, fill(1, 100000));
        }
      }),
    },
  };
}

/**
 * @param clients how many clients there are
 * @param slow how many of them send a message in frames of one letter
 */
function unended(clients: number, slow = clients / 50): Case {
  const most = 200000;
  const TEXT = 1;
  const MORE = 0;
  const PONG = 10;
  // The first 9 tenths of a message.
  const part = frame(TEXT, 'x'.repeat(most), true).subarray(0, most * 0.9);
  // A frame that brings one byte of a message holds all bytes that the server read together with
  // it.
  const pongs = Buffer.concat(Array.from({ length: 500 }, () => frame(PONG, 'x'.repeat(120), true)));
  const letters = (first: number) => Buffer.concat([frame(first, '5', false), pongs]);
  const attack = (count: number, texts: Buffer[]): Attack => target => many(count, 20, async () => {
    const socket = await upgrade(target);
    socket.resume();
    for (const text of texts) {
      await new Promise<unknown>(resolve => socket.once('close', resolve).write(text, resolve));
    }
  });
  return {
    settings: { MAX_MESSAGE_BYTES: String(most), TRANSPORTS: 'websocket,xhr-polling' },
    allowed: 64 * most,
    connections: clients,
    attacks: {
      'large messages': attack(clients, [part]),
      'letters among other frames': attack(slow, [
        letters(TEXT), ...Array.from({ length: 250 }, () => letters(MORE)),
      ]),
    },
  };
}

/** @param count how many upgrades of each kind are sent */
function upgrades(count: number): Case {
  const lines = [
    `GET ${resource}/1/websocket/1 HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade',
    'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${'x'.repeat(22)}==`,
  ];
  const attack = (origin: string): Attack => {
    const text = [...lines, `Origin: ${origin}`, '', ''].join('\r\n');
    return target => many(count, 50, () => new Promise<unknown>(resolve => {
      target.connect().once('data', resolve).once('close', resolve).write(text);
    }));
  };
  return {
    settings: { TRANSPORTS: 'websocket,xhr-polling' },
    allowed: 0,
    connections: 0,
    attacks: {
      'of no session': attack('http://localhost'),
      'from another origin': attack('http://stranger.example'),
    },
  };
}
