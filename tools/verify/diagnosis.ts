/*
 * Finds the causes of a bad answer, in a table of statuses. The first row that fits the answer
 * counts. A row has only causes that the answer can show. If a row has several causes, the most
 * likely cause comes first.
 */
import { Answer, isHtml, serverOf } from './browser';
import { isLogin, logIn, redirected, wantsLogin } from './causes/login';
import { pageOfAnother, NOT_FOUND, otherPath, refusedByIis } from './causes/not-found';
import { ownOriginRefused } from './causes/origin';
import {
  IISNODE_PAGE, silent500, told500, TOO_MANY_REQUESTS, withStatus200,
} from './causes/server-error';
import { appcmd, appSetting, cures, maxBody, NAME, nginx, onServer, verifyAgain } from './cures';
import { configError, httpSys, isOfIis, plain, subStatusOf, versionOf } from './iis-errors';
import { because, Cause, Fault, Scene } from './result';

interface Row {
  status: number[];
  /** Says whether the answer has the row's further marks. */
  is?: (answer: Answer) => boolean;
  causes: (answer: Answer, scene: Scene) => Cause[] | Promise<Cause[]>;
}

/** The text of the server's own 403 (src/realtime). */
const WRONG_ORIGIN = 'pages of this origin may not connect';

const ROWS: Row[] = [
  {
    status: [200],
    is: ({ text }) => IISNODE_PAGE.test(text),
    causes: withStatus200,
  },
  {
    status: [200],
    is: isLogin,
    causes: (_answer, { base }) =>
      because('a login page answers in the place of the application', logIn(base)),
  },
  {
    status: [200],
    causes: ({ headers }) => because(
      `something else answers this URL, with ${headers['content-type'] ?? 'no Content-Type'}`,
      cures.rulePages,
    ),
  },
  {
    status: [301, 302, 303, 307, 308],
    causes: redirected,
  },
  { status: [401], causes: wantsLogin },
  {
    status: [403],
    is: ({ text }) => text === WRONG_ORIGIN,
    causes: ownOriginRefused,
  },
  {
    status: [403],
    is: ({ text }) => /^(handshake )?unauthorized/.test(text),
    causes: (_answer, { base }) => because(
      'io.set(\'authorization\', …) in src/app.ts lets nobody in without a login', logIn(base),
    ),
  },
  {
    status: [403],
    is: ({ text }) => /403\.4|secured with Secure Sockets Layer/i.test(text),
    causes: ({ url }) => because('IIS lets nobody in without HTTPS', verifyAgain(secure(url).href)),
  },
  {
    status: [403],
    is: isOfIis,
    causes: () => [
      {
        why: 'IIS looks for a file or a folder: no rule takes this URL',
        cures: [cures.rulePages],
      },
      {
        why: 'URL Rewrite is not installed, or IIS refuses this address (IP restrictions)',
        cures: [appcmd('list modules RewriteModule')],
      },
    ],
  },
  { status: [404], is: ({ text }) => NOT_FOUND.test(text), causes: otherPath },
  {
    status: [404],
    is: ({ text }) => text === 'client not handshaken',
    causes: (_answer, { base }) => [
      {
        why: 'several processes answer, and do not share their clients',
        cures: [cures.processes, cures.configOverrides],
      },
      { why: 'the process was replaced meanwhile', cures: [verifyAgain(base.href)] },
    ],
  },
  {
    status: [404],
    is: isOfIis,
    causes: refusedByIis,
  },
  { status: [404], is: isHtml, causes: pageOfAnother },
  {
    status: [405],
    is: isOfIis,
    causes: ({ asked: { method = 'GET' } }) =>
      because(`the handler does not take ${method}`, cures.handler),
  },
  {
    status: [400],
    is: answer => /Invalid Hostname/i.test(httpSys(answer) ?? answer.text),
    causes: ({ url }) => because(
      `no site of this IIS has the host name ${url.hostname}`,
      appcmd('set site "Default Web Site" '
        + `/+bindings.[protocol='http',bindingInformation='*:${url.port || 80}:${url.hostname}']`),
    ),
  },
  {
    status: [400],
    is: ({ text }) => /Request Too Long|Request Header Too Long/i.test(text),
    causes: () => because(
      'the headers are larger than http.sys takes, 16 KB',
      onServer('reg add HKLM\\System\\CurrentControlSet\\Services\\HTTP\\Parameters '
        + '/v MaxFieldLength /t REG_DWORD /d 65534'),
      onServer('reg add HKLM\\System\\CurrentControlSet\\Services\\HTTP\\Parameters '
        + '/v MaxRequestBytes /t REG_DWORD /d 65534'),
    ),
  },
  {
    status: [400, 414, 494],
    is: ({ text }) => /(Header Or Cookie|URI) Too Large/i.test(text),
    causes: () => because('the headers are larger than a proxy takes',
      nginx('large_client_header_buffers 4 32k;')),
  },
  {
    status: [413],
    is: ({ text }) => /^a message may have \d+ bytes/.test(text),
    causes: ({ text }) =>
      because(`the server says: ${text}`, appSetting('MAX_MESSAGE_BYTES', '1000000')),
  },
  {
    status: [413],
    is: answer => !isOfIis(answer) || isProxys(answer),
    causes: () => because(
      'a proxy does not accept a body of this size', nginx('client_max_body_size 2m;'),
    ),
  },
  {
    status: [413],
    causes: () => because('IIS does not accept a body of this size', maxBody()),
  },
  {
    status: [431],
    causes: () => because(
      'the headers are larger than node takes: 8 KB before node 13.13, 16 KB from then on',
      appSetting('NODE_OPTIONS', '--max-http-header-size=32768'),
    ),
  },
  {
    status: [500],
    is: ({ text }) => /500\.19/.test(text),
    causes: answer => [configError(answer)],
  },
  {
    status: [500],
    is: ({ text }) => /^Something went wrong\. The log says what/.test(text),
    causes: () => because('a route in src/pages.ts failed; the log says how', cures.log),
  },
  {
    status: [500],
    is: ({ text }) => text === 'handshake error',
    causes: () => because(
      'io.set(\'authorization\', …) in src/app.ts failed; the log says how', cures.log,
    ),
  },
  { status: [500, 503], is: answer => subStatusOf(answer) !== null, causes: told500 },
  { status: [500], is: isOfIis, causes: silent500 },
  {
    status: [501],
    is: isOfIis,
    causes: answer => because(
      versionOf(answer) === '7.5'
        ? 'IIS 7.5 has no WebSockets'
        : 'IIS handles WebSockets itself, and does not pass them on to node',
      versionOf(answer) === '7.5' ? appSetting('TRANSPORTS', 'xhr-polling') : cures.webSocket,
    ),
  },
  {
    status: [502],
    causes: () => because(
      'a proxy gets no answer from IIS: IIS does not run, or not at the address that the proxy has',
      nginx('proxy_pass http://server-of-iis;'),
    ),
  },
  {
    status: [504],
    causes: ({ ms }) => because(
      `a proxy gets no answer from IIS, and gives up after ${(ms / 1000).toFixed(1)} s`,
      nginx('proxy_read_timeout 60s;'),
    ),
  },
  {
    status: [503],
    is: answer => httpSys(answer) !== null,
    causes: () => because(
      'the application pool is stopped: by hand, or after five crashes in five minutes',
      appcmd(`start apppool /apppool.name:${NAME}`),
    ),
  },
  {
    status: [503],
    is: ({ text }) => text === 'too many clients',
    causes: () =>
      because('the server has MAX_CLIENTS clients', appSetting('MAX_CLIENTS', '10000')),
  },
  { status: [503], is: isOfIis, causes: () => TOO_MANY_REQUESTS },
];

