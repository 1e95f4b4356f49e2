/*
 * io.use with faulty middleware. After each fault the handshake is answered, and the process does
 * not end. sign-in.test.ts has the middleware that people use.
 */
import assert from 'node:assert/strict';
import express from 'express';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handshake, MiddlewareFunction } from '../../src/realtime';
import { Decision, HandshakeResponse, Middleware } from '../../src/realtime/io/middleware';
import { Site, servePages } from '../support/pages';
import { request } from '../support/request';
import { resource } from '../support/template';
import { until } from '../support/wait';

const withStatus = (status: number) => Object.assign(new Error('not you'), { status });
const nothing = undefined as unknown as Error;
const LET_IN = /^200 [\w-]{20}:60:60:xhr-polling$/;
const FAILED = '500 handshake error';
const REFUSED = '403 unauthorized:{"reason":"handshake unauthorized","again":false}';
const app = (...middleware: MiddlewareFunction[]) => express().use(...middleware);

interface Case {
  it: string;
  use: MiddlewareFunction[];
  answers: RegExp | string;
  /** The line in the log. Without it, the log must be empty. */
  logs?: RegExp;
}

const cases: Case[] = [
  { it: 'calls next', use: [(_req, _res, next) => next()], answers: LET_IN },
  { it: 'calls next later', use: [(_req, _res, next) => setTimeout(next, 20)], answers: LET_IN },
  {
    it: 'is async, and calls next',
    use: [async (_req, _res, next) => {
      await sleep(10);
      next();
    }],
    answers: LET_IN,
  },
  {
    it: 'throws', use: [() => { throw new Error('oh'); }], answers: FAILED,
    logs: /^error handler of middleware: oh$/,
  },
  {
    it: 'rejects with nothing', use: [() => Promise.reject(nothing)],
    answers: FAILED,
    logs: /^error handler of middleware: .* failed$/,
  },
  {
    it: 'rejects', use: [() => Promise.reject(new Error('oh'))], answers: FAILED,
    logs: /^error handler of middleware: oh$/,
  },
  {
    it: 'calls next with an error', use: [(_req, _res, next) => next(new Error('oh'))],
    answers: FAILED, logs: /^error handler of middleware: oh$/,
  },
  {
    it: 'calls next with an error of 503', use: [(_req, _res, next) => next(withStatus(503))],
    answers: FAILED, logs: /^error handler of middleware: not you$/,
  },
  {
    it: 'calls next with an error of 401', use: [(_req, _res, next) => next(withStatus(401))],
    answers: '403 unauthorized:{"reason":"not you","again":false}',
    logs: /^warn handshake unauthorized/,
  },
  {
    it: 'throws an error of 403', use: [() => { throw withStatus(403); }],
    answers: '403 unauthorized:{"reason":"not you","again":false}',
    logs: /^warn handshake unauthorized/,
  },
  {
    it: 'redirects', use: [app((_req, res) => res.redirect('/login'))], answers: REFUSED,
    logs: /^warn handshake unauthorized/,
  },
  {
    it: 'answers 401, with node\'s functions',
    use: [(_req, res) => {
      res.statusCode = 401;
      res.setHeader('WWW-Authenticate', 'Basic');
      res.end('no');
    }],
    answers: REFUSED, logs: /^warn handshake unauthorized/,
  },
  {
    it: 'answers 200, in parts',
    use: [(_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/html' });
      res.write('<html>');
      res.end('</html>', () => undefined);
    }],
    answers: REFUSED, logs: /^warn handshake unauthorized/,
  },
  {
    it: 'answers 429', use: [app((_req, res) => res.status(429).json({ wait: 1 }))],
    answers: '403 unauthorized:{"reason":"handshake unauthorized","again":true}',
    logs: /^warn handshake unauthorized/,
  },
  { it: 'answers 502', use: [app((_req, res) => res.sendStatus(502))], answers: FAILED },
  {
    it: 'writes a status that there is not', use: [(_req, res) => res.writeHead(99999)],
    answers: FAILED, logs: /status code/i,
  },
  {
    it: 'asks for a function of Express without Express', use: [(_req, res) => res.redirect('/')],
    answers: FAILED, logs: /redirect is not a function/,
  },
  {
    it: 'is an Express application that has no route for it',
    use: [express().get('/x', () => undefined)], answers: LET_IN,
  },
  {
    it: 'calls next twice',
    use: [(_req, _res, next) => {
      next();
      next();
      setTimeout(next, 10);
    }],
    answers: LET_IN,
  },
  {
    it: 'calls next, and then with an error',
    use: [(_req, _res, next) => {
      next();
      next(new Error('late'));
    }],
    answers: LET_IN, logs: /^error handler of middleware: late$/,
  },
  {
    it: 'calls next, and throws',
    use: [(_req, _res, next) => {
      next();
      throw new Error('late');
    }],
    answers: LET_IN, logs: /^error handler of middleware: late$/,
  },
  {
    it: 'calls next, and answers',
    use: [(_req, res, next) => {
      next();
      res.end('mine');
    }],
    answers: LET_IN,
  },
  {
    it: 'answers, and calls next',
    use: [(_req, res, next) => {
      res.end('mine');
      next();
    }],
    answers: REFUSED, logs: /^warn handshake unauthorized/,
  },
  {
    it: 'calls next, and answers while the next one is under way',
    use: [
      (_req, res, next) => {
        next();
        res.end('mine');
      },
      (_req, _res, next) => setTimeout(next, 20),
    ],
    answers: REFUSED, logs: /^warn handshake unauthorized/,
  },
  {
    it: 'sets a header that is not allowed, beside a cookie',
    use: [(_req, res, next) => {
      res.setHeader('Content-Length', '5');
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('Set-Cookie', 'a=b');
      next();
    }],
    answers: LET_IN,
  },
];

