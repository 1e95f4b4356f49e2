/*
 * The rows of calls.ts are the tables of docs/from-0.9.md. Each call compiles or does not compile,
 * and does as its row says. Each part of 0.9's classes has a row. The seven applications use each
 * call that works.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import ts from 'typescript';
import type { Handshake, Namespace, Server, Socket } from '../../src/realtime';
import { compile } from '../support/compile';
import { applications } from '../support/old-application';
import { handshake, Raw, serve } from '../support/raw';
import { appPath, fromRoot, root } from '../support/template';
import { until } from '../support/wait';
import { BLOCKS, fillPage } from '../../tools/docs/blocks';
import * as calls from './calls';
import type { Throws, Works } from './calls';

const works = [...calls.ofIo, ...calls.ofNamespaces, ...calls.ofSockets];
const gone = [...calls.others, ...calls.settings, ...calls.insides];

/* Compiling. */

const BEGIN = `import type { Handshake, Namespace, Server, Socket } from './realtime';
declare module './realtime' { interface SocketProperties { nickname?: string } }
`;
const PARAMETERS = 'io: Server, chat: Namespace, socket: Socket, other: Socket, ' +
  'handshake: Handshake, seen: unknown[], handler: () => void';

/** @returns a function with the code in it, in a place where all names exist that calls.ts lists */
function asFunction(code: string, name: string): string {
  const own = code.replace(/…( accept)?/g, (_, more) => {
    return `seen.push(Array.from(arguments));${more ? ' accept' : ''}`;
  });
  return `export function ${name}(${PARAMETERS}): unknown {\n  return ${own};\n}\n`;
}

/** @returns a file with the code */
function inPlace(code: string): string {
  if (code.startsWith('import ')) return `${BEGIN}${code};\nexport const imported = sio;`;
  return `${BEGIN}${asFunction(code, 'call')}` +
    'export type Used = [Handshake, Namespace, Server, Socket];\n';
}

/**
 * Compiles with the project's own settings.
 * @returns the complaints of the compiler about each code
 */
function compileAll(codes: string[]): string[][] {
  return compile('tsconfig.json', 'src/app.ts', codes.map(code => () => inPlace(code)));
}

describe('a call', () => {
  const compiling = [...works, ...calls.refused].map(({ call }) => call);
  const writing = [...calls.refused, ...gone].flatMap(({ write }) => write ?? []);
  const complaints = compileAll([...compiling, ...writing, ...gone.map(({ call }) => call)]);

  test('compiles, if its row says so; so does all that is to be written instead', () => {
    [...compiling, ...writing].forEach((code, i) => assert.deepEqual(complaints[i], [], code));
  });

  test('does not compile, if its row says so', () => {
    const from = compiling.length + writing.length;
    gone.forEach(({ call }, i) => assert.notDeepEqual(complaints[from + i], [], call));
  });
});

test('the code in docs/from-0.9.md compiles, in the place of src/app.ts', () => {
  const [app, declaration] = Array.from(
    readFileSync(path.join(root, 'docs', 'from-0.9.md'), 'utf8').matchAll(/```ts\n([^]*?)```/g),
    match => match[1]!,
  );
  assert.match(app!, /export function app/);
  const declared = `import type { Server } from './realtime';\n${declaration!}
export function app(io: Server): void {
  io.sockets.on('connection', socket => { socket.nickname = socket.handshake.sessionID; });
}`;
  assert.deepEqual(compile('tsconfig.json', 'src/app.ts', [() => app!, () => declared]), [[], []]);
});

test('a property that is not declared, and one of another type, do not compile', () => {
  const codes = [`socket.nickname = 'Ada'`, `socket.nick = 'Ada'`, `socket.nickname = 1`];
  const [right, ...wrong] = compileAll(codes);
  assert.deepEqual(right, []);
  assert.match(wrong[0]!.join(), /'nick' does not exist/);
  assert.match(wrong[1]!.join(), /'number' is not assignable to type 'string'/);
});

test('socket.get has the type of the third parameter; any without it, unknown with events alone', () => {
  const maps = '{ a: () => void }, { a: () => void }';
  const text = (server: string, code: string) => () => `import type { Server } from './realtime';
export function app(io: ${server}): void {
  io.sockets.on('connection', socket => socket.get('name', (_error, name) => { ${code} }));
}`;
  const [anything, typed, mistyped, unknown] = compile('tsconfig.json', 'src/app.ts', [
    text('Server', 'const length: number = name.length; void length;'),
    text(`Server<${maps}, { name: string }>`, 'const text: string | null = name; void text;'),
    text(`Server<${maps}, { name: string }>`, 'const text: number = name; void text;'),
    text(`Server<${maps}>`, 'const text: string = name; void text;'),
  ]);
  assert.deepEqual([anything, typed], [[], []]);
  assert.match(mistyped!.join(), /'string \| null' is not assignable to type 'number'/);
  assert.match(unknown!.join(), /'unknown' is not assignable to type 'string'/);
});

