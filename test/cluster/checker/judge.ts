/*
 * Compares the messages that clients have sent and heard with the promise (docs/delivery.md). The
 * promise excuses some losses after some faults. This file excuses a loss only near such a fault.
 */
import type { Silence } from '../between';
import type { Kind, Watched } from './clients';
import {
  excuse, hasNoOrder, isUnderWay, mayMiss, mostRuns, Span, Trouble, troublesOf, wasCutOff, wasKilled,
  wasUnheard,
} from './excuses';
import type { Fault } from './faults';

export interface Verdict {
  violations: string[];
  /** One line for each thing that the promise excuses. */
  excused: string[];
  /** The number of acknowledgements that were errors, because a process was killed or paused. */
  errors: number;
  /** The number of messages of the kind 'later' whose handler ran more than once. */
  twice: number;
  messages: number;
}

/**
 * For each client, the spans in which its messages may have been lost or doubled, because the
 * client got a new session.
 */
type Spans = Map<Watched, Span[]>;

/** @param silences for each server, the times in which Redis did not answer this server */
export function judge(clients: Watched[], faults: Fault[], silences: Silence[][]): Verdict {
  const verdict: Verdict = { violations: [], excused: [], errors: 0, twice: 0, messages: 0 };
  const troubles = troublesOf(faults, silences);
  const spans: Spans = new Map();
  for (const client of clients) spans.set(client, judgeSessions(client, faults, troubles, verdict));
  for (const client of clients) judgeOne(client, spans.get(client)!, faults, troubles, verdict);
  for (const client of clients) judgeNews(client, clients, spans, faults, verdict);
  judgeOrder(clients, faults, verdict);
  return verdict;
}

function judgeSessions(
  client: Watched, faults: Fault[], troubles: Trouble[], verdict: Verdict,
): Span[] {
  const spans: Span[] = [];
  for (const one of client.anew) {
    const span = excuse(client.trips, faults, troubles, one);
    const line = `client ${client.number} began anew at ${(one.at / 1000).toFixed(1)} s`;
    (span ? verdict.excused : verdict.violations).push(line);
    if (span) spans.push(span);
  }
  return spans;
}

function judgeOne(
  client: Watched, anew: Span[], faults: Fault[], troubles: Trouble[], verdict: Verdict,
): void {
  const { number, times, answers, trips } = client;
  const bad = (what: string) => verdict.violations.push(`client ${number}: ${what}`);
  const total = Object.values(times).reduce((sum, { length }) => sum + length, 0);
  verdict.messages += total + client.news.length;
  const isAnew = (kind: Kind, one: number, done: number) => {
    return isUnderWay(anew, times[kind][one - 1]!, done);
  };

  const echoed = earliest(client.sent('number'), one => client.heardAt.get(`echo ${one}`));
  const echoes = count(client.echoes, client.sent('number'));
  const broken = echoes.filter(one => !isAnew('number', one, echoed[one]!));
  if (broken.length > 0) bad(`echoes lost, doubled or out of order: ${broken.join(' ')}`);
  if (echoes.length > broken.length) {
    verdict.excused.push(`client ${number}: ${echoes.length - broken.length} echoes`);
  }

  const heard = new Map<number, number>();
  for (const one of client.late) heard.set(one, (heard.get(one) ?? 0) + 1);
  for (let one = 1; one <= client.sent('later'); one++) {
    const times = heard.get(one) ?? 0;
    if (times === 1 || isAnew('later', one, client.heardAt.get(`late ${one}`) ?? Infinity)) continue;
    const posts = client.posts('later', one);
    // A timer is lost if its process is killed. Then the acknowledgement of this message is an
    // error, and not the number.
    const isGone = answers.get(`later ${one}`) !== one && wasKilled(posts, faults, troubles);
    if (times === 0 && !isGone) {
      if (wasCutOff(trips, posts, faults, troubles)) {
        verdict.excused.push(`client ${number}: the message of a timer, ${one}`);
      } else bad(`the message of a timer is lost: ${one}`);
    }
    // If the client moves before its message is written, the next process runs the handler again,
    // and the handler begins another timer.
    if (times > 1) verdict.twice += 1;
    const most = mostRuns(trips, posts);
    if (times > most) bad(`a timer has run ${times} times, not ${most}: ${one}`);
  }

  client.numbers.forEach((numbers, i) => {
    const isLast = i === client.numbers.length - 1;
    const wrong = count(numbers, isLast && client.served !== null ? client.served : numbers.length);
    if (wrong.length > 0) bad(`numbers lost, doubled or out of order: ${wrong.join(' ')}`);
  });
  if (client.served === null) bad('got no answer at the end');

  for (const kind of ['ask', 'later'] as const) {
    const answered = earliest(client.sent(kind), one => client.heardAt.get(`${kind} ${one}`));
    for (let one = 1; one <= client.sent(kind); one++) {
      const answer = answers.get(`${kind} ${one}`);
      if (answer === one) continue;
      const isOwed = () => wasUnheard(client.posts(kind, one), faults, troubles);
      if (answer === undefined) bad(`${kind} ${one} was not acknowledged`);
      else if (isAnew(kind, one, answered[one]!)) {
        verdict.excused.push(`client ${number}: ${kind} ${one}`);
      } else if (kind === 'later' && isOwed()) verdict.errors += 1;
      else bad(`${kind} ${one} was acknowledged with an error`);
    }
  }
  if (client.doubleAnswers > 0) bad(`${client.doubleAnswers} acknowledgements came twice`);
}

