/* Sends single requests, without a client library. */
import http from 'node:http';
import type { LookupFunction } from 'node:net';

/**
 * Finds every name on this machine. To ask the system for "localhost" takes more processor time than the
 * rest of a request.
 */
export const here: LookupFunction = (_name, { all }, done) => {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};

/** Sends one request to a server of this machine, with the given headers only. */
export function request(
  to: http.RequestOptions, body = '',
): Promise<{ status: number; reason: string; headers: http.IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    http.request({ agent: false, lookup: here, ...to }, res => {
      let text = '';
      res.setEncoding('utf8').on('data', data => text += String(data));
      res.on('end', () => resolve({ status: res.statusCode!, reason: res.statusMessage!, headers: res.headers, text }));
    }).on('upgrade', (res, socket) => {
      socket.destroy();
      resolve({ status: res.statusCode!, reason: res.statusMessage!, headers: res.headers, text: '' });
    }).on('error', reject).end(body);
  });
}
