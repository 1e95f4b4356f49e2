/*
 * Clients that poll over kept connections. Each has connections of its own, or all share one pool,
 * as with iisnode.
 */
import http from 'node:http';
import type net from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { split } from '../../support/raw';
import { resource } from '../../support/template';

export interface Counts { clients: number; sent: number; lost: number; doubled: number; cut: number; slowest: number }

/** The time that iisnode keeps an unused connection, ms (maxNamedPipePooledConnectionAge). */
const KEPT = 30000;

/** A pool of connections. Each carries one request after the other. */
class Pool {
  /** How many connections the server has cut while they carried a request. */
  cut = 0;
  private idle: { socket: net.Socket; since: number }[] = [];
  /** The connections that carry a request. The server may close the others after a while. */
  private readonly busy = new Set<net.Socket>();

  constructor(private readonly open: () => Promise<net.Socket>) {}

  async request(path: string, body?: string): Promise<{ status: number; text: string }> {
    const socket = await this.connect();
    return await new Promise(resolve => {
      const done = (status: number, text: string) => resolve({ status, text });
      const method = body === undefined ? 'GET' : 'POST';
      const headers = { Connection: 'keep-alive' }; // without an agent, node would send "close"
      const req = http.request({ method, path, headers, createConnection: () => socket });
      req.shouldKeepAlive = true;
      // The connection is free when the whole request is sent and the whole answer has come.
      let open = 2;
      const close = () => {
        open -= 1;
        if (open > 0) return;
        this.busy.delete(socket);
        if (!socket.destroyed) this.idle.push({ socket, since: performance.now() });
      };
      req.once('finish', close);
      req.once('response', res => {
        let text = '';
        res.setEncoding('utf8').on('data', data => text += String(data));
        res.once('end', () => {
          close();
          done(res.statusCode!, text);
        });
        res.once('error', () => done(0, ''));
      }).once('error', () => done(0, '')).end(body);
    });
  }

  private async connect(): Promise<net.Socket> {
    for (let one; (one = this.idle.pop());) {
      if (performance.now() - one.since < KEPT && !one.socket.destroyed) {
        this.busy.add(one.socket);
        return one.socket;
      }
      one.socket.destroy();
    }
    const socket = await this.open();
    this.busy.add(socket);
    socket.on('error', () => undefined).once('close', () => {
      if (this.busy.delete(socket)) this.cut += 1;
    });
    return socket;
  }

  end(): void {
    this.busy.clear();
    for (const { socket } of this.idle) socket.destroy();
  }
}

/**
 * Lets clients send numbers, and counts the numbers that come back. Half of the clients are plain
 * clients of 0.9. The others number their messages as public/realtime.js does.
 * @param open opens a connection to the server
 * @param shared whether all clients use the connections of one pool
 * @param rate how many messages a second all clients together send, if the machine is quick enough
 * @param seconds how long that takes: each client sends rate * seconds / clients messages
 */
export async function load(
  open: () => Promise<net.Socket>, shared: boolean, clients: number, rate: number, seconds: number,
): Promise<Counts & { wrong: string[] }> {
  const pools: Pool[] = [];
  const pool = () => {
    const one = new Pool(open);
    pools.push(one);
    return one;
  };
  const all = shared ? pool() : null;
  const counts: Counts = { clients, sent: 0, lost: 0, doubled: 0, cut: 0, slowest: 0 };
  let wrong: string[] = [];

  // The load begins when all clients are connected.
  let begin: () => void;
  const begun = new Promise<void>(resolve => begin = resolve);

  async function client(number: number, ready: () => void): Promise<void> {
    const numbered = number % 2 === 1;
    const own = all ?? pool();
    const { text } = await own.request(`${resource}/1/${numbered ? '?got=0&try=1' : ''}`);
    const path = `${resource}/1/xhr-polling/${text.split(':')[0]}`;
    let got = 0;
    let last = 0;
    let over = false;
    const heard = new Map<number, number>();
    const sentAt: number[] = [];
    const query = () => numbered ? `?got=${got}&try=1` : '?t=1';

    async function polling(): Promise<void> {
      while (!over) {
        const answer = await own.request(path + query());
        if (answer.status === 0) await sleep(100);
        for (const packet of split(answer.text)) take(packet);
      }
    }
    function take(packet: string): void {
      const [, id, data] = /^[56]:(\d*)::(.*)$/.exec(packet) ?? [];
      if (data === undefined || (numbered && id === '')) return;
      if (numbered && Number(id) <= got) return; // sent again, as the server has to do
      if (numbered) got = Number(id);
      if (packet.startsWith('6')) {
        wrong = (JSON.parse(data.slice(data.indexOf('+') + 1)) as [string[]])[0];
        over = true;
        return;
      }
      const n = (JSON.parse(data) as { args: [number] }).args[0];
      heard.set(n, (heard.get(n) ?? 0) + 1);
      counts.slowest = Math.max(counts.slowest, performance.now() - sentAt[n]!);
    }
    async function send(name: string, args: unknown[], ack = ''): Promise<void> {
      last += 1;
      const id = numbered || ack ? `${last}${ack}` : '';
      const body = `5:${id}::${JSON.stringify(args.length > 0 ? { name, args } : { name })}`;
      // If the connection is cut, only a numbered message can be sent again: its number tells the
      // server whether it has come before.
      while ((await own.request(path + query(), body)).status === 0 && numbered) await sleep(100);
    }

    for (const packet of split((await own.request(path + query())).text)) take(packet);
    const end = polling();
    ready();
    await begun;
    const every = 1000 * clients / rate;
    await sleep(every * number / clients);
    // Each client sends all its messages. On a slow machine that takes longer.
    for (let i = 0; i < Math.round(seconds * rate / clients); i++) {
      const next = performance.now() + every;
      sentAt[last + 1] = performance.now();
      counts.sent += 1;
      await send('n', [last + 1]);
      await sleep(Math.max(0, next - performance.now()));
    }
    const sent = last;
    // If nothing comes for a minute, the missing messages are lost.
    for (let idle = 0, before = heard.size; heard.size < sent && idle < 60000; idle += 50) {
      await sleep(50);
      if (heard.size > before) idle = 0;
      before = heard.size;
    }
    counts.lost += sent - heard.size;
    for (const times of heard.values()) counts.doubled += times - 1;
    // The acknowledgement of this message is the last packet that the polls bring.
    await send('wrong', [], '+');
    await Promise.race([end, sleep(60000)]);
    over = true;
  }

  const ends: Promise<void>[] = [];
  for (let number = 0; number < clients; number++) {
    await new Promise<void>((resolve, reject) => {
      const end = client(number, resolve);
      end.catch(reject);
      ends.push(end);
    });
  }
  begin!();
  await Promise.all(ends);
  counts.cut = pools.reduce((sum, one) => sum + one.cut, 0);
  for (const one of pools) one.end();
  counts.slowest = Math.round(counts.slowest);
  return { ...counts, wrong };
}
