/* The rooms of all namespaces, and the sessions in each room. manager.ts has one Rooms. */
import type { Session } from '../session/session';

/**
 * Makes the key of a namespace, or of a room of the namespace, among all rooms. 0.9 writes /
 * between a namespace and a room. So in 0.9 a room can have the name of a namespace, or of a room
 * of another namespace. Here, a line feed that is not escaped stands between the two.
 */
export function roomKey(namespace: string, room?: string): string {
  const begin = namespace.replace(/[\\\n]/g, letter => letter === '\n' ? '\\n' : '\\\\');
  return room === undefined ? begin : `${begin}\n${room}`;
}

/**
 * @returns the namespace and the room of a key; the room is undefined if the key is a namespace's
 */
export function readKey(key: string): [namespace: string, room: string | undefined] {
  const end = key.indexOf('\n');
  const begin = end < 0 ? key : key.slice(0, end);
  const namespace = begin.replace(/\\([\\n])/g, (_, letter) => letter === 'n' ? '\n' : '\\');
  return [namespace, end < 0 ? undefined : key.slice(end + 1)];
}

/**
 * The sessions by the keys of their rooms (roomKey). A namespace is a room, too. Each session knows
 * its rooms.
 */
export class Rooms {
  private readonly members = new Map<string, Set<Session>>();

  /** @returns the keys of all rooms that have sessions */
  keys(): Iterable<string> { return this.members.keys(); }

  in(room: string): Iterable<Session> {
    return this.members.get(room) || [];
  }

  join(session: Session, room: string): void {
    const members = this.members.get(room);
    if (members && members.has(session)) return;
    if (members) members.add(session);
    else this.members.set(room, new Set([session]));
    // Nearly all sessions are in one room. push would reserve memory for 16 more rooms.
    if (session.rooms.length === 0) session.rooms = [room];
    else session.rooms.push(room);
    session.keeper.roomChanged(room, true);
  }

  leave(session: Session, room: string): void {
    if (!this.remove(session, room)) return;
    session.rooms.splice(session.rooms.indexOf(room), 1);
    session.keeper.roomChanged(room, false);
  }

  /** Takes a session out of all rooms whose keys begin with `prefix`. */
  leaveAll(session: Session, prefix = ''): void {
    const rooms = session.rooms.splice(0);
    for (const room of rooms) {
      if (!room.startsWith(prefix)) session.rooms.push(room);
      else if (this.remove(session, room)) session.keeper.roomChanged(room, false);
    }
  }

  /**
   * Takes a session out of a room. An empty room is deleted, because an application makes rooms by
   * their names and never deletes them.
   * @returns whether the session was in the room
   */
  private remove(session: Session, room: string): boolean {
    const members = this.members.get(room);
    if (!members || !members.delete(session)) return false;
    if (members.size === 0) this.members.delete(room);
    return true;
  }
}
