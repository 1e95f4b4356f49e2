/* `npm run verify -- <address>`: is what is deployed there as it should be? */
import { parseArgs } from 'node:util';
import { report, row } from './table';
import { EXAMPLE } from './target';
import { defaults, Options, Result, Unreachable, verify } from './verify';

const HELP = `npm run verify -- [options] ${EXAMPLE}

Checks a deployed application from outside, in about 40 s. It opens sessions and sends no event that an application
knows, except to the demo. Run it in the project's folder: then it names the lines of web.config and iisnode.yml.

  --transports LIST   the transports that should be offered (${defaults.transports.join()})
  --event NAME        an event of the application that it acknowledges: sent once, with the text "verify"
  --message-bytes N   the application's MAX_MESSAGE_BYTES (${defaults.messageBytes})
  --clients N         how many clients poll at once (${defaults.clients}); 1100 is more than iisnode takes by default
  --hold SECONDS      how long polls are held (${defaults.hold})
  --idle SECONDS      at the end, waits that long, and measures the next request
  --entry PATH        the script that web.config's handler names (${defaults.entry})
  --insecure          takes any certificate
  --help              prints this

Exit status: 0 all passed, 1 something failed, 2 it could not be verified.`;

class UsageError extends Error {}

/** @throws UsageError */
function readArguments(args: string[]): { address: string; options: Partial<Options>; insecure: boolean } | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        transports: text, event: text, 'message-bytes': text, clients: text, hold: text, idle: text, entry: text, insecure: flag, help: flag,
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  if (positionals.length !== 1) throw new UsageError(`takes one address, such as ${EXAMPLE}`);
  const number = (name: 'message-bytes' | 'clients' | 'hold' | 'idle', otherwise: number, least: number) => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (!Number.isInteger(value) || value < least) throw new UsageError(`--${name} takes a whole number from ${least}`);
    return value;
  };
  return {
    address: positionals[0]!,
    insecure: values.insecure ?? false,
    options: {
      transports: values.transports?.split(',').map(name => name.trim()) ?? defaults.transports,
      event: values.event,
      messageBytes: number('message-bytes', defaults.messageBytes, 1000),
      clients: number('clients', defaults.clients, 1),
      hold: number('hold', defaults.hold, 1),
      idle: number('idle', defaults.idle, 0),
      entry: values.entry?.replace(/\\/g, '/') ?? defaults.entry,
    },
  };
}

const CLEAR = '\r\x1b[K';

/** A line for each check that is done: in a terminal, one that the next replaces. */
function progress(result: Result): void {
  const { isTTY, columns } = process.stderr;
  process.stderr.write(isTTY ? CLEAR + row(result).slice(0, (columns || 80) - 1) : `${row(result)}\n`);
}

async function main(): Promise<number> {
  const read = readArguments(process.argv.slice(2));
  if (!read) {
    console.log(HELP);
    return 0;
  }
  // For the client library too, which has no option for it.
  if (read.insecure) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const results = await verify(read.address, read.options, progress);
  if (process.stderr.isTTY) process.stderr.write(CLEAR);
  console.log(report(results, process.cwd()));
  return results.some(result => result.state === 'failed') ? 1 : 0;
}

main().then(code => { process.exitCode = code; }, (error: unknown) => {
  process.exitCode = 2;
  if (error instanceof UsageError) console.error(`${error.message}. --help says more.`);
  else if (error instanceof Unreachable) console.error(error.message);
  else throw error;
});
