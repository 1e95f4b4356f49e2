/*
 * Measures how much a request costs this server and a bare server. The bare server only reads the
 * request and parses its JSON.
 */
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
  /**
   * Processor time of this server, in ms: the least of several runs, because other work of the
   * machine adds the least to the fastest run.
   */
  ours: number;
  floor: number;
  /** The time of this server beyond the floor, in ms. */
  above: number;
  /** The part of the allowed time that the request takes. More than 1 is too much. */
  share: number;
}

/**
 * A request may add EACH ms to the floor, and MEGABYTE ms for each of its megabytes. The server
 * handles each of many small frames as a message. So many small frames may also add TIMES_MANY
 * times the time of the floor, which is a bare server with the same ws.
 */
export const EACH = 5;
const MEGABYTE = 20;
const TIMES_MANY = 3;
/**
 * The least number of runs. If something disturbs the floor in a single run, this server looks
 * cheap.
 */
const FEWEST = 3;

/** How long calibrate() takes on the machine where these figures were chosen, in ms. */
const USUAL = 18;

export interface Meter {
  /**
   * Sends a recipe several times, until the cost is low enough for `enough`.
   * @param most how many times at most
   */
  measure: (recipe: Recipe, bytes: number, most: number, enough?: (cost: Cost) => boolean) => Promise<Cost>;
}

/** Makes a meter. Both servers run in this process, so that its processor time is theirs. */
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
  // On a slower processor, a request may take longer by the same factor as calibrate().
  const slower = Math.max(1, calibrate() / USUAL);

  /** @returns the processor time, in ms, and how many bytes were sent */
  async function once(
    to: number, write: (id: string) => Buffer, overWebSocket: boolean,
  ): Promise<{ ms: number; bytes: number }> {
    // Each run has a session of its own, because the bytes of the last run may have ended the last
    // session.
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

/** @returns how long this processor takes for a megabyte of JSON, in ms */
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

/**
 * Starts the floor, which reads requests and messages, and parses the JSON in them.
 * @returns its port
 */
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

/** Parses the JSON of each packet of a POST. Errors have no stack here, as in the server. */
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
    // The text is no JSON, or more than one value.
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

/** This frame asks for the end. When the end comes, the server has read all frames before. */
const CLOSE = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 0xe8]);

/**
 * Sends bytes, and waits for the answer. For a WebSocket, this is its end, for which CLOSE asks.
 */
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
