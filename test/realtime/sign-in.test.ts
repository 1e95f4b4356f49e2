/*
 * io.use with the real express-session, cookie-parser and passport: pages and sockets share one
 * session. middleware.test.ts has faulty middleware.
 */
import assert from 'node:assert/strict';
import cookieParser from 'cookie-parser';
import express from 'express';
import session, { MemoryStore, Session, SessionData, SessionOptions } from 'express-session';
import type { RequestOptions } from 'node:http';
import passport, { Strategy } from 'passport';
import { test, TestContext } from 'node:test';
import type { Handshake, Server, Socket } from '../../src/realtime';
import { newPipeName } from '../../tools/iis/system';
import { Site, servePages } from '../support/pages';
import { event, split } from '../support/raw';
import { request } from '../support/request';
import { resource } from '../support/template';
import { until } from '../support/wait';

interface User { name: string; role: string }

declare module 'express-session' {
  interface SessionData { views: number; note: string }
}
/** The type of the handshake, as an application would declare it. */
type SignedIn = Handshake & {
  session: Session & Partial<SessionData>;
  user?: User;
  cookies: { [name: string]: string };
  signedCookies: { [name: string]: string };
  isAuthenticated(): boolean;
};
const signedIn = ({ handshake }: Socket) => handshake as SignedIn;

/** A strategy that lets a user in by the name alone. */
class ByName extends Strategy {
  override name = 'by name';

  constructor(private readonly users: Map<string, User>) { super(); }

  override authenticate(req: express.Request): void {
    const user = this.users.get(req.query.name as string);
    if (user) this.success(user);
    else this.fail(401);
  }
}

/** A browser with its cookies. */
class Browser {
  private readonly cookies = new Map<string, string>();
  /** The attributes of the cookie that was set last. */
  lastCookie = '';
  /** The number of cookies that were set. */
  set = 0;

  constructor(private readonly to: RequestOptions, private readonly headers: object = {}) {}

  async ask(path: string, method = 'GET', body = ''): Promise<{ status: number; text: string }> {
    const cookie = Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...this.headers, ...cookie ? { cookie } : {} };
    const answer = await request({ ...this.to, path, method, headers }, body);
    for (const text of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(text)!;
      this.cookies.set(name!, value!);
      this.lastCookie = text;
      this.set += 1;
    }
    return answer;
  }

  async handshake(query = ''): Promise<string> {
    const { status, text } = await this.ask(`${resource}/1/?${query}`);
    return status === 200 ? text : `${status} ${text}`;
  }

  /** Opens a session of Socket.IO, and connects it. @returns the session's id */
  async connect(): Promise<string> {
    const id = (await this.handshake()).split(':')[0]!;
    assert.deepEqual(await this.poll(id), ['1::']);
    return id;
  }

  async poll(id: string): Promise<string[]> {
    return split((await this.ask(`${resource}/1/xhr-polling/${id}`)).text);
  }

  /** Sends an event. @returns the acknowledgement's arguments */
  async tell(id: string, name: string, ...args: unknown[]): Promise<unknown> {
    const posted = this.ask(`${resource}/1/xhr-polling/${id}`, 'POST', event(name, args, '1+'));
    assert.equal((await posted).text, '1');
    const [packet] = await this.poll(id);
    assert.match(packet!, /^6:::1(\+|$)/);
    return (JSON.parse(packet!.slice('6:::1+'.length) || '[]') as unknown[])[0];
  }
}

interface Scene extends Site {
  users: Map<string, User>;
  store: MemoryStore;
  io: Server;
  browser: () => Browser;
}

/** Serves an application with a login, as in docs/sign-in.md. */
function scene(
  t: TestContext, options: Partial<SessionOptions> = {}, env: Record<string, string> = {},
): Scene {
  const users = new Map([
    ['alice', { name: 'alice', role: 'member' }], ['bob', { name: 'bob', role: 'member' }],
  ]);
  const store = new MemoryStore();
  const authenticator = new passport.Passport();
  authenticator.use(new ByName(users));
  authenticator.serializeUser<string>((user, done) => done(null, (user as User).name));
  authenticator.deserializeUser<string>((name, done) => done(null, users.get(name) ?? false));
  const signIn = [
    session({ secret: 's', store, resave: false, saveUninitialized: false, ...options }),
    authenticator.session(),
  ];
  let io!: Server;
  const site = servePages(t, (made, pages) => {
    io = made;
    pages.use(...signIn);
    pages.get('/login', authenticator.authenticate('by name'), (_req, res) => res.send('in'));
    pages.get('/logout', (req, res, next) => {
      const { name } = req.user as User;
      req.session.destroy(error => {
        if (error) return next(error);
        for (const socket of io.sockets.clients(`user:${name}`)) socket.disconnect();
        res.send('out');
      });
    });
    pages.get('/view', (req, res) => {
      req.session.views = (req.session.views ?? 0) + 1;
      res.json({ views: req.session.views, note: req.session.note });
    });
    for (const middleware of signIn) io.use(middleware);
    io.sockets.on('connection', socket => {
      const { user } = signedIn(socket);
      if (user) socket.join(`user:${user.name}`);
      socket.on('who', answer => {
        const handshake = signedIn(socket);
        answer({
          name: handshake.user?.name, views: handshake.session.views,
          isIn: handshake.isAuthenticated(),
        });
      });
      socket.on('note', (note, done) => {
        signedIn(socket).session.note = note;
        signedIn(socket).session.save(done);
      });
      socket.on('still', answer => {
        signedIn(socket).session.reload((error?: Error) => {
          answer(error ? String(error) : signedIn(socket).session.views);
        });
      });
    });
  }, env);
  const to = env.PORT ? { socketPath: env.PORT } : { port: site.port };
  return { ...site, users, store, io, browser: () => new Browser(to) };
}