/** Makes a handshake as public/realtime.js does. @returns the status and the text of the answer */
async function come({ port }: Site): Promise<string> {
  const { status, text } = await request({ port, path: `${resource}/1/?got=0&try=1` });
  return `${status} ${text}`;
}

for (const { it, use, answers, logs } of cases) {
  test(`middleware that ${it}`, async t => {
    const site = servePages(t, io => { for (const middleware of use) io.use(middleware); });
    const answer = await come(site);
    if (typeof answers === 'string') assert.equal(answer, answers);
    else assert.match(answer, answers);
    await sleep(20);
    assert.equal(site.logged.length, logs ? 1 : 0, site.logged.join('\n'));
    if (logs) assert.match(site.logged[0]!, logs);
    assert.equal(site.realtime.io.sockets.clients().length, 0);
  });
}

test('of the headers of middleware its cookies are on the answer, and no others', async t => {
  const { port } = servePages(t, io => io.use(cases.at(-1)!.use[0]!).use((_req, res, next) => {
    res.setHeader('Set-Cookie', [res.getHeader('Set-Cookie') as string, 'c=d']);
    next();
  }));
  const { headers, text } = await request({ port, path: `${resource}/1/` });
  assert.deepEqual(headers['set-cookie'], ['a=b', 'c=d']);
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.equal(headers['content-length'], String(text.length));
});

test('a refusal ends the session that the handshake names, a failure leaves it', async t => {
  let next: unknown;
  const { port } = servePages(t, io => io.use((_req, _res, proceed) => proceed(next)));
  const [id] = (await request({ port, path: `${resource}/1/?got=0&try=1` })).text.split(':');
  const poll = { port, path: `${resource}/1/xhr-polling/${id}?got=0&try=1` };
  await request(poll);
  const again = { port, path: `${resource}/1/?got=0&try=2&session=${id}` };
  next = new Error('the database does not answer');
  assert.equal((await request(again)).status, 500);
  const waiting = request(poll);
  next = withStatus(401);
  assert.equal((await request(again)).status, 403);
  assert.notEqual((await waiting).text, '1::');
  assert.equal((await request(poll)).status, 404);
});

