/* The connection to Redis, by the redis package. The cluster has two: one for commands, one that waits for what comes over the bus. */
import { createHash } from 'crypto';
import type { Log } from '../logging';

/** What is used of the redis package, version 3. */
interface Client {
  on(event: string, handler: (...args: any[]) => void): this;
  send_command(name: string, args: (string | number)[], done: (error: Error | null, reply: unknown) => void): void;
  end(flush: boolean): void;
}
interface Retry { error: (Error & { code?: string }) | null }

/** How long a start waits for Redis, ms. */
const START = 5000;

/** A script that Redis runs as one command. */
export class Script {
  readonly hash: string;
  constructor(readonly text: string) {
    this.hash = createHash('sha1').update(text).digest('hex');
  }
}

/** A connection to Redis that comes back by itself. Commands fail while there is none: who needs them later keeps them. */
export class Redis {
  ready = false;
  private client: Client | null = null;
  private closed = false;

  /** @param scripts those that are run: there before any command, each time that the connection is */
  constructor(private readonly url: string, private readonly log: Log, private readonly scripts: Script[] = []) {}

  /**
   * Connects for the first time.
   * @param changed is called each time when the connection is there, or gone
   * @throws if there is none within 5 s; its message has no password in it
   */
  async open(changed: (ready: boolean) => void): Promise<void> {
    let reason = 'no answer';
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => fail(), START);
      const fail = () => {
        clearTimeout(late);
        this.close();
        reject(new Error(reason));
      };
      const gone = (error: Error & { code?: string } | null) => {
        // The code only: the rest may have the command in it, which may be AUTH.
        if (error) reason = error.code || error.message;
        if (!this.ready) return;
        this.ready = false;
        this.log.error('Redis is gone:', reason);
        changed(false);
      };
      // Not at the top: one process does without.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const { createClient } = require('redis') as { createClient: (url: string, options: object) => Client };
      this.client = createClient(this.url, {
        enable_offline_queue: false,
        retry_strategy: ({ error }: Retry) => {
          gone(error);
          return this.closed ? undefined : 200;
        },
      });
      this.client.on('error', (error: Error & { code?: string }) => {
        gone(error);
        // A password that is wrong will not become right.
        if (/^(ERR|WRONGPASS|NOAUTH|NOPERM|ENOTFOUND)/.test(error.code || '')) fail();
      });
      this.client.on('end', () => gone(null));
      this.client.on('ready', () => {
        clearTimeout(late);
        const first = !this.ready;
        this.ready = true;
        // One that came with its text when Redis had answered that it is not there would come later than those behind it.
        for (const { text } of this.scripts) void this.call('script', 'load', text).catch(() => undefined);
        resolve();
        if (first) changed(true);
      });
    });
  }

  call(name: string, ...args: (string | number)[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.client || !this.ready) reject(new Error('no connection to Redis'));
      else this.client.send_command(name, args, (error, reply) => { if (error) reject(error); else resolve(reply); });
    });
  }

  async run(script: Script, args: (string | number)[]): Promise<unknown> {
    try {
      return await this.call('evalsha', script.hash, 0, ...args);
    } catch (error) {
      if ((error as { code?: string }).code !== 'NOSCRIPT') throw error;
      return this.call('eval', script.text, 0, ...args);
    }
  }

  close(): void {
    this.closed = true;
    this.ready = false;
    if (this.client) this.client.end(false);
  }
}
