/*
 * Runs the stand-in for IIS of `npm run preview` in a process of its own. The cost of this process
 * is the cost of preview without the server.
 * usage: node preview.js <build/tools/iis/index.js> <folder to serve>
 */
import dns from 'node:dns';
import type { startIis } from '../../iis';

// The benchmark's clients connect to 127.0.0.1.
dns.setDefaultResultOrder('ipv4first');

const [, , tools, folder] = process.argv as [string, string, string, string];
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the measured copy has it
const { startIis: start } = require(tools) as { startIis: typeof startIis };

async function main(): Promise<void> {
  const server = await start({ folder, port: Number(process.env.PORT) });
  process.once('SIGTERM', () => void server.close().finally(() => process.exit(0)));
}

main().catch((error: Error) => {
  console.error(error.stack);
  process.exitCode = 1;
});
