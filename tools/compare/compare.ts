/* Sends each request to two servers, and says where their answers differ. */
import { Answer, send, Side } from './wire';
import type { Case } from './cases';

export interface Difference {
  /** The part of the answer that differs: 'status', 'body', 'time', or the name of a header. */
  what: string;
  real: string;
  preview: string;
}

export interface Compared {
  request: Case;
  /** The request line, shortened. */
  line: string;
  real: Answer;
  preview: Answer;
  differences: Difference[];
}

/** The number of requests that are under way at a time. */
const AT_ONCE = 4;

/**
 * Sends each request to both servers, and compares the answers.
 * @param real the server with IIS
 * @param preview the stand-in, with the same folder
 * @param seen a function that is called after each request, with the number of requests so far
 */
export async function compare(
  real: Side, preview: Side, cases: readonly Case[],
  seen: (done: number) => void = () => undefined,
): Promise<Compared[]> {
  const sessions = new Map<Side, Promise<string>>();
  let done = 0;
  const ask = async (request: Case): Promise<Compared> => {
    const [one, other] = await Promise.all(
      [real, preview].map(side => askOne(side, request, sessions)),
    ) as [Answer, Answer];
    done += 1;
    seen(done);
    return {
      request, line: lineOf(request), real: one, preview: other,
      differences: differences(simplify(one, real), simplify(other, preview), request),
    };
  };
  // The requests of a session have to come one after the other.
  const isOfSession = ({ path }: Case) => path.includes('$SESSION');
  return [
    ...await inTurn(cases.filter(one => !isOfSession(one)), AT_ONCE, ask),
    ...await inTurn(cases.filter(isOfSession), 1, ask),
  ];
}

/**
 * Calls a function for each item, some calls at a time.
 * @returns the results, in the order of the items
 */
async function inTurn<T, R>(
  items: readonly T[], atOnce: number, act: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = Array<R>(items.length);
  const left = items.entries();
  const work = async () => {
    for (const [at, item] of left) results[at] = await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

async function askOne(
  side: Side, request: Case, sessions: Map<Side, Promise<string>>,
): Promise<Answer> {
  const { method, path, headers, body = '', version = 'HTTP/1.1', host } = request;
  let target = side.url.pathname + path;
  if (target.includes('$SESSION')) {
    if (!sessions.has(side)) sessions.set(side, openSession(side));
    target = target.replace('$SESSION', await sessions.get(side)!);
  }
  const own = Object.entries(side.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const lines = [
    `${method} ${target} ${version}`,
    ...(host === '' ? [] : [`Host: ${host ?? side.url.host}`]),
    ...own,
    ...headers.map(line => line.replace('$ORIGIN', side.url.origin)),
    ...(headers.some(line => /^connection:/i.test(line)) ? [] : ['Connection: close']),
  ];
  return send(side, lines.map(line => `${line}\r\n`).join(''), body, request.patience);
}

/** Opens a session. @returns its id; 'none' if the handshake fails */
async function openSession(side: Side): Promise<string> {
  const host = `Host: ${side.url.host}\r\nConnection: close\r\n`;
  const { text } = await send(side, `GET ${side.url.pathname}socket/1/ HTTP/1.1\r\n${host}`);
  return /^([\w-]+):/.exec(text)?.[1] ?? 'none';
}

function lineOf({ method, path, headers }: Case): string {
  const shown = Array.from(path, one => one < ' ' || one > '~' ? escape(one) : one).join('');
  const cut = (text: string) => text.length > 60 ? `${text.slice(0, 57)}…` : text;
  const [first] = headers;
  const more = first === undefined ? '' : `, ${cut(first)}`;
  return `${method} ${cut(shown) || '(the page)'}${more}`;
}

/**
 * Headers whose values depend on the machine or the time. Both answers must have such a header, but
 * the values may differ.
 */
const VALUES_DIFFER = ['etag', 'last-modified'];
/** Headers of IIS, of a proxy or of the connection. They say nothing about the application. */
const LEFT_OUT = [
  'date', 'server', 'connection', 'keep-alive', 'content-length', 'transfer-encoding', 'via',
  'x-cache', 'age', 'persistent-auth',
];

/** Returns the parts of an answer, without the values that differ between any two servers. */
function simplify(answer: Answer, side: Side): Map<string, string> {
  const { origin, host } = side.url;
  const common = (text: string) => text.replaceAll(origin, '$ORIGIN').replaceAll(host, '$HOST');
  const fields = new Map<string, string>();
  const status = answer.status === 0 ? 'no answer' : String(answer.status);
  fields.set('status', status);
  for (const [name, value] of answer.headers) {
    if (LEFT_OUT.includes(name)) continue;
    const shown = VALUES_DIFFER.includes(name) ? '(there)' : common(value);
    fields.set(name, fields.has(name) ? `${fields.get(name)!}, ${shown}` : shown);
  }
  fields.set('body', common(answer.text)
    .replace(/"(uptime|clients|pid)":\d+/g, '"$1":…')
    .replace(/"(node|iisnode)":"[^"]*"/g, '"$1":…')
    .replace(/^[\w-]{16,}(?=:\d*:\d*:)/, '(an id)'));
  // A waiting poll must differ from a poll that is answered at once. Shorter times do not count.
  fields.set('time', answer.ms > 5000 ? `${Math.round(answer.ms / 5000) * 5} s` : 'at once');
  return fields;
}

function differences(
  real: Map<string, string>, preview: Map<string, string>, { method }: Case,
): Difference[] {
  const names = [...new Set([...real.keys(), ...preview.keys()])];
  const differing = names.filter(name => real.get(name) !== preview.get(name));
  // If the status differs, the rest of the answer differs too.
  const shown = differing.includes('status') ? ['status'] : differing;
  return shown.filter(name => !(name === 'body' && method === 'HEAD')).map(what => ({
    what, real: short(real.get(what)), preview: short(preview.get(what)),
  }));
}

function short(text = '(none)'): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}…` : line;
}
