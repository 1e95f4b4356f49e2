/*
 * The calls of 0.9's server API, in one row each. calls.test.ts compiles and runs the calls. The
 * command `npm run docs` writes them into docs/from-0.9.md.
 *
 * The code of a row can use `io`, `chat` (the namespace /side), `socket` and `other` (two clients,
 * both in the room tea) and `handshake`. Each … in the code of a row stands for code of the
 * application. In the tests, that code notes that it was called.
 */
export interface Works {
  call: string;
  /** Words for the table, if the call needs any. */
  says?: string;
  /** The value of the call. */
  gives?: unknown;
  /** Code that runs before the call, and code that runs after the call. */
  first?: string;
  then?: string;
  /**
   * Whether another client comes after the call and joins /side. Then the function in the call must
   * run.
   */
  comes?: true;
  /** The packet that the client of `socket` sends after the call. */
  sends?: string;
  /** The packets that the two clients hear, without the event 'end' after all others. */
  hears?: string[];
  otherHears?: string[];
  /** The arguments of each call of the application's own code, as JSON. */
  seen?: unknown[];
}

/** A call that throws. */
export interface Throws {
  call: string;
  line: string;
  /** The code to write instead. */
  write?: string;
  says?: string;
}

/** A call that does not compile. In JavaScript, the call throws an error with this line. */
export interface Gone extends Partial<Throws> {
  call: string;
}

const event = (name: string, ...args: unknown[]) =>
  `5:::${JSON.stringify(args.length > 0 ? { name, args } : { name })}`;

export const ofIo: Works[] = [
  { call: `io.sockets.on('connection', function (socket) { … })`, comes: true },
  { call: `io.on('connection', function (socket) { … })`, comes: true },
  { call: `io.of('/side').on('connection', function (socket) { … })`, comes: true, says: 'The server makes a namespace at its first use; a client cannot' },
  { call: `io.configure(function () { … })`, says: '`this` is `io`', seen: [[]] },
  { call: `io.configure('development', function () { … })`, says: 'The function is called if NODE_ENV has this value. Without NODE_ENV, the value is `development`', seen: [[]] },
  { call: `io.set('close timeout', 30)`, says: 'The new value holds from now on' },
  { call: `io.get('close timeout')`, gives: 60 },
  { call: `io.enable('heartbeats')` },
  { call: `io.disable('authorization')`, says: '`heartbeats` can be disabled, too' },
  { call: `io.enabled('heartbeats')`, gives: true },
  { call: `io.disabled('authorization')`, gives: true },
  { call: `io.on('set:transports', function (transports) { … })`, then: `io.set('transports', ['xhr-polling'])`, seen: [[['xhr-polling'], 'transports']] },
  { call: `io.set('transports', ['xhr-polling'])`, says: 'On IIS 8 and later, `websocket` is possible, too. The usual place is `TRANSPORTS`' },
  { call: `io.set('resource', '/app/socket')`, says: 'The usual place is `APP_PATH`, because the rules in web.config need the same path' },
  { call: `io.set('authorization', function (handshake, accept) { … accept(null, true); })`, comes: true, says: '`accept(error)` answers 500, `accept(null, false)` answers 403' },
  { call: `io.set('blacklist', ['secret'])` },
  { call: `io.set('heartbeat interval', 25)` },
  { call: `io.set('heartbeat timeout', 60)` },
  { call: `io.set('polling duration', 20)`, says: 'The value must be smaller than `gracefulShutdownTimeout` in iisnode.yml' },
  { call: `Object.keys(io.rooms)`, says: `The rooms of this process: '' has all clients, '/tea' is the room tea, '/side' is a namespace, and '/side/tea' is a room in it. The view cannot be changed`, gives: ['', '/tea'] },
  { call: `io.rooms['/tea']!.length`, says: 'The length counts the clients of this process', gives: 2 },
  { call: `io.sockets.manager.rooms['/milk']`, says: 'The value is undefined if no client is in the room', gives: undefined },
  { call: `io.roomClients[socket.id]`, says: 'Only for clients of this process', gives: { '': true, '/tea': true } },
  { call: `io.connected[socket.id]`, says: 'Only for clients of this process', gives: true },
  { call: `io.handshaken[socket.id] === socket.handshake`, says: 'Only for clients of this process', gives: true },
  { call: `Object.keys(io.namespaces)`, gives: ['', '/side'] },
  { call: `io.log.debug('a line')`, says: 'There are `error`, `warn`, `info` and `debug`. LOG_LEVEL decides which lines are printed' },
];