test('event maps of any take any argument', () => {
  const [complaints] = compile('tsconfig.json', 'src/app.ts', [() => `import type { Server } from './realtime';
export function app(io: Server<any, any, any>): void {
  io.sockets.on('connection', socket => {
    socket.on('say', (text, answer) => { answer(text.length); });
    socket.emit('said', 1, 'a');
  });
}`]);
  assert.deepEqual(complaints, []);
});

/* Running. */

interface World {
  io: Server;
  chat: Namespace;
  clients: Raw[];
  sockets: Socket[];
  port: number;
}

/** Starts a server with two connected clients in the room tea. */
async function world(t: TestContext): Promise<World> {
  let io!: Server;
  const { port } = serve(t, made => io = made as unknown as Server);
  const chat = io.of('/side');
  io.sockets.on('connection', socket => socket.join('tea'));
  const clients: Raw[] = [];
  for (let i = 0; i < 2; i++) {
    const client = await handshake(port, '?page=1');
    await client.poll();
    clients.push(client);
  }
  const sockets = clients.map(({ id }) => io.sockets.socket(id));
  return { io, chat, clients, sockets, port };
}

const throwing = [...calls.refused, ...gone].filter((row): row is Throws => 'line' in row);

/**
 * The functions of all codes that run, by their codes. They are compiled in one run, which takes
 * less time than a run for each.
 */
const functions = new Map<string, (...args: unknown[]) => unknown>();

function compileFunctions(): void {
  const codes = Array.from(new Set([
    ...works.flatMap(({ call, first = call, then = call }) => [call, first, then]),
    ...throwing.map(({ call }) => call),
  ]));
  const text = codes.map((code, i) => asFunction(code, `call${i}`)).join('');
  const compilerOptions = { target: ts.ScriptTarget.ES2018, module: ts.ModuleKind.CommonJS };
  const script = ts.transpileModule(text, { compilerOptions }).outputText;
  const made: Record<string, (...args: unknown[]) => unknown> = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  new Function('exports', script)(made);
  codes.forEach((code, i) => functions.set(code, made[`call${i}`]!));
}

/** Runs code in a world. @returns its value */
function run(
  code: string, { io, chat, sockets }: World, seen: unknown[] = [], handler = () => {},
): unknown {
  if (functions.size === 0) compileFunctions();
  const [socket, other] = sockets;
  const came = socket!.handshake as Handshake | undefined;
  return functions.get(code)!(io, chat, socket, other, came, seen, handler);
}

const END = '5:::{"name":"end"}';
const isLast = (packets: string[]) => packets.includes(END) || packets.includes('0::');

/**
 * Starts a client's poll.
 * @returns a function that waits for all packets that the client hears until the end
 */
async function hear(client: Raw, io: Server): Promise<() => Promise<string[]>> {
  let poll = client.poll();
  const { transport } = (io as any).sessions.get(client.id);
  await until(() => transport.connection, 'the poll');
  return async () => {
    const heard: string[] = [];
    for (;;) {
      const packets = await poll;
      heard.push(...packets.filter(packet => packet !== END));
      if (isLast(packets)) return heard;
      poll = client.poll();
    }
  };
}

describe('a call that works', { concurrency: 4 }, () => {
  for (const row of works) test(row.call, t => runs(t, row));
});

async function runs(t: TestContext, row: Works): Promise<void> {
  const here = await world(t);
  const { io, clients, port } = here;
  const [heard, otherHeard] = await Promise.all(clients.map(client => hear(client, io)));
  const seen: unknown[] = [];
  const handler = () => { seen.push([]); };
  if (row.first) run(row.first, here, seen, handler);
  const given = run(row.call, here, seen, handler);
  if ('gives' in row) assert.deepEqual(given, row.gives);
  if (row.then) run(row.then, here, seen);
  if (row.sends) await clients[0]!.post(row.sends);
  if (row.comes) {
    const third = await handshake(port);
    await third.poll();
    await third.post('1::/side');
    await until(() => seen.length > 0, 'the application to hear of a client');
  }
  io.sockets.emit('end');
  // A client that has sent 0:: hears no more.
  if (row.sends !== '0::') assert.deepEqual(await heard!(), row.hears ?? []);
  assert.deepEqual(await otherHeard!(), row.otherHears ?? []);
  if (row.seen) assert.deepEqual(JSON.parse(JSON.stringify(seen)), row.seen);
}

describe('a call that is refused', { concurrency: 4 }, () => {
  for (const { call, line } of throwing) {
    test(call, async t => {
      const here = await world(t);
      assert.throws(() => run(call, here), { message: line });
    });
  }
});

