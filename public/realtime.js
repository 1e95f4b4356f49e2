/*
 * A connection that lasts. Socket.IO 0.9's client gives up after ten tries, and what is under way when a connection ends is lost. This
 * comes back as often as it takes, and what is emitted arrives, once and in order, both ways: src/realtime/delivery.ts is the other side.
 *
 *   var connection = Realtime.connect();
 *   connection.on('response', function (text) { … });
 *   connection.on('status', function (status) { … status.state … });
 *   connection.emit('message', 'hello', function (answer) { … });
 *
 * ES5, for browsers down to Internet Explorer 9. In node: require('./realtime.js').connect({ url, resource, io }).
 */
(function (root) {
  'use strict';

  var FIRST_DELAY = 500, LONGEST_DELAY = 5000; // ms before the second try, doubled at each further one
  var TOO_LONG = 20000; // ms after which a try that neither succeeded nor failed is given up
  var MOST_WAITING = 5000; // messages
  var LARGEST = 1e6; // bytes that the server takes at once, its MAX_MESSAGE_BYTES
  var WINDOW = { messages: 500, size: LARGEST / 4 }; // sent before the server says that it has them: all of them fit into one POST

  /** @type {RealtimeLibrary['connect']} */
  function connect(options) {
    var handlers = /** @type {Object<string, Function[]>} */ ({});
    var socket = /** @type {ClientSocket | null} */ (null); // of 0.9; what an older one still says is not heard
    var status = /** @type {ConnectionStatus} */ ({ state: 'connecting', attempt: 1 });
    var timer = /** @type {any} */ (null), ackTimer = /** @type {any} */ (null);
    var transports = /** @type {string[] | undefined} */ (undefined); // those to try; all that the server offers, if undefined
    var id = '', recovered = false; // the server's session, and whether it still knew it
    var pending = /** @type {ClientPacket[]} */ ([]), flying = 0; // what the server may not have, and how many of it are on the way
    var answers = /** @type {Object<string, Function>} */ ({}); // by number of the message: acknowledgements to come
    var sent = 0, got = 0; // the numbers of the last messages, ours and the server's
    var server = whereIs(options || {});
    var io = (options && options.io) || root.io;
    if (!io) throw new Error('socket.io.js is not loaded');
    sendCookies(io.Transport.XHR.prototype);

    /** @param {string} event @param {any[]} args */
    function call(event, args) {
      (handlers['$' + event] || []).slice().forEach(function (handler) { safely(handler).apply(null, args); });
    }

    /** @param {ConnectionStatus} next */
    function tell(next) {
      status = next;
      call('status', [status]);
    }

    /** What goes along with each request. @param {string} more */
    function query(more) {
      return (server.query ? server.query + '&' : '') + 'got=' + got + more;
    }

    /** Numbers a message and keeps it until the server has it. @param {ClientPacket} packet @param {Function} [answer] */
    function add(packet, answer) {
      packet.id = sent + 1;
      packet.size = io.parser.encodePacket(packet).length;
      if (status.state === 'disconnected') throw new Error('the connection is closed');
      if (packet.size > LARGEST / 4 && packet.size + encodeURIComponent(JSON.stringify(packet.args)).split('%').length > LARGEST) throw new Error('a message of more than ' + LARGEST + ' bytes');
      if (pending.length >= MOST_WAITING) throw new Error(MOST_WAITING + ' messages wait for the server');
      sent += 1;
      if (answer) answers[sent] = safely(answer);
      pending.push(packet);
      send();
    }

    /** Sends what the server may not have, as far as it is not on the way. */
    function send() {
      var size = 0;
      if (!socket || status.state !== 'connected') return;
      for (var i = 0; i < pending.length && i < WINDOW.messages && (i === 0 || size + pending[i].size <= WINDOW.size); i++) {
        size += pending[i].size;
        if (i < flying) continue;
        flying += 1;
        socket.packet(pending[i]);
      }
    }

    /** @param {number} number the server has all messages up to this one */
    function arrived(number) {
      while (pending.length && pending[0].id <= number) {
        pending.shift();
        flying = Math.max(flying - 1, 0);
      }
      send();
    }

    /** The server has a new session for us: it knows nothing of the last one's messages. Those that it may not have are numbered anew. */
    function startAnew() {
      var old = answers;
      answers = {};
      pending = pending.filter(function (packet) { return packet.type !== 'ack'; });
      pending.forEach(function (packet, i) {
        if (old[packet.id]) answers[i + 1] = old[packet.id];
        delete old[packet.id];
        packet.id = i + 1;
      });
      sent = pending.length;
      got = 0;
      Object.keys(old).forEach(function (number) { old[number]({ error: 'the server was restarted before it answered' }); });
    }

    /** A packet of the server. @param {ClientPacket} packet @param {ClientSession} session */
    function receive(packet, session) {
      var number = Number(packet.id);
      if (packet.type === 'ack' && !number) return arrived(Number(packet.ackId));
      if (number && number <= got) return; // again
      if (number > got + 1) return retry(); // one is missing: the server sends it when we come back
      if (number) got = number;
      session.options.query = query('');
      if (number && session.transport && session.transport.name === 'websocket' && !ackTimer) ackTimer = setTimeout(acknowledge, 1000);
      if (packet.type === 'ack') {
        var answer = answers[packet.ackId];
        delete answers[packet.ackId];
        if (answer) answer.apply(null, packet.args);
      } else {
        call(packet.name, packet.ack !== 'data'
          ? packet.args
          : packet.args.concat(function () {
              add({ type: 'ack', ackId: packet.id, args: [].slice.call(arguments), endpoint: '' });
            }));
      }
    }

    /** Says what we have, where no poll does. */
    function acknowledge() {
      ackTimer = null;
      if (socket && status.state === 'connected') socket.packet({ type: 'ack', ackId: got, args: [], endpoint: '' });
    }

    function open() {
      var mine = io.connect(server.url, {
        resource: server.resource, query: query(id && '&session=' + id), reconnect: false, 'force new connection': true
      });
      var session = mine.socket, onDisconnect = session.onDisconnect, onError = session.onError, onPacket = session.onPacket;
      socket = mine;
      // Not among the options above: 0.9 would write them into the list that all its sessions share.
      if (transports) session.options.transports = transports;
      timer = setTimeout(retry, TOO_LONG);

      session.onPacket = function (packet) {
        if (packet.endpoint === '' && (packet.type === 'event' || packet.type === 'ack')) {
          if (mine === socket) receive(packet, session);
        } else onPacket.call(session, packet);
      };
      // 0.9 does not say that a first poll failed.
      session.onDisconnect = function (reason) {
        var failed = session.connecting && !session.connected;
        onDisconnect.call(session, reason);
        if (failed && mine === socket) retry();
      };
      // Nor, in its events, whether the server ended the session or only does not know it: the latter means come back.
      session.onError = function (error) {
        if (mine === socket && typeof error === 'object' && error.advice === 'reconnect') retry();
        else onError.call(session, error);
      };
      /** @param {string} event @param {(reason: any) => void} handler */
      function on(event, handler) {
        mine.on(event, function (reason) { if (mine === socket) handler(reason); });
      }
      on('connecting', function () {
        recovered = session.sessionid === id;
        id = session.sessionid || '';
        if (!recovered) startAnew();
        session.options.query = query('');
      });
      on('connect', function () {
        clearTimeout(timer);
        flying = 0;
        tell({ state: 'connected', attempt: status.attempt, transport: session.transport && session.transport.name, recovered: recovered });
        send();
      });
      on('disconnect', function (reason) {
        if (reason !== 'booted') return retry();
        socket = null; // the server knows
        finish();
      });
      on('error', function (reason) { if (!session.connected) retry(reason); });
      on('connect_failed', retry);
    }

    /** Gives the session of 0.9 up; what of it is still under way comes to nothing. @param {boolean} forGood whether the server is told */
    function leave(forGood) {
      var session = socket && socket.socket, transport = session && session.transport, beacon = '';
      socket = null;
      clearTimeout(timer);
      if (!session) return;
      // In a way that outlasts the page, where there is one.
      if (forGood && transport && transport.name === 'xhr-polling' && root.navigator && 'sendBeacon' in root.navigator) {
        beacon = transport.prepareUrl() + '/?disconnect=1';
      }
      if (!forGood || beacon) session.open = false; // 0.9 tells the server if it is open
      // A handshake that is answered later has no effect.
      session.getTransport = function () { return null; };
      session.setHeartbeatTimeout = function () {};
      if (transport) {
        session.disconnect();
        // 0.9 does not end a transport that was too slow to connect.
        transport.close();
        transport.clearTimeouts();
      }
      if (beacon) root.navigator.sendBeacon(beacon);
    }

    /** @param {any} [reason] */
    function retry(reason) {
      var transport = socket && socket.socket.transport;
      var attempt = status.state === 'connected' ? 1 : status.attempt + 1;
      // Where WebSockets are refused, the next try takes what always works.
      if (transport && transport.name === 'websocket' && status.state !== 'connected') transports = ['xhr-polling'];
      var delay = Math.min(FIRST_DELAY * Math.pow(2, attempt - 1), LONGEST_DELAY);
      leave(false);
      // Not all clients at the same moment: they were all disconnected at the same moment.
      timer = setTimeout(open, delay * (0.5 + Math.random() / 2));
      // A line of text is the server's; a page of HTML is from something in between.
      tell({ state: 'reconnecting', attempt: attempt, reason: typeof reason === 'string' && /^[^<]{1,200}$/.test(reason) ? reason : undefined });
    }

    function finish() {
      leave(true);
      tell({ state: 'disconnected', attempt: 0 });
    }

    // A page that goes may come back, from the browser's memory.
    if (root.addEventListener) {
      root.addEventListener('pagehide', function () { leave(true); });
      root.addEventListener('pageshow', function (event) {
        if (event.persisted && status.state !== 'disconnected') retry();
      });
    }

    open();
    return {
      /** @param {string} name */
      emit: function (name) {
        var args = [].slice.call(arguments, 1);
        var answer = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
        add({ type: 'event', name: name, args: args, ack: answer ? 'data' : true, endpoint: '' }, answer);
      },
      /** @param {string} event @param {Function} handler */
      on: function (event, handler) {
        (handlers['$' + event] = handlers['$' + event] || []).push(handler);
        if (event === 'status') safely(handler)(status);
      },
      close: finish
    };
  }

  /**
   * Where the server is: as the options say, or at the address of the client script, http://server/myApp/socket/socket.io.js.
   * @param {ConnectOptions} options
   */
  function whereIs(options) {
    var page = root.location;
    var script = root.document && root.document.querySelector('script[src*="/socket.io.js"]');
    var parts = /^(https?:\/\/[^/]+)\/(.+)\/socket\.io\.js/i.exec(script ? /** @type {HTMLScriptElement} */ (script).src : '');
    var named = (options.resource || !parts ? options.url || '' : parts[1]).split('?');
    var url = named[0].replace(/\/+$/, '');
    // 0.9 cannot read an IPv6 address, but it knows the page's own origin by itself.
    if (page && url === page.protocol + '//' + page.host) url = '';
    return { url: url, query: named[1], resource: (options.resource || (parts ? parts[2] : 'socket.io')).replace(/^\/+|\/+$/g, '') };
  }

  /** 0.9 stops polling when a handler throws. The error is thrown all the same, a moment later. @param {Function} handler */
  function safely(handler) {
    return function () {
      try {
        handler.apply(null, arguments);
      } catch (error) {
        setTimeout(function () { throw error; });
      }
    };
  }

  /** 0.9 sends cookies with a handshake to another origin, but not with polls and posts. @param {ClientXHR} xhr its polling transports */
  function sendCookies(xhr) {
    var request = xhr.request;
    if (xhr.sendsCookies) return;
    xhr.sendsCookies = true;
    xhr.request = /** @this {ClientXHR} @param {string} [method] */ function (method) {
      var made = request.call(this, method);
      if (this.socket.isXDomain() && 'withCredentials' in made) made.withCredentials = true;
      return made;
    };
  }

  if (typeof module === 'object' && module.exports) module.exports = { connect: connect };
  else /** @type {any} */ (root).Realtime = { connect: connect };
})(/** @type {Window} */ (typeof window === 'undefined' ? {} : window));
