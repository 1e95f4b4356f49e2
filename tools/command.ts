/*
 * All commands read their options in one way, and end in one way. The exit status is 0 if all went
 * well, 1 if a check failed or the work could not be done, and 2 if the command was called wrongly.
 */
import { parseArgs, ParseArgsConfig } from 'node:util';
import { Refusal } from './refusal';

type Options = NonNullable<ParseArgsConfig['options']>;
/** What a command was called with. */
export type Given<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true }>
>;

/** Does the work of a command. @returns the exit status, if that is not 0 */
type Main<T extends Options> = (given: Given<T>) => Promise<number | void> | number | void;

/** A command was called wrongly. The message says what the command takes. */
export class UsageError extends Error {}

/** Options that npm has for itself, under the same name. They need the -- in front. */
const OPTIONS_OF_NPM = ['also', 'only'];

/**
 * Carries out a command, with the arguments of this process, and sets the exit status.
 * @param name as in `npm run name`
 * @param help is printed for --help
 * @param options as parseArgs of node:util takes them; --help need not be among them
 * @param main does the work. It returns the exit status, if that is not 0, and throws a UsageError
 *   or a Refusal, of which only the message is printed
 */
export function command<T extends Options>(
  name: string, help: string, options: T, main: Main<T>,
): void {
  carryOut(name, help, options, main).then(status => {
    // Not process.exit: what is written to a pipe may still be on its way.
    process.exitCode = status;
  }, (error: unknown) => {
    process.exitCode = error instanceof UsageError ? 2 : 1;
    if (error instanceof UsageError) console.error(`${error.message}. --help says more.`);
    else console.error(error instanceof Refusal ? error.message : error);
  });
}

async function carryOut<T extends Options>(
  name: string, help: string, options: T, main: Main<T>,
): Promise<number> {
  const given = process.argv.slice(2);
  const args = [...given, ...optionsKeptByNpm(name, options, given, process.env)];
  if (given.includes('--help')) {
    console.log(help);
    return 0;
  }
  return await main(readArguments(args, options)) ?? 0;
}

/** @throws UsageError for an option that there is not, and one whose value is missing */
function readArguments<T extends Options>(args: string[], options: T): Given<T> {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

/**
 * Without -- in front, npm takes options for its own, and hands them on as environment variables:
 * `npm run verify --hold=2` gives npm_config_hold=2. PowerShell takes the -- away.
 * @param given the arguments that came. An option among them counts, not npm's
 * @returns the options as arguments
 * @throws UsageError for an option whose value npm has not kept with it: `--hold 2` is
 *   npm_config_hold=true, and an argument 2
 */
export function optionsKeptByNpm(
  name: string, options: Options, given: string[], env: NodeJS.ProcessEnv,
): string[] {
  if (env.npm_lifecycle_event !== name) return [];
  const args: string[] = [];
  for (const [option, { type }] of Object.entries(options)) {
    if (OPTIONS_OF_NPM.includes(option)) continue;
    if (given.some(one => one === `--${option}` || one.startsWith(`--${option}=`))) continue;
    const value = env[`npm_config_${option.replaceAll('-', '_')}`];
    if (value === undefined) continue;
    const isFlag = value === 'true' || value === '';
    if (type === 'boolean' && isFlag) args.push(`--${option}`);
    else if (isFlag) {
      throw new UsageError(`npm has taken --${option} for itself: write --${option}=VALUE, or put `
        + `-- in front: npm run ${name} -- --${option} VALUE`);
    } else args.push(...value.split('\n\n').map(one => `--${option}=${one}`));
  }
  return args;
}
