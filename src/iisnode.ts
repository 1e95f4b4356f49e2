/*
 * The part of a request that can be believed: who the visitor is, where he is, and whether he came
 * by HTTPS.
 *
 * A client can write any header. iisnode lets all of them through, and adds its own behind them
 * (SerializeRequestHeaders in its chttpprotocol.cpp, 0.2.26): each server variable of IIS that
 * promoteServerVars in web.config names is a header X-iisnode-<name>, and the last of all. So the
 * last header of such a name is IIS's word, and any other of that name is the client's.
 *
 * X-Forwarded-For and X-Forwarded-Proto are nobody's word, even behind iisnode: with enableXFF it
 * keeps the client's X-Forwarded-Proto, and adds no address to an X-Forwarded-For whose text ends
 * with it already: evil10.1.2.3 stays as it is for a client at 10.1.2.3. They count where
 * TRUSTED_PROXIES names the address that the request came from.
 *
 * For this, node has to hand over every header: see maxHeadersCount in server.ts.
 */
import { readFileSync } from 'fs';
import type { IncomingMessage } from 'http';
import { isIP } from 'net';
import path from 'path';
import type { TLSSocket } from 'tls';
import { Addresses } from './web/addresses';

/**
 * The server variables that reach us, as promoteServerVars in web.config names them: keep both
 * lists alike. AUTH_USER is the Windows account that IIS has authenticated, 'DOMAIN\name', empty
 * where IIS lets visitors in without. HTTPS is 'on' or 'off'. REMOTE_ADDR is the address that the
 * request came from.
 *
 * One that you add has to stand in front of these three, in both lists. iisnode writes nothing for
 * a variable that IIS does not know, so a client's header of that name would be the last one. IIS
 * knows these three of every request, and iisnode writes the list from its end: what it writes for
 * yours comes behind them, where no header of a client can be.
 */
const PROMOTED = ['x-iisnode-auth_user', 'x-iisnode-https', 'x-iisnode-remote_addr'];
const ALWAYS = PROMOTED.slice(-3);
const [, HTTPS, REMOTE_ADDR] = ALWAYS as [string, string, string];

/** A way to write TRUSTED_PROXIES for whatever opens the pipe or Unix socket that PORT names. */
export const PIPE = 'pipe';

/** The things that stand in front of the server: a part of Config. */
export interface Front {
  /** The version of iisnode that started this process, null outside IIS. */
  iisnode: string | null;
  port: number | string;
  /** Addresses, ranges, or PIPE. */
  trustedProxies: string[];
}

/**
 * The client's address, 'unknown' where nobody says it. The port is known where there is nothing in
 * front.
 */
export interface ClientAddress {
  address: string;
  port: number | undefined;
}

/** The judge of requests: how much can be believed, by the things in front of this server. */
export class Trust {
  private readonly behindIisnode: boolean;
  private readonly proxies: Addresses;
  private readonly hasProxies: boolean;
  private readonly trustsPipe: boolean;

  constructor({ iisnode, port, trustedProxies }: Front) {
    // iisnode comes by a named pipe. Whoever comes by TCP is not iisnode, whatever the environment
    // says.
    this.behindIisnode = iisnode !== null && typeof port === 'string';
    this.trustsPipe = !this.behindIisnode && typeof port === 'string' &&
      trustedProxies.includes(PIPE);
    const proxies = trustedProxies.filter(one => one !== PIPE);
    this.proxies = new Addresses(proxies);
    this.hasProxies = this.trustsPipe || proxies.length > 0;
  }

  /** The client's address. */
  address(req: IncomingMessage): ClientAddress {
    const peer = this.peer(req);
    if (!this.isProxy(peer)) {
      const port = this.behindIisnode ? undefined : req.socket.remotePort;
      return { address: peer || 'unknown', port };
    }
    return { address: this.forwardedFor(req.headers['x-forwarded-for'], peer), port: undefined };
  }

