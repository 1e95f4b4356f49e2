/* Which processes there are, and whether each is alive: index.ts asks once a second, shared.ts when it has taken over a session. */
import { now } from '../clock';
import type { Redis } from './redis';

/** A process that has not been heard of for so long is dead, ms. */
const DEAD = 5000;

/**
 * What a process says of itself with each commit: how far it has read the bus (TAKE asks), how many
 * clients it has, and when. Others look only whether that changes.
 */
export function state(position: string, clients: number): string {
  return `${position} ${clients} ${Date.now()}`;
}

/** When a process said that, by its own clock. */
function saidAt(text: string): string {
  return text.slice(text.lastIndexOf(' ') + 1);
}

export class Members {
  /** What each process said last of itself, and when, by this machine's clock: those of several servers differ. */
  /** When they were asked for last, ms. */
  private askedAt = -Infinity;
  private readonly heard = new Map<string, { said: string; at: number; alive: boolean }>();

  /**
   * @param me this process
   * @param keptFor how long one is kept that says nothing, s
   */
  constructor(private readonly redis: Redis, private readonly key: string, private readonly me: string, private readonly keptFor: number) {}

  /** How many clients the others have, of those that are alive. */
  async clientsElsewhere(time: number): Promise<number> {
    const all = await this.redis.call('hgetall', this.key) as Record<string, string>;
    this.askedAt = time;
    let elsewhere = 0;
    for (const id in all) {
      const said = saidAt(all[id]!);
      const before = this.heard.get(id);
      const at = before && before.said === said ? before.at : time;
      // One that is heard of for the first time may have died long ago: it counts when it says something again.
      const alive = before !== undefined && (before.alive || before.said !== said);
      this.heard.set(id, { said, at, alive });
      if (id !== this.me && alive && time - at < DEAD) elsewhere += Number(all[id]!.split(' ')[1]);
      if (time - at <= this.keptFor * 1000) continue;
      this.heard.delete(id);
      void this.redis.call('hdel', this.key, id).catch(() => undefined);
    }
    return elsewhere;
  }

  /** Whether a process has died, as far as it is known now: it says once a second that it has not. */
  isDead(process: string): boolean {
    const heard = this.heard.get(process);
    const at = now();
    return at - this.askedAt < DEAD / 2 && (heard === undefined || at - heard.at > DEAD);
  }
}
