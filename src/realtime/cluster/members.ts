/*
 * Lists the other processes, and says whether each of them is alive. Each process reports its beats
 * with each commit. journal.ts asks for these reports once a second.
 */
import type { Says } from './commit';

/** The time after which a process whose beats stand still counts as dead, ms. */
const DEAD = 5000;
/**
 * The time for which the bus keeps entries for a process whose beats stand still, ms. The process
 * may only be paused.
 */
const PAUSED = 60000;
/** The time after which a process whose beats stand still is deleted from Redis, ms. */
const FORGOTTEN = 3600000;

interface Heard {
  says: Says;
  /** The time of the last change of the beats, by the clock of the process that reads them, ms. */
  at: number;
  /**
   * Whether the beats have changed since the first report that this process has read. If the beats
   * have not changed, the other process may have died long before.
   */
  isSeen: boolean;
}

export class Members {
  private readonly heard = new Map<string, Heard>();
  /** The time at which the last reports came, ms. */
  private askedAt = -Infinity;

  /** @param me the id of this process */
  constructor(private readonly me: string) {}

  /**
   * Takes the reports of all processes.
   * @param peers the reports, by the ids of the processes
   * @param time the present time, by the clock that only goes forward, ms
   * @returns the ids of the processes that are to be deleted from Redis
   */
  hear(peers: Map<string, Says>, time: number): string[] {
    // If Redis did not answer for a while, each process gets the full time again.
    const wasDeaf = time - this.askedAt > DEAD / 2;
    this.askedAt = time;
    for (const [id, heard] of this.heard) {
      if (wasDeaf) heard.at = time;
      // In a new epoch each process that is alive reports within a second. So a process that is
      // missing for longer than DEAD is dead.
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

  /**
   * Starts again after a loss of data. Redis has a new bus then, and this process assumes that the
   * other processes have read nothing of it.
   */
  onLost(): void {
    for (const heard of this.heard.values()) heard.says = { ...heard.says, read: 0 };
  }

  /** @returns the number of clients of the other processes; only processes that are alive count */
  clientsElsewhere(time: number): number {
    let clients = 0;
    for (const { says, at, isSeen } of this.heard.values()) {
      if (isSeen && time - at < DEAD) clients += says.clients;
    }
    return clients;
  }

  /**
   * @returns the position on the bus up to which all other processes have read, without processes
   * whose beats have stood still for PAUSED; Infinity if no process is left
   */
  readByAll(time: number): number {
    let position = Infinity;
    for (const { says, at } of this.heard.values()) {
      if (time - at < PAUSED) position = Math.min(position, says.read);
    }
    return position;
  }

  /** @returns whether the process is known to be dead; false while Redis does not answer */
  isDead(process: string, time: number): boolean {
    if (process === this.me || time - this.askedAt > DEAD / 2) return false;
    const heard = this.heard.get(process);
    return heard === undefined || time - heard.at > DEAD;
  }
}