  /** How the client came. */
  protocol(req: IncomingMessage): 'http' | 'https' {
    const byProxy = this.hasProxies && this.isProxy(this.peer(req));
    const told = byProxy ? req.headers['x-forwarded-proto'] : undefined;
    if (told !== undefined) {
      // A proxy that adds to a client's header, where others set it, adds behind it.
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
   * This leaves only what can be believed of the headers that people take for somebody's word. Of
   * x-iisnode-* what IIS has said, and not left empty. Of forwarded and x-forwarded-* nothing, but
   * where there is something in front: x-forwarded-for is then the client's address, one, and
   * x-forwarded-proto 'http' or 'https'. It can be done twice. rawHeaders stays as it came.
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
   * The address that the request came from, be it a client's or a proxy's; '' where it is not
   * known.
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
   * Each proxy adds the address that it was asked from at the end: from there, the first that is no
   * proxy of ours is the client. What is further to the left is the client's own word.
   * @param peer the proxy that the request came from
   */
  private forwardedFor(header: string | string[] | undefined, peer: string): string {
    const text = String(header || '');
    let client = peer || 'unknown';
    for (let end = text.length; end > 0;) {
      const comma = text.lastIndexOf(',', end - 1);
      const entry = withoutPort(text.slice(comma + 1, end).trim());
      // No proxy writes this. Its own address is all that is known, then.
      if (isIP(entry) === 0) return client;
      client = entry;
      if (!this.proxies.includes(entry)) return client;
      end = comma;
    }
    return client;
  }
}

/**
 * `lackingPromotion` checks whether web.config lets iisnode tell us what we believe. It may be an
 * older one, or have been merged by hand: without the header that IIS writes last, a client's own
 * would be believed.
 * @param folder that of web.config and iisnode.yml
 * @returns the value of promoteServerVars there that lacks something; null if nothing is wrong, or
 * there is no such file
 */
export function lackingPromotion(folder: string): string | null {
  const config = readText(path.join(folder, 'web.config')).replace(/<!--[^]*?-->/g, '');
  if (config === '') return null;
  const attribute = /<iisnode\s[^>]*?\bpromoteServerVars\s*=\s*(["'])([^"']*)\1/;
  const [, , given = ''] = attribute.exec(config) || [];
  // A line of iisnode.yml overrides the attribute; one without a value does not.
  const yml = readText(path.join(folder, 'iisnode.yml'));
  const [, line] = /^ *promoteServerVars *: *([^\s#][^\r\n#]*)/im.exec(yml) || [];
  const names = (line || given).split(',').map(name => `x-iisnode-${name.toLowerCase()}`);
  const last = names.slice(-ALWAYS.length);
  return ALWAYS.every(name => last.includes(name)) ? null : (line || given).trim();
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @returns the values that IIS has given, by the names of the headers; no empty ones */
function promoted(rawHeaders: string[]): Record<string, string> {
  // IIS's own begin here at the latest.
  const begin = Math.min(...ALWAYS.map(name => lastAt(rawHeaders, name)).filter(at => at >= 0));
  const said: Record<string, string> = {};
  for (const name of PROMOTED) {
    const at = lastAt(rawHeaders, name);
    if (at >= begin && rawHeaders[at + 1] !== '') said[name] = rawHeaders[at + 1]!;
  }
  return said;
}

/** The value of the last header of that name, '' if there is none. */
function lastOf(rawHeaders: string[], name: string): string {
  const at = lastAt(rawHeaders, name);
  return at < 0 ? '' : rawHeaders[at + 1]!;
}

/**
 * Where the last header of that name is, -1 if there is none. Behind iisnode it is one of the last
 * three: this is done for each poll.
 * @param rawHeaders names and values in turn, as they came
 * @param name in lower case
 */
function lastAt(rawHeaders: string[], name: string): number {
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    const one = rawHeaders[at]!;
    if (one.length === name.length && one.toLowerCase() === name) return at;
  }
  return -1;
}

/** An address, as Application Request Routing writes it: 10.1.2.3:4711, [fd00::1]:4711. */
function withoutPort(entry: string): string {
  if (entry.length > 100) return '';
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(entry) || [];
  return v6 || v4 || entry;
}
