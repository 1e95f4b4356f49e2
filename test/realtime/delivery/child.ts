import { fork } from 'node:child_process';
import type { TestContext } from 'node:test';

/** Clients in a process of their own. */
export interface Clients<Report> {
  pid: number;
  /** Stops the sending, waits until all has arrived, and gives what each client reports. */
  finish: () => Promise<Report[]>;
}

/** Starts them, and waits until all are connected, for 300 s at most. They are gone when the test ends. */
export async function forkClients<Report>(t: TestContext, script: string, args: number[]): Promise<Clients<Report>> {
  const child = fork(script, args.map(String));
  t.after(() => { child.kill('SIGKILL'); });
  /** The next that they have to say. */
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
