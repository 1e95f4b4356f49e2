/* Sends single requests, without a client library. */
import http from 'node:http';

/** Sends one request, with the given headers only. */
export function request(
  to: http.RequestOptions, body = '',
): Promise<{ status: number; reason: string; headers: http.IncomingHttpHeaders; text: string }> {
  return new Promise((resolve, reject) => {
    http.request({ agent: false, ...to }, res => {
      let text = '';
      res.setEncoding('utf8').on('data', data => text += String(data));
      res.on('end', () => resolve({ status: res.statusCode!, reason: res.statusMessage!, headers: res.headers, text }));
    }).on('upgrade', (res, socket) => {
      socket.destroy();
      resolve({ status: res.statusCode!, reason: res.statusMessage!, headers: res.headers, text: '' });
    }).on('error', reject).end(body);
  });
}
