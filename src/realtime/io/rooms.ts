/* Who is in which room: manager.ts has them for all namespaces. */
import type { Session } from '../session/session';

/**
 * Sessions by the keys of their rooms (Namespace.key). A namespace is a room, too. Each session
 * knows its rooms.
 */
export class Rooms {
  private readonly members = new Map<string, Set<Session>>();

  in(room: string): Iterable<Session> {
    return this.members.get(room) || [];
  }

  join(session: Session, room: string): void {
    const members = this.members.get(room);
    if (members && members.has(session)) return;
    if (members) members.add(session);
    else this.members.set(room, new Set([session]));
    // push would make room for 16 more; nearly all sessions are in one.
    if (session.rooms.length === 0) session.rooms = [room];
    else session.rooms.push(room);
    session.keeper.roomChanged(room, true);
  }

  leave(session: Session, room: string): void {
    if (!this.remove(session, room)) return;
    session.rooms.splice(session.rooms.indexOf(room), 1);
    session.keeper.roomChanged(room, false);
  }

  /** A session leaves all rooms whose keys begin with `prefix`. */
  leaveAll(session: Session, prefix = ''): void {
    const rooms = session.rooms.splice(0);
    for (const room of rooms) {
      if (!room.startsWith(prefix)) session.rooms.push(room);
      else if (this.remove(session, room)) session.keeper.roomChanged(room, false);
    }
  }

  /** An empty room is not kept: rooms are made by their names, and nobody ends them. */
  private remove(session: Session, room: string): boolean {
    const members = this.members.get(room);
    if (!members || !members.delete(session)) return false;
    if (members.size === 0) this.members.delete(room);
    return true;
  }
}
