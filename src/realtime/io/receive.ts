/*
 * The packets that a client has sent are given to those they are for. They come from http/serve.ts
 * (a POST) and http/websocket.ts (a message), as protocol/read.ts has read them.
 */
import type { Packet } from '../protocol/types';
import { encodePacket } from '../protocol/write';
import type { Session } from '../session/session';
import type { Manager } from './manager';

/**
 * `receive` gives each packet to its session, or to the namespace that it is for.
 * @throws Refusal if one of the packets is not to be taken; then none is
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
  else if (type === 'connect' && endpoint === '') return; // it is connected
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
 * All that is about the numbers of messages is done here.
 * @returns whether a packet of a client whose messages are numbered is to be handled
 */
function isToHandle(manager: Manager, session: Session, packet: Packet): boolean {
  const { id, refused } = packet;
  if (id !== undefined) {
    if (!session.isNext(id, packet.size)) return false;
    if (!refused) return true;
    // It counts, or the client would send it again for ever.
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