export const ofNamespaces: Works[] = [
  { call: `io.sockets.emit('news', 1)`, hears: [event('news', 1)], otherHears: [event('news', 1)] },
  { call: `io.sockets.send('text')`, hears: ['3:::text'], otherHears: ['3:::text'] },
  { call: `io.sockets.json.send({ a: 1 })`, hears: ['4:::{"a":1}'], otherHears: ['4:::{"a":1}'] },
  { call: `io.sockets.volatile.emit('news')`, says: 'A client between two polls gets [the newest value](delivery.md#the-newest-value-only) of each event and room with its next poll. 0.9 drops all values', hears: [event('news')], otherHears: [event('news')] },
  { call: `io.sockets.in('tea').emit('news')`, hears: [event('news')], otherHears: [event('news')] },
  { call: `io.sockets.to('milk').emit('news')`, first: `socket.join('milk')`, hears: [event('news')] },
  { call: `io.sockets.in('tea').send('text')`, hears: ['3:::text'], otherHears: ['3:::text'] },
  { call: `io.sockets.in('tea').json.send([1])`, hears: ['4:::[1]'], otherHears: ['4:::[1]'] },
  { call: `io.sockets.to('tea').except(socket.id).emit('news')`, otherHears: [event('news')] },
  { call: `io.sockets.clients().length`, says: 'Only the clients of this process', gives: 2 },
  { call: `io.sockets.clients('tea').length`, says: `The clients of this process. In a handler of 'disconnect', the client that goes is still in the list, as in 0.9`, gives: 2 },
  { call: `io.sockets.socket(socket.id).emit('news')`, says: 'With several processes, the client may be in another process', hears: [event('news')] },
  { call: `io.sockets.sockets[socket.id] === socket`, says: 'Only for clients of this process', gives: true },
  { call: `io.sockets.manager === io`, gives: true },
  { call: `io.sockets.once('connection', function (socket) { … })`, comes: true },
  { call: `io.sockets.removeListener('connection', handler)` },
  { call: `io.sockets.log.debug('a line')` },
  { call: `socket.namespace.name`, gives: '' },
  { call: `chat.name`, gives: '/side' },
  { call: `io.of('/side').authorization(function (handshake, accept) { … accept(null, true); })`, comes: true, says: 'The function may add properties to the handshake, as the function of `io.set` may' },
];

