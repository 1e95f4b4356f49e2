/* A visitor who has signed in is known by the cookie of the session. */
import type { Server } from '../../../../src/realtime';

interface Session {
  name: string;
  admin: boolean;
}

declare module '../../../../src/realtime' {
  interface Handshake {
    sessionID: string;
    member: Session;
    since?: string;
  }
}

export function app(io: Server): void {
  var sessions: { [id: string]: Session } = { s1: { name: 'Ada', admin: true }, s2: { name: 'Bob', admin: false } };

  function parseCookie(text: string) {
    var cookies: { [name: string]: string } = {};
    text.split(/; */).forEach(function (pair) {
      var at = pair.indexOf('=');
      cookies[pair.slice(0, at)] = decodeURIComponent(pair.slice(at + 1));
    });
    return cookies;
  }

  var offered: string;
  io.on('set:transports', function (transports) {
    offered = transports.join();
  });

  io.configure(function () {
    this.set('authorization', function (data, accept) {
      if (!data.headers.cookie) return accept(null, false);
      var sessionID = parseCookie(data.headers.cookie)['express.sid'];
      if (sessionID === 'broken') return accept('the store is broken', false);
      setTimeout(function () {
        var session = sessions[sessionID!];
        if (!session) return accept(null, false);
        data.sessionID = sessionID!;
        data.member = session;
        accept(null, true);
      }, 10);
    });
    io.set('transports', ['xhr-polling']);
    io.set('resource', '/sessions');
    io.set('polling duration', 10);
    io.set('close timeout', 30);
    io.set('heartbeat timeout', 40);
    io.set('heartbeat interval', 20);
    io.set('blacklist', ['disconnect', 'secret']);
    io.enable('heartbeats');
  });

  io.configure('production', function () {
    io.disable('authorization');
  });

  io.of('/admin').authorization(function (data, accept) {
    if (!data.member.admin) return accept(null, false);
    data.since = 'now';
    accept(null, true);
  }).on('connection', function (socket) {
    socket.emit('welcome', socket.handshake.member.name, socket.handshake.since);
  });

  io.sockets.on('connection', function (socket) {
    var hs = socket.handshake;
    socket.join(hs.sessionID);
    socket.emit('hello', hs.member.name, io.sockets.clients(hs.sessionID).length);

    socket.on('secret', function () {
      socket.emit('hello', 'who sent a secret', 0);
    });

    socket.on('settings', function (answer) {
      answer([
        offered, io.get('transports').join(), io.get('polling duration'), io.enabled('heartbeats'),
        io.disabled('authorization'), typeof hs.address.address, hs.query.page, hs.xdomain, !!hs.secure,
        typeof hs.time, hs.url.indexOf('page=1') > 0, hs.headers.host!.split(':')[0]
      ]);
    });

    socket.on('sign out everywhere', function () {
      io.sockets.clients(hs.sessionID).forEach(function (other) {
        other.disconnect();
      });
    });
  });
}
