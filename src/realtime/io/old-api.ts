/*
 * Parts of 0.9's API for applications that were written for 0.9. The tables of 0.9's manager are
 * views here. Each part of 0.9's API that is gone throws an error of one line. The types are in
 * ../old-api.ts.
 */
import { inspect } from 'util';
import type { Handshake } from '../api';
import type { View } from '../old-api';
import type { Session } from '../session/session';
import { readKey, roomKey, Rooms } from './rooms';

/** The functions by which a view finds its content. */
interface Look<T> {
  get(name: string): T | undefined;
  names(): Iterable<string>;
}

/**
 * Makes an object that finds its content whenever the application reads it. 0.9 keeps a table for
 * each view; this server needs no such tables.
 * @param called the name of the view in the application, 'io.rooms'
 * @param change the call that changes the content of the view
 */
export function view<T>(called: string, change: string, look: Look<T>): View<T> {
  const refuse = () => {
    throw new Error(`${called} shows what there is, and cannot be changed: ${change}`);
  };
  const get = (name: PropertyKey) => typeof name === 'string' ? look.get(name) : undefined;
  return new Proxy<{ [name: string]: T }>(Object.create(OF_VIEWS) as {}, {
    get: (target, name) => {
      const value = get(name);
      return value === undefined ? Reflect.get(target, name) as T : value;
    },
    has: (_target, name) => get(name) !== undefined,
    ownKeys: () => Array.from(new Set(look.names())),
    getOwnPropertyDescriptor: (_target, name) => {
      const value = get(name);
      return value === undefined ? undefined : { value, enumerable: true, configurable: true };
    },
    set: refuse,
    deleteProperty: refuse,
    defineProperty: refuse,
  });
}

/**
 * The methods of views. Views do not inherit from Object: otherwise a name from a client, such as
 * '__proto__' or 'constructor', would find a method.
 */
const OF_VIEWS = Object.freeze(Object.create(null, {
  hasOwnProperty: {
    value(this: View<unknown>, name: string): boolean { return this[name] !== undefined; },
  },
  // Without this method, console.log shows the empty object behind the view.
  [inspect.custom]: {
    value(this: View<unknown>): object { return { ...this }; },
  },
}) as object);

/** The part of the manager that its views need. */
export interface Viewed {
  readonly sessions: ReadonlyMap<string, Session>;
  readonly allRooms: Rooms;
  readonly namespaces: { readonly [name: string]: { readonly sockets: View<unknown> } };
}

const JOIN = 'socket.join and socket.leave do';
const COME_AND_GO = 'clients come and go, and socket.disconnect ends one';

/** The tables of 0.9's manager that exist here, as views. */
export type Views = ReturnType<typeof viewsOf>;

export function viewsOf(manager: Viewed) {
  const { sessions, allRooms } = manager;
  const connected = () => manager.namespaces['']!.sockets;
  const isConnected = (id: string) => connected()[id] !== undefined;
  return {
    rooms: view('io.rooms', JOIN, {
      get: name => idsIn(manager, name),
      names: () => Array.from(allRooms.keys(), oldName),
    }),
    roomClients: view('io.roomClients', JOIN, {
      get: id => {
        const session = sessions.get(id);
        return session && session.rooms.length > 0 ? roomsOf(session) : undefined;
      },
      names: () => Object.keys(connected()),
    }),
    connected: view<true>('io.connected', COME_AND_GO, {
      get: id => isConnected(id) || undefined,
      names: () => Object.keys(connected()),
    }),
    handshaken: view<Handshake>('io.handshaken', COME_AND_GO, {
      get: id => {
        const session = sessions.get(id);
        // While handlers of 'disconnect' run, the client still counts as connected.
        const isThere = session && (!session.ended || isConnected(id));
        return isThere ? session.handshake : undefined;
      },
      names: () => Array.from(sessions.values())
        .filter(({ ended, id }) => !ended || isConnected(id)).map(({ id }) => id),
    }),
  };
}

/** @returns the name of a room in 0.9's tables: '/tea', or '/side/tea' in the namespace '/side' */
function oldName(key: string): string {
  const [namespace, room] = readKey(key);
  return room === undefined ? namespace : `${namespace}/${room}`;
}

function roomsOf(session: Session): { [room: string]: true } {
  const rooms: { [room: string]: true } = {};
  for (const key of session.rooms) rooms[oldName(key)] = true;
  return rooms;
}

