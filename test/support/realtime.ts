/* Socket.IO in this process, set as src/server.ts sets it. */
import { Config, readConfig } from '../../src/config';
import { Trust } from '../../src/iisnode';
import { createLog } from '../../src/log';
import { createRealtime, Log, Realtime } from '../../src/realtime';

/**
 * Makes Socket.IO. Whoever makes it closes it.
 * @param env the settings of the environment, or what readConfig has made of them
 */
export function makeRealtime(env: Record<string, string> | Config = {}, log: Log = createLog('error')): Realtime {
  const config = 'appPath' in env ? env as Config : readConfig(env);
  const realtime = createRealtime({ ...config, trust: new Trust(config) }, log);
  realtime.io.configure(() => {
    realtime.io.set('transports', config.transports);
    realtime.io.set('resource', config.resource);
  });
  return realtime;
}
