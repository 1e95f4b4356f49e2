/*
 * Compares the messages that clients have sent and heard with the promise (docs/delivery.md). The
 * promise excuses some losses after some faults. This file excuses a loss only near such a fault.
 */
import type { Kind, Watched } from './clients';
import {
  excuse, Fault, hasNoOrder, isIn, isUnderWay, mayBeKilled, mayBeOwed, mayRunTwice, Span,
} from './faults';

export interface Verdict {
  violations: string[];
  /** One line for each thing that the promise excuses. */
  excused: string[];
  /** How many acknowledgements were errors, because their process was killed or paused. */
  errors: number;
  /** How many handlers ran twice. */
  twice: number;
  messages: number;
}

/**
 * For each client, the spans in which its messages may have been lost or doubled, because the
 * client got a new session.
 */
type Spans = Map<Watched, Span[]>;

export function judge(clients: Watched[], faults: Fault[]): Verdict {
  const verdict: Verdict = { violations: [], excused: [], errors: 0, twice: 0, messages: 0 };
  const spans: Spans = new Map();
  for (const client of clients) spans.set(client, judgeSessions(client, faults, verdict));
  for (const client of clients) judgeOne(client, spans.get(client)!, faults, verdict);
  for (const client of clients) judgeNews(client, clients, spans, verdict);
  judgeOrder(clients, faults, verdict);
  return verdict;
}

function judgeSessions(client: Watched, faults: Fault[], verdict: Verdict): Span[] {
  const spans: Span[] = [];
  for (const time of client.anew) {
    const span = excuse(faults, time, client.wanders);
    const line = `client ${client.number} began anew at ${(time / 1000).toFixed(1)} s`;
    (span ? verdict.excused : verdict.violations).push(line);
    if (span) spans.push(span);
  }
  return spans;
}

function judgeOne(client: Watched, anew: Span[], faults: Fault[], verdict: Verdict): void {
  const { number, times, answers } = client;
  const bad = (what: string) => verdict.violations.push(`client ${number}: ${what}`);
  const total = Object.values(times).reduce((sum, { length }) => sum + length, 0);
  verdict.messages += total + client.news.length;
  const isAnew = (kind: Kind, one: number, heard: string) => {
    return isUnderWay(anew, times[kind][one - 1]!, client.heardAt.get(`${heard} ${one}`));
  };
  const sentIn = (kind: Kind, one: number, spans: Span[]) => isIn(spans, times[kind][one - 1]!);

  const echoes = count(client.echoes, client.sent('number'));
  const broken = echoes.filter(one => !isAnew('number', one, 'echo'));
  if (broken.length > 0) bad(`echoes lost, doubled or out of order: ${broken.join(' ')}`);
  if (echoes.length > broken.length) {
    verdict.excused.push(`client ${number}: ${echoes.length - broken.length} echoes`);
  }

  const twice = mayRunTwice(faults);
  const killed = mayBeKilled(faults);
  const heard = new Map<number, number>();
  for (const one of client.late) heard.set(one, (heard.get(one) ?? 0) + 1);
  for (let one = 1; one <= client.sent('later'); one++) {
    const times = heard.get(one) ?? 0;
    if (times === 1 || isAnew('later', one, 'late')) continue;
    // A timer is lost if its process is killed. Then the acknowledgement of this message is not the
    // number, but an error.
    const isGone = answers.get(`later ${one}`) !== one && sentIn('later', one, killed);
    if (times === 0 && !isGone) bad(`the message of a timer is lost: ${one}`);
    // If the client moves before its message is written, the next process runs the handler again,
    // and the handler begins another timer. This may happen once for each move.
    if (times > 1) verdict.twice += 1;
    const moves = twice.filter(span => sentIn('later', one, [span])).length;
    const most = client.wanders ? Infinity : 1 + moves;
    if (times > most) bad(`a timer has run ${times} times: ${one}`);
  }

  client.numbers.forEach((numbers, i) => {
    const isLast = i === client.numbers.length - 1;
    const wrong = count(numbers, isLast && client.served !== null ? client.served : numbers.length);
    if (wrong.length > 0) bad(`numbers lost, doubled or out of order: ${wrong.join(' ')}`);
  });
  if (client.served === null) bad('got no answer at the end');

  const owed = mayBeOwed(faults);
  for (const kind of ['ask', 'later'] as const) {
    for (let one = 1; one <= client.sent(kind); one++) {
      const answer = answers.get(`${kind} ${one}`);
      if (answer === one) continue;
      if (answer === undefined) bad(`${kind} ${one} was not acknowledged`);
      else if (isAnew(kind, one, kind)) verdict.excused.push(`client ${number}: ${kind} ${one}`);
      else if (kind === 'later' && sentIn(kind, one, owed)) verdict.errors += 1;
      else bad(`${kind} ${one} was acknowledged with an error`);
    }
  }
  if (client.doubleAnswers > 0) bad(`${client.doubleAnswers} acknowledgements came twice`);
}

