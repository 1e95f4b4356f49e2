/*
 * How a session comes from another process: what Redis has of it, with what the bus has said since. index.ts takes it over when its
 * client comes here, shared.ts restores it.
 */
import type { Handshake } from '../api';
import { Entry, isAfter, parse, Raw, Read } from './bus';
import type { Cluster } from './index';
import { TAKE } from './scripts';

/** A session as its last process left it. */
export interface Taken {
  handshake: Handshake;
  /** The keys of its rooms. */
  rooms: string[];
  data: [string, unknown][];
  /** What the bus has said since then: that it is here; that it has gone on already; nothing yet. */
  seen: 'here' | 'gone' | null;
  /** Which handshake the client came with last, and whether it was used. */
  attempt: string;
  connected: boolean;
  /** The number of the client's last message. */
  received: number;
  /** The process that had it. */
  owner: string;
  /** Messages of the client that were not acknowledged, by number. */
  asked: number[];
  /** The number of the first message that the client may not have, and those from there on. */
  first: number;
  kept: string[];
  /** What was told to rooms that it is in, or to it, since then. */
  missed: string[];
}

type Reply = [names: string[] | Record<string, string>, kept: string[], owner: string, position: string, since: Raw[]];

/**
 * Takes over a session.
 * @param reads what was read from the bus since this began
 * @param position how far the bus has been read
 * @returns null if Redis does not know it, or not enough of the bus any more
 */
export async function take(cluster: Cluster, id: string, reads: () => Read[], position: () => string): Promise<Taken | null> {
  const note = JSON.stringify({ moved: id, owner: cluster.id });
  const reply = await cluster.redis.run(TAKE, [cluster.prefix, cluster.id, id, note]) as Reply | null;
  if (!reply) return null;
  const [names, kept, owner, from, since] = reply;
  const fields: Record<string, string> = {};
  if (Array.isArray(names)) for (let i = 0; i < names.length; i += 2) fields[names[i]!] = names[i + 1]!;
  const rooms = JSON.parse(fields.rooms!) as string[];
  // What is not read yet comes by itself: the session is then among those of this process.
  const all = new Map([...since.map(parse), ...reads()]);
  const missed = [...all].filter(([at]) => isAfter(at, from) && !isAfter(at, position()))
    .sort(([one], [other]) => isAfter(one, other) ? 1 : -1)
    .map(([, entry]) => entry)
    .filter(entry => !(entry.told && entry.from === owner) && isFor(entry, id, rooms))
    .map(({ packet }) => packet!);
  const [attempt, connected] = JSON.parse(fields.state!) as [string, boolean];
  return {
    attempt,
    connected,
    seen: lastSeen(reads(), id, cluster.id),
    handshake: JSON.parse(fields.handshake!) as Handshake,
    rooms, kept, missed,
    data: JSON.parse(fields.data!) as [string, unknown][],
    received: Number(fields.received),
    owner,
    asked: JSON.parse(fields.asked!) as number[],
    first: Number(fields.first),
  };
}

function lastSeen(reads: Read[], id: string, me: string): Taken['seen'] {
  const owners = reads.filter(([, { moved }]) => moved === id).map(([, { owner }]) => owner);
  const here = owners.lastIndexOf(me);
  if (here < 0) return null;
  return here === owners.length - 1 ? 'here' : 'gone';
}

function isFor({ to, room, except = [], volatile }: Entry, id: string, rooms: string[]): boolean {
  return to === id || (room !== undefined && !volatile && rooms.includes(room) && !except.includes(id));
}
