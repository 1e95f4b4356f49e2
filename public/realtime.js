/*
 * A connection that lasts, on Socket.IO 0.9: it comes back as often as it takes, and what is emitted arrives, once and in order, both
 * ways. src/realtime/delivery.ts is the other side. ES5, for browsers down to Internet Explorer 9, and for node: the README shows both.
 */
(function (root) {
  'use strict';
  var FIRST_DELAY = 500, LONGEST_DELAY = 5000; // ms before the second try, doubled at each further one
  var TOO_LONG = 20000, TOO_LONG_TO_OPEN = 5000; // ms after which a try, or its WebSocket, that neither succeeded nor failed is given up
  var MOST_WAITING = 5000, LARGEST = 1e6; // messages; bytes of one, as MAX_MESSAGE_BYTES of the server
  var MOST_UNDER_WAY = 500, LARGEST_UNDER_WAY = LARGEST / 4; // messages, characters of up to 3 bytes: together they fit into one POST
  /** @type {RealtimeLibrary['connect']} */
  function connect(options) {
    var server = whereIs(options || {}), io = (options && options.io) || root.io;
    var handlers = {}, status = /** @type {ConnectionStatus} */ ({ state: 'connecting', attempt: 1 }), timer, ackTimer;
    var socket = null; // of 0.9; what an older one still says is not heard
    var transports = null, proven = false; // those to try, all that the server offers if null; whether a WebSocket has worked
    var id = '', told = '', tries = 0; // the server's session, that which the page was last told of, and the times that one was opened
    var pending = [], underWay = 0, most = MOST_UNDER_WAY; // messages that the server may not have; how many are under way, and may be
    var answers = {}; // acknowledgements to come, by the numbers of their messages
    var sent = 0, got = 0; // the numbers of the last messages, ours and the server's
    if (!io) throw new Error('socket.io.js is not loaded');
    function call(event, args) { (handlers['$' + event] || []).slice().forEach(function (one) { safely(one).apply(null, args); }); }
    function tell(next) { call('status', [status = next]); }
    /** What goes along with each request: which messages of the server have arrived. The server does not hear requests of an older try. */
    function query(more) { return (server.query ? server.query + '&' : '') + 'got=' + got + '&try=' + tries + more; }
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
      for (var i = 0, size = 0; socket && status.state === 'connected' && i < pending.length && i < most; i++) {
        size += pending[i].size;
        if (i > 0 && size > LARGEST_UNDER_WAY * most / MOST_UNDER_WAY) return;
        if (i === underWay) socket.packet(pending[underWay++]);
      }
    }
    /** The server has all messages up to `number`. */
    function arrived(number) {
      for (; pending.length && pending[0].id <= number; pending.shift()) {
        if (pending[0].answer) answers[pending[0].id] = pending[0].answer;
        underWay = Math.max(underWay - 1, 0);
        if (most < MOST_UNDER_WAY) most += 1;
      }
      send();
    }
    /** The server takes less at once than we sent: less is sent, and a message that is too large by itself is given up. */
    function tooMuch() {
      if (most > 1 || !pending.length) { most = Math.floor(most / 4) || 1; return; }
      pending.forEach(function (message) { message.id -= 1; });
      sent -= 1;
      (pending.shift().answer || safely(function (why) { throw new Error(why.error); }))({ error: 'the message is too large for the server' });
    }
    /** The server has a new session for us, and knows nothing of the last one. */
    function startAnew() {
      var lost = answers;
      answers = {}; sent = got = 0;
      pending = pending.filter(function (message) { return message.type !== 'ack' && (message.id = sent += 1); });
      Object.keys(lost).forEach(function (number) { lost[number]({ error: 'the server was restarted before it answered' }); });
    }
    function receive(packet, session) {
      var number = Number(packet.id), answer = answers[packet.ackId], asker = id;
      if (packet.type === 'ack' && !number) return arrived(Number(packet.ackId));
      if (number && number <= got) return; // again
      if (number > got + 1) return retry(); // one is missing: it comes when we come back
      if (number) got = number;
      session.options.query = query('');
      if (session.transport.name === 'websocket' && !ackTimer) ackTimer = setTimeout(function () { // no poll says it
        ackTimer = null;
        if (socket && status.state === 'connected') socket.packet({ type: 'ack', ackId: got, args: [], endpoint: '' });
      }, 500);
      if (packet.type !== 'ack') { // an event; or socket.send
        call(packet.name || 'message', (packet.args || [packet.data]).concat(packet.ack !== 'data' ? [] : acknowledge));
      } else if (answer) {
        delete answers[packet.ackId];
        answer.apply(null, packet.args);
      }
      function acknowledge() { // where the asker is still there
        if (asker === id) add({ type: 'ack', ackId: packet.id, args: [].slice.call(arguments), endpoint: '' });
      }
    }
    function open() {
      tries += 1;
      var more = { resource: server.resource, query: query(id && '&session=' + id), reconnect: false, 'force new connection': true };
      var mine = socket = io.connect(server.url, more);
      var session = mine.socket, onDisconnect = session.onDisconnect, onError = session.onError, onPacket = session.onPacket;
      if (transports) session.options.transports = transports; // not above: 0.9 would write them into the list that all its sessions share
      timer = setTimeout(retry, TOO_LONG);
      session.onPacket = function (packet) {
        var ours = packet.endpoint === '' && /^(event|ack|message|json)$/.test(packet.type);
        return !ours ? onPacket.call(session, packet) : mine === socket && receive(packet, session);
      };
      // 0.9 does not say that a first poll failed, nor that the server does not know the session, rather than has ended it.
      session.onDisconnect = function (reason) {
        var was = session.connecting || session.connected, post = session.transport && session.transport.sendXHR;
        onDisconnect.call(session, reason);
        if (!was || mine !== socket) return;
        if (post && post.readyState === 4 && post.status === 413) tooMuch();
        if (reason === 'booted') socket = null; // the server knows
        return reason === 'booted' ? finish() : retry();
      };
      session.onError = function (error) {
        return mine === socket && error && error.advice === 'reconnect' ? retry() : onError.call(session, error);
      };
      function on(event, handler) { mine.on(event, function (reason) { if (mine === socket) handler(reason); }); }
      on('connecting', function () {
        if (session.sessionid !== id) startAnew();
        id = session.sessionid; session.options.query = query('');
        var webSocket = session.transport.name === 'websocket', request = session.transport.request; // where it polls: 0.9 sends cookies to another origin with the handshake only
        if (request) session.transport.request = function (method) {
          var made = request.call(session.transport, method);
          if (session.isXDomain() && 'withCredentials' in made) made.withCredentials = true;
          return made;
        };
        if (webSocket) { clearTimeout(timer); timer = setTimeout(retry, TOO_LONG_TO_OPEN); }
        if (webSocket) session.transport.websocket = { close: function () {} }; // a browser may throw instead of making one
      });
      on('connect', function () {
        var recovered = id === told, rest = recovered ? [] : pending;
        var webSocket = session.transport.websocket, onClose = webSocket && webSocket.onclose;
        if (webSocket) webSocket.onclose = function (event) { if (mine === socket && event.code === 1009) tooMuch(); onClose(event); };
        if ((proven = proven || Boolean(webSocket))) transports = null; // one that fails later is no reason to poll for good
        clearTimeout(timer); underWay = 0;
        if (!recovered) { told = id; pending = []; sent = 0; }
        tell({ state: 'connected', attempt: status.attempt, transport: session.transport.name, recovered: recovered });
        rest.forEach(function (message) { pending.push(message); message.id = sent += 1; }); // after what the page says first
        send();
      });
      on('error', function (reason) { if (!session.connected) retry(reason); });
      on('connect_failed', retry);
    }
    /** Gives the session of 0.9 up: what of it is still under way comes to nothing. */
    function leave(forGood) {
      var session = socket && socket.socket, transport = session && session.transport, last = '';
      socket = null;
      clearTimeout(timer);
      if (!session) return;
      clearTimeout(session.heartbeatTimeoutTimer); // 0.9's throws where the answer to its handshake was none
      // The server is told, with all that it may not have: it counts once, in whatever order it arrives.
      if (forGood && transport && transport.name === 'xhr-polling') {
        last = io.parser.encodePayload(pending.slice(0, underWay).map(io.parser.encodePacket).concat('0::'));
      } // what has been sent counts as arrived, or a page that comes back would send it again, to a new session
      if (forGood && underWay && (last || session.connected)) arrived(pending[underWay - 1].id);
      if (!forGood || last) session.open = false; // or 0.9 tells it
      session.getTransport = session.setHeartbeatTimeout = function () { return null; }; // if a handshake is answered later
      if (!transport) return;
      session.disconnect(); transport.close(); transport.clearTimeouts(); // 0.9 does not end one that was too slow to connect
      // In a way that outlasts the page, where there is one.
      var beacon = last && root.navigator && root.navigator.sendBeacon;
      if (last && !(beacon && root.navigator.sendBeacon(transport.prepareUrl() + '?' + query(''), last))) transport.post(last);
    }
    function retry(reason) {
      var transport = socket && socket.socket.transport, attempt = status.state === 'connected' ? 1 : status.attempt + 1;
      if (transport && transport.name === 'websocket' && status.state !== 'connected') transports = ['xhr-polling']; // refused
      leave(false);
      // Not all clients at the moment at which they were all disconnected.
      timer = setTimeout(open, Math.min(FIRST_DELAY * Math.pow(2, attempt - 1), LONGEST_DELAY) * (0.5 + Math.random() / 2));
      if (!/^[^<\n]{1,200}$/.test(reason) || typeof reason !== 'string') reason = undefined; // a page of HTML is from something in between
      tell({ state: 'reconnecting', attempt: attempt, reason: reason });
    }
    function finish() { leave(true); tell({ state: 'disconnected', attempt: 0 }); }
    if (root.addEventListener) { // a page that goes may come back, from the browser's memory
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
  /** Where the server is: as the options say, or at the address of the client script, http://server/app/socket/socket.io.js. */
  function whereIs(options) {
    var page = root.location, script = /** @type {any} */ (root.document && root.document.querySelector('script[src*="/socket.io.js"]'));
    var parts = /^(https?:\/\/[^/]+)\/(.+)\/socket\.io\.js/i.exec(script ? script.src : '');
    var named = (options.resource || !parts ? options.url || '' : parts[1]).split('?'), url = named[0].replace(/\/+$/, '');
    if (page && url === page.protocol + '//' + page.host) url = ''; // 0.9 knows it, and cannot read an IPv6 address
    return { url: url, query: named[1], resource: (options.resource || (parts ? parts[2] : 'socket.io')).replace(/^\/+|\/+$/g, '') };
  }
  /** 0.9 stops polling when a handler throws. The error is thrown all the same, a moment later. */
  function safely(handler) {
    return function () { try { handler.apply(null, arguments); } catch (error) { setTimeout(function () { throw error; }); } };
  }
  if (typeof module === 'object' && module.exports) module.exports = { connect: connect };
  else /** @type {any} */ (root).Realtime = { connect: connect };
})(/** @type {any} */ (typeof window === 'undefined' ? {} : window));
