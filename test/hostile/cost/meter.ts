/* Measures what a request costs the server, beside a server that does nothing with it but read it and parse its JSON. */
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import net, { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocketServer } from 'ws';
import { serve } from '../../support/raw';
import { request } from '../../support/request';
import { resource } from '../../support/template';
import { PLACES, prepare, Recipe } from './recipes';

export interface Cost {
  bytes: number;
  /** Processor time, ms: the least of several runs, which is what other work of the machine adds least to. */
  ours: number;
  floor: number;
  /** What ours takes beyond the floor. */
  above: number;
  /** How much of what is allowed it takes: more than 1 is too much. */
  share: number;
}

/**
 * What may be added to the floor, ms: for a request, and for each megabyte of it. Of many small frames
 * each is a message to be handled: they may cost a few times what a bare server of the same ws takes.
 */
export const EACH = 5;
const MEGABYTE = 20;
const TIMES_MANY = 3;
/** How many runs there are before one is believed: a floor that was disturbed makes ours look cheap. */
const FEWEST = 3;

/** How long the work of `calibrate` takes where those figures were chosen, ms. */
const USUAL = 18;

export interface Meter {
  /**
   * Sends it several times, until it is cheap enough for `enough`.
   * @param most how often at most
   */
  measure: (recipe: Recipe, bytes: number, most: number, enough?: (cost: Cost) => boolean) => Promise<Cost>;
}

/** Both servers run in this process, so that its processor time is theirs. */
export function createMeter(t: TestContext): Meter {
  const { port } = serve(t, io => {
    io.of('/n');
    io.sockets.on('connection', socket => {
      socket.on('x', () => undefined).on('message', () => undefined);
    });
  }, {
    TRANSPORTS: 'websocket,xhr-polling',
    ALLOWED_ORIGINS: 'https://www.example.com,http://localhost:8080',
    IISNODE_VERSION: '0.2.26',
    MAX_CLIENTS: '1000000',
  });
  const floorPort = startFloor(t);
  // A slower processor may take as much longer as it takes for anything else.
  const slower = Math.max(1, calibrate() / USUAL);

  /** @returns what it takes of the processor, ms, and how many bytes were sent */
  async function once(
    to: number, write: (id: string) => Buffer, overWebSocket: boolean,
  ): Promise<{ ms: number; bytes: number }> {
    // Each has a session of its own: what was sent before may have ended the last one.
    const id = (await request({ port, path: `${resource}/1/` })).text.split(':')[0]!;
    const sent = write(id);
    const socket = net.connect(to, '127.0.0.1').on('error', () => undefined);
    if (overWebSocket) await open(socket, id);
    const before = process.cpuUsage();
    await exchange(socket, sent, overWebSocket);
    const { user, system } = process.cpuUsage(before);
    socket.destroy();
    return { ms: (user + system) / 1000, bytes: sent.length };
  }

  return {
    async measure(recipe, bytes, most, enough = () => false) {
      const { webSocket = false, many = false } = PLACES[recipe.place]!;
      const write = prepare(recipe, bytes);
      const cost: Cost = { bytes: 0, ours: Infinity, floor: Infinity, above: Infinity, share: Infinity };
      for (let run = 0; run < most && !(run >= FEWEST && enough(cost)); run++) {
        const ours = await once(port, write, webSocket);
        const floor = await once(floorPort, write, webSocket);
        cost.bytes = ours.bytes;
        cost.ours = Math.min(cost.ours, ours.ms);
        cost.floor = Math.min(cost.floor, floor.ms);
        cost.above = cost.ours - cost.floor;
        const allowed = EACH + MEGABYTE * cost.bytes / 1e6 + (many ? TIMES_MANY * cost.floor : 0);
        cost.share = cost.above / (allowed * slower);
      }
      return cost;
    },
  };
}

/** How long a megabyte of JSON takes, ms: what tells processors from each other here. */
function calibrate(): number {
  const text = `[${'[],'.repeat(330000)}1]`;
  let least = Infinity;
  for (let run = 0; run < 8; run++) {
    const before = process.cpuUsage();
    JSON.parse(text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** The floor: reads requests and messages, and parses what may be JSON in them. */
function startFloor(t: TestContext): number {
  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      parseAll(Buffer.concat(parts).toString());
      res.end('1');
    });
  }).listen(0);
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 1000000 });
  sockets.on('connection', socket => {
    socket.on('error', () => undefined);
    socket.on('message', data => parse((data as Buffer).toString()));
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
    sockets.clients.forEach(socket => socket.terminate());
  });
  return (server.address() as AddressInfo).port;
}

/** Each packet of a POST has JSON of its own. Errors have no stack here, as in the server. */
function parseAll(body: string): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  for (const packet of body.split(/\ufffd[0-9]+\ufffd/)) parse(packet);
  Error.stackTraceLimit = stackTraceLimit;
}

function parse(text: string): void {
  const start = text.search(/[[{]/);
  if (start < 0) return;
  try {
    JSON.parse(text.slice(start));
  } catch {
    // It is no JSON, or more than one.
  }
}

/** Opens a WebSocket. */
async function open(socket: net.Socket, id: string): Promise<void> {
  socket.write(`GET ${resource}/1/websocket/${id} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n` +
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  await new Promise<void>((resolve, reject) => {
    socket.once('data', data => {
      if (data.toString('latin1').startsWith('HTTP/1.1 101')) resolve();
      else reject(new Error(`no WebSocket: ${data.toString()}`));
    });
  });
}

/** Asks for the end, so that it is known when all before that has been read. */
const CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]);

/** Sends it, and waits for the answer: of a WebSocket its end, which a frame asks for. */
function exchange(socket: net.Socket, sent: Buffer, webSocket: boolean): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, 20000);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('close', done);
    socket.on('data', data => { if (!webSocket && data.includes('\r\n\r\n')) done(); });
    socket.write(webSocket ? Buffer.concat([sent, CLOSE]) : sent);
  });
}
