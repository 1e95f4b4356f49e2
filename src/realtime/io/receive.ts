/*
 * Gives the packets of a client to its session and its namespaces. http/serve.ts has the packets of
 * a POST, and http/websocket.ts has the packet of a message. protocol/read.ts has read these
 * packets.
 */
import type { Packet } from '../protocol/types';
import { encodePacket } from '../protocol/write';
import type { Session } from '../session/session';
import type { Manager } from './manager';

/**
 * Gives each packet to the session, or to the packet's namespace.
 * @throws Refusal if the server does not take one of the packets, and the client's messages are not
 * numbered. Then the server handles none of the packets
 */
export function receive(manager: Manager, session: Session, packets: Packet[]): void {
  const refused = packets.find(packet => packet.refused);
  if (refused && !session.delivery) throw refused.refused!;
  manager.backplane.causing(session, () => {
    for (const packet of packets) {
      if (session.ended) return;
      receivePacket(manager, session, packet);
    }
  });
}

function receivePacket(manager: Manager, session: Session, packet: Packet): void {
  const { type, endpoint } = packet;
  if (session.delivery && endpoint === '' && !isToHandle(manager, session, packet)) return;
  if (type === 'heartbeat') session.transport.onHeartbeat();
  else if (type === 'disconnect' && endpoint === '') session.onGoodbye();
  else if (type === 'connect' && endpoint === '') return; // the client is connected already
  else toNamespace(manager, session, packet);
}

function toNamespace(manager: Manager, session: Session, packet: Packet): void {
  const { type, endpoint, id } = packet;
  let namespace = manager.namespace(endpoint);
  // 0.9's protocol document lets a client join with a query: 1::/chat?room=a
  if (!namespace && type === 'connect') {
    namespace = manager.namespace(endpoint.replace(/\?[^]*$/, ''));
  }
  if (!namespace) return;
  if (packet.ack === true && !session.delivery) {
    session.send(encodePacket({ type: 'ack', ackId: id, endpoint }));
  }
  namespace.onPacket(session, packet);
}

/**
 * Does the work that the numbers of messages need.
 * @returns whether a packet of a client whose messages are numbered is to be handled
 */
function isToHandle(manager: Manager, session: Session, packet: Packet): boolean {
  const { id, refused } = packet;
  if (id !== undefined) {
    if (!session.isNext(id, packet.size)) return false;
    if (!refused) return true;
    // The message counts as received. Otherwise the client would send it again for ever.
    manager.report('a message that cannot be taken', refused.message, session.address);
    if (packet.ack === 'data') {
      session.send(encodePacket({ type: 'ack', ackId: id, args: [{ error: refused.message }] }));
    }
    return false;
  }
  if (packet.type !== 'ack') return true;
  session.outbox.onGot(packet.ackId!);
  return false;
}
