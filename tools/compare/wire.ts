/*
 * Sends a request with exactly the bytes that it is given, and reads the answer. node's own client
 * would encode the path, refuse some headers, and change the order of other headers.
 */
import net from 'node:net';
import tls from 'node:tls';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

/** A server to ask. */
export interface Side {
  /** The address of the application, with a slash at its end. */
  url: URL;
  /** Whether any certificate is accepted. */
  insecure?: boolean;
  /** The headers that each request gets, such as Cookie or Authorization. */
  headers?: Record<string, string>;
}

export interface Answer {
  /** 0 if there was no answer. */
  status: number;
  /** The headers in their order; names are in small letters. */
  headers: [name: string, value: string][];
  /** The text of the body, decompressed. */
  text: string;
  /** The reason why there was no answer. */
  error?: string;
  /** The time from the call of send() to the end of the answer, ms. */
  ms: number;
}

/** The longest time that an answer may take, ms. A poll waits for less. */
const PATIENCE = 30000;

/**
 * Sends a request, and reads the answer.
 * @param head the request line and the headers, each with \r\n at its end, in Latin-1
 * @param body the body, in Latin-1
 * @param patience the longest time that the answer may take, ms
 */
export function send(
  side: Side, head: string, body = '', patience = PATIENCE,
): Promise<Answer> {
  const { url, insecure = false } = side;
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise(resolve => {
    const start = Date.now();
    const parts: Buffer[] = [];
    const failed = (error: string): Answer =>
      ({ status: 0, headers: [], text: '', error, ms: Date.now() - start });
    const done = (answer: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const socket = secure
      ? tls.connect({ host, port, servername: host, rejectUnauthorized: !insecure })
      : net.connect({ host, port });
    const late = () => done(failed(`no answer within ${patience / 1000} s`));
    const timer = setTimeout(late, patience);
    const finish = (isOver: boolean) => {
      const answer = readAnswer(Buffer.concat(parts), isOver, Date.now() - start);
      if (answer) done(answer);
      else if (isOver) done(failed('the connection was cut without an answer'));
    };
    socket.on('data', part => {
      parts.push(part);
      finish(false);
    });
    socket.on('end', () => finish(true));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The bytes that came before the cut may be a whole answer.
      const answer = readAnswer(Buffer.concat(parts), true, Date.now() - start);
      done(answer ?? failed(error.code ?? error.message));
    });
    socket.write(Buffer.from(`${head}\r\n${body}`, 'latin1'));
  });
}

/**
 * Reads an answer.
 * @param bytes the bytes that have come so far
 * @param isOver whether the server has closed the connection
 * @param ms the time since the call of send(), ms
 * @returns null while the answer is not whole
 */
function readAnswer(bytes: Buffer, isOver: boolean, ms: number): Answer | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(first!)?.[1] ?? 0);
  const rest = bytes.subarray(end + 4);
  // A response with status 100 (Continue) comes before the answer itself.
  if (status === 100) return readAnswer(rest, isOver, ms);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const header = (name: string) => headers.find(([one]) => one === name)?.[1];
  const length = header('content-length');
  let body: Buffer | null = rest;
  if (/chunked/i.test(header('transfer-encoding') ?? '')) body = dechunk(rest, isOver);
  else if (length !== undefined && rest.length < Number(length) && !isOver) return null;
  else if (length === undefined && !isOver && !hasNoBody(status)) return null;
  if (body === null) return null;
  return { status, headers, text: unpack(body, header('content-encoding')), ms };
}

function hasNoBody(status: number): boolean {
  return status === 101 || status === 204 || status === 304;
}

/** Joins the chunks of a body. @returns null while the last chunk is missing */
function dechunk(bytes: Buffer, isOver: boolean): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at);
    const size = parseInt(bytes.toString('latin1', at, line < 0 ? at : line), 16);
    if (line < 0 || Number.isNaN(size)) return isOver ? Buffer.concat(parts) : null;
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

function unpack(body: Buffer, encoding = ''): string {
  try {
    switch (encoding.toLowerCase()) {
      case 'gzip': return gunzipSync(body).toString();
      case 'deflate': return inflateSync(body).toString();
      case 'br': return brotliDecompressSync(body).toString();
      default: return body.toString();
    }
  } catch {
    return `(${body.length} bytes that are no ${encoding})`;
  }
}
