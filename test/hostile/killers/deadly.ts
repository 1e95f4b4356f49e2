import { resource } from '../../support/template';
import { join } from '../../support/raw';
import { Attacker, frame } from './attacker';
import { Case, post } from './case';

const NOBODY = 'aaaaaaaaaaaaaaaaaaaa';
const MANY = `[${'0,'.repeat(450000)}0]`;
const DEEP = '['.repeat(20000) + ']'.repeat(20000);
const repeat = (body: string, times: number) => join(Array<string>(times).fill(body));

/** Newer versions of node write JSON of any depth. @returns whether this node can write the JSON */
function canWrite(json: string): boolean {
  try {
    return JSON.stringify(JSON.parse(json)) === json;
  } catch {
    return false;
  }
}

const TAKEN_OR_NOT = /^(200 1|400 .+)$/;

/** One packet that ends stock 0.9. This server may take the packet or refuse it. */
function packet(name: string, body: string, dies: RegExp): Case {
  return { name, attack: async attacker => (await post(body)(attacker) as string[])[0], stock: { dies }, ours: TAKEN_OR_NOT };
}

/**
 * @returns an attack that opens a session, asks for an upgrade, and resets the connection after the
 * answer. Its value is the first line of the answer
 */
const upgradeAndReset = (path: (id: string) => string) => async (attacker: Attacker) => {
  const socket = await attacker.upgrade(path((await attacker.session()).id));
  const answer = await attacker.receive(socket, '\r\n\r\n');
  socket.resetAndDestroy();
  return answer.split('\r\n')[0];
};

/** Requests that end the process of stock 0.9. */
export const deadly: Case[] = [
  // In stock 0.9, sessions are properties of plain objects, and transports are properties of a
  // function.
  ...['__proto__', 'constructor', 'length', 'apply'].map((id): Case => ({
    name: `a poll of the session ${id}`,
    attack: attacker => attacker.send(`/1/xhr-polling/${id}`),
    stock: { dies: /discard is not a function|ERR_INVALID_ARG_TYPE/ },
    ours: /^400 .+$/,
  })),
  {
    name: 'a poll of the session propertyIsEnumerable, which is as long as a real one',
    attack: attacker => attacker.send('/1/xhr-polling/propertyIsEnumerable'),
    stock: { dies: /ERR_INVALID_ARG_TYPE/ },
    ours: '404 client not handshaken',
  },
  {
    name: 'a message from the session propertyIsEnumerable',
    attack: attacker => attacker.send('/1/xhr-polling/propertyIsEnumerable', { method: 'POST', body: '5:::{"name":"x"}' }),
    stock: { dies: /reading 'apply'/ },
    ours: /^404 .+$/,
  },
  {
    name: 'a path that url.parse throws at',
    attack: attacker => attacker.send('//a@[/1/'),
    stock: { dies: /ERR_INVALID_URL/ },
    ours: /^40[04] .+$/,
  },
  {
    // This is a mistake of the application. But in stock 0.9 it ends the sessions of all others.
    name: 'an authorization that accepts twice',
    attack: async attacker => (await attacker.send('/1/?twice=1')).slice(0, 3),
    stock: { dies: /ERR_HTTP_HEADERS_SENT/ },
    ours: '200',
  },

  // In stock 0.9, namespaces are properties of a plain object.
  packet('an event for the namespace __proto__', '5::__proto__:{"name":"x"}', /handlePacket is not a function/),
  packet('a connection to the namespace constructor', '1::constructor', /handlePacket is not a function/),
  packet('an event whose name cannot be a property', '5:::{"name":{"toString":0,"valueOf":0}}', /Cannot convert object to primitive value/),
  packet('an event whose name is 20,000 arrays in each other', `5:::{"name":${DEEP}}`, /RangeError: Maximum call stack/),
  packet('an event with 450,000 arguments', `5:::{"name":"x","args":${MANY}}`, /RangeError: Maximum call stack/),
  ...(canWrite(DEEP) ? [] : [packet('an echo of 20,000 arrays in each other', `5:1+::{"name":"message","args":[${DEEP}]}`, /RangeError: Maximum call stack/)]),
  packet('an acknowledgement with a number for arguments', '6:::1+5', /CreateListFromArrayLike/),
  packet('an acknowledgement with a length for arguments', '6:::1+{"length":1e9}', /RangeError: Invalid array length/),
  packet('an acknowledgement with 450,000 arguments', `6:::1+${MANY}`, /RangeError: Maximum call stack/),
  packet('a packet of negative length', '\ufffd-4\ufffd', /heap out of memory/),

  {
    name: 'an upgrade that says it is a disconnection',
    websocket: true,
    attack: upgradeAndReset(id => `${resource}/1/xhr-polling/${id}?disconnect=1`),
    stock: { dies: /reading 'writeHead'/ },
    ours: /^HTTP\/1\.1 4\d\d /,
  },
  {
    name: 'an upgrade at the address of a poll',
    websocket: true,
    attack: upgradeAndReset(() => `${resource}/1/xhr-polling/${NOBODY}`),
    stock: { dies: /reading 'writeHead'/ },
    ours: /^HTTP\/1\.1 4\d\d /,
  },
  ...[['an unknown session', `${resource}/1/websocket/${NOBODY}`], ['no session', `${resource}/1/websocket`], ['another path', '/']].map(([what, path]): Case => ({
    // node has no error listener on such a socket. When stock 0.9 has refused the upgrade, the
    // socket has no error listener at all.
    name: `an upgrade to ${what}, refused and then reset`,
    websocket: true,
    attack: upgradeAndReset(() => path!),
    stock: { dies: /ECONNRESET/ },
    ours: /^HTTP\/1\.1 4\d\d /,
  })),
];

/** After these requests, stock 0.9 answers nobody. A longer request makes this last longer. */
export const blocking: Case[] = [
  {
    // Each of three groups of a pattern can end anywhere, so the time is cubic. 2,500 letters take
    // ten seconds. The 16,000 letters that a URL may have take an hour.
    name: 'a path of many letters and four slashes',
    attack: attacker => attacker.send(`/${'a'.repeat(2500)}////x`),
    stock: 'hangs',
    ours: /^40[04] .+$/,
  },
  {
    // The time is exponential: 40 letters take hours. In the sample, Socket.IO serves the client
    // script.
    name: 'a client script of a transport with a long name',
    attack: attacker => attacker.send(`/socket.io+${'a'.repeat(40)}!`),
    stock: 'hangs',
    ours: /^40[04] .+$/,
  },
  { name: 'a packet without a colon', attack: post('a'.repeat(100000)), stock: 'hangs', ours: [/^400 .+$/] },
  {
    name: 'a packet without a colon, in a frame',
    websocket: true,
    attack: async attacker => {
      const socket = await attacker.websocket(await attacker.handshake());
      socket.write(frame(0x81, 'a'.repeat(100000)));
    },
    stock: 'hangs',
  },
  {
    // 30,000 handlers hear 2,000 events. Each body has at most 64 KB, because stock 0.9 garbles a
    // body that arrives in pieces.
    name: 'a session that connects again and again, and then sends',
    attack: post(...Array<string>(5).fill(repeat('1::', 6000)), repeat('5:::{"name":"message"}', 2000)),
    stock: 'hangs',
    ours: Array(6).fill(/^(200 1|400 .+|413 .+)$/),
  },
];
