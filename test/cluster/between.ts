import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';

/**
 * Data between a process and Redis: its commands, their answers, the entries of the bus, or
 * everything.
 */
type What = 'commands' | 'answers' | 'bus' | 'all';

/** A time in which a living process got no answer to a commit from Redis, by Date.now. */
export interface Silence { from: number; to: number }

/** Shorter silences are not noted, ms. */
const SHORT = 1000;
/**
 * The beginning of the answer to a commit (commit.lua). Answers to other commands do not end a
 * silence. If a connection is cut again and again, such answers come, but no commit is answered.
 */
const COMMITTED = /\$4\r\n(done|lost)\r\n/;

export interface Between {
  /** The REDIS_URL for the process: the address of this proxy. */
  url: string;
  /**
   * Holds back the data that `what` names, from now on. Data that were held back before are sent on,
   * unless `what` is 'all'.
   * @param behind a text; if it is given, the first command that contains this text is the first
   * command whose answer is held back
   */
  hold: (what: What, behind?: string) => void;
  /** Sends on the data that were held back, in order. */
  release: () => void;
  /**
   * Sets the longest delay in each direction, ms.
   * @param what 'bus' if only the entries of the bus get this delay
   */
  delay: (most: number, what?: 'bus') => void;
  /** Cuts all connections. The data that were held back are lost. */
  cut: () => void;
  /** The times of more than a second in which the process waited for Redis and got no answer. */
  readonly silences: Silence[];
}

/**
 * Starts a proxy between a process and Redis. The proxy delays data, and keeps their order in each
 * connection. Because of the delays, other things can happen between two commands.
 * @param port the port of Redis
 * @param most the longest delay in each direction, ms; the proxy delays each piece of data by a
 * random time up to this delay
 */
export async function standBetween(t: TestContext, port: number, most = 0): Promise<Between> {
  let held: What | null = null;
  let text = '';
  let mostOfBus = most;
  let goOn = () => {};
  let released = Promise.resolve();
  const sockets = new Set<net.Socket>();
  const silences: Silence[] = [];
  /**
   * The time at which the process began to wait for an answer of Redis, by Date.now; null if the
   * process does not wait.
   */
  let silentSince: number | null = null;
  const waits = () => { silentSince ??= Date.now(); };
  const hears = () => {
    if (silentSince !== null && Date.now() - silentSince > SHORT) {
      silences.push({ from: silentSince, to: Date.now() });
    }
    silentSince = null;
  };
  const server = net.createServer(near => {
    const far = net.connect(port, '127.0.0.1');
    sockets.add(near);
    let isRedisGone = false;
    const lose = () => {
      isRedisGone = true;
      if (sockets.has(near)) waits();
    };
    far.on('error', lose).on('end', lose);
    near.on('close', () => {
      // If the process itself has closed its connection, the process has ended, and does not wait.
      if (sockets.delete(near) && !isRedisGone) silentSince = null;
    });
    let what: What = 'commands';
    pass(near, far, data => {
      if (/\bxread\b/i.test(String(data))) what = 'bus';
      if (what === 'commands' && text !== '' && data.includes(text)) text = '';
      if (/\bevalsha\b/i.test(String(data))) waits();
      return what === 'commands' && (held === 'commands' || held === 'all');
    }, () => most);
    const longest = () => what === 'bus' ? mostOfBus : most;
    pass(far, near, data => {
      if (COMMITTED.test(String(data))) hears();
      return text === '' && (held === 'all' || held === (what === 'bus' ? 'bus' : 'answers'));
    }, longest);
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
      const releaseEarlier = goOn;
      held = what;
      text = behind;
      released = new Promise(resolve => { goOn = resolve; });
      if (what !== 'all') return releaseEarlier();
      const releaseNew = goOn;
      goOn = () => {
        releaseEarlier();
        releaseNew();
      };
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
      sockets.clear();
      waits();
    },
    silences,
  };
}
