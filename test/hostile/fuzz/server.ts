import { ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { deployApplication } from '../../support/application';
import { until } from '../../support/wait';

export interface Measured {
  port: number;
  process: ChildProcess;
  /** The last 20,000 letters that the server wrote. */
  output: () => string;
  /** How many lines the server wrote. */
  lines: () => number;
  /** The exit code and the signal, or undefined while the server runs. */
  ended: () => string | undefined;
  /** @returns how much memory the server holds after all garbage is collected */
  memory: () => Promise<NodeJS.MemoryUsage>;
}

/**
 * Starts the server with the application of the tests, in a process that tells how much memory it
 * holds. The server ends with the test.
 */
export async function startMeasured(t: TestContext, env: Record<string, string>): Promise<Measured> {
  const system = process.env.SystemRoot ? { SystemRoot: process.env.SystemRoot } : {};
  const child = fork(path.join(__dirname, 'host.js'), [deployApplication(t)], { execArgv: ['--expose-gc'], env: { ...system, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  let lines = 0;
  let ended: string | undefined;
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (data: string) => {
      lines += data.split('\n').length - 1;
      text = (text + data).slice(-20000);
    });
  }
  child.on('close', (code, signal) => ended = `exit code ${code}, signal ${signal}`);
  const port = await until(() => {
    if (ended) throw new Error(`the server ended: ${text}`);
    return Number(/listening on http:\/\/localhost:(\d+)/.exec(text)?.[1]);
  }, 'the server to listen');
  return {
    port,
    process: child,
    output: () => text,
    lines: () => lines,
    ended: () => ended,
    memory: async () => {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(60000) });
      child.send('memory');
      return (await answer)[0] as NodeJS.MemoryUsage;
    },
  };
}
