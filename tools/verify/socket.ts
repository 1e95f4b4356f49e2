/* Checks of Socket.IO: what it offers, a message there and back, whose pages may connect, how much a message may carry. */
import { createRequire } from 'node:module';
import { ask, isHtml } from './http';
import { expectOk, Fault, Outcome, unexpected } from './result';
import { HEARTBEAT, openSession } from './session';
import { appSetting, places } from './settings';
import type { Target } from './target';

/** A page of nobody's: the domain does not exist, by RFC 2606. */
export const STRANGER = 'http://stranger.invalid';

/** What of socket.io-client 0.9 is used here. `packet`, `acks` and `transports` are its internals, frozen with the release line. */
interface Client {
  socket: { transport?: { name: string }; transports: string[]; connect: () => void; disconnect: () => void };
  on: (event: string, handler: (...args: unknown[]) => void) => void;
  emit: (event: string, ...args: unknown[]) => void;
  packet: (packet: object) => void;
  acks: Record<string, () => void>;
}

const { connect } = createRequire(__filename)('socket.io-client') as { connect: (url: string, options: object) => Client };

/** The handshake offers the transports meant, and no other. */
export async function handshake({ base, resource, transports }: Target): Promise<Outcome> {
  const answer = await ask(new URL(`${resource}/1/?t=${Date.now()}`, base));
  expectOk('handshake', answer);
  const [, offered] = /^[\w-]+:\d*:\d*:([\w,-]*)$/.exec(answer.text) ?? [];
  if (offered === undefined) {
    if (isHtml(answer)) throw unexpected('handshake', answer);
    throw new Fault(`handshake: ${JSON.stringify(answer.text.slice(0, 60))}`, 'something else answers this URL', [places.ruleSocket]);
  }
  const faults: Fault[] = [];
  const sorted = (names: string[]) => [...names].sort().join();
  if (sorted(offered.split(',')) !== sorted(transports)) {
    const cause = `${transports.join(',')} is meant; if it is not, say --transports ${offered}`;
    faults.push(new Fault(`handshake: offers ${offered || 'nothing'}`, cause, [appSetting('TRANSPORTS', transports.join())]));
  }
  const type = answer.headers['content-type'] ?? '';
  if (!/^text\/plain/.test(type)) {
    faults.push(new Fault(`handshake: Content-Type ${type || 'missing'}`, 'something between here and the server changes its answers'));
  }
  return { saw: `offers ${offered}`, faults };
}

/** Messages over xhr-polling, with the client that browsers use. */
export const polling = (target: Target) => roundTrip(target, 'xhr-polling');
/** Messages over a WebSocket, where they are meant to be. */
export const webSocket = (target: Target) => roundTrip(target, 'websocket');

/**
 * A message there and its acknowledgement back. The server acknowledges any event by itself if it is asked to, so this
 * works with every application, and none hears of it. An event that the application knows is tried after that.
 */
