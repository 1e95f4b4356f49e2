/*
 * Causes where the application does not acknowledge an event. From outside, they all look the same:
 * nothing comes. The sources that are here tell them apart, if they are those of the server.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Cure, cures, HERE } from '../cures';
import { because, Cause } from '../result';

/** A handler in the sources: `socket.on('message', (text, ack) => …`. */
interface Handler {
  /** The file, from the project's folder. */
  file: string;
  event: string;
  /** Whether its parameters could be one text and an acknowledgement. */
  fits: boolean;
}

/** The object, the name of the event, and the parameters, where the function stands there. */
const ON = new RegExp([
  '(?<of>[\\w.]+)\\.on\\(\\s*[\'"`](?<event>[^\'"`]+)[\'"`]',
  '(?:,\\s*(?:async\\s*)?(?:function\\s*\\w*\\s*)?\\((?<parameters>[^)]*)\\))?',
].join(''), 'g');

/** Events of a connection itself, which no client sends. */
const OWN = ['connection', 'connect', 'disconnect', 'error'];

/** Folders of src/ without the user's handlers. */
const NOT_THEIRS = ['realtime', 'web', 'browser'];

/**
 * @param folder the project's folder
 * @param name the event that was sent, with one text and a function for the acknowledgement
 */
export function notAcknowledged(folder: string, name: string): Cause[] {
  const handlers = handlersIn(folder);
  const own = handlers.filter(({ event }) => event === name);
  const [handler] = own;
  const silent: Cause = {
    why: `the handler of '${name}' does not call its acknowledgement`,
    cures: [{ ...example(name), at: handler?.file ?? 'src/app.ts' }],
  };
  const others: Cause = {
    why: `'${name}' takes other arguments than one text and an acknowledgement: then verify cannot `
      + 'send it, and the log may have an error of its handler',
    cures: [{ at: HERE, line: 'npm run verify -- … without --event' }, cures.log],
  };
  if (handler) {
    return own.some(({ fits }) => fits) ? [silent, others] : [others, silent];
  }
  if (handlers.length > 0) {
    const events = Array.from(new Set(handlers.map(({ event }) => `'${event}'`)));
    const why = `nobody handles '${name}': the sources here have handlers of ${events.join(', ')}`;
    return because(why, { at: HERE, line: 'npm run verify -- --event <one of these> …' });
  }
  return [{ why: `nobody handles '${name}'`, cures: [example(name)] }, silent, others];
}

function example(name: string): Cure {
  const line = `socket.on('${name}', (text, ack) => { ack(text); });`;
  return { at: 'src/app.ts', line, find: `'${name}'` };
}

/** @returns the handlers of clients' events in src/, without the template's own folders */
function handlersIn(folder: string): Handler[] {
  const src = path.join(folder, 'src');
  if (!existsSync(src)) return [];
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map(file => file.replaceAll('\\', '/'))
    .filter(file => file.endsWith('.ts') && !NOT_THEIRS.includes(file.split('/')[0]!));
  return files.flatMap(file => {
    const text = readFileSync(path.join(src, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
    return Array.from(text.matchAll(ON), ({ groups }) => {
      const { of, event, parameters = '' } = groups!;
      const fits = !parameters.includes('{') && parameters.split(',').length <= 2;
      return { file: `src/${file}`, of: of!, event: event!, fits };
    });
  }).filter(({ of, event }) => !/^(io|server|process)\b/.test(of) && !OWN.includes(event));
}
