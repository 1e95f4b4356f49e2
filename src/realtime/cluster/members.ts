/*
 * The list of the other processes, and whether each of them is alive. Each process reports its
 * beats with each commit. journal.ts asks for these reports once a second.
 */
import type { Says } from './commit';

/** A process is dead when its beats have stood still for so long, ms. */
const DEAD = 5000;
/**
 * The bus keeps entries for a process whose beats have stood still for less than this time, ms. The
 * process may only be paused.
 */
const PAUSED = 60000;
/** A process is deleted from Redis when its beats have stood still for so long, ms. */
const FORGOTTEN = 3600000;

interface Heard {
  says: Says;
  /** When the beats of the process changed last, by the clock of this process, ms. */
  at: number;
  /**
   * Whether the beats have changed since the first report that this process has read. If not, the
   * other process may have died long before.
   */
  isSeen: boolean;
}

export class Members {
  private readonly heard = new Map<string, Heard>();
  /** When the last reports came, ms. */
  private askedAt = -Infinity;

  /** @param me the id of this process */
  constructor(private readonly me: string) {}

  /**
   * Takes the reports of all processes.
   * @param peers the reports, by the ids of the processes
   * @param time by the clock that only goes forward, ms
   * @returns the ids of the processes that are to be deleted from Redis
   */
  hear(peers: Map<string, Says>, time: number): string[] {
    // Redis did not answer for a while. So each process gets the full time again.
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
   * Redis has lost data. The bus is a new one, and this process assumes that the other processes
   * have read none of it.
   */
  onLost(): void {
    for (const heard of this.heard.values()) heard.says = { ...heard.says, read: 0 };
  }

  /** @returns how many clients the other processes have. Only processes that are alive count */
  clientsElsewhere(time: number): number {
    let clients = 0;
    for (const { says, at, isSeen } of this.heard.values()) {
      if (isSeen && time - at < DEAD) clients += says.clients;
    }
    return clients;
  }

  /**
   * @returns the position on the bus up to which all other processes have read. A process whose
   * beats have stood still for PAUSED does not count. Infinity if no other process counts
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
