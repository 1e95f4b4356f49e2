/*
 * Tests the judge of the checker (checker/judge.ts) with the messages that two clients have sent
 * and heard. The judge has to find each kind of violation. The judge may excuse a violation only
 * because of a fault at that time. No server runs here.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Connection } from '../support/client';
import { Kind, Watched } from './checker/clients';
import type { Fault } from './checker/faults';
import { judge, Verdict } from './checker/judge';
import type { Front, Trip } from './front';

/** @returns the time at which the messages of this number are sent, ms */
const sentAt = (one: number) => 10000 + 1000 * one;
/** The time that a message or a request takes, ms. */
const WAY = 100;

/** A client. The function `hear` makes the client hear an event, as if a server had sent it. */
interface Client { watched: Watched; hear: (event: string, time: number, ...args: unknown[]) => void }

function open(number: number, emit?: (event: string, ...args: any[]) => void): Client {
  let time = 0;
  const handlers: Record<string, (...args: unknown[]) => void> = {};
  const on = (event: string, handler: (...args: any[]) => void) => { handlers[event] = handler; };
  const connection = { on, emit } as unknown as Connection;
  const watched = new Watched(number, () => time, connection, {} as Front, []);
  return {
    watched,
    hear(event, at, ...args) {
      time = at;
      handlers[event]!(...args);
    },
  };
}

/**
 * @returns two clients. Each has sent three messages of each kind, and has heard all messages and
 * answers that it should hear
 */
function allIsWell(): Client[] {
  const clients = [open(0), open(1)];
  for (const { hear } of clients) hear('status', 0, { state: 'connected', recovered: false });
  for (let one = 1; one <= 3; one++) {
    const heardAt = sentAt(one) + WAY;
    for (const { watched, hear } of clients) {
      for (const kind of ['number', 'tell', 'ask', 'later'] as Kind[]) watched.times[kind].push(sentAt(one));
      hear('echo', heardAt, one);
      hear('number', heardAt, one);
      for (const kind of ['ask', 'later']) {
        watched.trips.push(trip(kind, one));
        watched.answers.set(`${kind} ${one}`, one);
        watched.heardAt.set(`${kind} ${one}`, heardAt);
      }
      hear('late', heardAt + 700, one);
    }
    for (const { hear } of clients) for (const from of [0, 1]) hear('news', heardAt, from, one);
  }
  for (const { watched } of clients) watched.served = 3;
  return clients;
}

function trip(kind: string, one: number): Trip {
  const body = `{"name":"${kind}","args":[${one}]}`;
  return { server: 0, from: sentAt(one), to: sentAt(one) + WAY, body, isDone: true };
}

function judged(change: (client: Client) => void, faults: Fault[] = []): Verdict {
  const clients = allIsWell();
  change(clients[0]!);
  return judge(clients.map(({ watched }) => watched), faults, [[], [], []]);
}

/** Removes an element from a list. */
const lose = <T>(list: T[], one: T) => { list.splice(list.indexOf(one), 1); };
const swap = <T>(list: T[], i: number, j: number) => { [list[i], list[j]] = [list[j]!, list[i]!]; };

const VIOLATIONS: [what: string, change: (client: Client) => void, says: RegExp][] = [
  ['an echo is lost', ({ watched }) => lose(watched.echoes, 2), /echoes .*: 2$/],
  ['an echo comes twice', ({ watched }) => watched.echoes.push(2), /echoes .*: 2$/],
  ['echoes come in another order', ({ watched }) => swap(watched.echoes, 0, 1), /echoes .*: 1$/],
  ['a number of the server is lost', ({ watched }) => lose(watched.numbers[0]!, 3), /numbers .*: 3$/],
  ['a number of the server comes twice', ({ watched }) => watched.numbers[0]!.push(1), /numbers .*: 1$/],
  ['a text for the room is lost', ({ watched }) => lose(watched.news, '1 2'), /news of 1 .*: 2$/],
  ['a text for the room comes twice', ({ watched }) => watched.news.push('1 2'), /news of 1 .*: 2$/],
  [
    'two senders\' texts come in another order than to the other client',
    ({ watched }) => swap(watched.news, 2, 3), /client 1 has heard 1 2 1 later than client 0/,
  ],
  ['the message of a timer is lost', ({ watched }) => lose(watched.late, 3), /timer is lost: 3$/],
  ['a timer runs twice', ({ watched }) => watched.late.push(3), /timer has run 2 times, not 1: 3$/],
  ['there is no acknowledgement', ({ watched }) => watched.answers.delete('ask 1'), /ask 1 was not ack/],
  [
    'an acknowledgement is an error', ({ watched }) => watched.answers.set('ask 1', { error: 'x' }),
    /ask 1 was acknowledged with an error/,
  ],
  ['acknowledgements come twice', ({ watched }) => { watched.doubleAnswers = 1; }, /1 .* came twice/],
  ['a client begins anew', ({ watched }) => watched.anew.push({ at: 11500, heard: 11200 }), /began anew/],
  ['there is no answer at the end', ({ watched }) => { watched.served = null; }, /no answer at the end/],
];