/** Checks that the client has heard each message for all once and in order. */
function judgeNews(client: Watched, clients: Watched[], spans: Spans, verdict: Verdict): void {
  let excused = 0;
  for (const other of clients) {
    const heard = client.news.filter(one => one.startsWith(`${other.number} `))
      .map(one => Number(one.split(' ')[1]));
    const all = count(heard, other.sent('tell'));
    const broken = all.filter(one => {
      const told = `news ${other.number} ${one}`;
      const first = Math.min(...clients.map(({ heardAt }) => heardAt.get(told) ?? Infinity));
      const anew = [...spans.get(client)!, ...spans.get(other)!];
      return !isUnderWay(anew, other.times.tell[one - 1]!, first);
    });
    excused += all.length - broken.length;
    if (broken.length === 0) continue;
    verdict.violations.push(`client ${client.number}: news of ${other.number} lost, doubled or `
      + `out of order: ${broken.join(' ')}`);
  }
  if (excused > 0) verdict.excused.push(`client ${client.number}: ${excused} news`);
}

/** Checks that any two clients have heard the messages for all in the same order. */
function judgeOrder(clients: Watched[], faults: Fault[], { violations }: Verdict): void {
  const without = hasNoOrder(faults);
  // A doubled message has two places in the order, and two clients may have heard it at different
  // places. Doubled messages are left out here: judgeNews decides whether they are excused.
  const twice = new Set(clients.flatMap(({ news }) => {
    const seen = new Set<string>();
    return news.filter(one => seen.has(one) || !seen.add(one));
  }));
  const orders = clients.map(client => client.news.filter(one => {
    const [number, which] = one.split(' ').map(Number);
    return !twice.has(one) && !isIn(without, clients[number!]!.times.tell[which! - 1]!);
  }));
  orders.forEach((order, i) => orders.slice(0, i).forEach((before, j) => {
    const places = new Map(before.map((one, place) => [one, place]));
    let last = -1;
    for (const one of order) {
      const place = places.get(one);
      if (place === undefined) continue;
      if (place < last) {
        violations.push(`client ${i} has heard ${one} later than client ${j}`);
        return;
      }
      last = place;
    }
  }));
}

/**
 * @param heard the numbers that a client has heard, in its order
 * @param sent the last number that was sent
 * @returns the numbers that are lost, doubled, or heard after a higher number
 */
function count(heard: number[], sent: number): number[] {
  const wrong = new Set<number>(heard.filter((one, i) => heard.indexOf(one) !== i));
  const different = new Set(heard);
  for (let one = 1; one <= sent; one++) if (!different.has(one)) wrong.add(one);
  let highest = 0;
  for (const one of different) {
    if (one < highest) wrong.add(one);
    highest = Math.max(highest, one);
  }
  return [...wrong];
}
