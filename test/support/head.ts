/* Sends requests with given bytes. A client library would order or join such headers, or refuse to send them. */
import net from 'node:net';

export interface RawAnswer {
  /** The status; 0 if the connection was cut without an answer. */
  status: number;
  /** The body. */
  text: string;
}

/**
 * Sends a request for a path, and returns its answer.
 * @param headers whole lines, in their order; Host and Connection come before them
 */
export async function sendHead(to: net.NetConnectOpts, path: string, headers: string[], host = 'localhost'): Promise<RawAnswer> {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers];
  const got = await exchange(to, `${lines.join('\r\n')}\r\n\r\n`);
  const [head, ...body] = got.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head!)?.[1] ?? 0), text: unchunked(head!, body.join('\r\n\r\n')) };
}

/** Sends bytes, and returns the bytes that come until the other side closes, or until 60 s pass without one. */
export function exchange(to: net.NetConnectOpts, bytes: string): Promise<string> {
  return new Promise(resolve => {
    let got = '';
    const socket = net.connect(to).setEncoding('latin1').setTimeout(60000);
    socket.on('data', data => got += String(data));
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
    socket.write(bytes, 'latin1');
  });
}

function unchunked(head: string, body: string): string {
  if (!/^transfer-encoding: chunked/im.test(head)) return body;
  let text = '';
  for (let rest = body; ;) {
    const size = parseInt(rest, 16);
    if (!size) return text;
    const begin = rest.indexOf('\r\n') + 2;
    text += rest.slice(begin, begin + size);
    rest = rest.slice(begin + size + 2);
  }
}