test('pages and sockets share one session, and see what the other has put there', async t => {
  const { browser } = scene(t);
  const alice = browser();
  const nobody = await alice.connect();
  assert.deepEqual(await alice.tell(nobody, 'who'), { isIn: false });
  await alice.ask('/login?name=alice');
  await alice.ask('/view');
  const id = await alice.connect();
  assert.deepEqual(await alice.tell(id, 'who'), { name: 'alice', views: 1, isIn: true });
  await alice.tell(id, 'note', 'hello');
  assert.equal((await alice.ask('/view')).text, '{"views":2,"note":"hello"}');
  assert.equal(await alice.tell(id, 'still'), 2, 'what a page has put there since');
  const before = await alice.tell(nobody, 'who');
  assert.deepEqual(before, { isIn: false }, 'the old connection has its old session');
});

test('logout: the connections of the user end, and the next handshake is nobody\'s', async t => {
  const { browser, io } = scene(t);
  const [alice, bob] = [browser(), browser()];
  await alice.ask('/login?name=alice');
  await bob.ask('/login?name=bob');
  const ids = [await alice.connect(), await alice.connect()];
  const other = await bob.connect();
  assert.equal(io.sockets.clients('user:alice').length, 2, 'everybody who is one user');
  const polls = ids.map(id => alice.poll(id));
  await alice.ask('/logout');
  assert.deepEqual(await Promise.all(polls), [['0::'], ['0::']]);
  assert.deepEqual(await bob.tell(other, 'who'), { name: 'bob', isIn: true });
  assert.deepEqual(await alice.tell(await alice.connect(), 'who'), { isIn: false });
});

test('login as another while a page is away ends the session of before', async t => {
  const { browser, io } = scene(t);
  const alice = browser();
  await alice.ask('/login?name=alice');
  const ended: string[] = [];
  io.sockets.on('connection', socket => socket.on('disconnect', reason => {
    ended.push(`${signedIn(socket).user!.name} ${reason}`);
  }));
  const [id] = (await alice.handshake('got=0&try=1')).split(':');
  await alice.poll(`${id}?got=0&try=1`);
  const same = await alice.handshake(`got=0&try=2&session=${id}`);
  assert.equal(same.split(':')[0], id, 'as herself she goes on');
  await alice.poll(`${id}?got=0&try=2`);
  await alice.ask('/login?name=bob');
  const asBob = (await alice.handshake(`got=0&try=3&session=${id}`)).split(':');
  assert.notEqual(asBob[0], id);
  assert.equal(asBob[4], 'another-user');
  assert.deepEqual(ended, ['alice another user']);
});

test('expiry: a session that is over is nobody\'s; a connection of before can ask', async t => {
  const { browser, store } = scene(t, { cookie: { maxAge: 100000 } });
  const alice = browser();
  await alice.ask('/login?name=alice');
  const id = await alice.connect();
  assert.match(alice.lastCookie, /Expires=/);
  // The sessions in the store get a date in the past. So the store itself finds that they have
  // expired.
  const { sessions } = store as unknown as { sessions: { [id: string]: string } };
  for (const [name, text] of Object.entries(sessions)) {
    const data = JSON.parse(text) as SessionData;
    assert(new Date(data.cookie.expires!).getTime() > Date.now() + 50000);
    data.cookie.expires = new Date(Date.now() - 1000);
    sessions[name] = JSON.stringify(data);
  }
  assert.match(String(await alice.tell(id, 'still')), /failed to load session/);
  assert.deepEqual(await alice.tell(await alice.connect(), 'who'), { isIn: false });
});

