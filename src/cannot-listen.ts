/* Makes the line for the person who has started a server that cannot listen at its port. */

const ANOTHER = 'set PORT to another one (in cmd: set PORT=3001, in PowerShell: $env:PORT=3001, '
  + 'elsewhere: export PORT=3001)';

/**
 * @param error the error of server.listen
 * @param port a TCP port, or the path of a named pipe or Unix socket
 * @returns one line: the fault, and the cure
 */
export function cannotListen(error: NodeJS.ErrnoException, port: number | string): string {
  const isPath = typeof port === 'string';
  const place = isPath ? port : `port ${port}`;
  const { code } = error;
  if (code === 'EADDRINUSE' && isPath) {
    return `PORT: ${place} exists already: stop the program that listens there. If there is none, `
      + 'delete the file';
  }
  if (code === 'EADDRINUSE') {
    return `PORT: ${place} is in use by another program: stop that program, or ${ANOTHER}`;
  }
  if (code === 'EACCES') {
    return `PORT: the system does not let this user listen on ${place}: ${ANOTHER}`;
  }
  return `PORT: the server cannot listen on ${place} (${code || error.message}): ${ANOTHER}`;
}