export const ofSockets: Works[] = [
  { call: `typeof socket.id`, gives: 'string' },
  { call: `socket.namespace === io.sockets`, gives: true },
  { call: `socket.manager === io`, gives: true },
  { call: `socket.transport`, gives: 'xhr-polling' },
  { call: `socket.disconnected`, gives: false },
  { call: `handshake.headers.host!.split(':')[0]`, says: 'The server removes headers that a client could make up', gives: 'localhost' },
  { call: `typeof handshake.address.address`, says: `The address of the client, even behind iisnode. \`port\` is undefined there`, gives: 'string' },
  { call: `handshake.query.page`, gives: '1' },
  { call: `handshake.url.indexOf('page=1') > 0`, gives: true },
  { call: `typeof handshake.time`, gives: 'string' },
  { call: `handshake.xdomain`, gives: false },
  { call: `handshake.secure`, says: 'The value is right behind iisnode, too', gives: false },
  { call: `socket.handshake`, says: 'The object is the one that authorization had', then: `seen.push(typeof socket.handshake)`, seen: ['object'] },
  { call: `socket.log.debug('a line')` },
  { call: `socket.emit('news', 1)`, hears: [event('news', 1)] },
  { call: `socket.emit('news', function (answer: any) { … })`, says: 'The function gets the answer of the client', sends: '6:::1+["yes"]', hears: ['5:1+::{"name":"news"}'], seen: [['yes']] },
  { call: `socket.emit('news', function () { … })`, says: `A function without parameters is called when 0.9's client has the event. A page with realtime.js has to answer: \`socket.on('news', function (answer) { answer(); })\``, sends: '6:::1', hears: ['5:1::{"name":"news"}'], seen: [[]] },
  { call: `socket.send('text')`, hears: ['3:::text'] },
  { call: `socket.send('text', function () { … })`, says: 'The function is called when the client has the text', sends: '6:::1', hears: ['3:1::text'], seen: [[]] },
  { call: `socket.json.send({ a: 1 })`, hears: ['4:::{"a":1}'] },
  { call: `socket.volatile.emit('news')`, says: 'A client between two polls gets [the newest value](delivery.md#the-newest-value-only) of each event and room with its next poll. 0.9 drops all values', hears: [event('news')] },
  { call: `socket.broadcast.emit('news')`, otherHears: [event('news')] },
  { call: `socket.broadcast.send('text')`, otherHears: ['3:::text'] },
  { call: `socket.broadcast.json.send({ a: 1 })`, otherHears: ['4:::{"a":1}'] },
  { call: `socket.json.broadcast.send({ a: 1 })`, otherHears: ['4:::{"a":1}'] },
  { call: `socket.broadcast.volatile.emit('news')`, otherHears: [event('news')] },
  { call: `socket.broadcast.to('tea').emit('news')`, otherHears: [event('news')] },
  { call: `socket.broadcast.to('tea').send('text')`, otherHears: ['3:::text'] },
  { call: `socket.broadcast.to('tea').json.send([1])`, otherHears: ['4:::[1]'] },
  { call: `socket.broadcast.in('tea').volatile.emit('news')`, otherHears: [event('news')] },
  { call: `socket.to('tea').broadcast.emit('news')`, otherHears: [event('news')] },
  { call: `socket.join('milk')`, then: `io.sockets.in('milk').emit('news')`, hears: [event('news')] },
  { call: `socket.join('milk', function () { … })`, says: 'The function is called at once', seen: [[]] },
  { call: `socket.leave('tea')`, then: `io.sockets.in('tea').emit('news')`, otherHears: [event('news')] },
  { call: `socket.leave('tea', function () { … })`, says: 'The function is called at once', seen: [[]] },
  { call: `socket.set('name', 'Ada', function () { … })`, says: 'The function is called at once', seen: [[null]] },
  { call: `socket.get('name', function (error, name) { … })`, says: `The function is called at once. The third parameter of \`Server<…>\` has the type of \`name\`. For \`Server\` alone, the type is \`any\``, seen: [[null, null]] },
  { call: `socket.has('name', function (error, has) { … })`, seen: [[null, false]] },
  { call: `socket.del('name', function () { … })`, seen: [[null]] },
  { call: `socket.on('news', function (text) { … })`, says: '`this` is the socket', sends: event('news', 'x'), seen: [['x']] },
  { call: `socket.on('news', function (answer) { answer('yes'); })`, says: 'Only the first call of `answer` counts', sends: '5:1+::{"name":"news"}', hears: ['6:::1+["yes"]'] },
  { call: `socket.on('message', function (text) { … })`, sends: '3:::x', seen: [['x']] },
  { call: `socket.on('disconnect', function (reason) { … })`, says: 'The rooms, the values and the handshake are still there. The page on delivery lists the [reasons](delivery.md#what-ends-a-session)', sends: '0::', seen: [['booted']] },
  { call: `socket.once('news', function (text) { … })`, sends: event('news', 'x'), seen: [['x']] },
  { call: `socket.removeListener('news', handler)`, first: `socket.on('news', handler)`, sends: event('news'), seen: [] },
  { call: `socket.removeAllListeners('news')`, first: `socket.on('news', handler)`, sends: event('news'), seen: [] },
  { call: `socket.listeners('news').length`, gives: 0 },
  { call: `socket.$emit('news', 1)`, first: `socket.on('news', function () { … })`, seen: [[1]], says: 'The handlers of the event are called' },
  { call: `socket.$emit = function (event) { … }`, says: 'The function is called for each event of the client', sends: event('news', 'x'), seen: [['news', 'x']] },
  { call: `socket.disconnect()`, hears: ['0::'] },
  { call: `socket.nickname = 'Ada'`, says: '[Declare](#properties-of-your-own) a property of your own', gives: 'Ada' },
];

/** Calls that compile, but throw an error with one line. */
export const refused: Throws[] = [
  {
    call: `io.set('transports', ['websocket', 'htmlfile', 'jsonp-polling'])`,
    line: `io.set('transports'): got ["websocket","htmlfile","jsonp-polling"]; takes a list of websocket, xhr-polling`,
    write: `io.set('transports', ['xhr-polling'])`,
  },
  {
    call: `io.set('resource', '/app/socket/')`,
    line: `io.set('resource'): got "/app/socket/"; takes a path with no slash at its end, such as /app/socket`,
    write: `io.set('resource', '/app/socket')`,
  },
  {
    call: `io.sockets.authorization(function (handshake, accept) { accept(null, false); })`,
    line: `io.sockets.authorization is never asked: io.set('authorization', …) decides who may connect`,
    write: `io.set('authorization', function (handshake, accept) { accept(null, false); })`,
    says: '0.9 never calls the function, and lets all clients in',
  },
];

