/*
 * The floor: the least work that a server can do. The floor is a bare node:http server that answers
 * the same requests with the same bytes as 0.9, and is no Socket.IO. It knows the poll of each
 * session, copies the text of a POST into its answer, and ends polls after the same time as 0.9. It
 * parses no packets, has no namespaces, rooms or handlers, ends no session, and checks nothing.
 */
import { createServer, ServerResponse } from 'node:http';
import { resource } from '../paths';

/** The waiting poll of each session, and the second in which it ends. The oldest poll is first. */
const polls = new Map<string, { res: ServerResponse; until: number }>();
/** The answer, for each session, that was ready while no poll waited. */
const waiting = new Map<string, string>();
const sessions: string[] = [];
/** The time for which a poll waits, s: as in 0.9, or up to a second longer. */
const LONGEST = 20;
let seconds = 0;
/** The position of a session's id in a URL, and the end of the path of a handshake. */
const ID = `${resource}/1/xhr-polling/`.length;
const HANDSHAKE = `${resource}/1/`.length;

const server = createServer((req, res) => {
  const id = req.url!.slice(ID, ID + 20); // …/socket/1/xhr-polling/<20 characters>?t=1
  if (req.method === 'POST') {
    let body = '';
    req.setEncoding('utf8').on('data', data => body += data);
    req.on('end', () => {
      answer(res, '1');
      handle(id, body);
    });
  } else if (req.url![HANDSHAKE] === '?') {
    const made = String(sessions.length).padStart(20, '0');
    sessions.push(made);
    waiting.set(made, '1::');
    answer(res, `${made}:60:60:xhr-polling`);
  } else {
    const text = waiting.get(id);
    if (text === undefined) polls.set(id, { res, until: seconds + LONGEST + 1 });
    else {
      waiting.delete(id);
      answer(res, text);
    }
  }
});

function answer(res: ServerResponse, text: string): void {
  res.writeHead(200, {
    'Content-Type': 'text/plain; charset=UTF-8', 'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}

function send(id: string, text: string): void {
  const poll = polls.get(id);
  if (!poll) waiting.set(id, text);
  else {
    polls.delete(id);
    answer(poll.res, text);
  }
}

/** Ends all polls by one timer, because a timer for each poll would cost more. */
setInterval(() => {
  seconds += 1;
  for (const [id, { until }] of polls) {
    if (until > seconds) return;
    send(id, '8::');
  }
}, 1000);

/** Answers an event. A packet is `5:<id>::{"name":"echo","args":["<text>"]}`. */
function handle(id: string, body: string): void {
  const args = body.slice(body.indexOf('['), -1);
  switch (body[body.indexOf('{') + 9]) {
    case 'e': return send(id, body);
    case 'a': {
      const number = body.slice(2, body.indexOf('+'));
      const response = frame('5:::{"name":"response","args":["Got it!"]}');
      return send(id, response + frame(`6:::${number}+${args}`));
    }
    case 'b': {
      let text = '';
      for (let i = 0; i < 10; i++) {
        text += frame(`5:::{"name":"item","args":["${i} ${args.slice(2)}}`);
      }
      return send(id, text);
    }
    default: {
      const text = `5:::{"name":"news","args":${args}}`;
      for (const one of sessions) send(one, text);
    }
  }
}

function frame(packet: string): string {
  return `\ufffd${packet.length}\ufffd${packet}`;
}

server.listen(process.env.PORT);