/**
 * Finds the causes of a bad answer.
 * @param what a name of the request, for the report: 'handshake'
 */
export async function diagnose(what: string, answer: Answer, scene: Scene): Promise<Fault> {
  const page = answer.status === 200 && isHtml(answer) ? ', an HTML page' : '';
  const by = isOfIis(answer) ? ' of IIS\'s own' : '';
  const saw = `${what}: status ${answer.status}${by}${page}`;
  const row = ROWS.find(({ status, is }) =>
    status.includes(answer.status) && (is === undefined || is(answer)));
  if (row) return new Fault(saw, await row.causes(answer, scene));
  const words = plain(answer.text).slice(0, 120);
  const why = `the cause is not known; the answer has the text ${JSON.stringify(words)}`;
  return new Fault(saw, because(why, cures.log));
}

/** @throws Fault if the answer does not have the status 200 */
export async function expectOk(what: string, answer: Answer, scene: Scene): Promise<void> {
  if (answer.status !== 200) throw await diagnose(what, answer, scene);
}

function secure(url: URL): URL {
  const other = new URL(url);
  other.protocol = 'https:';
  other.port = '';
  return other;
}

function isProxys(answer: Answer): boolean {
  return /nginx|haproxy|varnish|cloudflare|squid/i.test(answer.text + serverOf(answer));
}
