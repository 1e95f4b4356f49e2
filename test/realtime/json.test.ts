/*
 * A client's JSON is read as JSON.parse reads it, but without members that reach a prototype. The
 * cost grows no faster than the text.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutPrototypes } from '../../src/realtime/protocol/json';
import { readPacket } from '../../src/realtime/protocol/read';

/** @returns the only argument that a handler gets for this JSON */
function read(json: string): unknown {
  const { args } = readPacket(`5:::{"name":"x","args":[${json}]}`);
  return args![0];
}

/** @returns the same value, from JSON.parse with a reviver that leaves harmful keys out */
function expected(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) => {
    if (key === '__proto__') return undefined;
    const prototype = typeof value === 'object' && value !== null && Object.prototype.hasOwnProperty.call(value, 'prototype');
    return key === 'constructor' && prototype ? undefined : value;
  });
}

const PAD = JSON.stringify('x'.repeat(300));
/** Texts with harmful members, in each place that a member can have. */
const HARMFUL = [
  '{"__proto__":{"a":1}}', '{"__proto__":1}', '{"a":1,"__proto__":{"b":2}}', '{"__proto__":{"b":2},"a":1}',
  '{"a":1,"__proto__":2,"b":3}', '{"__proto__":1,"__proto__":2}', '{"__proto__":1,"__proto__":2,"a":3}',
  '{"a":1,"__proto__":1,"__proto__":2}', '{"a":{"__proto__":[1,{"c":",}"}]},"d":4}', '[{"__proto__":1},{"b":[{"__proto__":[]}]}]',
  '{"\\u005f\\u005fproto__":1,"a":2}', '{"\\u005F_pr\\u006fto_\\u005f":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}',
  '{"constructor":{"a":1,"prototype":2},"b":3}', '{"a":1,"constructor":{"\\u0070rototype":2}}', '{"c\\u006fnstructor":{"prototype":{}}}',
  '{"constructor":{"__proto__":1,"prototype":2}}', '{"__proto__":{"constructor":{"prototype":1}},"x":1}',
  '{ "a" : 1 , "__proto__" : { "b" : "\\"}" } , "c" : 2 }', '{\n"__proto__"\t:\r1\n}',
];
const HARMLESS = [
  '{"constructor":"Ada"}', '{"constructor":{"name":"Ada"}}', '{"prototype":{"a":1}}', '{"constructor":[{"prototype":1}]}', '"__proto__"',
  '["__proto__","constructor",{"a":"__proto__"}]', '{"a":"\\"__proto__\\":1"}', '{"__proto":1,"_proto__":2,"__proto___":3,"__PROTO__":4}',
  '"\\u00e9\\ud83d\\ude00\\n\\\\"', '{"a\\u005f":1}', '{"\\\\u005f_proto__":1}', '{"constructor":{"a":{"prototype":1}}}', '{}', '[]', '[[],{}]',
];

describe('keys that reach a prototype are left out, and nothing else', () => {
  for (const json of [...HARMFUL, ...HARMLESS]) {
    test(json, () => {
      // Long texts and short texts take different ways through the code.
      for (const text of [json, `[${json},${PAD}]`, `{"pad":${PAD},"inner":${json}}`, `{"inner":${json},"pad":${PAD}}`]) {
        assert.deepEqual(read(text), expected(text), text);
        if (HARMLESS.includes(json)) assert.deepEqual(read(text), JSON.parse(text), text);
      }
    });
  }

  test('whatever is put together of such pieces', () => {
    const pieces = [...HARMFUL, ...HARMLESS, '1', '"a"', 'null'];
    let seed = 7;
    const random = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
    const keys = ['a', '__proto__', 'constructor', 'prototype', '\\u005f_proto__', ''];
    const make = (depth: number): string => {
      if (depth === 0 || random(5) === 0) return pieces[random(pieces.length)]!;
      const parts = Array.from({ length: random(4) }, () => make(depth - 1));
      if (random(3) === 0) return `[${parts.join(',')}]`;
      return `{${parts.map(part => `"${keys[random(keys.length)]!}":${part}`).join(' , ')}}`;
    };
    let harmful = 0;
    for (let i = 0; i < 2000; i++) {
      const text = make(4);
      const value = read(text);
      // Of two members with one name, the reader may leave out both, or only the first one.
      if (/"constructor"[^]*"constructor"/.test(text)) continue;
      assert.deepEqual(value, expected(text), text);
      if (JSON.stringify(value) !== JSON.stringify(JSON.parse(text))) harmful += 1;
    }
    assert(harmful > 200, `${harmful} with something to leave out`);
  });

  test('no text, however wrong, makes a value with such a key', () => {
    const reaches = (value: unknown): boolean => typeof value === 'object' && value !== null &&
      (Object.prototype.hasOwnProperty.call(value, '__proto__') || Object.values(value).some(reaches));
    const letters = ['"__proto__"', '"constructor"', '"prototype"', '"a"', ':', ',', '{', '}', '[', ']', '1', '"', '\\', ' '];
    let seed = 11;
    const random = (n: number) => (seed = (seed * 16807) % 2147483647) % n;
    let valid = 0;
    for (let i = 0; i < 20000; i++) {
      const base = HARMFUL[random(HARMFUL.length)]!;
      const at = random(base.length);
      const text = base.slice(0, at) + letters[random(letters.length)]! + base.slice(at + random(3));
      try {
        const value = read(text);
        valid += 1;
        assert(!reaches(value), text);
      } catch (error) {
        assert.equal((error as Error).name, 'Error', text);
        assert.match((error as Error).message, /^not JSON|^not an event|too deep/, text);
      }
    }
    assert(valid > 400, `${valid} that could be read`);
  });
});

