import { fork } from 'node:child_process';
import type { TestContext } from 'node:test';

/** Clients in a process of their own. */
export interface Clients<Report> {
  pid: number;
  /** Stops the sending, and waits until all has arrived. @returns the report of each client */
  finish: () => Promise<Report[]>;
}

/**
 * Starts clients in a process of their own, and waits until all are connected. The process ends
 * with the test.
 * @throws if the clients are not connected within 300 s, or if their process ends before
 */
export async function forkClients<Report>(t: TestContext, script: string, args: number[]): Promise<Clients<Report>> {
  const child = fork(script, args.map(String));
  t.after(() => { child.kill('SIGKILL'); });
  /** @returns the next message from the process of the clients */
  const told = () => new Promise<unknown>((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error('waited 300 s for the clients')), 300000);
    child.once('message', message => {
      clearTimeout(tooLong);
      resolve(message);
    });
    child.once('exit', () => {
      clearTimeout(tooLong);
      reject(new Error('the clients ended'));
    });
  });
  await told();
  return {
    pid: child.pid!,
    finish: () => {
      child.send('finish');
      return told() as Promise<Report[]>;
    },
  };
}
