import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';

/** What goes between a process and Redis: its commands, their answers, or what it reads of the bus. */
type What = 'commands' | 'answers' | 'bus';

export interface Between {
  /** Where a process finds Redis. */
  url: string;
  /**
   * From now on commands do not arrive, or their answers or what the bus says do not.
   * @param behind answers are held from the one on to a command with this text in it
   */
  hold: (what: What, behind?: string) => void;
  /** What was held goes on, in order. */
  release: () => void;
  /** From now on all that goes through takes at most so long, or what the bus says does, ms. */
  delay: (most: number, what?: 'bus') => void;
  /** All connections are cut: what was held is lost. */
  cut: () => void;
}

/**
 * Stands between a process and Redis, and lets things happen late, in order for each connection: whatever can happen between two commands
 * then does.
 * @param most how long what goes through takes at most, each way, ms; each time another while
 */
export async function standBetween(t: TestContext, port: number, most = 0): Promise<Between> {
  let held: What | null = null;
  let text = '';
  let mostOfBus = most;
  let goOn = () => {};
  let released = Promise.resolve();
  const sockets = new Set<net.Socket>();
  const server = net.createServer(near => {
    const far = net.connect(port, '127.0.0.1');
    sockets.add(near);
    near.on('close', () => sockets.delete(near));
    let what: What = 'commands';
    pass(near, far, data => {
      if (/\bxread\b/i.test(String(data))) what = 'bus';
      if (what === 'commands' && text !== '' && data.includes(text)) text = '';
      return what === 'commands' && held === 'commands';
    }, () => most);
    const longest = () => what === 'bus' ? mostOfBus : most;
    pass(far, near, () => text === '' && held === (what === 'bus' ? 'bus' : 'answers'), longest);
  });

  function pass(
    from: net.Socket, to: net.Socket, isHeld: (data: Buffer) => boolean, longest: () => number,
  ): void {
    let before: Promise<unknown> = Promise.resolve();
    from.on('data', data => {
      const late = [sleep(Math.random() * longest()), ...isHeld(data) ? [released] : []];
      before = Promise.all([before, ...late]).then(() => { if (!to.destroyed) to.write(data); });
    });
    from.on('error', () => to.destroy()).on('close', () => to.destroy());
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  t.after(() => { server.close(); });
  return {
    url: `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    hold: (what, behind = '') => {
      held = what;
      text = behind;
      released = new Promise(resolve => { goOn = resolve; });
    },
    release: () => {
      held = null;
      text = '';
      goOn();
    },
    delay: (longest, what) => {
      mostOfBus = longest;
      if (what !== 'bus') most = longest;
    },
    cut: () => {
      for (const near of sockets) near.destroy();
    },
  };
}
