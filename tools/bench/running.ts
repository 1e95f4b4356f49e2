/* Starts and stops servers. */
import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from './paths';
import { freePort } from '../free-port';
import type { Question, Readings } from './probe';
import type { Kind } from './servers';

/** A server that runs. */
export interface Running {
  kind: Kind;
  port: number;
  /** The time from the start of the process until it accepted a connection, ms. */
  started: number;
  /** Asks the probe in the server's process (probe.ts), or .NET's server over HTTP. */
  ask: (question: Question) => Promise<Readings>;
  /** Says whether the process has ended by itself. */
  died: () => boolean;
  stop: () => Promise<void>;
}

/**
 * Starts a server in a process of its own. Its output goes to a file in build/.
 * @param probed whether the server has the probe, which answers questions for readings
 * @throws Error with the end of the output, if the server does not listen within 10 s
 */
export async function startServer(kind: Kind, probed = true): Promise<Running> {
  const port = await freePort();
  const log = path.join(build, `bench-${kind.name}.log`);
  const out = openSync(log, 'w');
  const env = { ...process.env, REDIS_URL: '', PORT: String(port), ...kind.env };
  const { program } = kind;
  const probe = probed && !program ? ['-r', path.join(__dirname, 'probe.js')] : [];
  const channel = probed && !program ? ['ipc' as const] : [];
  const before = performance.now();
  const child = spawn(program ?? process.execPath, [...probe, ...kind.script], {
    env, stdio: ['ignore', out, out, ...channel],
  });
  closeSync(out);
  const end = () => child.kill(kind.signal ?? 'SIGKILL');
  process.once('exit', end);
  while (!await accepts(port)) {
    if (child.exitCode === null && performance.now() - before < 10000) continue;
    end();
    throw new Error(`${kind.name} did not start: ${readFileSync(log, 'utf8').slice(-2000)}`);
  }
  const started = performance.now() - before;
  // .NET compiles the answer at the first question, so this question must come before the load.
  if (probed && program) await askOverHttp(port, 'cpu');
  return {
    kind,
    port,
    started,
    ask: question => program ? askOverHttp(port, question) : ask(child, question),
    died: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      process.off('exit', end);
      const gone = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null && end()) await gone;
    },
  };
}

async function ask(child: ChildProcess, question: Question): Promise<Readings> {
  child.send(question);
  const answer = await once(child, 'message', { signal: AbortSignal.timeout(30000) });
  return (answer as [Readings])[0];
}

/** Asks SignalR's server, which knows no profiles and no event loop. */
async function askOverHttp(port: number, question: Question): Promise<Readings> {
  const collect = String(question === 'memory');
  const answer = await fetch(`http://127.0.0.1:${port}/readings?collect=${collect}`, {
    signal: AbortSignal.timeout(30000),
  });
  return { ...await answer.json() as Omit<Readings, 'turn'>, turn: NaN };
}

/** Says whether a server accepts connections. If not, the answer comes after a millisecond. */
async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const accepted = await new Promise<boolean>(resolve => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });
  socket.destroy();
  if (!accepted) await sleep(1);
  return accepted;
}
