/*
 * Finds the part of a request that can be believed: the visitor's name, the visitor's address, and
 * whether the visitor came by HTTPS.
 *
 * A client can write any header. iisnode lets all headers through, and adds its own behind them
 * (SerializeRequestHeaders in its chttpprotocol.cpp, 0.2.26). For each server variable of IIS that
 * promoteServerVars in web.config names, iisnode adds a header X-iisnode-<name>. So the last header
 * of such a name is from IIS, and any other header of that name is from the client.
 *
 * X-Forwarded-For and X-Forwarded-Proto cannot be believed, even behind iisnode with enableXFF.
 * iisnode keeps the client's X-Forwarded-Proto. It adds no address to an X-Forwarded-For whose text
 * ends with that address already: evil10.1.2.3 stays as it is for a client at 10.1.2.3. These
 * headers count only if TRUSTED_PROXIES names the address that the request came from.
 *
 * node has to hand over every header for this: see maxHeadersCount in server.ts.
 */
import { readFileSync } from 'fs';
import type { IncomingMessage } from 'http';
import { isIP } from 'net';
import path from 'path';
import type { TLSSocket } from 'tls';
import { Addresses } from './web/addresses';

/**
 * The server variables that reach us, as promoteServerVars in web.config names them. Keep both
 * lists alike. AUTH_USER is the Windows account that IIS has authenticated, 'DOMAIN\name'; it is
 * empty if IIS lets visitors in without authentication. HTTPS is 'on' or 'off'. REMOTE_ADDR is the
 * address that the request came from.
 *
 * Add a variable in front of these three, in both lists. iisnode writes nothing for a variable that
 * IIS does not know, so a client's header of that name would be the last one. IIS knows these three
 * variables for every request, and iisnode writes the list from its end. So iisnode writes your
 * variable behind these three, and no header of a client can be there.
 */
const PROMOTED = ['x-iisnode-auth_user', 'x-iisnode-https', 'x-iisnode-remote_addr'];
const ALWAYS = PROMOTED.slice(-3);
const [, HTTPS, REMOTE_ADDR] = ALWAYS as [string, string, string];

/** The word in TRUSTED_PROXIES for all programs that open the pipe or Unix socket of PORT. */
export const PIPE = 'pipe';

/** The part of Config that says what stands in front of the server. */
export interface Front {
  /** The version of iisnode that started this process, null outside IIS. */
  iisnode: string | null;
  port: number | string;
  /** The addresses and ranges of proxies, or PIPE. */
  trustedProxies: string[];
}

/**
 * The client's address, 'unknown' if it is not known. The port is undefined if a proxy or iisnode
 * stands in front of the server.
 */
export interface ClientAddress {
  address: string;
  port: number | undefined;
}

/** Decides how much of a request can be believed. This depends on the proxies and on iisnode. */
export class Trust {
  private readonly behindIisnode: boolean;
  private readonly proxies: Addresses;
  private readonly hasProxies: boolean;
  private readonly trustsPipe: boolean;

  constructor({ iisnode, port, trustedProxies }: Front) {
    // iisnode comes by a named pipe. A request that comes by TCP is not from iisnode, even if the
    // environment names iisnode.
    this.behindIisnode = iisnode !== null && typeof port === 'string';
    this.trustsPipe = !this.behindIisnode && typeof port === 'string' &&
      trustedProxies.includes(PIPE);
    const proxies = trustedProxies.filter(one => one !== PIPE);
    this.proxies = new Addresses(proxies);
    this.hasProxies = this.trustsPipe || proxies.length > 0;
  }

  /** @returns the client's address */
  address(req: IncomingMessage): ClientAddress {
    const peer = this.peer(req);
    if (!this.isProxy(peer)) {
      const port = this.behindIisnode ? undefined : req.socket.remotePort;
      return { address: peer || 'unknown', port };
    }
    return { address: this.forwardedFor(req.headers['x-forwarded-for'], peer), port: undefined };
  }

  /** @returns the protocol that the client came by */
  protocol(req: IncomingMessage): 'http' | 'https' {
    const byProxy = this.hasProxies && this.isProxy(this.peer(req));
    const told = byProxy ? req.headers['x-forwarded-proto'] : undefined;
    if (told !== undefined) {
      // Most proxies replace a client's header. Others add their own value behind the client's.
      const text = String(told);
      const last = text.slice(text.lastIndexOf(',') + 1).trim().toLowerCase();
      return last === 'https' ? 'https' : 'http';
    }
    const secure = this.behindIisnode
      ? lastOf(req.rawHeaders, HTTPS).toLowerCase() === 'on'
      : (req.socket as TLSSocket).encrypted === true;
    return secure ? 'https' : 'http';
  }

