/* Which headers of a request can be believed: server.ts asks for the requests of pages, realtime/handshake.ts for those of clients. */
import type { IncomingMessage } from 'http';

/**
 * The server variables of IIS that reach us, as promoteServerVars in web.config names them: keep both lists alike. AUTH_USER is the
 * Windows account that IIS has authenticated, 'DOMAIN\name'; empty where it lets visitors in without.
 */
const PROMOTED = ['x-iisnode-auth_user'];

/**
 * Makes the headers that iisnode adds trustworthy. It writes them behind those of the client and leaves one of the same name
 * in place that the client made up, so node would join both: 'DOMAIN\admin, DOMAIN\name'. After this, a request has such a header only if
 * it is IIS's own word and not empty.
 * @param behindIisnode whether iisnode has started this process; if not, nobody's word is IIS's
 */
export function trustHeaders(req: IncomingMessage, behindIisnode: boolean): void {
  for (const name in req.headers) {
    if (!name.startsWith('x-iisnode-')) continue;
    const value = behindIisnode && PROMOTED.includes(name) ? last(req.rawHeaders, name) : '';
    if (value === '') delete req.headers[name];
    else req.headers[name] = value;
  }
}

/** @param headers names and values in turn, as they came */
function last(headers: string[], name: string): string {
  for (let at = headers.length - 2; at >= 0; at -= 2) if (headers[at]!.toLowerCase() === name) return headers[at + 1]!;
  return '';
}