/**
 * Finds the clients in a room. As in 0.9, one name can mean two rooms: '/side' is the room side,
 * and the namespace '/side'.
 * @returns the ids of the clients; undefined if there are none
 */
function idsIn({ allRooms, namespaces }: Viewed, name: string): string[] | undefined {
  const ids = new Set<string>();
  for (const namespace of Object.keys(namespaces)) {
    let key: string;
    if (name === namespace) key = roomKey(namespace);
    else if (name.startsWith(`${namespace}/`)) {
      key = roomKey(namespace, name.slice(namespace.length + 1));
    } else continue;
    for (const { id } of allRooms.in(key)) ids.add(id);
  }
  return ids.size > 0 ? Array.from(ids) : undefined;
}

/**
 * Makes properties that throw when the application uses them. 0.9's own properties would be empty,
 * or change something that nobody reads.
 * @param called the name of the object in the application, 'io'
 * @param instead for each property's name, the end of the error's line: it names the replacement
 * @param isMaking says whether 0.9's constructor, which uses the properties, is still at work
 */
function goneFrom(
  called: string, instead: { [name: string]: string },
  isMaking: (object: any) => boolean = () => false,
): PropertyDescriptorMap {
  const gone: PropertyDescriptorMap = {};
  for (const [name, line] of Object.entries(instead)) {
    const refuse = function (this: unknown) {
      if (isMaking(this)) return NOTHING;
      throw new Error(`${called}.${name} is not here: ${line}`);
    };
    gone[name] = { get: refuse, set: refuse, configurable: true };
  }
  return gone;
}

const NOTHING = () => {};

const SERVED = 'src/server.ts serves the requests';
const WHO_COMES = `io.set('authorization', …) decides who comes`;
const CHECKED = 'ALLOWED_ORIGINS names the pages that may connect';
const BY_EMIT = `io.sockets.in('a room').emit reaches a room, socket.emit a client`;
const TO_JOIN = 'socket.join and socket.leave change who is in a room';
const TO_END = 'socket.disconnect() ends a connection';
const IN_POLLS = 'io.connected has all clients, also those between two polls';
const FILES = 'public/ has the files that are served';
const VALUES = 'socket.get, set, has and del have its values, and call back at once';
const STORE = 'src/server.ts says whether several processes share their clients';

/**
 * These properties are for the prototype of a manager. With so many own properties, V8 keeps a
 * manager as a dictionary: then an event of a client took 270 ns, not 180 ns.
 */
export const GONE_FROM_MANAGER = goneFrom('io', {
  store: STORE,
  initStore: STORE,
  static: FILES,
  server: 'src/server.ts has the server',
  oldListeners: 'src/server.ts has the server',
  gc: 'src/realtime sweeps by itself',
  garbageCollection: 'src/realtime sweeps by itself',
  sequenceNumber: 'socket.id is random',
  generateId: 'socket.id is random',
  transports: `socket.transport is the name of a client's transport`,
  open: IN_POLLS,
  closed: IN_POLLS,
  onHandshake: WHO_COMES,
  handshakeData: WHO_COMES,
  authorize: WHO_COMES,
  verifyOrigin: CHECKED,
  onConnect: `io.sockets.on('connection', …) hears of clients`,
  onJoin: TO_JOIN,
  onLeave: TO_JOIN,
  onDispatch: BY_EMIT,
  onClientDispatch: BY_EMIT,
  onClientMessage: 'socket.$emit calls the handlers of a client',
  onClientDisconnect: TO_END,
  onDisconnect: TO_END,
  onClose: TO_END,
  handleRequest: SERVED,
  handleUpgrade: SERVED,
  handleHTTPRequest: SERVED,
  handleClient: SERVED,
  handleHandshake: SERVED,
  checkRequest: SERVED,
}, (manager: { allRooms?: Rooms }) => manager.allRooms === undefined);

export const GONE_FROM_NAMESPACE = goneFrom('io.sockets', {
  store: STORE,
  setFlags: 'each emit has its own flags',
  authorize: 'authorization(…) decides who joins',
  handlePacket: 'socket.$emit calls the handlers of a client',
  handleDisconnect: TO_END,
});

export const GONE_FROM_SOCKET = goneFrom('socket', {
  store: VALUES,
  readable: 'socket.disconnected says whether the client is gone',
  flags: 'socket.broadcast, volatile, json and to(…) are for one emit',
  setFlags: 'each emit has its own flags',
  dispatch: 'socket.emit and socket.send send',
  ackPackets: 'the last argument of socket.emit is called with the answer',
});