  /**
   * Removes the headers that cannot be believed. The headers x-iisnode-* stay if IIS has written
   * them, and they are not empty. The headers forwarded and x-forwarded-* are removed. But if a
   * proxy or iisnode stands in front, x-forwarded-for becomes the client's one address, and
   * x-forwarded-proto becomes 'http' or 'https'. A second call changes nothing more. rawHeaders
   * stays as it is.
   */
  trustHeaders(req: IncomingMessage): void {
    const { headers, rawHeaders } = req;
    const inFront = this.behindIisnode || this.isProxy(this.peer(req));
    const { address } = this.address(req);
    const protocol = this.protocol(req);
    for (const name in headers) {
      if (/^(x-iisnode-|x-forwarded-|forwarded$)/.test(name)) delete headers[name];
    }
    if (this.behindIisnode) Object.assign(headers, promoted(rawHeaders));
    if (!inFront) return;
    headers['x-forwarded-proto'] = protocol;
    if (address !== 'unknown') headers['x-forwarded-for'] = address;
  }

  /**
   * @returns the address that the request came from, a client's or a proxy's; '' if it is not known
   */
  private peer(req: IncomingMessage): string {
    const { rawHeaders, socket } = req;
    return (this.behindIisnode ? lastOf(rawHeaders, REMOTE_ADDR) : socket.remoteAddress) || '';
  }

  private isProxy(peer: string): boolean {
    if (!this.hasProxies) return false;
    return peer === '' ? this.trustsPipe : this.proxies.includes(peer);
  }

  /**
   * Reads the client's address from X-Forwarded-For. Each proxy adds the address that its request
   * came from at the end. So the last address that is not one of our proxies is the client's. The
   * client itself may have written the addresses before that one.
   * @param peer the address of the proxy that the request came from
   */
  private forwardedFor(header: string | string[] | undefined, peer: string): string {
    const text = String(header || '');
    let client = peer || 'unknown';
    for (let end = text.length; end > 0;) {
      const comma = text.lastIndexOf(',', end - 1);
      const entry = withoutPort(text.slice(comma + 1, end).trim());
      // No proxy writes such an entry. Then only the address of the last proxy is known.
      if (isIP(entry) === 0) return client;
      client = entry;
      if (!this.proxies.includes(entry)) return client;
      end = comma;
    }
    return client;
  }
}

/**
 * Checks whether web.config makes iisnode write the three headers that we believe. The file may be
 * an older one, or may have been merged by hand. Without IIS's own header at the end, the server
 * would believe a client's header.
 * @param folder the folder of web.config and iisnode.yml
 * @returns the value of promoteServerVars if a variable is missing in it; null if all are there, or
 * if there is no web.config
 */
export function lackingPromotion(folder: string): string | null {
  const config = readText(path.join(folder, 'web.config')).replace(/<!--[^]*?-->/g, '');
  if (config === '') return null;
  const attribute = /<iisnode\s[^>]*?\bpromoteServerVars\s*=\s*(["'])([^"']*)\1/;
  const [, , given = ''] = attribute.exec(config) || [];
  // A line of iisnode.yml overrides the attribute. A line without a value does not.
  const yml = readText(path.join(folder, 'iisnode.yml'));
  const [, line] = /^ *promoteServerVars *: *([^\s#][^\r\n#]*)/im.exec(yml) || [];
  const names = (line || given).split(',').map(name => `x-iisnode-${name.toLowerCase()}`);
  const last = names.slice(-ALWAYS.length);
  return ALWAYS.every(name => last.includes(name)) ? null : (line || given).trim();
}

/**
 * Says whether web.config makes IIS leave WebSockets to this server. IIS 7.5 has no such section.
 * @param folder the folder of web.config
 */
export function leavesWebSockets(folder: string): boolean {
  const config = readText(path.join(folder, 'web.config')).replace(/<!--[^]*?-->/g, '');
  return /<webSocket\s[^>]*?\benabled\s*=\s*["']false["']/i.test(config);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @returns the values that IIS has written and that are not empty, by the names of the headers */
function promoted(rawHeaders: string[]): Record<string, string> {
  // IIS's own headers begin here at the latest.
  const begin = Math.min(...ALWAYS.map(name => lastAt(rawHeaders, name)).filter(at => at >= 0));
  const said: Record<string, string> = {};
  for (const name of PROMOTED) {
    const at = lastAt(rawHeaders, name);
    if (at >= begin && rawHeaders[at + 1] !== '') said[name] = rawHeaders[at + 1]!;
  }
  return said;
}

/** @returns the value of the last header of that name; '' if there is none */
function lastOf(rawHeaders: string[], name: string): string {
  const at = lastAt(rawHeaders, name);
  return at < 0 ? '' : rawHeaders[at + 1]!;
}

/**
 * Finds the last header of that name. Each poll needs this. The loop is short, because behind
 * iisnode the header is one of the last three.
 * @param rawHeaders the names and the values in turn, as node has them
 * @param name the name in lower case
 * @returns the index of the name; -1 if there is no such header
 */
function lastAt(rawHeaders: string[], name: string): number {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    const one = rawHeaders[at]!;
    if (one.length === name.length && one.toLowerCase() === name) return at;
  }
  return -1;
}

/** Removes the port that Application Request Routing writes: 10.1.2.3:4711, [fd00::1]:4711. */
function withoutPort(entry: string): string {
  if (entry.length > 100) return '';
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(entry) || [];
  return v6 || v4 || entry;
}
