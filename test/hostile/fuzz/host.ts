/*
 * Runs a built server in a process that can tell how much memory it holds. A test forks this file
 * with --expose-gc. The argument is the folder of the server.
 */
import path from 'node:path';

process.on('message', what => {
  if (what !== 'memory') return;
  // The first collection finds the garbage, and the second finds all that the garbage held.
  global.gc!();
  global.gc!();
  process.send!(process.memoryUsage());
});
// If the tests are killed, this process must not stay.
process.on('disconnect', () => process.exit(1));

// eslint-disable-next-line @typescript-eslint/no-require-imports -- not part of the tests' build
require(path.join(process.argv[2]!, 'dist', 'server.js'));
