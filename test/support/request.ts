/* Single requests, with no client library between. */
import http from 'node:http';

/** One request, with no header but those given. */
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