describe('the judge of the checker', () => {
  test('has nothing to say where all is well', () => {
    assert.deepEqual(judged(() => undefined), {
      violations: [], excused: [], errors: 0, twice: 0, messages: 2 * (4 * 3 + 6),
    });
  });

  for (const [what, change, says] of VIOLATIONS) {
    test(`finds a violation: ${what}`, () => {
      const { violations, excused } = judged(change);
      assert(violations.length > 0 && violations.every(one => says.test(one)), violations.join('\n'));
      assert.deepEqual(excused, []);
      // A fault that ended long before excuses nothing.
      const before: Fault = { what: 'kill', at: 0, lasts: 500, server: 0 };
      assert.deepEqual(judged(change, [before]).violations, violations);
    });
  }

  test('excuses a timer whose process was killed, and only that one', () => {
    const change = ({ watched }: Client) => {
      lose(watched.late, 3);
      watched.answers.set('later 3', { error: 'x' });
    };
    const kill = (server: number): Fault => ({ what: 'kill', at: sentAt(3) + 300, lasts: 500, server });
    assert.deepEqual(judged(change, [kill(0)]).violations, []);
    assert.equal(judged(change, [kill(0)]).errors, 1);
    assert.notDeepEqual(judged(change, [kill(1)]).violations, []);
  });

  test('counts an acknowledgement that is an error as not heard: it may come from the page itself', t => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const acks: ((answer: unknown) => void)[] = [];
    const { watched, hear } = open(0, (event, _number, ack: (answer: unknown) => void) => {
      if (event === 'ask' || event === 'later') acks.push(ack);
    });
    hear('status', 0, { state: 'connected', recovered: false });
    watched.begin();
    t.mock.timers.tick(1500);
    assert.equal(acks.length, 2);
    hear('number', 100, 1);
    hear('status', 200, { state: 'reconnecting' });
    acks[0]!({ error: 'x' });
    hear('status', 300, { state: 'connected', recovered: false });
    assert.deepEqual(watched.anew, [{ at: 300, heard: 100 }]);
    acks[1]!(1);
    assert.equal(watched.heardAt.get('later 1'), 300);
    watched.stop();
  });

  test('counts what a client has heard before the run as heard at its beginning', t => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { watched, hear } = open(0);
    hear('status', 5000, { state: 'connected', recovered: false });
    hear('number', 5100, 1);
    hear('status', 0, { state: 'reconnecting' }); // the time of the run begins
    watched.begin();
    hear('status', 3000, { state: 'connected', recovered: false });
    assert.deepEqual(watched.anew, [{ at: 3000, heard: 0 }]);
    watched.stop();
  });

  test('excuses a client that begins anew if Redis has lost data, and the client has moved', () => {
    const at = sentAt(2);
    const change = (server: number) => ({ watched }: Client) => {
      watched.anew.push({ at: at + 300, heard: at });
      lose(watched.echoes, 2);
      watched.trips.push({ server, from: at + 200, to: at + 300, body: '', isDone: true });
    };
    const empty: Fault = { what: 'empty', at, lasts: 500, server: 0 };
    const { violations, excused } = judged(change(1), [empty]);
    assert.deepEqual(violations, []);
    assert(excused.length >= 2, excused.join('\n'));
    assert.notDeepEqual(judged(change(0), [empty]).violations, []);
    assert.notDeepEqual(judged(change(1)).violations, []);
  });
});
