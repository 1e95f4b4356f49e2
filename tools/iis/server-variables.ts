/*
 * Finds the values of IIS's server variables: the variables of Microsoft's list ("IIS Server
 * Variables"), further variables from the reference of URL Rewrite, and the headers of the request.
 */
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { decode, joinUrl } from './url';
import { clientAddress, Place, Visit } from './visit';

/** The site and the application pool that every installation of IIS begins with. */
const SITE = { id: '1', name: 'Default Web Site', pool: 'DefaultAppPool' };

/**
 * The variables that IIS knows and that have no value here: there is no client certificate and no
 * TLS, the client has not logged on, and no proxy has forwarded the request.
 */
const EMPTY = new Set(`
  AUTH_PASSWORD AUTH_TYPE AUTH_USER LOGON_USER REMOTE_USER UNMAPPED_REMOTE_USER
  CERT_COOKIE CERT_FLAGS CERT_ISSUER CERT_KEYSIZE CERT_SECRETKEYSIZE CERT_SERIALNUMBER
  CERT_SERVER_ISSUER CERT_SERVER_SUBJECT CERT_SUBJECT
  CRYPT_CIPHER_ALG_ID CRYPT_HASH_ALG_ID CRYPT_KEYEXCHANGE_ALG_ID CRYPT_PROTOCOL
  HTTPS_KEYSIZE HTTPS_SECRETKEYSIZE HTTPS_SERVER_ISSUER HTTPS_SERVER_SUBJECT
  FORWARDED_URL URL_PATH_INFO
`.trim().split(/\s+/));

/**
 * Finds the value of a server variable.
 * @param url the path after the rules that have been applied so far
 * @param query the query string after these rules
 * @returns the value; undefined if IIS has no variable of that name
 */
export function serverVariable(
  visit: Visit, place: Place, name: string, url = visit.path, query = visit.query,
): string | undefined {
  if (Object.hasOwn(visit.variables, name)) return visit.variables[name];
  return ofTheUrl(visit, name, url, query)
    ?? ofTheFolder(place, name, url)
    ?? ofTheRequest(visit, name)
    ?? ofTheConnection(visit, name)
    ?? ofTheServer(place, name)
    ?? (EMPTY.has(name) ? '' : ofTheHeaders(visit, name));
}

function ofTheUrl(visit: Visit, name: string, url: string, query: string): string | undefined {
  const { req, rawUrl } = visit;
  const mark = rawUrl.indexOf('?');
  switch (name) {
    case 'QUERY_STRING': return query;
    case 'URL': case 'PATH_INFO': case 'SCRIPT_NAME': return url;
    // The URL as the client sent it.
    case 'HTTP_URL': case 'UNENCODED_URL': return rawUrl;
    // The client's URL with its path decoded. A rule does not change this variable.
    case 'REQUEST_URI': {
      if (mark < 0) return decode(rawUrl);
      return joinUrl(decode(rawUrl.slice(0, mark)), rawUrl.slice(mark + 1));
    }
    case 'HTTP_X_ORIGINAL_URL':
      return visit.originalUrl ?? (req.headers['x-original-url'] as string | undefined);
    // CACHE_URL always has the port.
    case 'CACHE_URL': {
      const secure = isSecure(visit);
      const host = req.headers.host ?? '';
      const whole = /:\d+$/.test(host) ? host : `${host}:${secure ? 443 : 80}`;
      return `${secure ? 'https' : 'http'}://${whole}${rawUrl}`;
    }
    default: return undefined;
  }
}

function ofTheFolder(place: Place, name: string, url: string): string | undefined {
  switch (name) {
    case 'REQUEST_FILENAME': case 'PATH_TRANSLATED': case 'SCRIPT_FILENAME':
      return place.physicalPath(url);
    // The extended-length path of Windows.
    case 'SCRIPT_TRANSLATED': return `\\\\?\\${place.physicalPath(url)}`;
    case 'APPL_PHYSICAL_PATH': return `${place.folder}${path.sep}`;
    case 'DOCUMENT_ROOT': return place.siteFolder ?? place.folder;
    default: return undefined;
  }
}

