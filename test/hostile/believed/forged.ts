/* With these headers, a client could claim to be someone else, to be elsewhere, or to use HTTPS. */

export const ADMIN = 'DOMAIN\\admin';

export interface Forgery {
  name: string;
  /** Whole header lines. */
  headers: string[];
}

const many = (count: number, line = (n: number) => `a${n.toString(36)}:`) => Array.from({ length: count }, (_, n) => line(n));
const USER = `X-iisnode-AUTH_USER: ${ADMIN}`;
const ALL = [USER, 'X-iisnode-HTTPS: on', 'X-iisnode-REMOTE_ADDR: 6.6.6.6', 'X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https'];

/** @param address the client's own address; iisnode looks for it at the end of X-Forwarded-For */
export function forgeries(address: string): Forgery[] {
  const spellings = [
    'X-iisnode-AUTH_USER', 'x-iisnode-auth_user', 'X-IISNODE-AUTH_USER', 'X-iisnode-AUTH-USER', 'X_iisnode_AUTH_USER', 'X-iisnode_AUTH_USER',
    'X-iisnode-LOGON_USER', 'X-iisnode-REMOTE_USER', 'X-iisnode-UNMAPPED_REMOTE_USER', 'AUTH_USER', 'REMOTE_USER', 'HTTP_X_IISNODE_AUTH_USER',
  ];
  return [
    { name: 'nothing', headers: [] },
    ...spellings.map(name => ({ name, headers: [`${name}: ${ADMIN}`] })),
    { name: 'a space or a tab after the name', headers: [`X-iisnode-AUTH_USER : ${ADMIN}`, `X-iisnode-AUTH_USER\t: ${ADMIN}`] },
    { name: 'all of them', headers: ALL },
    { name: 'all of them, in lower case', headers: ALL.map(line => line.toLowerCase()) },
    { name: 'all of them in the order that iisnode writes', headers: [...ALL.slice(3), ...ALL.slice(0, 3).reverse()] },
    { name: 'twice', headers: [...ALL, ...ALL] },
    { name: 'an empty one behind it', headers: [...ALL, 'X-iisnode-AUTH_USER:', 'X-iisnode-REMOTE_ADDR:', 'X-iisnode-HTTPS:'] },
    { name: 'an empty one before it', headers: ['X-iisnode-AUTH_USER:', ...ALL] },
    { name: 'joined by hand', headers: [`X-iisnode-AUTH_USER: DOMAIN\\x, ${ADMIN}`, 'X-iisnode-REMOTE_ADDR: 1.1.1.1, 6.6.6.6', 'X-iisnode-HTTPS: off, on'] },
    { name: '1,030 headers behind it', headers: [...ALL, ...many(1030)] },
    { name: '2,000 headers behind it', headers: [...ALL, ...many(2000)] },
    { name: '2,000 headers of one name behind it', headers: [...ALL, ...many(2000, () => 'a:')] },
    { name: '2,000 headers before it', headers: [...many(2000), ...ALL] },
    { name: '400 of the name', headers: many(400, () => USER) },
    { name: 'one that is folded into another', headers: ['X-Other: x', ` ${USER}`, `\t${USER}`] },
    { name: 'its value folded', headers: ['X-iisnode-AUTH_USER:', ` ${ADMIN}`] },
    { name: 'a long one', headers: [...ALL, `X-iisnode-AUTH_USER: ${ADMIN}${'x'.repeat(9000)}`] },
    { name: 'a long one behind it', headers: [...ALL, `X-Long: ${'x'.repeat(14000)}`] },
    { name: 'named by Connection, as if it were to be taken away', headers: ['Connection: X-iisnode-AUTH_USER, X-iisnode-REMOTE_ADDR, X-iisnode-HTTPS', ...ALL] },
    { name: 'Authorization', headers: [`Authorization: Basic ${Buffer.from(`${ADMIN}:secret`).toString('base64')}`] },
    ...[
      `a7-${address}`, `evil${address}`, `9${address}`, `6.6.6.6, 9${address}`, `6.6.6.6,${address}`, address, '6.6.6.6', '', ',,,', ' , ', 'unknown',
      `"${address}"`, `[${address}]`, `6.6.6.6\t${address}`, '6.6.6.6:80', '::1', `${'6.6.6.6,'.repeat(1500)}6.6.6.6`,
    ].map(value => ({ name: `X-Forwarded-For: ${value.slice(0, 40)}`, headers: [`X-Forwarded-For: ${value}`, 'x-forwarded-for: 6.6.6.6'] })),
    ...['https', 'HTTPS', 'https,http', 'http,https', '', `${','.repeat(14000)}`].map(value => (
      { name: `X-Forwarded-Proto: ${value.slice(0, 40)}`, headers: [`X-Forwarded-Proto: ${value}`, 'X-Forwarded-Proto: https'] }
    )),
    {
      name: 'other headers of proxies',
      headers: [
        'Forwarded: for=6.6.6.6;proto=https;host=evil.example', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Port: 443', 'X-Forwarded-Ssl: on',
        'X-Forwarded-User: admin', 'Front-End-Https: on', 'X-Url-Scheme: https', 'X-Original-Host: evil.example',
      ],
    },
  ];
}
