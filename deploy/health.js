/*
 * Asks the application for its health: {"status":"ok","uptime":12,"pid":4711,…}. pid is the
 * number of the process, and uptime the seconds since its start. These two values tell an old
 * process from a new one.
 */
'use strict';

/**
 * Finds the address at which a site answers health on the server itself.
 * @param {{ protocol: string, bindingInformation: string }[]} bindings the site's bindings in IIS,
 *   such as 'http' with '*:80:www.example.com'
 * @param {string} appPath the application's path, with a / in front; '/' for the root
 * @returns {{ url: string, host: string } | null} the address and the Host header; null if the site
 *   has no binding for HTTP
 */
function healthOf(bindings, appPath) {
  const binding = bindings.find(({ protocol }) => protocol === 'http')
    || bindings.find(({ protocol }) => protocol === 'https');
  if (!binding) return null;
  // An IPv6 address has colons, and stands in brackets: [::1]:80:
  const parts = /^(.*):(\d+):([^:]*)$/.exec(binding.bindingInformation);
  if (!parts) return null;
  const [, ip, port, name] = parts;
  const at = ip === '*' || ip === '' || ip === '0.0.0.0' ? 'localhost' : ip;
  const path = `${appPath.replace(/\/$/, '')}/health`;
  const usual = port === (binding.protocol === 'http' ? '80' : '443');
  const address = usual ? at : `${at}:${port}`;
  const host = name === '' ? at : name;
  return {
    url: `${binding.protocol}://${address}${path}`,
    host: usual ? host : `${host}:${port}`,
  };
}

/**
 * Asks for health once.
 * @returns {Promise<{ health?: { pid: number, uptime: number }, saw: string }>} health: the answer
 *   of the application, if it has answered; saw: a few words for a person
 */
async function askHealth(system, { url, host }) {
  const { status, text, error } = await system.ask(url, host);
  if (status === 0) return { saw: error };
  if (status !== 200) return { status, saw: `status ${status}` };
  try {
    const health = JSON.parse(text);
    if (health.status !== 'ok') return { status, saw: `status 200, and ${text.slice(0, 60)}` };
    return { status, health, saw: `ok, process ${health.pid}` };
  } catch (error) {
    return { status, saw: 'status 200, and a page in place of health' };
  }
}

/** The time between two questions for health, ms. */
const EVERY = 1000;
/** The error of uptime, ms. The application rounds uptime to a second. */
const ROUNDING = 1500;

/**
 * Waits until health answers.
 * @param {{ seconds: number, before?: { pid: number }, since?: number }} options seconds: the
 *   longest wait; before: the health of the old process, whose answer does not count; since: a time
 *   in ms, before which no process that counts has begun
 * @returns {Promise<{ health?: object, saw: string }>} the result of askHealth; without health if
 *   the time is over
 */
async function waitForHealth(system, target, { seconds, before, since }) {
  const end = system.now() + seconds * 1000;
  for (;;) {
    const result = await askHealth(system, target);
    const { health } = result;
    const isOld = health && ((before && health.pid === before.pid)
      || (since !== undefined && system.now() - health.uptime * 1000 < since - ROUNDING));
    if (health && !isOld) return result;
    if (system.now() >= end) {
      const saw = isOld ? `still the old process, ${health.pid}` : result.saw;
      return { saw, status: result.status };
    }
    await system.sleep(EVERY);
  }
}

module.exports = { healthOf, askHealth, waitForHealth };