async function roundTrip(target: Target, transport: string): Promise<Outcome> {
  if (!target.transports.includes(transport)) return { saw: `${transport} is not meant to be offered`, skipped: true };
  const client = connect(target.base.origin, {
    resource: target.resource.slice(1), 'auto connect': false, 'force new connection': true, reconnect: false, 'try multiple transports': false,
  });
  // Its option for that is written over the list of the whole library.
  client.socket.transports = [transport];
  const where = transport === 'websocket' ? [places.webSocket] : [places.ruleSocket, places.handler];
  const within = <T>(what: string, cause: string, start: (done: (value: T) => void) => void) => new Promise<T>((resolve, reject) => {
    const fail = (saw: string) => reject(new Fault(saw, cause, where));
    const tooLong = setTimeout(fail, 10000, `${what}: nothing within 10 s`);
    const done = (value: T) => { clearTimeout(tooLong); resolve(value); };
    for (const event of ['error', 'connect_failed', 'disconnect']) {
      client.on(event, reason => { clearTimeout(tooLong); fail(`${what}: ${event} ${briefly(reason)}`.trim()); });
    }
    start(done);
  });
  try {
    await within<unknown>('connect', `the client cannot connect over ${transport}`, done => {
      client.on('connect', done);
      client.socket.connect();
    });
    const start = Date.now();
    await within<void>('message', 'a POST, or the answer to a poll, does not arrive', done => {
      client.acks['1'] = done;
      client.packet({ type: 'event', name: '(verify)', args: [], id: '1', ack: true });
    });
    const ms = Date.now() - start;
    const demo = /<script[^>]+src="demo\.js"/.test(target.home.text);
    const event = target.event ?? (demo ? 'message' : undefined);
    if (!event) return { saw: `acknowledged in ${ms} ms` };
    where.splice(0, Infinity, { file: 'src/app.ts', setting: `the handler of '${event}', which calls its last argument`, find: `'${event}'` });
    const answered = demo && event === 'message' && within<unknown>('response', 'the handler does not answer', done => client.on('response', done));
    await Promise.all([
      answered,
      within<unknown>(event, 'the handler does not acknowledge it', done => client.emit(event, 'verify', done)),
    ]);
    return { saw: `acknowledged in ${ms} ms; ${event} too${answered ? ', and answered' : ''}` };
  } finally {
    if (client.socket.transport) client.socket.disconnect();
  }
}

/** The client gives the text of an answer, or what it could not parse. */
function briefly(reason: unknown): string {
  return typeof reason === 'string' ? reason.replace(/\s+/g, ' ').slice(0, 60) : '';
}

/** The application's own pages may talk to it, others may not. */
export async function origin(target: Target): Promise<Outcome> {
  const session = await openSession(target);
  const post = (from: string) => session.post(HEARTBEAT, { headers: { Origin: from } });
  const [own, stranger] = await Promise.all([post(target.base.origin), post(STRANGER)]);
  await session.close();
  const faults: Fault[] = [];
  if (own.status !== 200) {
    const cause = 'a proxy ends HTTPS, or changes Host, and the server does not know the address that it was called by';
    faults.push(new Fault(`a page of ${target.base.origin}: status ${own.status}`, cause, [appSetting('TRUSTED_PROXIES', '…'), appSetting('ALLOWED_ORIGINS', target.base.origin)]));
  }
  if (stranger.status !== 403) {
    const open = { file: 'src/realtime/http/origins.ts', setting: 'readOrigin', find: 'function readOrigin' };
    const cause = 'pages elsewhere may connect with a visitor\'s cookies';
    faults.push(new Fault(`a page of ${STRANGER}: status ${stranger.status}`, cause, [appSetting('ALLOWED_ORIGINS', '…'), open]));
  }
  return { saw: 'own pages may connect, others get 403', faults };
}

/** A message of the size allowed arrives; one of twice the size is refused with an answer. */
export async function bodyLimit(target: Target): Promise<Outcome> {
  const session = await openSession(target);
  // A heartbeat may carry anything, and nobody reads it.
  const send = (bytes: number, bodyAfter?: number) => session.post(`${HEARTBEAT}:`.padEnd(bytes, 'x'), { bodyAfter });
  const bytes = target.messageBytes;
  const where = [places.maxBody, appSetting('MAX_MESSAGE_BYTES', String(bytes))];
  try {
    const faults: Fault[] = [];
    const fits = await send(bytes);
    if (fits.status !== 200) {
      faults.push(new Fault(`${bytes} bytes: status ${fits.status}`, 'IIS or the server takes less than that', where));
    }
    const over = await send(bytes * 2, 3).catch((error: Error) => error);
    if (over instanceof Error) {
      faults.push(new Fault(`${bytes * 2} bytes: ${over.message}`, 'too much is read, and then the connection cut', [places.maxBody]));
    } else if (over.status !== 413 && over.status !== 404) {
      faults.push(new Fault(`${bytes * 2} bytes: status ${over.status}`, 'nothing limits what a client may send', where));
    }
    return { saw: `${bytes} bytes taken, ${bytes * 2} refused`, faults };
  } finally {
    await session.close();
  }
}
