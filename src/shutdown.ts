/* The end of the process, where somebody asks for it: server.ts lets it happen in good order. */
import type { Server } from 'http';
import type { Log } from './log';

/** How long what is under way may take, ms. */
const LONGEST = 4000;

/**
 * The process ends in good order on SIGTERM and SIGINT (Ctrl+C): there are no new connections, the
 * waiting polls are answered, what is under way is finished, and the exit code is 0, after 4 s at
 * the latest. A second signal ends the process at once. IIS sends no signals: there iisnode ends a
 * process that has been replaced.
 * @param endPolls answers the requests that wait
 */
export function exitOnSignal(server: Server, endPolls: () => void, log: Log): void {
  const stop = (signal: NodeJS.Signals) => {
    log.info(`${signal}: stopping`);
    server.close(() => process.exit(0));
    endPolls();
    setTimeout(() => process.exit(0), LONGEST);
    // Connections that are kept for reuse would hold the server open. node 18.2 and later can close
    // them.
    setInterval(() => server.closeIdleConnections && server.closeIdleConnections(), 50);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