/** Checks that the client has heard each message for all once and in order. */
function judgeNews(
  client: Watched, clients: Watched[], spans: Spans, faults: Fault[], verdict: Verdict,
): void {
  let excused = 0;
  const mine = [...spans.get(client)!, ...mayMiss(client.trips, faults)];
  for (const other of clients) {
    const heard = client.news.filter(one => one.startsWith(`${other.number} `))
      .map(one => Number(one.split(' ')[1]));
    const all = count(heard, other.sent('tell'));
    if (all.length === 0) continue;
    const heardBy = (one: Watched) => earliest(other.sent('tell'), which => {
      return one.heardAt.get(`news ${other.number} ${which}`);
    });
    const [toMe, toSender] = [heardBy(client), heardBy(other)];
    const theirs = [...spans.get(other)!, ...mayMiss(other.trips, faults)];
    const broken = all.filter(one => {
      const sent = other.times.tell[one - 1]!;
      return !isUnderWay(mine, sent, toMe[one]!) && !isUnderWay(theirs, sent, toSender[one]!);
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
  const orders = places(clients, one => {
    const [number, which] = one.split(' ').map(Number);
    const heard = clients.map(({ heardAt }) => heardAt.get(`news ${one}`) ?? -Infinity);
    return !hasNoOrder(faults, clients[number!]!.times.tell[which! - 1]!, heard);
  });
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
 * A message that is on the bus twice has two places in the order. A client that has heard the
 * message twice has heard it at both places. If a client has heard the message less often than
 * another client, nobody can say at which place. Then the list of this client lacks the message.
 * @param isWanted whether the order of a message counts; the message is 'client number'
 * @returns for each client, the messages for all in the order in which the client has heard them,
 * as 'client number time'. The time is 1 if the client has heard the message for the first time
 */
function places(clients: Watched[], isWanted: (one: string) => boolean): string[][] {
  const counts = clients.map(({ news }) => {
    const times = new Map<string, number>();
    for (const one of news) times.set(one, (times.get(one) ?? 0) + 1);
    return times;
  });
  const most = new Map<string, number>();
  for (const times of counts) {
    for (const [one, time] of times) most.set(one, Math.max(time, most.get(one) ?? 0));
  }
  return clients.map(({ news }, i) => {
    const seen = new Map<string, number>();
    return news.flatMap(one => {
      if (counts[i]!.get(one) !== most.get(one) || !isWanted(one)) return [];
      const time = (seen.get(one) ?? 0) + 1;
      seen.set(one, time);
      return [`${one} ${time}`];
    });
  });
}

/**
 * @param sent the last number that was sent
 * @param heard returns the time at which a message was heard first; undefined if it was not heard
 * @returns by number, the time at which the message or a later message was heard first; Infinity if
 * none of these messages was heard
 */
function earliest(sent: number, heard: (one: number) => number | undefined): number[] {
  const times = new Array<number>(sent + 1).fill(Infinity);
  for (let one = sent; one > 0; one--) {
    times[one] = Math.min(heard(one) ?? Infinity, times[one + 1] ?? Infinity);
  }
  return times;
}

/**
 * @param heard the numbers that a client has heard, in the order in which it has heard them
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
