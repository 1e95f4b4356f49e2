/*
 * A rule can read every server variable of Microsoft's list ("IIS Server Variables"), and those
 * that only the reference of URL Rewrite names.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { script, serve, webConfig } from './iis-application';
import { site, tell, told } from './iis-ask';

const NONE = /^$/;
const ADDRESS = /^(127\.0\.0\.1|::1)$/;
/**
 * The values for a GET of /app/sub/a%20b.txt?q=1, from this machine, without TLS and without a
 * user.
 */
const EXPECTED: Record<string, RegExp> = {
  ALL_HTTP: /^HTTP_HOST:www\.example\.com:8080\nHTTP_ACCEPT_ENCODING:gzip\n/,
  ALL_RAW: /^Host: www\.example\.com:8080\r\nAccept-Encoding: gzip\r\n/,
  APPL_MD_PATH: /^\/LM\/W3SVC\/1\/ROOT\/app$/,
  APPL_PHYSICAL_PATH: /application-\w+[\\/]$/,
  APP_POOL_CONFIG: /DefaultAppPool\.config$/,
  APP_POOL_ID: /^DefaultAppPool$/,
  AUTH_PASSWORD: NONE,
  AUTH_TYPE: NONE,
  AUTH_USER: NONE,
  CACHE_URL: /^http:\/\/www\.example\.com:8080\/app\/sub\/a%20b\.txt\?q=1$/,
  CERT_COOKIE: NONE,
  CERT_FLAGS: NONE,
  CERT_ISSUER: NONE,
  CERT_KEYSIZE: NONE,
  CERT_SECRETKEYSIZE: NONE,
  CERT_SERIALNUMBER: NONE,
  CERT_SERVER_ISSUER: NONE,
  CERT_SERVER_SUBJECT: NONE,
  CERT_SUBJECT: NONE,
  CONTENT_LENGTH: /^0$/,
  CONTENT_TYPE: NONE,
  CRYPT_CIPHER_ALG_ID: NONE,
  CRYPT_HASH_ALG_ID: NONE,
  CRYPT_KEYEXCHANGE_ALG_ID: NONE,
  CRYPT_PROTOCOL: NONE,
  DOCUMENT_ROOT: /application-\w+$/,
  FORWARDED_URL: NONE,
  GATEWAY_INTERFACE: /^CGI\/1\.1$/,
  HTTPS: /^off$/i,
  HTTPS_KEYSIZE: NONE,
  HTTPS_SECRETKEYSIZE: NONE,
  HTTPS_SERVER_ISSUER: NONE,
  HTTPS_SERVER_SUBJECT: NONE,
  HTTP_HOST: /^www\.example\.com:8080$/,
  HTTP_METHOD: /^GET$/,
  HTTP_URL: /^\/app\/sub\/a%20b\.txt\?q=1$/,
  HTTP_VERSION: /^HTTP\/1\.1$/,
  INSTANCE_ID: /^1$/,
  INSTANCE_META_PATH: /^\/LM\/W3SVC\/1$/,
  INSTANCE_NAME: /^Default Web Site$/,
  LOCAL_ADDR: ADDRESS,
  LOGON_USER: NONE,
  MANAGED_PIPELINE_MODE: /^Integrated$/,
  PATH_INFO: /^\/app\/sub\/a b\.txt$/,
  PATH_TRANSLATED: /application-\w+[\\/]sub[\\/]a b\.txt$/,
  QUERY_STRING: /^q=1$/,
  REMOTE_ADDR: ADDRESS,
  REMOTE_HOST: ADDRESS,
  REMOTE_PORT: /^\d+$/,
  REMOTE_USER: NONE,
  REQUEST_FILENAME: /application-\w+[\\/]sub[\\/]a b\.txt$/,
  REQUEST_FLAGS: /^0$/,
  REQUEST_METHOD: /^GET$/,
  REQUEST_URI: /^\/app\/sub\/a b\.txt\?q=1$/,
  SCRIPT_FILENAME: /application-\w+[\\/]sub[\\/]a b\.txt$/,
  SCRIPT_NAME: /^\/app\/sub\/a b\.txt$/,
  SCRIPT_TRANSLATED: /^\\\\\?\\.*application-\w+[\\/]sub[\\/]a b\.txt$/,
  SERVER_ADDR: ADDRESS,
  SERVER_NAME: /^www\.example\.com$/,
  SERVER_PORT: /^\d+$/,
  SERVER_PORT_SECURE: /^0$/,
  SERVER_PROTOCOL: /^HTTP\/1\.1$/,
  SERVER_SOFTWARE: /^Microsoft-IIS\/10$/,
  SSI_EXEC_DISABLED: /^0$/,
  UNENCODED_URL: /^\/app\/sub\/a%20b\.txt\?q=1$/,
  UNMAPPED_REMOTE_USER: NONE,
  URL: /^\/app\/sub\/a b\.txt$/,
  URL_PATH_INFO: NONE,
};

const request = { headers: { Host: 'www.example.com:8080', 'Accept-Encoding': 'gzip', Connection: 'close' } };

describe('Server variables', () => {
  for (const [name, expected] of Object.entries(EXPECTED)) {
    if (expected === NONE) continue;
    test(`{${name}}`, async t => {
      const config = site(`<rewrite>${tell(`{${name}}`)}</rewrite>`);
      const { get } = await serve(t, { 'web.config': config }, { app: '/app', iis: '10' });
      assert.match(told(await get('sub/a%20b.txt?q=1', request)), expected);
    });
  }
});

test('those without a value here are known all the same: iisnode hands them on, empty', async t => {
  const names = Object.keys(EXPECTED).filter(name => EXPECTED[name] === NONE);
  const attributes = `promoteServerVars="${[...names, 'NO_SUCH_NAME'].join()}"`;
  const files = { 'web.config': webConfig(attributes), 'hello.js': script('res.end(JSON.stringify(req.headers));') };
  const { get } = await serve(t, files);
  const headers = JSON.parse((await get()).text) as Record<string, string>;
  const promoted = Object.entries(headers).filter(([name]) => name.startsWith('x-iisnode-'));
  const expected = names.map(name => [`x-iisnode-${name.toLowerCase()}`, '']);
  assert.deepEqual(Object.fromEntries(promoted), Object.fromEntries(expected));
});

test('a name that IIS does not know is empty, and its case does not matter', async t => {
  const config = site(`<rewrite>${tell('[{NO_SUCH_NAME}][{request_method}]')}</rewrite>`);
  const { get } = await serve(t, { 'web.config': config });
  assert.equal(told(await get('x')), '[][GET]');
});

test('of a request with a body: its length, its type, its method, and the flag of a body', async t => {
  const text = '{HTTP_METHOD} {CONTENT_LENGTH} {CONTENT_TYPE} {REQUEST_FLAGS}';
  const { get } = await serve(t, { 'web.config': site(`<rewrite>${tell(text)}</rewrite>`) });
  const headers = { 'Content-Length': 3, 'Content-Type': 'text/x' };
  assert.equal(told(await get('x', { method: 'POST', headers }, 'abc')), 'POST 3 text/x 1');
});

test('APPL_MD_PATH of the root of a site ends with ROOT', async t => {
  const { get } = await serve(t, { 'web.config': site(`<rewrite>${tell('{APPL_MD_PATH}')}</rewrite>`) }, { app: '/' });
  assert.equal(told(await get('x')), '/LM/W3SVC/1/ROOT');
});
