/* Faults of the proxies and logins in front of IIS. */
import { gzipSync } from 'node:zlib';
import { oldNode } from '../../support/fetched';
import { setting, webConfig } from './config';
import type { FaultCase } from './fault';
import { answerWith, Passing } from './front';

const FIRST = ['first request'];
/**
 * The time for which verify holds polls, s. The fault cuts a poll after 1 s. A busy machine may
 * notice the cut late, but it must notice the cut before this time ends.
 */
const LONGER_THAN_A_CUT = 10;
const isPoll = (url = '') => /\/1\/xhr-polling\//.test(url);
const LOGIN = '<html><title>Log in</title><form><input name="p" type="password"></form></html>';

/** Makes a cache that keeps the answers by their paths. It ignores no-store. */
function cache() {
  const kept = new Map<string, Passing>();
  return {
    answer: (answer: Passing, { url, method }: { url?: string; method?: string }) => {
      // The cache keeps handshakes by their path alone. Some caches ignore the query string, too.
      if (method !== 'GET' || !/\/1\/\?/.test(url!)) return;
      const key = url!.split('?')[0]!;
      const known = kept.get(key);
      if (known) Object.assign(answer, { ...known, headers: { ...known.headers, age: '3' } });
      else kept.set(key, { ...answer, headers: { ...answer.headers } });
    },
  };
}

const webSockets = {
  edits: [
    setting('TRANSPORTS', 'websocket,xhr-polling'),
    webConfig(config => config.set('webSocket', { enabled: 'false' })),
  ],
  iis: { iis: '10' as const },
  options: { transports: ['websocket', 'xhr-polling'] },
};

