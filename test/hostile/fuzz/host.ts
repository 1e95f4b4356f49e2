/*
 * Runs a server that is built, in a process that can tell how much memory it holds: node --expose-gc
 * host.js, forked, with the folder of the server.
 */
import path from 'node:path';

process.on('message', what => {
  if (what !== 'memory') return;
  // Once finds what is garbage, and the second time what that held.
  global.gc!();
  global.gc!();
  process.send!(process.memoryUsage());
});
// If the tests are killed, this is not to stay.
process.on('disconnect', () => process.exit(1));

// eslint-disable-next-line @typescript-eslint/no-require-imports -- not part of the tests' build
require(path.join(process.argv[2]!, 'dist', 'server.js'));
