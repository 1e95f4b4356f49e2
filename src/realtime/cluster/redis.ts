/*
 * A connection to Redis, made with the redis package. The cluster has two connections: one for
 * commands, and one for XREAD, which waits for entries of the bus.
 */
import { createHash } from 'crypto';
import type { Log } from '../logging';

/** The parts of the redis package, version 3, that are used here. */
interface Client {
  on(event: string, handler: (...args: any[]) => void): this;
  send_command(name: string, args: Argument[], done: Done): void;
  end(flush: boolean): void;
}
type Argument = string | number;
type Done = (error: RedisError | null, reply: unknown) => void;
interface Retry { error: RedisError | null }

/** An error of Redis, or of the connection to Redis. */
export type RedisError = Error & { code?: string };

/** The longest wait of a start for the connection, ms. */
const START = 5000;
/** The time from the loss of a connection to the next try to connect, ms. */
const AGAIN = 200;

/** A script that Redis runs as one command. */
export class Script {
  readonly hash: string;

  constructor(readonly text: string) {
    this.hash = createHash('sha1').update(text).digest('hex');
  }
}

/**
 * A connection to Redis that comes back by itself. Commands fail while the connection is lost. The
 * caller has to keep a command that is to be sent again later.
 */
export class Redis {
  ready = false;
  private client: Client | null = null;
  private closed = false;

  /**
   * @param script the script of run(). Redis gets the script on each new connection, before any
   * other command
   */
  constructor(
    private readonly url: string, private readonly log: Log, private readonly script?: Script,
  ) {}

  /**
   * Connects for the first time.
   * @param changed the function that is called each time when the connection is ready, or is lost
   * @throws Error if the connection is not ready within 5 s, or Redis refuses it for good; the
   * message of the error has no password in it
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
        // If the error has a code, only the code is shown. The message of such an error may have
        // the command in it, and the command AUTH has the password.
        if (error) reason = error.code || error.message;
        if (!this.ready) return;
        this.ready = false;
        this.log.error('Redis is gone:', reason);
        changed(false);
      };
      this.client = this.connect(gone);
      this.client.on('error', (error: RedisError) => {
        gone(error);
        // Another try does not help with these errors: a wrong password stays wrong, for example.
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
    // The package is loaded here and not at the top, because a single process works without it.
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

  /**
   * Sends a command to Redis.
   * @returns the reply of Redis
   * @throws Error if Redis refuses the command, or the connection is lost
   */
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

  /**
   * Runs the script in Redis.
   * @param keys KEYS of the script
   * @param args ARGV of the script
   * @returns the reply of the script
   * @throws Error if Redis refuses the script, or the connection is lost
   */
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
