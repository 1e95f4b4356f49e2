/*
 * Which processes there are, and whether each is alive, by what they say of themselves with each
 * commit. journal.ts asks once a second.
 */
import type { Says } from './commit';

/** A process whose beats have stood still for so long is dead, ms. */
const DEAD = 5000;
/** For so long the entries are kept that a process has not read, ms: it may only be paused. */
const PAUSED = 60000;
/** After so long it is forgotten, ms. */
const FORGOTTEN = 3600000;

interface Heard {
  says: Says;
  /** When its beats changed last, by the clock of this process, ms. */
  at: number;
  /** Whether they have changed since it was heard of first: it may have died long before. */
  isSeen: boolean;
}

export class Members {
  private readonly heard = new Map<string, Heard>();
  /** When they were heard of last, ms. */
  private askedAt = -Infinity;

  /** @param me this process */
  constructor(private readonly me: string) {}

  /**
   * @param peers what all processes say of themselves
   * @param time by the clock that only goes forward, ms
   * @returns the processes that are to be forgotten by Redis, too
   */
  hear(peers: Map<string, Says>, time: number): string[] {
    // While Redis did not answer nobody could be heard: each has as long as ever from now on.
    const wasDeaf = time - this.askedAt > DEAD / 2;
    this.askedAt = time;
    for (const [id, heard] of this.heard) {
      if (wasDeaf) heard.at = time;
      // One that is alive says something in a new epoch, too, within a second.
      if (!peers.has(id) && time - heard.at > DEAD) this.heard.delete(id);
    }
    const forgotten: string[] = [];
    for (const [id, says] of peers) {
      if (id === this.me) continue;
      const before = this.heard.get(id);
      const isSame = before !== undefined && before.says.beats === says.beats;
      const at = isSame ? before.at : time;
      this.heard.set(id, { says, at, isSeen: before !== undefined && (before.isSeen || !isSame) });
      if (time - at > FORGOTTEN) forgotten.push(id);
    }
    return forgotten;
  }

  /** Redis has lost data, and there is another bus: nobody is known to have read anything of it. */
  onLost(): void {
    for (const heard of this.heard.values()) heard.says = { ...heard.says, read: 0 };
  }

  /** @returns how many clients the others have, of those that are alive */
  clientsElsewhere(time: number): number {
    let clients = 0;
    for (const { says, at, isSeen } of this.heard.values()) {
      if (isSeen && time - at < DEAD) clients += says.clients;
    }
    return clients;
  }

  /** @returns the position in the bus up to which all have read that may still be there */
  readByAll(time: number): number {
    let position = Infinity;
    for (const { says, at } of this.heard.values()) {
      if (time - at < PAUSED) position = Math.min(position, says.read);
    }
    return position;
  }

  /** @returns whether a process has died, as far as is known now */
  isDead(process: string, time: number): boolean {
    if (process === this.me || time - this.askedAt > DEAD / 2) return false;
    const heard = this.heard.get(process);
    return heard === undefined || time - heard.at > DEAD;
  }
}