const setting = (name: string, value: string, instead: string): Gone => ({
  call: `io.set('${name}', ${value})`,
  line: `io.set('${name}') changes nothing here: ${instead}`,
});
const AS_IT_IS = 'the client script is served as it is';
const BY_LOG_LEVEL = 'LOG_LEVEL decides what is logged';

/** Settings that change nothing here. */
export const settings: Gone[] = [
  setting('log level', '1', BY_LOG_LEVEL),
  setting('log', 'false', BY_LOG_LEVEL),
  setting('logger', '{}', BY_LOG_LEVEL),
  setting('log colors', 'false', BY_LOG_LEVEL),
  setting('origins', `'*:*'`, 'ALLOWED_ORIGINS names the origins whose pages may connect'),
  setting('match origin protocol', 'true', 'the scheme is always a part of an origin'),
  setting('store', '{}', 'src/server.ts says whether several processes share their clients'),
  setting('client store expiration', '15', 'nothing is stored of a client that is gone'),
  setting('static', '{}', AS_IT_IS),
  setting('browser client', 'false', AS_IT_IS),
  setting('browser client minification', 'true', AS_IT_IS),
  setting('browser client etag', 'true', AS_IT_IS),
  setting('browser client gzip', 'true', AS_IT_IS),
  setting('browser client cache', 'true', AS_IT_IS),
  setting('browser client expires', '3600', AS_IT_IS),
  setting('browser client handler', '() => {}', AS_IT_IS),
  setting('destroy buffer size', '1e6', 'MAX_MESSAGE_BYTES bounds a message'),
  setting('destroy upgrade', 'false', 'an upgrade that is not wanted is answered'),
  setting('flash policy server', 'false', 'flashsocket is not offered'),
  setting('flash policy port', '843', 'flashsocket is not offered'),
  {
    call: `io.enable('browser client minification')`,
    line: `io.set('browser client minification') changes nothing here: ${AS_IT_IS}`,
  },
  { call: `io.disable('log')`, line: `io.set('log') changes nothing here: ${BY_LOG_LEVEL}` },
];

/** Other calls that some applications have. Each has a type or a replacement of its own. */
export const others: Gone[] = [
  {
    call: `import sio from 'socket.io'`,
    says: 'src/server.ts makes the server, listens, and calls `app(io)`. Take this line out, and also `require(\'socket.io\').listen(…)` and `new sio.Manager(…)`',
  },
  {
    call: `socket.to('tea').emit('news')`,
    says: '0.9 sends the event to this client only, whatever the room',
    write: `socket.broadcast.to('tea').emit('news')`,
  },
  {
    call: `socket.store.data.name`,
    line: 'socket.store is not here: socket.get, set, has and del have its values, and call back at once',
    write: `socket.get('name', function (error, name) {})`,
  },
  {
    call: `io.transports[socket.id].name`,
    line: `io.transports is not here: socket.transport is the name of a client's transport`,
    write: `socket.transport`,
  },
  {
    call: `io.onClientDisconnect(socket.id)`,
    line: 'io.onClientDisconnect is not here: socket.disconnect() ends a connection',
    write: `io.sockets.socket(socket.id).disconnect()`,
  },
  {
    call: `io.rooms['/tea'] = []`,
    line: 'io.rooms shows what there is, and cannot be changed: socket.join and socket.leave do',
    write: `socket.leave('tea')`,
  },
  {
    call: `delete io.connected[socket.id]`,
    line: 'io.connected shows what there is, and cannot be changed: clients come and go, and socket.disconnect ends one',
    write: `socket.disconnect()`,
  },
  {
    call: `io.server.close()`,
    line: 'io.server is not here: src/server.ts has the server',
  },
  {
    call: `io.static.add('/x.js', { file: 'x.js' })`,
    line: 'io.static is not here: public/ has the files that are served',
  },
  {
    call: `io.settings['close timeout']`,
    write: `io.get('close timeout')`,
  },
  {
    call: `io.set('close timeout')`,
    write: `io.get('close timeout')`,
  },
  {
    call: `io.get('origins')`,
    line: `io.get('origins') says nothing here: ALLOWED_ORIGINS names the origins whose pages may connect`,
    says: 'the same for each setting of the next table',
  },
  {
    call: `io.sockets.on('disconnect', function () {})`,
    says: `0.9 never calls this handler of a namespace, nor handlers for 'connect' and 'message'`,
    write: `io.sockets.on('connection', function (socket) { socket.on('disconnect', function () {}); })`,
  },
  {
    call: `socket.disconnect('why')`,
    says: '0.9 does not tell the client the reason either',
    write: `socket.emit('bye', 'why').disconnect()`,
  },
  {
    call: `socket.packet({ type: 'event', name: 'news' })`,
    write: `socket.emit('news')`,
  },
  {
    call: `io.sockets.packet({ type: 'event', name: 'news' })`,
    write: `io.sockets.emit('news')`,
  },
  {
    call: `io.sockets.$emit('connection', socket)`,
    says: 'Give the function a name, and call it',
  },
  {
    call: `io.sockets.auth`,
    write: `io.of('/side').authorization(function (handshake, accept) { accept(null, true); })`,
  },
  {
    call: `io.sockets.flags.exceptions`,
    write: `io.sockets.except(socket.id).emit('news')`,
  },
  {
    call: `io.set('authorization', function (handshake, accept) { accept(null, true, { name: 'Ada' }); })`,
    says: '0.9.19 drops the third argument. Here, the third argument of a refusal is the reason that the page gets',
    write: `io.set('authorization', function (handshake, accept) { handshake.name = 'Ada'; accept(null, true); })`,
  },
  {
    call: `socket.acks`,
    write: `socket.emit('news', function (answer: unknown) {})`,
  },
];

