/* Socket.IO in this process, with the settings of src/server.ts. */
import { Config, readConfig } from '../../src/config';
import { Trust } from '../../src/iisnode';
import { createLog } from '../../src/log';
import { createRealtime, Log, Realtime } from '../../src/realtime';

/**
 * Makes the Socket.IO of a test. The caller closes it.
 * @param env the settings of the environment, or the result of readConfig
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
