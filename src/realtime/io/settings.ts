/*
 * The settings that io.set takes, and the reasons why it does not take the others. 0.9 takes any
 * name with any value. Here, io.set throws an error of one line for a setting that would change
 * nothing, so that nobody relies on the setting.
 */

/** All transports. io.set('transports') offers some of them. */
const TRANSPORTS = ['websocket', 'xhr-polling'];

interface Kind {
  /** The description of the values of this kind, for the line of the error. */
  takes: string;
  fits: (value: unknown) => boolean;
}

const SECONDS: Kind = {
  takes: 'a number of seconds',
  fits: value => typeof value === 'number' && value >= 0 && value < Infinity,
};
const DECISION: Kind = {
  takes: 'a function, or false',
  fits: value => typeof value === 'function' || value === false,
};
const TEXTS: Kind = {
  takes: 'a list of texts',
  fits: value => Array.isArray(value) && value.every(one => typeof one === 'string'),
};
const SWITCH: Kind = {
  takes: 'true or false',
  fits: value => typeof value === 'boolean',
};

/** The settings that change something. api.ts says the purpose of each. */
const KINDS = new Map<string, Kind>(Object.entries({
  transports: {
    takes: `a list of ${TRANSPORTS.join(', ')}`,
    fits: value => Array.isArray(value) && value.length > 0 &&
      value.every(one => TRANSPORTS.includes(one as string)),
  },
  resource: {
    takes: 'a path with no slash at its end, such as /app/socket',
    fits: value => typeof value === 'string' && /^(\/[\w.~-]+)+$/.test(value),
  },
  authorization: DECISION,
  'same user': DECISION,
  blacklist: TEXTS,
  heartbeats: SWITCH,
  'heartbeat interval': SECONDS,
  'heartbeat timeout': SECONDS,
  'close timeout': SECONDS,
  'polling duration': SECONDS,
}));

const BY_LOG_LEVEL = 'LOG_LEVEL decides what is logged';
const AS_IT_IS = 'the client script is served as it is';
const NOT_STORED = 'nothing is stored of a client that is gone';
/** The settings of 0.9 that change nothing here. The text is the end of the error's line. */
const INSTEAD = new Map<string, string>(Object.entries({
  origins: 'ALLOWED_ORIGINS names the origins whose pages may connect',
  'match origin protocol': 'the scheme is always a part of an origin',
  store: 'src/server.ts says whether several processes share their clients',
  'client store expiration': NOT_STORED,
  log: BY_LOG_LEVEL,
  logger: BY_LOG_LEVEL,
  'log level': BY_LOG_LEVEL,
  'log colors': BY_LOG_LEVEL,
  static: AS_IT_IS,
  'browser client': AS_IT_IS,
  'browser client cache': AS_IT_IS,
  'browser client minification': AS_IT_IS,
  'browser client etag': AS_IT_IS,
  'browser client expires': AS_IT_IS,
  'browser client gzip': AS_IT_IS,
  'browser client handler': AS_IT_IS,
  'destroy buffer size': 'MAX_MESSAGE_BYTES bounds a message',
  'destroy upgrade': 'an upgrade that is not wanted is answered',
  'flash policy server': 'flashsocket is not offered',
  'flash policy port': 'flashsocket is not offered',
}));

/**
 * Checks a name and a value for io.set, io.enable and io.disable.
 * @throws Error with one line, if there is no such setting, if the setting changes nothing here, or
 * if the setting does not take the value
 */
export function checkSetting(name: string, value: unknown): void {
  const kind = KINDS.get(name);
  if (kind && kind.fits(value)) return;
  if (kind) throw new Error(`io.set('${name}'): got ${shown(value)}; takes ${kind.takes}`);
  const instead = INSTEAD.get(name);
  if (instead !== undefined) {
    throw new Error(`io.set('${name}') changes nothing here: ${instead}`);
  }
  throw new Error(`io.set(${shown(name)}): there is no such setting`);
}

/**
 * Lets io.get throw for a setting that means nothing here. An application would believe 0.9's
 * value: that of 'origins' is '*:*', as if each page might connect.
 * @param settings 0.9's table, which io.get reads
 */
export function refuseToTell(settings: object): void {
  for (const [name, instead] of INSTEAD) {
    const get = () => { throw new Error(`io.get('${name}') says nothing here: ${instead}`); };
    Object.defineProperty(settings, name, { get });
  }
}

/** @returns a text of one line for any value */
function shown(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 100);
  } catch {
    return typeof value;
  }
}
