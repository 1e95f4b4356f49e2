/*
 * A connection that lasts. Socket.IO 0.9's client gives up after ten tries, never repeats a first handshake that failed,
 * and leaves the cookies out of polls to another origin. This opens a new 0.9 session as often as it takes.
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

  var FIRST_DELAY = 500; // ms before the second try, doubled at each further one
  var LONGEST_DELAY = 5000; // ms
  var TOO_LONG = 20000; // ms after which a try that neither succeeded nor failed is given up

  /** @type {RealtimeLibrary['connect']} */
  function connect(options) {
    /** @type {Object<string, Function[]>} */
    var handlers = {};
    /** @type {[string, ...any[]][]} */
    var waiting = []; // the arguments of each emit while there was no connection
    /** @type {ClientSocket | null} */
    var socket = null; // the 0.9 session that counts; what an older one still says is not heard
    /** @type {ConnectionStatus} */
    var status = { state: 'connecting', attempt: 1 };
    /** @type {any} */
    var timer;
    /** @type {string[] | undefined} */
    var transports; // those to try; all that the server offers, if undefined
    var server = whereIs(options || {});
    var io = (options && options.io) || root.io;
    if (!io) throw new Error('socket.io.js is not loaded');
    sendCookies(io.Transport.XHR.prototype);

    /** @param {string} event @param {ArrayLike<any>} args */
    function call(event, args) {
      (handlers['$' + event] || []).slice().forEach(function (handler) {
        safely(handler).apply(null, /** @type {any} */ (args));
      });
    }

    /** @param {ConnectionStatus} next */
    function tell(next) {
      status = next;
      call('status', [status]);
    }

    /** @param {string} event */
    function listen(event) {
      var mine = /** @type {ClientSocket} */ (socket);
      mine.on(event, function () {
        if (mine === socket) call(event, arguments);
      });
    }

    function open() {
      var mine = io.connect(server.url, {
        resource: server.resource,
        reconnect: false,
        'force new connection': true
      });
      var session = mine.socket;
      var onDisconnect = session.onDisconnect;
      var onError = session.onError;
      socket = mine;
      // Not among the options above: 0.9 would write them into the list that all its sessions share.
      if (transports) session.options.transports = transports;
      timer = setTimeout(retry, TOO_LONG);

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
      mine.on('connect', function () {
        if (mine !== socket) return;
        clearTimeout(timer);
        tell({ state: 'connected', attempt: status.attempt, transport: session.transport && session.transport.name });
        waiting.splice(0).forEach(function (args) {
          mine.emit.apply(mine, args);
        });
      });
      mine.on('disconnect', function (reason) {
        if (mine !== socket) return;
        if (reason !== 'booted') retry();
        else {
          socket = null; // the server knows
          finish();
        }
      });
      mine.on('error', function (reason) {
        if (mine === socket && !session.connected) retry(reason);
      });
      mine.on('connect_failed', function () {
        if (mine === socket) retry();
      });
      Object.keys(handlers).forEach(function (key) {
        if (key !== '$status') listen(key.slice(1));
      });
    }

    /** Gives the session up; what of it is still under way comes to nothing. */
    function leave() {
      var session = socket && socket.socket;
      socket = null;
      clearTimeout(timer);
      if (!session) return;
      // A handshake that is answered later has no effect.
      session.getTransport = function () { return null; };
      session.setHeartbeatTimeout = function () {};
      if (!session.transport) return;
      session.disconnect();
      // 0.9 does not end a transport that was too slow to connect.
      session.transport.close();
      session.transport.clearTimeouts();
    }

    /** Leaves, and tells the server in a way that outlasts the page: without it, we count as connected for another minute. */
    function leaveForGood() {
      var session = socket && socket.socket;
      var transport = session && session.transport;
      var url = '';
      if (session && transport && transport.name === 'xhr-polling' && root.navigator && 'sendBeacon' in root.navigator) {
        url = transport.prepareUrl() + '/?disconnect=1';
        session.open = false; // so that it is not told twice
      }
      leave();
      if (url) root.navigator.sendBeacon(url);
    }

    /** @param {any} [reason] */
    function retry(reason) {
      var transport = socket && socket.socket.transport;
      var attempt = status.state === 'connected' ? 1 : status.attempt + 1;
      // Where WebSockets are refused, the next try takes what always works.
      if (transport && transport.name === 'websocket' && status.state !== 'connected') transports = ['xhr-polling'];
      var delay = Math.min(FIRST_DELAY * Math.pow(2, attempt - 1), LONGEST_DELAY);
      if (socket) socket.socket.open = false; // nobody is there to be told that we leave
      leave();
      // Not all clients at the same moment: they were all disconnected at the same moment.
      timer = setTimeout(open, delay * (0.5 + Math.random() / 2));
      // A line of text is the server's; a page of HTML is from something in between.
      tell({ state: 'reconnecting', attempt: attempt, reason: typeof reason === 'string' && /^[^<]{1,200}$/.test(reason) ? reason : undefined });
    }

    function finish() {
      leaveForGood();
      tell({ state: 'disconnected', attempt: 0 });
    }

    // A page that goes may come back, from the browser's memory.
    if (root.addEventListener) {
      root.addEventListener('pagehide', leaveForGood);
      root.addEventListener('pageshow', function (event) {
        if (event.persisted && status.state !== 'disconnected') retry();
      });
    }

    open();
    return {
      emit: function () {
        var args = /** @type {[string, ...any[]]} */ (/** @type {unknown} */ ([].slice.call(arguments)));
        var last = args.length - 1;
        if (typeof args[last] === 'function') args[last] = safely(args[last]);
        if (socket && status.state === 'connected') socket.emit.apply(socket, args);
        else waiting.push(args);
      },
      /** @param {string} event @param {Function} handler */
      on: function (event, handler) {
        var known = handlers['$' + event];
        if (known) known.push(handler);
        else {
          handlers['$' + event] = [handler];
          if (socket && event !== 'status') listen(event);
        }
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
    var url = (options.resource || !parts ? options.url || '' : parts[1]).replace(/\/+$/, '');
    // 0.9 cannot read an IPv6 address, but it knows the page's own origin by itself.
    if (page && url === page.protocol + '//' + page.host) url = '';
    return { url: url, resource: (options.resource || (parts ? parts[2] : 'socket.io')).replace(/^\/+|\/+$/g, '') };
  }

  /**
   * 0.9 stops polling when a handler throws. The error is thrown all the same, a moment later.
   * @param {Function} handler
   */
  function safely(handler) {
    return function () {
      try {
        handler.apply(null, arguments);
      } catch (error) {
        setTimeout(function () { throw error; });
      }
    };
  }

  /**
   * 0.9 sends cookies with a handshake to another origin, but not with polls and posts.
   * @param {ClientXHR} xhr the prototype of its polling transports
   */
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
