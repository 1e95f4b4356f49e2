import type { IncomingMessage } from 'http';

/**
 * The client's address. On a named pipe a request has none, and what stands in front of the pipe, iisnode with
 * enableXFF, puts it last in X-Forwarded-For: what comes before is the client's own word. On a TCP port nobody is known
 * to stand in front, and the header is not believed.
 */
export function clientAddress(req: IncomingMessage): { address: string; port: number | undefined } {
  const { remoteAddress, remotePort } = req.socket;
  if (remoteAddress !== undefined) return { address: remoteAddress, port: remotePort };
  const forwarded = String(req.headers['x-forwarded-for'] || '').split(',');
  return { address: forwarded[forwarded.length - 1]!.trim() || 'unknown', port: undefined };
}
