/*
 * A connection that lasts, on Socket.IO 0.9: it comes back as often as it takes, and what is emitted arrives, once and in order, both
 * ways. src/realtime/delivery.ts is the other side. ES5, for browsers down to Internet Explorer 9, and for node: the README shows both.
 */
(function (root) {
  'use strict';
  var FIRST_DELAY = 500, LONGEST_DELAY = 5000; // ms before the second try, doubled at each further one
  var TOO_LONG = 20000; // ms after which a try that neither succeeded nor failed is given up
  var MOST_WAITING = 5000; // messages
  var LARGEST = 1e6; // bytes of a message: the server's MAX_MESSAGE_BYTES
  var MOST_UNDER_WAY = 500, LARGEST_UNDER_WAY = LARGEST / 4; // messages, characters of up to 3 bytes: together they fit into one POST

  /** @type {RealtimeLibrary['connect']} */
  function connect(options) {
    var server = whereIs(options || {}), io = (options && options.io) || root.io;
    var handlers = {}, status = /** @type {ConnectionStatus} */ ({ state: 'connecting', attempt: 1 }), timer, ackTimer;
    var socket = null; // of 0.9; what an older one still says is not heard
    var transports = null; // those to try; all that the server offers, if null
    var id = ''; // of the server's session
    var pending = [], underWay = 0; // messages that the server may not have, and how many of them are under way
    var answers = {}; // acknowledgements to come, by the numbers of their messages
    var sent = 0, got = 0; // the numbers of the last messages, ours and the server's
    if (!io) throw new Error('socket.io.js is not loaded');
    function call(event, args) {
      (handlers['$' + event] || []).slice().forEach(function (handler) { safely(handler).apply(null, args); });
    }
    function tell(next) { call('status', [status = next]); }
    /** What goes along with each request: which messages of the server have arrived. */
    function query(more) { return (server.query ? server.query + '&' : '') + 'got=' + got + more; }

    /** Numbers a message, and keeps it until the server has it. */
    function add(message) {
      message.id = sent + 1;
      var text = io.parser.encodePacket(message);
      if (status.state === 'disconnected') throw new Error('the connection is closed');
      if (pending.length >= MOST_WAITING) throw new Error(MOST_WAITING + ' messages wait for the server');
      if (text.length > LARGEST / 3 && unescape(encodeURIComponent(text)).length > LARGEST) throw new Error('the message is too large');
      sent += 1;
      message.size = text.length;
      pending.push(message);
      send();
    }
    function send() {
      for (var i = 0, size = 0; status.state === 'connected' && i < pending.length && i < MOST_UNDER_WAY; i++) {
        size += pending[i].size;
        if (i > 0 && size > LARGEST_UNDER_WAY) return;
        if (i === underWay) socket.packet(pending[underWay++]);
      }
    }
    /** The server has all messages up to `number`. */
    function arrived(number) {
      for (; pending.length && pending[0].id <= number; pending.shift()) {
        if (pending[0].answer) answers[pending[0].id] = pending[0].answer;
        underWay = Math.max(underWay - 1, 0);
      }
      send();
    }
    /** The server has a new session for us, and knows nothing of the last one. */
    function startAnew() {
      var lost = answers;
      answers = {};
      sent = got = 0;
      pending = pending.filter(function (message) { return message.type !== 'ack' && (message.id = sent += 1); });
      Object.keys(lost).forEach(function (number) { lost[number]({ error: 'the server was restarted before it answered' }); });
    }

    function receive(packet, session) {
      var number = Number(packet.id), answer = answers[packet.ackId];
      if (packet.type === 'ack' && !number) return arrived(Number(packet.ackId));
      if (number && number <= got) return; // again
      if (number > got + 1) return retry(); // one is missing: it comes when we come back
      if (number) got = number;
      session.options.query = query('');
      if (session.transport.name === 'websocket' && !ackTimer) ackTimer = setTimeout(function () { // no poll says it
        ackTimer = null;
        if (status.state === 'connected') socket.packet({ type: 'ack', ackId: got, args: [], endpoint: '' });
      }, 500);
      if (packet.type === 'event') {
        call(packet.name, packet.args.concat(packet.ack !== 'data'
          ? []
          : function () {
            add({ type: 'ack', ackId: packet.id, args: [].slice.call(arguments), endpoint: '' });
          }));
      } else if (answer) {
        delete answers[packet.ackId];
        answer.apply(null, packet.args);
      }
    }
    function open() {
      var more = { resource: server.resource, query: query(id && '&session=' + id), reconnect: false, 'force new connection': true };
      var mine = socket = io.connect(server.url, more), before = id;
      var session = mine.socket, onDisconnect = session.onDisconnect, onError = session.onError, onPacket = session.onPacket;
      // Not among the options above: 0.9 would write them into the list that all its sessions share.
      if (transports) session.options.transports = transports;
      timer = setTimeout(retry, TOO_LONG);
      session.onPacket = function (packet) {
        if (packet.endpoint !== '' || !/^(event|ack)$/.test(packet.type)) onPacket.call(session, packet);
        else if (mine === socket) receive(packet, session);
      };
      // 0.9 does not say that a first poll failed.
      session.onDisconnect = function (reason) {
        var was = session.connecting || session.connected;
        onDisconnect.call(session, reason);
        if (!was || mine !== socket) return;
        if (reason !== 'booted') return retry();
        socket = null; // the server knows
        finish();
      };
      // Nor that the server does not know the session, rather than has ended it.
      session.onError = function (error) {
        if (mine === socket && error && error.advice === 'reconnect') retry();
        else onError.call(session, error);
      };
      function on(event, handler) { mine.on(event, function (reason) { if (mine === socket) handler(reason); }); }
      on('connecting', function () {
        if (session.sessionid !== id) startAnew();
        id = session.sessionid;
        session.options.query = query('');
        var request = session.transport.request; // where it polls: 0.9 sends cookies to another origin with the handshake only
        if (request) session.transport.request = function (method) {
          var made = request.call(session.transport, method);
          if (session.isXDomain() && 'withCredentials' in made) made.withCredentials = true;
          return made;
        };
      });
      on('connect', function () {
        clearTimeout(timer);
        underWay = 0;
        tell({ state: 'connected', attempt: status.attempt, transport: session.transport.name, recovered: id === before });
        send();
      });
      on('error', function (reason) { if (!session.connected) retry(reason); });
      on('connect_failed', function () { retry(); });
    }

    /** Gives the session of 0.9 up: what of it is still under way comes to nothing. */
    function leave(forGood) {
      var session = socket && socket.socket, transport = session && session.transport, url = '';
      socket = null;
      clearTimeout(timer);
      if (!session) return;
      // The server is told in a way that outlasts the page, where there is one; otherwise by 0.9, if it thinks it is open.
      if (forGood && transport && transport.name === 'xhr-polling' && root.navigator && root.navigator.sendBeacon) url = transport.prepareUrl();
      if (!forGood || url) session.open = false;
      session.getTransport = session.setHeartbeatTimeout = function () { return null; }; // if a handshake is answered later
      if (transport) {
        session.disconnect();
        transport.close(); // 0.9 does not end one that was too slow to connect
        transport.clearTimeouts();
      }
      if (url) root.navigator.sendBeacon(url + '/?disconnect=1');
    }
    function retry(reason) {
      var transport = socket && socket.socket.transport, attempt = status.state === 'connected' ? 1 : status.attempt + 1;
      if (transport && transport.name === 'websocket' && status.state !== 'connected') transports = ['xhr-polling']; // refused
      leave(false);
      // Not all clients at the same moment: they were all disconnected at the same moment.
      timer = setTimeout(open, Math.min(FIRST_DELAY * Math.pow(2, attempt - 1), LONGEST_DELAY) * (0.5 + Math.random() / 2));
      // A page of HTML is no reason of the server's: it is from something in between.
      tell({ state: 'reconnecting', attempt: attempt, reason: /^[^<]{1,200}$/.test(reason || '') ? reason : undefined });
    }
    function finish() { leave(true); tell({ state: 'disconnected', attempt: 0 }); }
    // A page that goes may come back, from the browser's memory.
    if (root.addEventListener) {
      root.addEventListener('pagehide', function () { leave(true); });
      root.addEventListener('pageshow', function (event) { if (event.persisted && status.state !== 'disconnected') retry(); });
    }
    open();
    return {
      emit: function (name) {
        var args = [].slice.call(arguments, 1), answer = typeof args[args.length - 1] === 'function' ? safely(args.pop()) : null;
        add({ type: 'event', name: name, args: args, ack: answer ? 'data' : true, answer: answer, endpoint: '' });
      },
      on: function (event, handler) {
        (handlers['$' + event] = handlers['$' + event] || []).push(handler);
        if (event === 'status') safely(handler)(status);
      },
      close: finish
    };
  }

  /** Where the server is: as the options say, or at the address of the client script, http://server/myApp/socket/socket.io.js. */
  function whereIs(options) {
    var page = root.location, script = /** @type {any} */ (root.document && root.document.querySelector('script[src*="/socket.io.js"]'));
    var parts = /^(https?:\/\/[^/]+)\/(.+)\/socket\.io\.js/i.exec(script ? script.src : '');
    var named = (options.resource || !parts ? options.url || '' : parts[1]).split('?'), url = named[0].replace(/\/+$/, '');
    // 0.9 cannot read an IPv6 address, but it knows the page's own origin by itself.
    if (page && url === page.protocol + '//' + page.host) url = '';
    return { url: url, query: named[1], resource: (options.resource || (parts ? parts[2] : 'socket.io')).replace(/^\/+|\/+$/g, '') };
  }

  /** 0.9 stops polling when a handler throws. The error is thrown all the same, a moment later. */
  function safely(handler) {
    return function () { try { handler.apply(null, arguments); } catch (error) { setTimeout(function () { throw error; }); } };
  }

  if (typeof module === 'object' && module.exports) module.exports = { connect: connect };
  else /** @type {any} */ (root).Realtime = { connect: connect };
})(/** @type {any} */ (typeof window === 'undefined' ? {} : window));
