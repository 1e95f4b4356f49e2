/*
 * Runs a command. All commands read their options in one way, and end in one way. The exit status
 * is 0 if all went well, 1 if a check failed or the work could not be done, and 2 if the command
 * was called wrongly.
 */
import { parseArgs, ParseArgsConfig } from 'node:util';
import { Refusal } from './refusal';

type Options = NonNullable<ParseArgsConfig['options']>;
/** The options and the arguments with which a command was called. */
export type Given<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T; allowPositionals: true }>
>;

/** Does the work of a command. @returns the exit status, if the status is not 0 */
type Main<T extends Options> = (given: Given<T>) => Promise<number | void> | number | void;

/** The error of a wrong call of a command. The message says what the command takes. */
export class UsageError extends Error {}

/** The options that npm has for itself, under the same name. These options need the -- in front. */
const OPTIONS_OF_NPM = ['also', 'only'];

/**
 * Carries out a command, with the arguments of this process, and sets the exit status.
 * @param name the name of the command in `npm run name`
 * @param help the text that --help prints
 * @param options the options, in the form of parseArgs of node:util; --help need not be among them
 * @param main the function that does the work. It may throw a UsageError or a Refusal; then only
 *   the message is printed
 */
export function command<T extends Options>(
  name: string, help: string, options: T, main: Main<T>,
): void {
  carryOut(name, help, options, main).then(status => {
    // process.exit would lose output that is still on its way through a pipe.
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

/** @throws UsageError for an option that does not exist, or an option whose value is missing */
function readArguments<T extends Options>(args: string[], options: T): Given<T> {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

/**
 * Finds the options that npm has taken. Without -- in front, npm takes options for its own, and
 * hands them on as environment variables: `npm run verify --hold=2` sets npm_config_hold=2.
 * PowerShell takes the -- away.
 * @param given the arguments that have come; npm's value of an option in `given` does not count
 * @returns the options of npm as arguments
 * @throws UsageError for an option whose value npm has lost: npm turns `--hold 2` into
 *   npm_config_hold=true and an argument 2
 */
export function optionsKeptByNpm(
  name: string, options: Options, given: string[], env: NodeJS.ProcessEnv,
): string[] {
  if (env.npm_lifecycle_event !== name) return [];
  const args: string[] = [];
  for (const [option, { type }] of Object.entries(options)) {
    if (OPTIONS_OF_NPM.includes(option)) continue;
    if (given.some(one => one === `--${option}` || one.startsWith(`--${option}=`))) continue;
    // npm reads --app as its own -a and -p, which it calls all and parseable.
    if (option === 'app' && env.npm_config_all && env.npm_config_parseable) {
      throw new UsageError(`npm has taken --app for itself: put -- in front: npm run ${name} -- `
        + '--app VALUE');
    }
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
