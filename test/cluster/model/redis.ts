/*
 * The model's copy of the data in Redis, and of the script commit.lua, in TypeScript. model.test.ts
 * checks that this copy does the same as commit.lua in a real Redis.
 */
import type { Commit, Letter, Row } from '../../../src/realtime/cluster/commit';

/** All data in Redis. Redis keeps each value as text. */
export interface Data {
  procs: Row;
  /** The row of each session, by the id of the session. */
  rows: Record<string, Row>;
  /** The entries of the bus in each epoch. The first entry has position 1. */
  bus: Record<string, string[]>;
}

export type Reply =
  { lost: true; epoch: string } |
  { lost: false; outcome: Letter[]; rows: Row[] };

export const EMPTY: Data = { procs: {}, rows: {}, bus: {} };

/**
 * Rules of the protocol. A test switches one rule off, and expects that the search finds a
 * violation. This shows that the rule is needed, and that the search works.
 */
export interface Rules {
  /** Whether Redis writes a session only for its owner, and only with the right term. */
  fence: boolean;
  /** Whether Redis skips a commit that it has carried out before. */
  skip: boolean;
  /** Whether Redis notices a loss of data by a commit whose number is too high. */
  next: boolean;
  /**
   * Whether Redis notices a loss of data by an old epoch: Redis has the data of an epoch that the
   * process which sends the commit has left.
   */
  left: boolean;
  /** Whether the old owner stops at the entry of the takeover on the bus. */
  moved: boolean;
  /** Whether Redis refuses a takeover of a row that was written in an old epoch. */
  old: boolean;
}

export const ALL: Rules = { fence: true, skip: true, next: true, left: true, moved: true, old: true };

/** @returns the reply of Redis, and the data after the commit; `before` does not change */
export function commit(before: Data, asked: Commit, rules = ALL): { reply: Reply; data: Data } {
  const { process: me, epoch, number, writes, takes, entries, says } = asked;
  const data: Data = { procs: { ...before.procs }, rows: { ...before.rows }, bus: { ...before.bus } };
  const { procs, rows } = data;
  const said = (procs[me] ?? '0 -').split(' ');
  const [known, stored] = [Number(said[0]), said[1]!];

  const isGap = rules.next && procs.epoch === epoch && number > known + 1;
  const isLeft = rules.left && procs.epoch !== epoch && epoch !== '' && procs[me] !== undefined;
  if (procs.epoch === undefined || isGap || isLeft) {
    delete data.bus[epoch];
    if (procs.epoch !== undefined) delete data.bus[procs.epoch];
    data.procs = { epoch: asked.fresh, tail: '0' };
  }
  if (data.procs.epoch !== epoch) return { reply: { lost: true, epoch: data.procs.epoch! }, data };

  const again = rules.skip && number <= known;
  const counting = writes.map(write => counts(rows[write.id], write, asked, rules));
  const ends = writes.filter(({ how }, i) => counting[i] && (how === 'gone' || how === 'over'))
    .map(({ id }) => id);
  const decide = () => [
    ...counting.map(is => is ? 'w' : 'm'),
    ...takes.map((take): Letter => {
      const row = rows[take.id];
      if (!row || ends.includes(take.id)) return 'n';
      if (rules.old && (row.epoch !== epoch || row.unsettled === '1')) return 'o';
      const wanted = take.handshakeNumber;
      return wanted === null || row.try === String(wanted) ? 't' : 'n';
    }),
  ] as Letter[];
  const outcome = again ? stored.slice(1).split('') as Letter[] : decide();
  if (!again) {
    const { beats, clients, read, lastEntry } = says;
    procs[me] = `${Math.max(number, known)} -${outcome.join('')} ${beats} ${clients} ${read} ${lastEntry}`;
    const bus = data.bus[epoch] = [...data.bus[epoch] ?? []];
    let tail = Number(procs.tail);
    writes.forEach((write, i) => {
      if (outcome[i] !== 'w') return;
      if (write.how !== 'part') delete rows[write.id];
      if (write.how === 'gone' || write.how === 'over') return;
      const row: Row = { ...rows[write.id], owner: me, term: String(write.term), epoch };
      rows[write.id] = row;
      for (const [name, value] of write.fields) row[name] = String(value);
      for (const name of write.gone) delete row[name];
    });
    takes.forEach((take, i) => {
      if (outcome[writes.length + i] !== 't') return;
      const row: Row = { ...rows[take.id] };
      rows[take.id] = row;
      row.term = String(Number(row.term) + 1);
      tail += 1;
      bus.push(JSON.stringify({ moved: take.id, term: Number(row.term) }));
      Object.assign(row, { owner: me, taken: String(tail) });
    });
    for (const { cause, text } of entries) {
      if (cause !== -1 && outcome[cause] !== 'w') continue;
      tail += 1;
      bus.push(text);
    }
    procs.tail = String(tail);
  }
  const taken = takes.filter((_take, i) => outcome[writes.length + i] === 't');
  const reply = taken.map(({ id }) => rows[id]?.owner === me ? rows[id]! : {});
  return { reply: { lost: false, outcome, rows: reply }, data };
}

function counts(
  row: Row | undefined, { how, term }: Commit['writes'][number], { process, epoch }: Commit,
  rules: Rules,
): boolean {
  if (!rules.fence) return true;
  const isMine = row !== undefined && row.owner === process && Number(row.term) === term;
  if (how === 'part' || how === 'gone') return isMine && row.epoch === epoch;
  return isMine || row === undefined || Number(row.term) < term;
}
