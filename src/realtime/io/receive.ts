import { encodePacket } from '../protocol/write';
import type { Packet } from '../protocol/types';
import type { Manager } from './manager';
import type { Session } from '../session/session';

/**
 * Hands on what a client sent: each packet to its session or to the namespace that it is for. They come from serve.ts (a POST) and
 * websocket.ts (a message), as packets.ts has read them.
 * @throws Refusal if one of the packets is not to be taken; then none is
 */
export function receive(manager: Manager, session: Session, packets: Packet[]): void {
  const refused = packets.find(packet => packet.refused);
  if (refused && !session.delivery) throw refused.refused!;
  manager.backplane.causing(session, () => {
    for (const packet of packets) {
      if (session.ended) return;
      if (session.delivery && packet.endpoint === '' && !isToHandle(manager, session, packet)) continue;
      if (packet.type === 'heartbeat') session.transport.onHeartbeat();
      else if (packet.type === 'disconnect' && packet.endpoint === '') session.onGoodbye();
      else if (packet.type === 'connect' && packet.endpoint === '') continue; // it is connected
      else handOn(manager, session, packet);
    }
  });
}

function handOn(manager: Manager, session: Session, packet: Packet): void {
  let namespace = manager.namespace(packet.endpoint);
  // 0.9's protocol document lets a client join with a query: 1::/chat?room=a
  if (!namespace && packet.type === 'connect') {
    namespace = manager.namespace(packet.endpoint.replace(/\?[^]*$/, ''));
  }
  if (!namespace) return;
  if (packet.ack === true && !session.delivery) {
    session.send(encodePacket({ type: 'ack', ackId: packet.id, endpoint: packet.endpoint }));
  }
  namespace.handlePacket(session, packet);
}

/** Whether a packet of a client whose messages are numbered is to be handled: what is about the numbers is done here. */
function isToHandle(manager: Manager, session: Session, packet: Packet): boolean {
  if (packet.id !== undefined) {
    if (!session.isNext(packet.id, packet.size)) return false;
    if (!packet.refused) return true;
    // It counts, or the client would send it again for ever.
    manager.report('a message that cannot be taken', packet.refused.message, session.address);
    if (packet.ack === 'data') session.send(encodePacket({ type: 'ack', ackId: packet.id, args: [{ error: packet.refused.message }] }));
    return false;
  }
  if (packet.type !== 'ack') return true;
  session.outbox.onGot(packet.ackId!);
  return false;
}
