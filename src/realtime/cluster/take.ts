/*
 * How a session comes from another process: what Redis has of it, with what the bus has said since. index.ts takes it over when its
 * client comes here, shared.ts restores it.
 */
import type { Handshake } from '../api';
import { Bus, BusEntry, isAfter, parse, Raw, Read } from './bus';
import type { Redis } from './redis';
import { TAKE } from './scripts';

/** A session as its last process left it. */
export interface Taken {
  handshake: Handshake;
  /** The keys of its rooms. */
  rooms: string[];
  data: [string, unknown][];
  /** How often it has been taken over, this time included. */
  term: number;
  /** Which handshake the client came with last, and whether it was used. */
  handshakeNumber: number | null;
  connected: boolean;
  /** Whether the client has come back, and has not been told yet that it is connected. */
  isBack: boolean;
  /** The number of the client's last message. */
  received: number;
  /** The process that had it. */
  owner: string;
  /** Messages of the client that were not acknowledged, by number. */
  asked: number[];
  /** The number of the first message that the client may not have, and those from there on. */
  first: number;
  kept: string[];
  /** Up to which position its last process sent it what the bus said: that is kept, though this process may not have read it yet. */
  from: string;
  /** What this process has read since then that was for it. */
  missed: string[];
  /** Whether it has been ended for good, which its client may not know. */
  ended: boolean;
}

/** The cluster, as far as taking needs it. */
export interface Taking {
  /** This process. */
  readonly id: string;
  readonly prefix: string;
  readonly redis: Redis;
  readonly bus: Bus;
}

type Reply = [names: string[] | Record<string, string>, kept: string[], owner: string, position: string, since: Raw[]];

/**
 * Takes over a session.
 * @param attempt the handshake that the client came with; '' for any
 * @param reads what was read from the bus since this began
 * @returns null if Redis does not know it, or not enough of the bus any more; 'gone' if another process has taken it since
 */
export async function take(cluster: Taking, id: string, attempt: string, reads: Read[]): Promise<Taken | 'gone' | null> {
  const reply = await cluster.redis.run(TAKE, [cluster.prefix, cluster.id, id, attempt]) as Reply | null;
  if (!reply) return null;
  const [names, kept, owner, from, since] = reply;
  const fields: Record<string, string> = {};
  if (Array.isArray(names)) for (let i = 0; i < names.length; i += 2) fields[names[i]!] = names[i + 1]!;
  const term = Number(fields.term);
  if (reads.some(([, entry]) => entry.moved === id && entry.term! > term)) return 'gone';
  const rooms = JSON.parse(fields.rooms!) as string[];
  // What is not read yet comes by itself: the session is then among those of this process.
  const all = new Map([...since.map(parse), ...reads]);
  const entries = [...all].filter(([at]) => isAfter(at, from) && !isAfter(at, cluster.bus.position) && !cluster.bus.repeated.has(at))
    .sort(([one], [other]) => isAfter(one, other) ? 1 : -1)
    .map(([, entry]) => entry);
  const missed = entries.filter(entry => !(entry.told && entry.from === owner) && isFor(entry, id, rooms)).map(({ packet }) => packet!);
  const [lastAttempt, connected, isBack] = JSON.parse(fields.state!) as [string, boolean, boolean?];
  return {
    handshakeNumber: lastAttempt === '' ? null : Number(lastAttempt),
    connected, term,
    isBack: isBack === true,
    handshake: JSON.parse(fields.handshake!) as Handshake,
    rooms, kept, missed, from,
    ended: fields.ended !== undefined || entries.some(({ end }) => end === id),
    data: JSON.parse(fields.data!) as [string, unknown][],
    received: Number(fields.received),
    owner,
    asked: JSON.parse(fields.asked!) as number[],
    first: Number(fields.first),
  };
}

function isFor({ to, room, except = [], volatile }: BusEntry, id: string, rooms: string[]): boolean {
  return to === id || (room !== undefined && !volatile && rooms.includes(room) && !except.includes(id));
}
