/* Carries out `npm run verify -- <address>`: checks that an application is deployed correctly. */
import { styleText } from 'node:util';
import { command, Given, UsageError } from '../command';
import { showProgress } from '../progress';
import { report, row } from './table';
import { EXAMPLE } from './target';
import { CHECKS, defaults, Options, Result, Unreachable, verify } from './verify';

const HELP = `npm run verify -- [options] ${EXAMPLE}

Checks a deployed application from outside, as a browser asks it, in about 40 s. It opens sessions
and sends no event that an application knows, except to the demo. Run it in the project's folder:
then it names the lines of web.config and iisnode.yml.

  --user NAME:PASSWORD  for a site that asks for a login (Basic authentication)
  --cookie "A=1; B=2"   the cookies of a browser that has logged in, for a site behind a login page
  --transports LIST     the transports that should be offered (${defaults.transports.join()})
  --origin ORIGIN       an origin of ALLOWED_ORIGINS, whose pages should be able to connect
  --event NAME          an event that the application acknowledges. It is sent once, with the text
                        "verify"
  --message-bytes N     the application's MAX_MESSAGE_BYTES (${defaults.messageBytes})
  --clients N           the number of clients that poll at once (${defaults.clients}); 1100 is
                        more than iisnode takes by default
  --hold SECONDS        the time for which polls are held (${defaults.hold})
  --idle SECONDS        waits for this time at the end, and measures the next request
  --entry PATH          the script that web.config's handler names (${defaults.entry})
  --insecure            accepts any certificate
  --help                prints this

Exit status: 0 all passed, 1 something failed, 2 it could not be verified, or the command was called
wrongly.`;

const text = { type: 'string' } as const;
const OPTIONS = {
  user: text,
  cookie: text,
  transports: text,
  origin: text,
  event: text,
  'message-bytes': text,
  clients: text,
  hold: text,
  idle: text,
  entry: text,
  insecure: { type: 'boolean', default: false },
} as const;

type Numbers = 'message-bytes' | 'clients' | 'hold' | 'idle';

/** Reads the options. @throws UsageError for arguments that do not fit */
function readOptions(
  { values, positionals }: Given<typeof OPTIONS>,
): { address: string; options: Partial<Options> } {
  if (positionals.length !== 1) throw new UsageError(`takes one address, such as ${EXAMPLE}`);
  const number = (name: Numbers, byDefault: number, least: number) => {
    const value = values[name] === undefined ? byDefault : Number(values[name]);
    if (Number.isInteger(value) && value >= least) return value;
    throw new UsageError(`--${name} takes a whole number from ${least}`);
  };
  const checked = (name: 'user' | 'cookie', form: RegExp, description: string) => {
    const value = values[name];
    if (value === undefined || form.test(value)) return value;
    throw new UsageError(`--${name} takes ${description}`);
  };
  return {
    address: positionals[0]!,
    options: {
      user: checked('user', /^[^:]+:/, 'a name and a password, with a colon between'),
      cookie: checked('cookie', /^\s*[^=;\s]+=/, 'cookies as a browser sends them: "a=1; b=2"'),
      transports: values.transports?.split(',').map(name => name.trim()) ?? defaults.transports,
      origin: readOrigin(values.origin),
      event: values.event,
      messageBytes: number('message-bytes', defaults.messageBytes, 1000),
      clients: number('clients', defaults.clients, 1),
      hold: number('hold', defaults.hold, 1),
      idle: number('idle', defaults.idle, 0),
      entry: values.entry?.replace(/\\/g, '/') ?? defaults.entry,
      insecure: values.insecure,
    },
  };
}

/** @returns the origin as browsers write it: in lower case, without the protocol's usual port */
function readOrigin(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const { origin, href } = new URL(text);
    if (/^https?:/.test(origin) && href === `${origin}/` && !text.endsWith('/')) return origin;
  } catch {
    // The error below says so.
  }
  throw new UsageError('--origin takes an origin, such as https://www.example.com');
}

/**
 * Shows the time that has passed, in a line of the terminal.
 * @returns a function that removes the line
 */
function showTime(): () => void {
  const start = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - start) / 1000);
    showProgress(`… ${seconds} s, while polls are held`);
  }, 1000);
  return () => {
    clearInterval(timer);
    showProgress('');
  };
}

/** Colours the state in front of a line of the table, if the output is a terminal. */
function coloured({ state }: Result, line: string): string {
  if (!process.stdout.isTTY || process.env.NO_COLOR) return line;
  const colour = state === 'failed' ? 'red' : state === 'passed' ? 'green' : 'yellow';
  return styleText(colour, line.slice(0, state.length)) + line.slice(state.length);
}

command('verify', HELP, OPTIONS, async given => {
  const { address, options } = readOptions(given);
  const stop = showTime();
  // Each line of the table is printed once, as soon as its check is done.
  const print = (result: Result) => {
    showProgress('');
    console.log(coloured(result, row(result)));
  };
  try {
    const results = await verify(address, options, print).finally(stop);
    console.log(report(results, process.cwd(), CHECKS));
    return results.some(result => result.state === 'failed') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    console.error(error.message);
    return 2;
  }
});
