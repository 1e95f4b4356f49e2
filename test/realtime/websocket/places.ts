/*
 * The README's steps for WebSockets: they remove the comment signs around two lines of web.config.
 */
import type { Edit } from '../../support/template';

/** Lets the server offer WebSockets. */
export const OFFERED: Edit[] = [
  ['web.config', '<!-- <add key="TRANSPORTS" value="websocket,xhr-polling" /> -->', '<add key="TRANSPORTS" value="websocket,xhr-polling" />'],
];
/** Makes IIS leave WebSockets to the server. */
const LEFT_TO_NODE: Edit[] = [['web.config', '<!-- <webSocket enabled="false" /> -->', '<webSocket enabled="false" />']];
export const BOTH = [...OFFERED, ...LEFT_TO_NODE];
