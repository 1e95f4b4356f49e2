/*
 * The cost of a request is in proportion to its bytes. The floor is the cost of a bare server,
 * which reads the same bytes and parses their JSON. Beyond the floor, a request may take 5 ms of
 * the processor, and 20 ms for each megabyte. The tests measure the processor time of this process.
 * The least of several runs counts, because a busy machine adds little to the least.
 * cost.long.test.ts searches for other requests that cost much.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import { createMeter, EACH, Meter } from './cost/meter';
import type { Recipe, Text } from './cost/recipes';
import { describeFound, largest } from './cost/search';

/**
 * A measurement has at most TRIES runs. It runs again while the request seems to cost too much.
 * With half of the bytes, it has HALF_TRIES runs.
 */
const TRIES = 12;
const HALF_TRIES = 2;

const text = (unit: string, before = '', after = ''): Text => ({ before, unit, after });
const beside = (header: string, unit: string, before = '') => ({ header, text: text(unit, before) });

/** These requests were slow in some version of this server, or in another server. */
const known: Record<string, Recipe> = {
  'an Origin, and a list of protocols': {
    place: 'X-Forwarded-Proto of a handshake', text: text(','), beside: beside('Origin', 'b', 'http://'),
  },
  'protocols that make a URL': {
    place: 'X-Forwarded-Proto of a handshake', text: text('http,'), beside: beside('Origin', 'b', 'http://'),
  },
  'a list of addresses': { place: 'X-Forwarded-For of a handshake', text: text('1, ') },
  'a Referer with many dots': { place: 'Referer of a handshake', text: text('../', 'http://localhost/') },
  'a host of many labels': {
    place: 'Host of a handshake', text: text('a.'), beside: beside('Origin', 'a.', 'http://'),
  },
  'many headers': { place: 'headers of a handshake', text: text('k$ ') },
  'many keys in a query': { place: 'query of a handshake', text: text('k$&') },
  'one key, many times': { place: 'query of a handshake', text: text('a&') },
  'escapes in a query': { place: 'query of a handshake', text: text('%41%zz') },
  'numbers of messages in a query': { place: 'query of a poll', text: text('got=1&try=') },
  'slashes in a path': { place: 'path under the resource', text: text('/') },
  'no colon': { place: 'a body', text: text('5') },
  colons: { place: 'a body', text: text(':', '5') },
  'marks of packets': { place: 'a body', text: text('\ufffd') },
  'many packets': { place: 'a payload of a body', text: text('2::') },
  'many events': { place: 'a payload of a body', text: text('5:::{"name":"x","args":[{"a":[]}]}') },
  'escaped letters': { place: 'a text of an event', text: text('\\u0041') },
  constructors: { place: 'an object of an event', text: text('"constructor":{"prototype":1},') },
  'constructors, one in the other': {
    place: 'an object of an event', text: text('"constructor":{', '', '}'.repeat(50)),
  },
  'objects that have nothing but a prototype': {
    place: 'arguments of an event', text: text('{"__proto__":1},'),
  },
  prototypes: { place: 'an object of an event', text: text('"__proto__":1,') },
  'many keys': { place: 'an object of an event', text: text('"k$":1,') },
  'many keys and one escaped letter': {
    place: 'an object of an event', text: text('"k$":1,', '"\\u0041":1,'),
  },
  'lists in lists': { place: 'arguments of an event', text: text('[') },
  'many empty lists': { place: 'JSON', text: text('[],', '[', '1]') },
  backslashes: { place: 'a text of an event', text: text('\\\\') },
  digits: { place: 'arguments of an event', text: text('1') },
  'a long id': { place: 'an id', text: text('1') },
  'an acknowledgement without an end': { place: 'an acknowledgement', text: text('1') },
  'many small frames': { place: 'frames of a WebSocket', text: text('2::') },
  'frames behind one that is refused': { place: 'frames of a WebSocket', text: text('x') },
  'many small fragments': { place: 'fragments of a WebSocket', text: text('a', '3:::') },
};

/**
 * Measures a request.
 * @throws if it costs more than is allowed, or if its cost grows faster than its bytes
 */
async function hold(t: TestContext, meter: Meter, name: string, recipe: Recipe): Promise<void> {
  const most = largest(recipe);
  // A cost of up to three times EACH is too small to show how it grows.
  let whole = await meter.measure(recipe, most, TRIES, ({ share, above }) => share <= 1 && above <= 3 * EACH);
  let mostAbove = 3 * EACH;
  let growth = '';
  if (whole.above > mostAbove) {
    const half = await meter.measure(recipe, most / 2, HALF_TRIES);
    mostAbove = 3 * Math.max(half.above, EACH);
    whole = await meter.measure(recipe, most, TRIES, ({ share, above }) => share <= 1 && above <= mostAbove);
    growth = `${half.above.toFixed(1)} ms above the floor for ${half.bytes} bytes, ` +
      `${whole.above.toFixed(1)} ms for ${whole.bytes}`;
  }
  const found = describeFound({ recipe, cost: whole });
  t.diagnostic(`${name}: ${found}`);
  assert(whole.share <= 1, `${name}: ${found}`);
  assert(whole.above <= mostAbove, `${name}: ${growth}`);
}

describe('what a request costs is in proportion to its bytes', () => {
  test('known ways to be slow', async t => {
    const meter = createMeter(t);
    await meter.measure(known['many events']!, 100000, 20); // to warm up
    const failures: string[] = [];
    for (const [name, recipe] of Object.entries(known)) {
      await hold(t, meter, name, recipe).catch((error: Error) => failures.push(error.message));
    }
    assert.deepEqual(failures, []);
  });
});