function ofTheRequest(visit: Visit, name: string): string | undefined {
  const { req } = visit;
  switch (name) {
    case 'REQUEST_METHOD': case 'HTTP_METHOD': return req.method ?? '';
    case 'SERVER_PROTOCOL': case 'HTTP_VERSION': return `HTTP/${req.httpVersion}`;
    case 'SERVER_NAME': return (req.headers.host ?? '').replace(/:\d+$/, '');
    case 'CONTENT_LENGTH': return req.headers['content-length'] ?? '0';
    case 'CONTENT_TYPE': return req.headers['content-type'] ?? '';
    // HTTP_REQUEST_FLAG_MORE_ENTITY_BODY_EXISTS is the only flag that can be set here.
    case 'REQUEST_FLAGS': return Number(req.headers['content-length'] ?? 0) > 0 ? '1' : '0';
    case 'ALL_RAW':
      return headerLines(req.rawHeaders ?? [], (header, value) => `${header}: ${value}\r\n`);
    case 'ALL_HTTP': {
      const line = (header: string, value: string) => `${variableName(header)}:${value}\n`;
      return headerLines(req.rawHeaders ?? [], line);
    }
    case 'HTTPS': return isSecure(visit) ? 'on' : 'off';
    case 'SERVER_PORT_SECURE': return isSecure(visit) ? '1' : '0';
    default: return undefined;
  }
}

function ofTheConnection({ req }: Visit, name: string): string | undefined {
  switch (name) {
    // IIS looks up the name of the client's machine only if an administrator has set that.
    case 'REMOTE_ADDR': case 'REMOTE_HOST': return clientAddress(req);
    case 'REMOTE_PORT': return String(req.socket.remotePort ?? '');
    case 'LOCAL_ADDR': case 'SERVER_ADDR':
      return (req.socket.localAddress ?? '').replace(/^::ffff:/, '');
    case 'SERVER_PORT': return String(req.socket.localPort ?? '');
    default: return undefined;
  }
}

function ofTheServer(place: Place, name: string): string | undefined {
  const { id, name: site, pool } = SITE;
  switch (name) {
    case 'APPL_MD_PATH': return `/LM/W3SVC/${id}/ROOT${place.base.replace(/\/$/, '')}`;
    case 'APP_POOL_ID': return pool;
    case 'APP_POOL_CONFIG': return `C:\\inetpub\\temp\\apppools\\${pool}\\${pool}.config`;
    case 'GATEWAY_INTERFACE': return 'CGI/1.1';
    case 'INSTANCE_ID': return id;
    case 'INSTANCE_META_PATH': return `/LM/W3SVC/${id}`;
    case 'INSTANCE_NAME': return site;
    case 'MANAGED_PIPELINE_MODE': return 'Integrated';
    case 'SERVER_SOFTWARE': return `Microsoft-IIS/${place.iis ?? '7.5'}`;
    case 'SSI_EXEC_DISABLED': return '0';
    default: return undefined;
  }
}

/** Finds the header that a variable such as HTTP_USER_AGENT names. */
function ofTheHeaders({ req }: Visit, name: string): string | undefined {
  if (!name.startsWith('HTTP_')) return undefined;
  const header = name.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase();
  const value = req.headers[header];
  return value === undefined ? undefined : [value].flat().join(', ');
}

function headerLines(raw: string[], line: (name: string, value: string) => string): string {
  let text = '';
  for (let at = 0; at < raw.length; at += 2) text += line(raw[at]!, raw[at + 1]!);
  return text;
}

function variableName(header: string): string {
  return `HTTP_${header.replaceAll('-', '_').toUpperCase()}`;
}

function isSecure({ req }: Pick<Visit, 'req'>): boolean {
  return Boolean((req.socket as TLSSocket).encrypted);
}