const inside = (name: string, instead: string): Gone => {
  const object = name.startsWith('io.sockets.') ? 'io.sockets' : name.split('.')[0]!;
  return { call: name, line: `${object}.${name.slice(object.length + 1)} is not here: ${instead}` };
};
const SERVED = 'src/server.ts serves the requests';
const WHO_COMES = `io.set('authorization', …) decides who comes`;
const BY_EMIT = `io.sockets.in('a room').emit reaches a room, socket.emit a client`;
const TO_JOIN = 'socket.join and socket.leave change who is in a room';
const TO_END = 'socket.disconnect() ends a connection';
const IN_POLLS = 'io.connected has all clients, also those between two polls';
const BY_HAND = 'socket.$emit calls the handlers of a client';
const STORE = 'src/server.ts says whether several processes share their clients';
const ONE_EMIT = 'each emit has its own flags';
const SWEEPS = 'src/realtime sweeps by itself';

/** Calls of the internal parts of 0.9's classes. */
export const insides: Gone[] = [
  inside('io.store', STORE), inside('io.initStore', STORE), inside('io.sockets.store', STORE),
  inside('io.open', IN_POLLS), inside('io.closed', IN_POLLS),
  inside('io.onJoin', TO_JOIN), inside('io.onLeave', TO_JOIN),
  inside('io.onDispatch', BY_EMIT), inside('io.onClientDispatch', BY_EMIT),
  inside('io.onClientMessage', BY_HAND), inside('io.sockets.handlePacket', BY_HAND),
  inside('io.onDisconnect', TO_END), inside('io.onClose', TO_END),
  inside('io.sockets.handleDisconnect', TO_END),
  inside('io.onHandshake', WHO_COMES), inside('io.handshakeData', WHO_COMES),
  inside('io.authorize', WHO_COMES),
  inside('io.sockets.authorize', 'authorization(…) decides who joins'),
  inside('io.verifyOrigin', 'ALLOWED_ORIGINS names the pages that may connect'),
  inside('io.onConnect', `io.sockets.on('connection', …) hears of clients`),
  inside('io.handleRequest', SERVED), inside('io.handleUpgrade', SERVED),
  inside('io.handleHTTPRequest', SERVED), inside('io.handleClient', SERVED),
  inside('io.handleHandshake', SERVED), inside('io.checkRequest', SERVED),
  inside('io.oldListeners', 'src/server.ts has the server'),
  inside('io.gc', SWEEPS), inside('io.garbageCollection', SWEEPS),
  inside('io.sequenceNumber', 'socket.id is random'), inside('io.generateId', 'socket.id is random'),
  inside('io.sockets.setFlags', ONE_EMIT), inside('socket.setFlags', ONE_EMIT),
  inside('socket.flags', 'socket.broadcast, volatile, json and to(…) are for one emit'),
  inside('socket.readable', 'socket.disconnected says whether the client is gone'),
  inside('socket.dispatch', 'socket.emit and socket.send send'),
  inside('socket.ackPackets', 'the last argument of socket.emit is called with the answer'),
  { call: 'io.onOpen' }, { call: 'socket.onDisconnect' },
];
