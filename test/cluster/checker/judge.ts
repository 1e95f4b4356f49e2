/* What clients have sent and heard, compared with the promise (docs/delivery.md). */
import type { Watched } from './clients';
import { Fault, isExcused, LOSES, MOVES } from './faults';

export interface Verdict {
  violations: string[];
  /** What the promise excuses, a line each. */
  excused: string[];
  /** How many acknowledgements were errors, as their process had been killed or paused. */
  errors: number;
  /** How many handlers ran twice. */
  twice: number;
  messages: number;
}

export function judge(clients: Watched[], faults: Fault[]): Verdict {
  const verdict: Verdict = { violations: [], excused: [], errors: 0, twice: 0, messages: 0 };
  for (const client of clients) judgeOne(client, clients, faults, verdict);
  if (!faults.some(({ what }) => LOSES.includes(what))) judgeOrder(clients, verdict);
  return verdict;
}

function judgeOne(client: Watched, clients: Watched[], faults: Fault[], verdict: Verdict): void {
  const { number, anew } = client;
  const bad = (what: string) => verdict.violations.push(`client ${number}: ${what}`);
  for (const time of anew) {
    const line = `client ${number} began anew at ${(time / 1000).toFixed(1)} s`;
    (isExcused(faults, time, client.wanders) ? verdict.excused : verdict.violations).push(line);
  }
  verdict.messages += client.sent + client.told + client.asked + client.later + client.news.length;

  // With a new session, what was under way in the old one may be lost, or handled again.
  const isWhole = anew.length === 0;
  const echoes = count(client.echoes, client.sent);
  // What a timer would have sent is gone with a process that was killed: its answer says so.
  const gone = (one: number) => {
    const answer = client.answers.get(`later ${one}`);
    return answer !== undefined && answer !== one;
  };
  const late = count(client.late, client.later, gone);
  if (isWhole) {
    if (echoes.lost + echoes.doubled + echoes.disordered > 0) bad(`echoes: ${say(echoes)}`);
    if (late.lost > 0) bad(`sent by a timer: ${say(late)}`);
    // A handler whose message was not written when its client moved runs again, and its timer, too.
    const mayRunTwice = client.wanders || faults.some(({ what }) => MOVES.includes(what));
    if (late.doubled > 0 && !mayRunTwice) bad(`sent by a timer: ${say(late)}`);
    verdict.twice += late.doubled;
  }
  client.numbers.forEach((numbers, i) => {
    const isLast = i === client.numbers.length - 1;
    const served = isLast && client.served !== null ? client.served : numbers.length;
    const counted = count(numbers, served);
    if (counted.lost + counted.doubled + counted.disordered > 0) bad(`numbers: ${say(counted)}`);
  });
  if (client.served === null) bad('was not answered at the end');

  for (const [kind, asked] of [['ask', client.asked], ['later', client.later]] as const) {
    for (let one = 1; one <= asked; one++) {
      const answer = client.answers.get(`${kind} ${one}`);
      if (answer === one) continue;
      if (answer === undefined) bad(`${kind} ${one} was not acknowledged`);
      else if (faults.some(({ what }) => MOVES.includes(what))) verdict.errors += 1;
      else bad(`${kind} ${one} was acknowledged with an error`);
    }
  }
  if (client.doubleAnswers > 0) bad(`${client.doubleAnswers} acknowledgements came twice`);

  for (const other of clients) {
    const heard = client.news.filter(one => one.startsWith(`${other.number} `))
      .map(one => Number(one.split(' ')[1]));
    const counted = count(heard, other.told);
    if (counted.disordered > 0) bad(`news of ${other.number}: ${say(counted)}`);
    if (!isWhole || other.anew.length > 0) continue;
    if (counted.lost + counted.doubled > 0) bad(`news of ${other.number}: ${say(counted)}`);
  }
}

/** What is told to all has one order: any two clients have heard it in the same. */
function judgeOrder(clients: Watched[], { violations }: Verdict): void {
  const whole = clients.filter(({ anew }) => anew.length === 0);
  const [first] = whole;
  if (!first) return;
  const places = new Map(first.news.map((one, i) => [one, i]));
  for (const client of whole.slice(1)) {
    let last = -1;
    for (const one of client.news) {
      const place = places.get(one);
      if (place === undefined) continue;
      if (place < last) {
        violations.push(`client ${client.number} has heard ${one} later than client ${first.number}`);
        break;
      }
      last = place;
    }
  }
}

interface Count { lost: number; doubled: number; disordered: number; which: number[] }

function count(heard: number[], sent: number, isGone: (one: number) => boolean = () => false): Count {
  const different = new Set(heard);
  const missing: number[] = [];
  for (let one = 1; one <= sent; one++) if (!different.has(one) && !isGone(one)) missing.push(one);
  let disordered = 0;
  let highest = 0;
  for (const one of different) {
    if (one < highest) disordered += 1;
    highest = Math.max(highest, one);
  }
  const twice = heard.filter((one, i) => heard.indexOf(one) !== i);
  return {
    lost: missing.length, doubled: twice.length, disordered,
    which: [...missing, ...twice].slice(0, 10),
  };
}

function say({ lost, doubled, disordered, which }: Count): string {
  return `${lost} lost, ${doubled} doubled, ${disordered} out of order (${which.join(' ')})`;
}