test('what is no middleware is refused by io.use', t => {
  servePages(t, io => {
    const ofErrors = Object.defineProperty(() => undefined, 'length', { value: 4 });
    for (const wrong of [undefined, {}, ofErrors]) {
      assert.throws(() => io.use(wrong as never), /^Error: io\.use takes a function of \(req/);
    }
  });
});

const someone = () => ({
  headers: {}, address: { address: '10.1.2.3', port: undefined }, query: {}, url: '/', time: '',
  xdomain: false, secure: false, issued: 0,
}) as Handshake;

test('middleware that never calls next fails after 30 s; what it does later does not count', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const failed: string[] = [];
  const middleware = new Middleware({ failed: (_what, error) => failed.push(String(error)) }, 1);
  let late!: (error?: unknown) => void;
  middleware.add(function slow(_req, _res, next) { late = next; });
  const decisions: Decision[] = [];
  const decide = (decision: Decision) => decisions.push(decision);
  middleware.run(someone(), decide);
  assert.throws(() => middleware.run(someone(), () => undefined), /too many handshakes at once/);
  t.mock.timers.tick(29999);
  assert.equal(decisions.length, 0);
  t.mock.timers.tick(1);
  late();
  assert.deepEqual(decisions, [{ is: 'failed' }]);
  assert.deepEqual(failed, ['Error: slow has not called next in time']);
  middleware.run(someone(), decide);
  late();
  assert.deepEqual(decisions[1], { is: 'let in' });
});

test('a response that a middleware never lets end is over after 30 s, with its cookies', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const middleware = new Middleware({ failed: () => undefined }, 1);
  middleware.add((_req, res, next) => {
    res.end = () => undefined;
    res.setHeader('Set-Cookie', 'a=b');
    next();
  });
  let response!: HandshakeResponse;
  middleware.run(someone(), (_decision, its) => { response = its; });
  const answers: string[][] = [];
  response.end(200, cookies => answers.push(cookies));
  assert.deepEqual(answers, []);
  t.mock.timers.tick(30000);
  assert.deepEqual(answers, [['a=b']]);
});

test('to another process goes what the client sent, plain data, and the user', async () => {
  const middleware = new Middleware({ failed: () => undefined }, 10);
  middleware.add((req, _res, next) => {
    Object.assign(req, { user: { name: 'alice' }, secret: 's', session: { id: 1 } });
    next();
  });
  const handshake = someone();
  middleware.run(handshake, () => undefined);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  Object.assign(handshake, { from: 'authorization', circle, call: () => undefined });
  const text = middleware.pack(handshake);
  assert.doesNotMatch(text, /secret|session|circle|remoteAddress/);
  const before = middleware.unpack(text);
  assert.deepEqual([before.user, before.from], [{ name: 'alice' }, 'authorization']);
  assert.equal(before.address.address, '10.1.2.3');
  const { handshake: now, isIn } = await middleware.again(text);
  assert.deepEqual([isIn, now.user, now.from], [true, { name: 'alice' }, 'authorization']);
  assert.deepEqual(now.session, { id: 1 });
  middleware.add((req, _res, next) => {
    delete req.user;
    next(withStatus(403));
  });
  const out = await middleware.again(text);
  const { user, from } = out.handshake;
  assert.deepEqual([out.isIn, user, from], [false, undefined, 'authorization']);
});

test('a client that goes away meanwhile, and a server that stops, leave nothing', async t => {
  let proceed!: () => void;
  const { port, realtime } = servePages(t, io => io.use((_req, _res, next) => { proceed = next; }));
  const gone = request({ port, path: `${resource}/1/`, timeout: 50 });
  await until(() => proceed, 'the middleware');
  realtime.close();
  proceed();
  assert.match((await gone).text, /:60:60:/);
});
