/** Who is in which room, by session id and key: a namespace is a room too. */
export class Rooms {
  private readonly members = new Map<string, Set<string>>();
  private readonly rooms = new Map<string, Set<string>>();

  /** Those in a room, as it is now: what is done with them may change it. */
  in(room: string): string[] {
    const members = this.members.get(room);
    return members ? [...members] : [];
  }

  join(id: string, room: string): void {
    add(this.members, room, id);
    add(this.rooms, id, room);
  }

  leave(id: string, room: string): void {
    remove(this.members, room, id);
    remove(this.rooms, id, room);
  }

  /** Leaves all rooms whose keys begin with `prefix`. */
  leaveAll(id: string, prefix = ''): void {
    for (const room of this.rooms.get(id) || []) if (room.startsWith(prefix)) this.leave(id, room);
  }
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

/** An empty set is not kept: rooms are made by their names, and nobody ends them. */
function remove(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set && set.delete(value) && set.size === 0) sets.delete(key);
}
