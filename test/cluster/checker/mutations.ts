/*
 * Errors that can be put into the built server to test the checker: the checker has to find each
 * error. `run` (run.ts) takes one error as its `edits`. The checker can find the last error only
 * while a server reads the bus late. Seed 13 with 12 s has such a fault.
 */
import type { Edit } from '../../support/template';

const cluster = (file: string, from: string | RegExp, to: string): Edit => {
  return [`dist/realtime/cluster/${file}`, from, to];
};

export const MUTATIONS: Record<string, Edit[]> = {
  'a process writes a session that another process has': [
    cluster('commit.lua', "letters[i] = counts and 'w' or 'm'", "letters[i] = 'w'"),
  ],
  'a commit that comes twice is carried out twice': [
    cluster('commit.lua', 'local again = number <= known', 'local again = false'),
    cluster('bus.js', 'if (isBehind(entry, this.numbers))', 'if (true)'),
  ],
  'no process notices that Redis has lost data': [
    cluster('commit.lua', 'if not current or isOlder or isLeft then', 'if not current then'),
  ],
  'the old owner does not stop at the takeover': [
    cluster('index.js', 'if (stored && term > stored.term)', 'if (false)'),
  ],
  'clients are told messages before Redis has them': [
    cluster('hold.js', 'if (!this.isOn)', 'if (true)'),
    cluster('stored-session.js', 'return this.store.up;', 'return false;'),
  ],
  'no unwritten change follows a session that moves': [
    cluster('stored-session.js', 'if (change.byMessage)', 'if (true)'),
  ],
  'all unwritten changes follow, whatever their cause': [
    cluster('stored-session.js', 'if (change.byMessage)', 'if (false)'),
  ],
  'entries are not put on the bus again after a loss': [
    cluster('unread.js', 'this.queue = [...this.all.values()];', 'this.all.clear();'),
  ],
  'a takeover ignores the entries of the bus': [
    cluster('takeover.js', 'const is = isFor(entry, id, rooms);', 'const is = false;'),
  ],
  'values that follow a session always count': [
    cluster('stored-session.js', 'if (values.every(set => this.isUntouched(set)))', 'if (true)'),
  ],
  'entries are put on the bus though their message is not written': [
    cluster('journal.js', 'return { cause: place === undefined ? -1 : place, text };', 'return { cause: -1, text };'),
    cluster('unread.js', "if (one.cause !== '' && moved.has(one.cause))", 'if (false)'),
    cluster('unread.js', 'const dropped = this.queue.filter(({ cause }) => cause === session);', 'const dropped = [];'),
  ],
  'a session goes on before the bus is read': [
    cluster('moves.js', /await Promise\.race\(\[bus\.readUpTo[^]*?\n {8}\}\n/, ''),
    cluster('moves.js', 'if (bus.position < Number(row.taken))', 'if (false)'),
  ],
};
