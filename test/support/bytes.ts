/* Single requests, with the bytes of their answers as they were sent. */
import http from 'node:http';

export interface Answered {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The body as it was sent: compressed bytes stay compressed. */
  body: Buffer;
}

/** Sends one request, with the given headers and Host only. The path is sent as it is written. */
export function askBytes(to: http.RequestOptions): Promise<Answered> {
  return new Promise((resolve, reject) => {
    http.request(to, res => {
      const parts: Buffer[] = [];
      res.on('data', (part: Buffer) => parts.push(part));
      res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, body: Buffer.concat(parts) }));
      res.on('error', reject);
    }).on('error', reject).end();
  });
}