/* The parts of 0.9's classes. */

/** @returns the names of the parts that an object of 0.9 has by itself or by its class */
function partsOf(object: object, type: { prototype: object }): string[] {
  return [...Object.keys(object), ...Object.getOwnPropertyNames(type.prototype)]
    .filter(name => !name.startsWith('_') && !(name in {}));
}

test('each part of 0.9\'s classes has a row', () => {
  type Class = new (...args: unknown[]) => object;
  const sio = fromRoot('socket.io') as { Manager: Class; Socket: Class };
  const Space = fromRoot('socket.io/lib/namespace') as Class;
  const { EventEmitter } = fromRoot('events') as { EventEmitter: Class };
  const io = new sio.Manager(new EventEmitter(), { log: false }) as { sockets: object };
  const parts: [object: string, names: string[]][] = [
    ['io', partsOf(io, sio.Manager)],
    ['io.sockets', partsOf(io.sockets, Space)],
    ['socket', partsOf(new sio.Socket(io, 'x', io.sockets, true), sio.Socket)],
  ];
  const rows = [...works, ...calls.refused, ...gone].map(({ call }) => {
    return call + '\n' + call.replace(/^(io\.of\('\/side'\)|chat)/, 'io.sockets').replace(/\['?(\w+)'?\]/g, '.$1')
      .replace(/io\.sockets\.manager/g, 'io').replace(/\.(in|to)\('\w+'\)/g, '.$1.and');
  }).join('\n');
  const without = parts.flatMap(([object, names]) => names
    .filter(name => !new RegExp(`\\b${object}(\\.\\w+)*\\.${name.replace('$', '\\$')}\\b`).test(rows))
    .filter(name => object !== 'io' || !['emit', 'of'].includes(name))
    .map(name => `${object}.${name}`));
  assert.deepEqual(without, []);
});

/* The uses of the API in the applications. */

/** Socket.IO knows these names. All other names are an application's own. */
const MEANS = ['connection', 'disconnect', 'message', 'set:transports'];

/**
 * @returns a use of the API in one form, without its arguments; only the names that Socket.IO knows
 * stay
 */
function chain(node: ts.Node): string {
  if (ts.isNonNullExpression(node)) return chain(node.expression);
  if (ts.isPropertyAccessExpression(node)) return `${chain(node.expression)}.${node.name.text}`;
  if (ts.isElementAccessExpression(node)) {
    const { argumentExpression: name } = node;
    const isName = ts.isStringLiteral(name) && /^\w+$/.test(name.text);
    return chain(node.expression) + (isName ? `.${name.text}` : '[]');
  }
  if (ts.isCallExpression(node)) {
    const called = chain(node.expression);
    const [name, ...more] = node.arguments;
    const isSetting = /(^|\.)(set|enable|disable)$/.test(called) && more.length < 2;
    const keeps = name && ts.isStringLiteral(name) &&
      (MEANS.includes(name.text) || (isSetting && called.startsWith('io.')));
    const calls = node.arguments.some(one => ts.isFunctionExpression(one)) ? 'function' : '';
    return `${called}(${keeps ? name.text : calls})`;
  }
  if (node.kind === ts.SyntaxKind.ThisKeyword) return 'io';
  return ts.isIdentifier(node) ? KINDS[node.text] ?? 'socket' : '?';
}

/**
 * The kinds of the variables in the applications. A variable that is not in this list counts as a
 * socket.
 */
const KINDS: { [variable: string]: string } = {
  io: 'io', manager: 'io', chat: 'of', handshake: 'handshake', hs: 'handshake', data: 'handshake',
};

/** @returns all uses of the API in a script; 'of' stands for any namespace */
function uses(text: string): string[] {
  const found: string[] = [];
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.ES2018, true);
  const visit = (node: ts.Node) => {
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)
      || ts.isCallExpression(node)) {
      found.push(chain(node).replace(/^io\.(sockets|of\(\w*\))/, 'of'));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test('the seven applications use all calls that work', () => {
  const used = new Set(readdirSync(applications)
    .flatMap(name => uses(readFileSync(path.join(applications, name, 'app.js'), 'utf8'))));
  const without = works.filter(({ call }) => {
    const [longest] = uses(call.replace(/…/g, '0;')).sort((a, b) => b.length - a.length);
    return !used.has(longest!);
  });
  assert.deepEqual(without.map(({ call }) => call), []);
});

test('docs/from-0.9.md has the tables: else npm run docs', () => {
  const file = 'docs/from-0.9.md';
  const page = readFileSync(path.join(root, file), 'utf8');
  assert.equal(BLOCKS.filter(block => block.file === file).length, 8);
  assert.equal(page, fillPage(file, page, appPath));
});