test('a changed role makes another user, unless "same user" compares the name', async t => {
  const { browser, users, io } = scene(t);
  const alice = browser();
  await alice.ask('/login?name=alice');
  const [id] = (await alice.handshake('got=0&try=1')).split(':');
  await alice.poll(`${id}?got=0&try=1`);
  users.set('alice', { name: 'alice', role: 'admin' });
  const nameIn = (handshake: Handshake) => (handshake as SignedIn).user?.name;
  io.set('same user', (before, now) => nameIn(before) === nameIn(now));
  assert.equal((await alice.handshake(`got=0&try=2&session=${id}`)).split(':')[0], id);
  assert.equal(signedIn(io.sockets.socket(id!)).user!.role, 'admin');
  io.set('same user', false);
  users.set('alice', { name: 'alice', role: 'member' });
  assert.notEqual((await alice.handshake(`got=0&try=3&session=${id}`)).split(':')[0], id);
});

test('the handshake\'s answer waits until the session is saved, and has its cookie', async t => {
  const { browser, store } = scene(t, { saveUninitialized: true });
  const save = store.set.bind(store);
  let saved = 0;
  store.set = (id, data, done) => {
    setTimeout(() => {
      saved += 1;
      save(id, data, done);
    }, 50);
  };
  const alice = browser();
  await alice.connect();
  assert.equal(saved, 1);
  assert.match(alice.lastCookie, /^connect\.sid=.*HttpOnly/);
  await alice.connect();
  assert.deepEqual([saved, alice.set], [1, 1], 'the next handshake has it already');
});

test('behind iisnode: a cookie for HTTPS only, and the Windows user by the same way', async t => {
  const PORT = newPipeName();
  const site = servePages(t, io => {
    io.use((req, _res, next) => {
      req.user = req.headers['x-iisnode-auth_user'];
      next();
    });
    io.use(express().set('trust proxy', 1).use(session({
      secret: 's', resave: false, saveUninitialized: true, cookie: { secure: true },
    })));
    io.sockets.on('connection', socket => socket.on('who', answer => {
      const { user, secure } = socket.handshake;
      answer([user, secure, (socket.handshake as any).ip]);
    }));
  }, { PORT, IISNODE_VERSION: '0.2.26' });
  const iis = (https: string) => new Browser({ socketPath: PORT }, {
    'X-iisnode-AUTH_USER': 'OFFICE\\alice', 'X-iisnode-HTTPS': https,
    'X-iisnode-REMOTE_ADDR': '10.1.2.3',
  });
  const [secure, plain] = [iis('on'), iis('off')];
  for (const browser of [secure, plain]) {
    const seen = await browser.tell(await browser.connect(), 'who');
    assert.deepEqual(seen, ['OFFICE\\alice', browser === secure, '10.1.2.3']);
  }
  assert.match(secure.lastCookie, /Secure/);
  assert.equal(plain.set, 0);
  assert.deepEqual(site.logged, []);
});

test('cookie-parser: its cookies are on the handshake, also for authorization', async t => {
  let io!: Server;
  const { port } = servePages(t, (made, pages) => {
    io = made;
    pages.use(cookieParser('secret'));
    pages.get('/set', (_req, res) => {
      res.cookie('plain', 'a b').cookie('signed', 'c', { signed: true }).send();
    });
    io.use(cookieParser('secret'));
    io.set('authorization', (handshake, accept) => {
      accept(null, (handshake as SignedIn).signedCookies.signed === 'c');
    });
  });
  const browser = new Browser({ port });
  assert.equal(await browser.handshake(), '403 handshake unauthorized');
  await browser.ask('/set');
  const id = await browser.connect();
  assert.deepEqual({ ...signedIn(io.sockets.socket(id)).cookies }, { plain: 'a b' });
});

test('middleware runs once a handshake: polls and messages do not meet it', async t => {
  let runs = 0;
  const { port } = servePages(t, io => {
    io.use((_req, _res, next) => {
      runs += 1;
      next();
    });
    io.sockets.on('connection', socket => socket.on('who', answer => answer(runs)));
  });
  const browser = new Browser({ port });
  const id = await browser.connect();
  for (let i = 0; i < 3; i++) assert.equal(await browser.tell(id, 'who'), 1);
});

test('no response and no request of Express stays with a client', async t => {
  let io!: Server;
  const { port } = servePages(t, made => {
    io = made;
    io.use(express().use((req, _res, next) => {
      void req.path;
      next();
    }));
  });
  const id = await new Browser({ port }).connect();
  await until(() => io.sockets.clients().length === 1, 'the client');
  const { handshake } = io.sockets.socket(id);
  for (const name of ['res', 'next', '_parsedUrl']) assert(!Object.hasOwn(handshake, name), name);
});