/** Each makes a text of about the given number of bytes, of a kind that costs much to read. */
const COSTLY: Record<string, (bytes: number) => string> = {
  'letters as escapes': bytes => `["${'\\u0063'.repeat(bytes / 6)}"]`,
  'a key that is left out, and numbers as keys': bytes => `{"__proto__":1,${list(bytes, i => `"${4e9 - i * 17}":1`)}}`,
  'a constructor, and empty objects': bytes => `[{"constructor":1},${list(bytes, () => '{}')}]`,
  'members to leave out': bytes => `[${list(bytes, () => '{"__proto__":1}')}]`,
  'members to leave out, in one object': bytes => `{"a":1,${list(bytes, () => '"__proto__":1')}}`,
  'members to leave out, in one another': bytes => `[${list(bytes, () => '{"__proto__":'.repeat(150) + '1' + '}'.repeat(150))}]`,
  'keys with escapes': bytes => `{${list(bytes, () => '"\\u005f\\u005fproto_\\u005e":1')}}`,
  backslashes: bytes => `["\\u0041${'\\\\'.repeat(bytes / 2)}"]`,
  brackets: bytes => `[${list(bytes, () => '['.repeat(150) + ']'.repeat(150))}]`,
};

function list(bytes: number, make: (i: number) => string): string {
  const parts: string[] = [];
  for (let i = 0, size = 0; size < bytes; i++) size += parts[parts.push(make(i)) - 1]!.length + 1;
  return parts.join(',');
}

/** @returns the processor time that a call takes, ms */
function time(act: () => unknown): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Measures several calls in turn, until the least times are good enough. The calls take turns, so
 * that other work on the machine disturbs all of them alike.
 * @returns the least processor time of each call, ms: other work has disturbed this one least
 */
function leastTimes(calls: (() => unknown)[], enough: (least: number[]) => boolean): number[] {
  const least = calls.map(() => Infinity);
  for (let round = 0; round < 40 && !(round >= 3 && enough(least)); round++) {
    calls.forEach((act, i) => { least[i] = Math.min(least[i]!, time(act)); });
  }
  return least;
}

describe('what is looked for in a text costs as much as its bytes', () => {
  for (const [name, make] of Object.entries(COSTLY)) {
    test(name, t => {
      const [once, twice] = [make(4e5), make(8e5)];
      // A time below a millisecond cannot be measured well, so it counts as a millisecond.
      const isLinear = ([one, two]: number[]) => two! <= Math.max(one!, 1) * 3;
      const least = leastTimes([() => withoutPrototypes(once), () => withoutPrototypes(twice)], isLinear);
      const figures = `${least[0]!.toFixed(1)} ms for ${once.length} letters, ${least[1]!.toFixed(1)} ms for ${twice.length}`;
      t.diagnostic(figures);
      assert(isLinear(least), figures);
    });
  }
});

describe('an event with an escape or a constructor in it is read as fast as one without', () => {
  const rows = (extra: string) => `[${list(4e5, i => `{"a":${i},"b":[1,2],"c":"x"}`)},${extra}]`;
  const shapes = (extra: string) => `[${list(1e5, i => `{"${i.toString(36)}":{}}`)},${extra}]`;
  for (const [name, make] of Object.entries({ rows, shapes })) {
    test(name, t => {
      const plain = `5:::{"name":"x","args":[${make('"A"')}]}`;
      for (const extra of ['"\\u0041"', '"constructor"', '{"constructor":1}', '{"__proto__":1}']) {
        const text = `5:::{"name":"x","args":[${make(extra)}]}`;
        const isAlike = ([without, withExtra]: number[]) => withExtra! <= without! * 2 + 1;
        const least = leastTimes([() => readPacket(plain), () => readPacket(text)], isAlike);
        const figures = `${least[1]!.toFixed(1)} ms with ${extra}, ${least[0]!.toFixed(1)} ms without`;
        t.diagnostic(figures);
        assert(isAlike(least), figures);
      }
    });
  }
});
