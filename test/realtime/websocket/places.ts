/* What the README tells one to do: in web.config, the comments go from around two lines. */
import type { Edit } from '../../support/template';

/** The server offers WebSockets. */
export const OFFERED: Edit[] = [
  ['web.config', '<!-- <add key="TRANSPORTS" value="websocket,xhr-polling" /> -->', '<add key="TRANSPORTS" value="websocket,xhr-polling" />'],
];
/** IIS leaves them to the server. */
const LEFT_TO_NODE: Edit[] = [['web.config', '<!-- <webSocket enabled="false" /> -->', '<webSocket enabled="false" />']];
export const BOTH = [...OFFERED, ...LEFT_TO_NODE];
