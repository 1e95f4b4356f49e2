/* The case of websocket-messages.test.ts that cuts connections, with more clients. */
import { test } from 'node:test';
import { cutOff } from './websocket/messages';

test('40 clients; the process is recycled, then WebSockets are cut at random', t => cutOff(t, 40));
