import type { IncomingMessage } from 'http';

/**
 * Whether the page that a request comes from may talk to the server: a page of the server's own origin, or of one of
 * `allowed` (origins as browsers write them). A request without an Origin header is no other page's: browsers send one
 * with each XMLHttpRequest and WebSocket to another origin.
 */
export function mayConnect(req: IncomingMessage, allowed: string[]): boolean {
  const origin = req.headers.origin;
  return origin === undefined || allowed.includes(origin) || ownOrigins(req).includes(origin);
}

/**
 * The origin that the client calls the server by. IIS ends TLS, so node does not see it: iisnode's enableXFF says in
 * X-Forwarded-Proto how the client came. A page elsewhere cannot set that header, nor Host.
 */
function ownOrigins(req: IncomingMessage): string[] {
  const host = req.headers.host;
  const schemes = String(req.headers['x-forwarded-proto'] || 'http').split(',');
  const origins: string[] = [];
  for (const scheme of schemes) {
    try {
      origins.push(new URL(`${scheme.trim()}://${host}`).origin);
    } catch {
      // Not a host or scheme that a page can have.
    }
  }
  return origins;
}
