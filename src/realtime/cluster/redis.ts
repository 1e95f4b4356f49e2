/*
 * The connection to Redis, by the redis package. The cluster has two: one for commands, one that
 * waits for entries of the bus.
 */
import { createHash } from 'crypto';
import type { Log } from '../logging';

/** What is used of the redis package, version 3. */
interface Client {
  on(event: string, handler: (...args: any[]) => void): this;
  send_command(name: string, args: Argument[], done: Done): void;
  end(flush: boolean): void;
}
type Argument = string | number;
type Done = (error: RedisError | null, reply: unknown) => void;
interface Retry { error: RedisError | null }

/** An error of Redis, or of the connection to it. */
export type RedisError = Error & { code?: string };

/** How long a start waits for Redis, ms. */
const START = 5000;
/** How long after a connection is lost the next one is tried, ms. */
const AGAIN = 200;

/** A script that Redis runs as one command. */
export class Script {
  readonly hash: string;

  constructor(readonly text: string) {
    this.hash = createHash('sha1').update(text).digest('hex');
  }
}

/**
 * A connection to Redis that comes back by itself. Commands fail while there is none: whoever needs
 * them later keeps them.
 */
export class Redis {
  ready = false;
  private client: Client | null = null;
  private closed = false;

  /** @param script one that is run: Redis has it before any command, on each new connection */
  constructor(
    private readonly url: string, private readonly log: Log, private readonly script?: Script,
  ) {}

  /**
   * Connects for the first time.
   * @param changed is called each time when the connection is there, or gone
   * @throws Error if there is none within 5 s; its message has no password in it
   */
  open(changed: (ready: boolean) => void): Promise<void> {
    let reason = 'no answer';
    return new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => fail(), START);
      const fail = () => {
        clearTimeout(late);
        this.close();
        reject(new Error(reason));
      };
      const gone = (error: RedisError | null) => {
        // The code only: the rest may have the command in it, which may be AUTH.
        if (error) reason = error.code || error.message;
        if (!this.ready) return;
        this.ready = false;
        this.log.error('Redis is gone:', reason);
        changed(false);
      };
      this.client = this.connect(gone);
      this.client.on('error', (error: RedisError) => {
        gone(error);
        // A password that is wrong will not become right.
        if (/^(ERR|WRONGPASS|NOAUTH|NOPERM|ENOTFOUND)/.test(error.code || '')) fail();
      });
      this.client.on('end', () => gone(null));
      this.client.on('ready', () => {
        clearTimeout(late);
        const isNew = !this.ready;
        this.ready = true;
        if (this.script) this.call('script', 'load', this.script.text).catch(ignore);
        resolve();
        if (isNew) changed(true);
      });
    });
  }

  private connect(gone: (error: RedisError | null) => void): Client {
    // Not at the top: one process does without.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { createClient } = require('redis') as {
      createClient: (url: string, options: object) => Client;
    };
    return createClient(this.url, {
      enable_offline_queue: false,
      retry_strategy: ({ error }: Retry) => {
        gone(error);
        return this.closed ? undefined : AGAIN;
      },
    });
  }

  /** @returns the reply to a command */
  call(name: string, ...args: Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.client || !this.ready) {
        reject(new Error('no connection to Redis'));
        return;
      }
      this.client.send_command(name, args, (error, reply) => {
        if (error) reject(error);
        else resolve(reply);
      });
    });
  }

  /** @returns the reply of the script */
  async run(keys: string[], args: Argument[]): Promise<unknown> {
    const { hash, text } = this.script!;
    try {
      return await this.call('evalsha', hash, keys.length, ...keys, ...args);
    } catch (error) {
      if ((error as RedisError).code !== 'NOSCRIPT') throw error;
      return this.call('eval', text, keys.length, ...keys, ...args);
    }
  }

  close(): void {
    this.closed = true;
    this.ready = false;
    if (this.client) this.client.end(false);
  }
}

function ignore(): void {}