export const ofProxies: FaultCase[] = [
  {
    what: 'a proxy that changes Host',
    front: { request: req => { req.headers.host = 'inside.example.com'; } },
    fails: ['handshake'],
    cure: /^1\. web\.config, in <appSettings>: <add key="ALLOWED_ORIGINS" value="http:\/\/localhost:\d+" \/>/,
    says: /changes Host/,
  },
  {
    what: 'a proxy that ends HTTPS, and does not say so',
    front: { tls: true },
    options: { insecure: true },
    fails: ['handshake'],
    cure: /^1\. web\.config, in <appSettings>: <add key="ALLOWED_ORIGINS" value="https:\/\/localhost:\d+"/,
    says: /TRUSTED_PROXIES[^]*ends HTTPS/,
  },
  {
    what: 'a proxy that ends HTTPS and changes Host',
    front: { tls: true, request: req => { req.headers.host = 'inside.example.com'; } },
    options: { insecure: true },
    fails: ['handshake'],
    cure: /^1\. web\.config, in <appSettings>: <add key="ALLOWED_ORIGINS" value="https:\/\/localhost:\d+"/,
  },
  {
    // All other answers go on at once. The next fault delays all answers to polls, and its test
    // takes a minute.
    what: 'a proxy that collects answers, acknowledgements among them',
    front: {
      answer: ({ body }) => /(^|\ufffd)6:::/.test(body.toString())
        ? new Promise(resolve => setTimeout(resolve, 4000))
        : undefined,
    },
    fails: ['message, xhr-polling'],
    cure: /^1\. at the proxy in front, \(nginx's words\): proxy_buffering off;/,
    says: /collects the answers/,
  },
  {
    what: 'a proxy that collects answers',
    front: {
      answer: (_answer, req) => isPoll(req.url) && req.method === 'GET'
        ? new Promise(resolve => setTimeout(resolve, 4000))
        : undefined,
    },
    fails: ['message, xhr-polling'],
    cure: /^1\. at the proxy in front, \(nginx's words\): proxy_buffering off;/,
    says: /collects the answers/,
  },
  {
    what: 'a proxy that keeps answers',
    front: cache(),
    fails: ['fresh answers'],
    cure: /^1\. at the proxy in front, .*: location \S+socket \{ proxy_cache off;/,
  },
  {
    what: 'a login page in the place of every page',
    front: { request: (_req, res) => answerWith(res, 200, LOGIN) },
    fails: FIRST,
    cure: /^1\. here, with the cookies .*: npm run verify -- --cookie "name=value" http:/,
  },
  {
    what: 'a login on another server',
    front: {
      request: (_req, res) => answerWith(res, 302, '', { Location: 'https://login.example.com/x?y' }),
    },
    fails: FIRST,
    cure: /^1\. here, with the cookies .*: npm run verify -- --cookie "name=value" http:/,
  },
  {
    what: 'a login for all but the page',
    front: {
      request: (req, res) => !/^\/(\w+\/)?$/.test(req.url!)
        && answerWith(res, 302, '', { Location: '/login' }),
    },
    fails: FIRST,
    cure: /^1\. here, with the cookies .*: npm run verify -- --cookie "name=value" http:/,
  },
  {
    what: 'a proxy that does not wait as long as a poll',
    front: {
      request: (req, res) => {
        if (!isPoll(req.url) || req.method !== 'GET') return;
        const timer = setTimeout(() => {
          if (!res.headersSent) answerWith(res, 504, '<h1>504 Gateway Time-out</h1>nginx');
        }, 1000);
        res.on('close', () => clearTimeout(timer));
      },
    },
    options: { hold: LONGER_THAN_A_CUT },
    fails: ['held polls'],
    more: true,
    cure: /^1\. at the proxy in front, .*: proxy_read_timeout 60s;/,
  },
  {
    what: 'a firewall that cuts what is quiet',
    front: {
      request: (req, res) => {
        if (!isPoll(req.url) || req.method !== 'GET') return;
        const timer = setTimeout(() => req.socket.destroy(), 1000);
        res.on('close', () => clearTimeout(timer));
      },
    },
    options: { hold: LONGER_THAN_A_CUT },
    fails: ['held polls'],
    more: true,
    cure: /^1\. at the proxy in front, .*: proxy_read_timeout 60s;/,
    says: /does not wait as long as a poll/,
  },
  {
    what: 'a proxy that closes connections',
    front: { answer: answer => { answer.headers.connection = 'close'; } },
    fails: ['held polls'],
    cure: /^1\. at the proxy in front, .*: keepalive_timeout 75s;/,
    says: /or web\.config.*, in <system\.webServer>: <httpProtocol allowKeepAlive="true"> \(so it is/,
  },
  {
    what: 'a proxy that takes small bodies only',
    front: {
      request: (req, res) => Number(req.headers['content-length']) > 500000
        && answerWith(res, 413, '<h1>413 Request Entity Too Large</h1><hr>nginx/1.24.0'),
    },
    fails: ['size of a message'],
    cure: /^1\. at the proxy in front, .*: client_max_body_size 2m;/,
  },
  {
    what: 'a proxy that cuts large bodies off',
    front: {
      request: req => Number(req.headers['content-length']) > 1500000
        && Boolean(req.socket.destroy()),
    },
    fails: ['size of a message'],
    cure: /^1\. at the proxy in front, .*: client_max_body_size 2m;/,
  },
  {
    what: 'a proxy that takes small headers only',
    front: {
      request: (req, res) => String(req.headers.cookie).length > 4000
        && answerWith(res, 400, '<h1>Request Header Or Cookie Too Large</h1>nginx'),
    },
    fails: ['large headers'],
    cure: /^1\. at the proxy in front, .*: large_client_header_buffers 4 32k;/,
  },
  {
    what: 'a proxy with error pages of its own',
    front: {
      answer: answer => {
        if (answer.status < 400) return;
        answer.headers['content-type'] = 'text/html';
        answer.body = Buffer.from('<html><h1>Sorry</h1></html>');
      },
    },
    fails: ['texts of errors'],
    cure: /^1\. at the proxy in front, .*: proxy_intercept_errors off;/,
  },
  {
    what: 'a proxy that answers errors with status 200',
    front: { answer: answer => { if (answer.status === 404 || answer.status === 400) answer.status = 200; } },
    fails: ['status of errors'],
    cure: /^1\. at the proxy in front, .*: error_page 404 = …;/,
    says: /status of errors: a page that is not there: status 200/,
  },
  {
    what: 'a proxy that compresses polls',
    front: {
      answer: (answer, req) => {
        answer.headers.server = 'nginx';
        if (!/\/1\//.test(req.url!) || answer.body.length === 0) return;
        answer.headers['content-encoding'] = 'gzip';
        answer.body = gzipSync(answer.body);
      },
    },
    fails: ['compression'],
    cure: /^1\. at the proxy in front, .*: gzip off;/,
  },
  {
    what: 'a proxy that compresses once more',
    front: {
      answer: answer => {
        if (answer.headers['content-encoding'] !== 'gzip') return;
        answer.headers['content-encoding'] = 'br';
      },
    },
    fails: ['page', 'compression'],
    more: true,
    cure: /at the proxy in front, .*: gzip off;|urlCompression/,
  },
  {
    what: 'a proxy that drops Accept-Encoding',
    front: { request: req => { delete req.headers['accept-encoding']; } },
    fails: ['compression'],
    cure: /^1\. at the proxy in front, .*: proxy_set_header Accept-Encoding \$http_accept_encoding;/,
  },
  {
    what: 'a proxy that drops Origin and Referer',
    front: {
      request: req => {
        delete req.headers.origin;
        delete req.headers.referer;
      },
    },
    fails: ['origins of pages'],
    more: true,
    cure: /^1\. at the proxy in front, .*: proxy_set_header Origin \$http_origin;/,
  },
  {
    what: 'a proxy that drops what lets another origin in',
    edits: [setting('ALLOWED_ORIGINS', 'http://www.example.com')],
    options: { origin: 'http://www.example.com' },
    front: { answer: answer => { delete answer.headers['access-control-allow-origin']; } },
    fails: ['origins of pages'],
    cure: /^1\. at the proxy in front, .*: proxy_pass_header Access-Control-Allow-Origin;/,
  },
  {
    what: 'a proxy that answers preflights itself',
    front: { request: (req, res) => req.method === 'OPTIONS' && answerWith(res, 204) },
    fails: ['origins of pages'],
    cure: /^1\. at the proxy in front, .*: proxy_pass_header Access-Control-Allow-Methods;/,
  },
  {
    what: 'a proxy that drops Cache-Control',
    front: { answer: answer => { delete answer.headers['cache-control']; } },
    fails: ['fresh answers'],
    cure: /^1\. at the proxy in front, .*: proxy_pass_header Cache-Control;/,
  },
  {
    what: 'a proxy that changes types',
    front: {
      answer: (answer, req) => { if (/\/1\//.test(req.url!)) answer.headers['content-type'] = 'text/html'; },
    },
    fails: ['handshake'],
    more: true,
    cure: /^1\. at the proxy in front, .*: proxy_pass_header Content-Type;/,
    says: /handshake: Content-Type text\/html/,
  },
  {
    what: 'a proxy that gets no answer from IIS',
    front: { request: (_req, res) => answerWith(res, 502, '<h1>502 Bad Gateway</h1>nginx') },
    fails: FIRST,
    cure: /^1\. at the proxy in front, .*: proxy_pass http:/,
  },
  {
    what: 'a proxy that does not hand WebSockets on',
    ...webSockets,
    front: {
      request: req => {
        delete req.headers.upgrade;
        delete req.headers.connection;
      },
    },
    fails: ['message, websocket'],
    cure: /^1\. at the proxy in front, .*: proxy_set_header Upgrade \$http_upgrade; proxy_set_header Conn/,
  },
  {
    what: 'a proxy that never answers Firefox\'s WebSocket',
    ...webSockets,
    front: { upgrade: 'hang' },
    fails: ['message, websocket'],
    cure: /^1\. web\.config line \d+, .*|at the proxy in front, .*: proxy_set_header Connection "Upgrade";/,
    says: /no answer within 5 s/,
  },
  {
    what: 'node 12 without its option for headers',
    edits: [setting('NODE_OPTIONS', null)],
    node: t => oldNode(t, '12.22.12'),
    fails: ['large headers'],
    cure: /^1\. web\.config, in <appSettings>: <add key="NODE_OPTIONS" value="--max-http-header-size=32768"/,
  },
];
