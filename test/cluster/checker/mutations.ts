/*
 * Faults that can be put into the built server: the checker is to find each of them. They show that
 * it looks. `run` takes one as its edits (run.ts). The last one is found where the bus of a server is
 * late: seed 13, 12 s.
 */
import type { Edit } from '../../support/template';

const cluster = (file: string, from: string | RegExp, to: string): Edit => {
  return [`dist/realtime/cluster/${file}`, from, to];
};

export const MUTATIONS: Record<string, Edit[]> = {
  'a writing counts whoever has the session': [
    cluster('commit.lua', "letters[i] = counts and 'w' or 'm'", "letters[i] = 'w'"),
  ],
  'a commit that comes twice is carried out twice': [
    cluster('commit.lua', 'local again = number <= known', 'local again = false'),
    cluster('bus.js', 'if (number <= (this.numbers.get(from) || 0))', 'if (false)'),
  ],
  'a loss of data is not noticed': [
    cluster('commit.lua', 'if not current or (current == epoch and number > known + 1) then', 'if not current then'),
  ],
  'the old owner does not stop at the takeover': [
    cluster('index.js', 'if (stored && term > stored.term)', 'if (false)'),
  ],
  'clients are told before it is written': [
    cluster('hold.js', 'if (!this.isOn)', 'if (true)'),
    cluster('stored-session.js', 'return this.store.up;', 'return false;'),
  ],
  'nothing follows a session that moves': [
    cluster('stored-session.js', 'if (change.byMessage)', 'if (true)'),
  ],
  'all follows, whatever its cause': [
    cluster('stored-session.js', 'if (change.byMessage)', 'if (false)'),
  ],
  'entries are not put again after a loss': [
    cluster('unread.js', 'this.queue = [...this.all.values()];', 'this.all.clear();'),
  ],
  'a takeover does not look at the bus': [
    cluster('takeover.js', 'const is = isFor(entry, id, rooms);', 'const is = false;'),
  ],
  'values that follow count in any case': [
    cluster('stored-session.js', 'if (values.every(set => this.isUntouched(set)))', 'if (true)'),
  ],
  'what a message causes counts in any case': [
    cluster('journal.js', 'return { cause: place === undefined ? -1 : place, text };', 'return { cause: -1, text };'),
    cluster('unread.js', "if (one.cause !== '' && moved.has(one.cause))", 'if (false)'),
    cluster('unread.js', 'const dropped = this.queue.filter(({ cause }) => cause === session);', 'const dropped = [];'),
  ],
  'a session is taken over before the bus is read': [
    cluster('moves.js', /await Promise\.race\(\[bus\.readUpTo[^]*?\n {8}\}\n/, ''),
    cluster('moves.js', 'if (bus.position < Number(row.taken))', 'if (false)'),
  ],
};
