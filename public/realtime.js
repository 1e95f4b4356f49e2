/*
 * Makes a connection on Socket.IO 0.9 that lasts. A lost connection comes back each time, and each
 * message arrives once and in order, in both directions. The server's side is
 * src/realtime/session/delivery.ts.
 *
 * The parts of this file, in their order:
 *
 *   connect           the function that a page calls
 *   createConnection  the connection that a page gets: its states, and the messages that arrive
 *   createQueue       the messages that the server may not have yet
 *   createLink        one try: 0.9's client from its handshake to its end, with its faults mended
 *   createPlaces      says when a tab may poll: all tabs of a browser share its six connections
 *   small functions   the address of the server, handlers, answers, packets
 *
 * The words of this file:
 *
 *   session      the server's record of this page, with an id. A session outlasts a link
 *   try, link    one handshake and the requests after it. A later link can go on with the session
 *   confirm      to tell the other side the number of the last message that has arrived
 *   acknowledge  to call the function that the emitter of a message gave: handlers do this
 *   goodbye      the last packets of a page: its messages, and the end of its session
 *   place        the right of a tab to hold a poll until the server has something to say
 *
 * The file is ES5, for browsers down to Internet Explorer 9, and it runs in node as well.
 */
(function (root) {
  'use strict';

  /**
   * A lost connection is tried again after FIRST_PAUSE at most, ms. Each further pause is twice as
   * long as the one before it, up to LONGEST_PAUSE.
   */
  var FIRST_PAUSE = 500;
  var LONGEST_PAUSE = 5000;

  /**
   * A connection has lasted after this time, ms. The pauses after a lost connection begin with the
   * first one if the connection had lasted, or had brought messages in a session that went on.
   * Any other connection counts as a failed try.
   */
  var LASTED = 10000;

  /**
   * A handshake or a first poll is given up if no answer comes within this time, ms. The time is
   * twice that of the longest poll: a browser has six connections to a server, and a request may
   * have to wait for the end of a poll. If an answer comes slowly, the time counts from its last
   * part. A page that gave up such an answer would ask for all of it again, and never get the end.
   */
  var TOO_LONG = 45000;
  /** A POST is given up after this time, ms. A megabyte may need that time. */
  var TOO_LONG_TO_POST = 120000;
  /**
   * A POST that fails after this time, ms, was too large for the line: the server waits 60 s for a
   * body, and its answer can be lost if the connection is closed during the upload.
   */
  var SLOW_TO_POST = 30000;
  /** A WebSocket that does not open is given up after this time, ms: some proxies never answer. */
  var TOO_LONG_TO_OPEN = 5000;

  /** The most messages that may wait for the server. */
  var MOST_WAITING = 5000;
  /** The most bytes of one message: MAX_MESSAGE_BYTES of the server. */
  var LARGEST = 1e6;

  /**
   * The most messages, and the most characters of them, that are sent and not confirmed. A
   * character has up to 3 bytes, so all of these messages fit into one POST.
   */
  var MOST_UNDER_WAY = 500;
  var LARGEST_UNDER_WAY = LARGEST / 4;

  /**
   * The most bytes of a goodbye when the page goes: browsers send at most 64 KB for a page that has
   * gone. While the page is there, a goodbye is a request like any other.
   */
  var LARGEST_BEACON = 60000;
  /** The most messages of a goodbye. MAX_PACKETS of the server is larger. */
  var MOST_IN_GOODBYE = 1900;

  /**
   * A message that came over a WebSocket is confirmed after this time, ms. With polling, each
   * request confirms messages.
   */
  var CONFIRM_AFTER = 500;

  /**
   * The number of tabs that hold a poll at once. Browsers open six connections to a server for all
   * their tabs together (with HTTP/1.1): the other two are for pages, messages and short polls.
   */
  var PLACES = 4;
  /** A place whose tab does not poll is free after this time, ms: a poll takes 20 s. */
  var PLACE_EXPIRES = 90000;
  /** The pause between two short polls, ms. */
  var SHORT_PAUSE = 1500;
  /** The shortest time between two short polls, ms, if another tab calls for the second. */
  var SHORT_PAUSE_IF_CALLED = 1000;

  /** The types of the packets for a page's messages: events and acknowledgements. */
  var EVENT = 5;
  var ACK = 6;

  /**
   * Our server's answer to a handshake: id:60:60:xhr-polling,websocket. The server adds
   * :another-user if the session that the page had was another user's.
   */
  var HANDSHAKE = /^[\w-]+:\d*:\d*:[\w,-]+(:another-user)?$/;
  /** The beginning of a packet: its type, its number if it has one, and its namespace. */
  var PACKET = /^[0-8]:(\d*\+?):[^:]*(?::|$)/;

  /** The reasons and errors that a page is told. */
  var NO_ANSWER = 'no answer from the server';
  var NO_ANSWER_ACROSS = 'no answer that this page may read: is the server there, and is the ' +
    'origin of this page among its ALLOWED_ORIGINS?';
  var COME_AGAIN = 'the server has asked this page to connect again';
  var HTML = 'the answer is a page of HTML, not of this server: a login page or a proxy?';
  var NOTHING = 'the answer is empty, and not of this server: a proxy?';
  var FOREIGN = 'the answer is not of this server: a proxy?';
  var TOO_SLOW = 'the server takes too long to answer';
  var TOO_OLD = 'this browser cannot connect to a server of another origin';
  var ENDED = 'the server has ended the connection';
  var RESTARTED = 'the server was restarted before it answered';
  var ANOTHER_USER = 'another user has signed in';
  var TOO_LARGE = 'the message is too large for the server';

  // ---------------------------------------------------------------------------------------------
  // connect
  // ---------------------------------------------------------------------------------------------

  /** @type {RealtimeLibrary['connect']} */
  function connect(options) {
    // 0.9's io.connect('/news') would connect to the main namespace here.
    if (typeof options === 'string') throw new Error('the options must be an object');
    var io = (options && options.io) || root.io;
    if (!io) throw new Error('socket.io.js is not loaded');
    return createConnection(io, findServer(options || {}));
  }

  // ---------------------------------------------------------------------------------------------
  // createConnection
  // ---------------------------------------------------------------------------------------------

  /**
   * Makes the connection that a page gets. The connection has the states connecting, connected,
   * reconnecting and disconnected.
   * @param {ClientLibrary} io 0.9's client
   * @param {ServerAddress} server
   * @returns {Connection}
   */
  function createConnection(io, server) {
    /** @type {ConnectionStatus} */
    var status = { state: 'connecting', attempt: 1 };
    var handlers = createHandlers();
    var queue = createQueue(io);
    var places = createPlaces(server);

    /** The link of the try under way or of the connection; null between two tries. */
    var link = null;
    var nextTry;
    /**
     * The number of the last try, from 1. A server that has heard of a later try does not hear
     * requests of an earlier try. status.attempt is another count, which begins anew after each
     * connection that has lasted.
     */
    var tryNumber = 0;
    /** The transports to try; null for all transports that the server offers. */
    var transports = null;
    var webSocketWorked = false;

    /** Whether the connection has lasted: see LASTED. */
    var lasted = true;
    var lastedTimer;
    /** Whether the connection goes on with the session that the page knew before. */
    var recovered = false;

    /** The id of the session that the server has for this page; '' before the first session. */
    var sessionId = '';
    /** The id of the session of the last connection; onConnect compares the new id with it. */
    var connectedId = '';
    /** Whether the server said that the session before this one was another user's. */
    var changedUser = false;

    /** Whether the page has gone. The page may come back from the browser's memory. */
    var gone = false;
    /**
     * The address for a goodbye to the session, and the number of the try that began or took up
     * the session; null if there is no session or the server does not poll.
     */
    var goodbyeTo = null;
    /** The number of the last message that went along with a goodbye to the session. */
    var lastInGoodbye = 0;

    /** The number of the last message that has come from the server. */
    var received = 0;
    var confirmTimer = null;

    function setStatus(next) {
      status = next;
      handlers.call('status', [status], []);
    }

    // -- Tries --

    function startTry() {
      tryNumber += 1;
      link = createLink(io, server, places, transports, listener);
      // The application reads its part of the query at the handshake.
      var asked = query(tryNumber) + (sessionId && '&session=' + sessionId);
      link.setQuery(server.query ? server.query + '&' + asked : asked);
      link.start();
    }

    /** @returns {string} the query of a request: it confirms messages, and names the try */
    function query(ofTry) {
      return 'got=' + received + '&try=' + ofTry;
    }

    /** The functions that the link calls. */
    var listener = {
      /** Goes on with the last session, or begins anew, as the answer to the handshake says. */
      onHandshake: function (id, pollingUrl, isAnotherUser) {
        var lost = id !== sessionId ? startAnew(isAnotherUser) : [];
        sessionId = id;
        lastInGoodbye = 0;
        goodbyeTo = pollingUrl && { url: pollingUrl, tryNumber: tryNumber };
        link.setQuery(query(tryNumber));
        // A callback of the page may close the connection. Then the new session gets the goodbye.
        lost.forEach(function (callback) {
          callback({ error: isAnotherUser ? ANOTHER_USER : RESTARTED });
        });
      },

      onConnect: function (transport) {
        recovered = sessionId === connectedId;
        connectedId = sessionId;
        var waited = recovered ? [] : queue.setAside();
        // If a WebSocket has worked once, a WebSocket that fails is no reason to poll for good.
        if (transport === 'websocket') webSocketWorked = true;
        if (webSocketWorked) transports = null;
        lasted = false;
        clearTimeout(lastedTimer);
        lastedTimer = setTimeout(hasLasted, LASTED);
        queue.resetUnderWay();
        var next = {
          state: 'connected',
          attempt: status.attempt,
          transport: transport,
          recovered: recovered
        };
        if (changedUser && !recovered) next.reason = ANOTHER_USER;
        setStatus(next);
        // The page's own handler of 'status' may have emitted messages. In a new session these
        // messages go before the messages that have waited.
        queue.takeBack(waited);
        send();
      },

      onPacket: receive,

      /** Sends less at once, because the server has refused a request for its size. */
      onTooMuch: function () {
        var tooLarge = queue.sendLess();
        if (tooLarge) (tooLarge.callback || throwLater)({ error: TOO_LARGE });
      },

      /** Sends fewer messages at once, because those of a POST have not arrived in time. */
      onTooSlow: function () {
        queue.sendFewer();
      },

      onFail: retry,

      /** Ends the connection, because the server has ended the session for good. */
      onEnd: function () {
        endByServer(undefined);
      },

      /** Tries again, or ends the connection, because the application does not let this page in. */
      onRefused: function (reason, again) {
        if (again) retry(reason);
        else endByServer(reason);
      }
    };

    function hasLasted() {
      lasted = true;
    }

    function retry(reason) {
      var failed = link;
      var attempt = lasted && status.state === 'connected' ? 1 : status.attempt + 1;
      // The WebSocket did not open. Perhaps a proxy lets no WebSocket through, so the next tries
      // poll.
      if (failed && failed.transport() === 'websocket' && status.state !== 'connected') {
        transports = ['xhr-polling'];
      }
      dropLink();
      nextTry = setTimeout(startTry, pauseBefore(attempt));
      setStatus({ state: 'reconnecting', attempt: attempt, reason: reason });
    }

    /** Gives up the link or the next try, and says nothing to the server. */
    function dropLink() {
      var dropped = link;
      link = null;
      clearTimeout(nextTry);
      clearTimeout(lastedTimer);
      if (dropped) dropped.close();
    }

    /** Ends the connection because the server has ended it: the server needs no goodbye. */
    function endByServer(reason) {
      dropLink();
      places.leave();
      finish(reason);
      queue.giveUp().forEach(function (callback) {
        callback({ error: reason || ENDED });
      });
    }

    function finish(reason) {
      var ended = { state: 'disconnected', attempt: 0 };
      if (reason) ended.reason = reason;
      goodbyeTo = null;
      setStatus(ended);
    }

    // -- The page leaves, and may come back from the browser's memory --

    if (root.addEventListener) {
      // Internet Explorer 9 and 10 do not know pagehide. In other browsers a page with a handler
      // of unload cannot come back from the browser's memory.
      var leaves = isInternetExplorer() && !('onpagehide' in root) ? 'unload' : 'pagehide';
      root.addEventListener(leaves, function () {
        if (status.state === 'disconnected') return;
        gone = true;
        sayGoodbye();
      });
      root.addEventListener('pageshow', function (event) {
        if (!event.persisted || status.state === 'disconnected') return;
        gone = false;
        retry();
      });
    }

    /**
     * Gives up the link, and tells the server that the page leaves. All messages that the server
     * perhaps does not have go along. The requests may arrive in any order: the server takes each
     * message once.
     *
     * A goodbye needs no link, only a session: Firefox ends the requests of a page before the page
     * hears of pagehide.
     */
    function sayGoodbye() {
      var left = link;
      var overWebSocket = left && left.transport() === 'websocket' && status.state === 'connected';
      link = null;
      clearTimeout(nextTry);
      places.leave();
      // The link itself can carry the goodbye over an open WebSocket. A page that goes does not
      // use the link, because messages that later handlers emit could not follow.
      if (left && ((overWebSocket && !gone) || !goodbyeTo)) {
        if (left.sayGoodbye()) lastInGoodbye = Math.max(lastInGoodbye, queue.lastUnderWay());
        return;
      }
      if (left) left.close();
      if (goodbyeTo) sendGoodbye(goodbyeTo);
    }

    function sendGoodbye(to) {
      var goodbye = queue.makeGoodbye(gone ? LARGEST_BEACON : LARGEST, 0);
      var sent = postThatOutlasts(to.url + '?' + query(to.tryNumber), goodbye.text);
      // The server hears only the latest try. A handshake that was sent after the try of `to` may
      // have arrived although its answer has not. So a second goodbye belongs to that later try.
      if (tryNumber !== to.tryNumber) {
        postThatOutlasts(to.url + '?' + query(tryNumber), goodbye.text);
      }
      // For a page that has gone, browsers also limit the size of all beacons together. If an
      // earlier goodbye has used up that limit, a goodbye with only the newer messages may still
      // go.
      if (!sent && gone) {
        goodbye = queue.makeGoodbye(LARGEST_BEACON, lastInGoodbye);
        postThatOutlasts(to.url + '?' + query(to.tryNumber), goodbye.text);
      }
      lastInGoodbye = Math.max(lastInGoodbye, goodbye.lastNumber);
    }

    /**
     * Sends a POST that outlasts the page, if the browser has a way to do so.
     * @returns {boolean} whether the browser has taken the POST
     */
    function postThatOutlasts(url, text) {
      var navigator = root.navigator;
      if (navigator && navigator.sendBeacon && navigator.sendBeacon(url, text)) return true;
      // Internet Explorer has no sendBeacon: there a request outlasts the page only if the page
      // has to wait for the answer.
      return postWithoutLink(io, url, text, gone && isInternetExplorer());
    }

    // -- Messages of the page --

    function add(message) {
      if (status.state === 'disconnected') throw new Error('the connection is closed');
      queue.add(message);
      // A handler of pagehide that the page has added after ours may emit: one more goodbye
      // brings the message.
      if (gone && goodbyeTo) sendGoodbye(goodbyeTo);
      else send();
    }

    function send() {
      if (!link || status.state !== 'connected') return;
      queue.takeDue().forEach(function (message) {
        link.send(packetOf(message));
      });
    }

    /** Drops all messages up to `number`, because the server has confirmed them. */
    function onConfirmed(number) {
      if (queue.removeConfirmed(number) && recovered) lasted = true;
      send();
    }

    /**
     * Begins anew, because the server has a new session for this page, without anything of the last
     * session.
     * @param {boolean} isAnotherUser whether the last session was another user's. The messages of
     * that user must not be sent in the new session
     * @returns {Function[]} the callbacks that get no acknowledgement
     */
    function startAnew(isAnotherUser) {
      // The messages of a goodbye to the last session have most probably arrived there.
      queue.removeConfirmed(lastInGoodbye);
      received = 0;
      changedUser = isAnotherUser;
      return isAnotherUser ? queue.giveUp() : queue.startAnew();
    }

    // -- Messages of the server --

    /** @param {ClientPacket} packet an event or another packet of the main namespace */
    function receive(packet) {
      var number = Number(packet.id);
      // Each message of the server has a number, and each acknowledgement has one, too. The packet
      // 6:::17 has no number: it confirms messages.
      if (packet.type === 'ack' && !number) return onConfirmed(Number(packet.ackId));
      if (number) {
        if (number <= received) return; // the message came before
        if (number > received + 1) return retry(); // the server sends the missing message again
        received = number;
        if (recovered) lasted = true;
      }
      link.setQuery(query(tryNumber));
      if (link.transport() === 'websocket') confirmSoon();
      if (packet.type === 'ack') queue.acknowledge(packet.ackId, packet.args);
      else callHandlers(packet);
    }

    function callHandlers(packet) {
      var args = packet.args || [packet.data]; // socket.send of the application sends data
      var more = packet.ack === 'data' ? [acknowledger(packet.id)] : [];
      handlers.call(packet.name || 'message', args, more);
    }

    /** @returns {() => void} the function with which a handler acknowledges the message */
    function acknowledger(number) {
      var asker = sessionId;
      return function () {
        // A new session has given this number to another message.
        if (asker !== sessionId) return;
        var args = [].slice.call(arguments);
        var data = number + (args.length > 0 ? '+' + JSON.stringify(args) : '');
        add({ type: ACK, data: data, callback: null });
      };
    }

    /** Confirms the server's messages a moment later, because a WebSocket has no polls for that. */
    function confirmSoon() {
      if (confirmTimer) return;
      confirmTimer = setTimeout(function () {
        confirmTimer = null;
        if (!link || status.state !== 'connected') return;
        link.send('6:::' + received);
      }, CONFIRM_AFTER);
    }

    startTry();

    return {
      emit: function (name) {
        var args = [].slice.call(arguments, 1);
        var callback = null;
        if (typeof args[args.length - 1] === 'function') callback = safely(args.pop());
        // The queue gets text: a later change by the page does not alter the message, and a value
        // that JSON cannot hold throws here.
        var event = args.length > 0 ? { name: name, args: args } : { name: name };
        add({ type: EVENT, data: JSON.stringify(event), callback: callback });
      },

      on: function (event, handler) {
        handlers.add(event, handler);
        if (event === 'status') safely(handler)(copy(status));
      },

      close: function () {
        if (status.state === 'disconnected') return;
        sayGoodbye();
        finish();
      }
    };
  }

  // ---------------------------------------------------------------------------------------------
  // createQueue
  // ---------------------------------------------------------------------------------------------

  /**
   * Makes the queue of the page's messages. Each message has a number and stays until the server
   * confirms it. After that the queue keeps the callback of the message, until an acknowledgement
   * comes.
   * @param {ClientLibrary} io
   */
  function createQueue(io) {
    /** The messages that are not confirmed, oldest first. */
    var pending = [];
    /** The count of messages, from the first of `pending`, that were sent over the present link. */
    var underWay = 0;
    /** The most messages that may be under way. */
    var mostUnderWay = MOST_UNDER_WAY;
    /** The number of the last message. */
    var lastNumber = 0;
    /** The callbacks of confirmed messages, by the numbers of the messages. */
    var callbacks = {};

    /**
     * Gives a message its number, and keeps the message.
     * @throws if the message is too large, or too many messages wait
     */
    function add(message) {
      message.id = lastNumber + 1;
      var packet = packetOf(message);
      if (pending.length >= MOST_WAITING) {
        throw new Error(MOST_WAITING + ' messages wait for the server');
      }
      if (packet.length > LARGEST / 3 && byteLength(packet) > LARGEST) {
        throw new Error('the message is too large');
      }
      lastNumber += 1;
      message.size = packet.length;
      pending.push(message);
    }

    /** @returns {Message[]} the messages that may be sent now: they count as under way from now */
    function takeDue() {
      var largest = LARGEST_UNDER_WAY * mostUnderWay / MOST_UNDER_WAY;
      var from = underWay;
      var size = 0;
      for (var i = 0; i < pending.length && i < mostUnderWay; i++) {
        size += pending[i].size;
        if (i > 0 && size > largest) break;
        if (i === underWay) underWay += 1;
      }
      return pending.slice(from, underWay);
    }

    /**
     * Removes all messages up to `number`, because the server has confirmed them.
     * @returns {boolean} whether there were any
     */
    function removeConfirmed(number) {
      var before = pending.length;
      while (pending.length > 0 && pending[0].id <= number) {
        var message = pending.shift();
        if (message.callback) callbacks[message.id] = message.callback;
        underWay = Math.max(underWay - 1, 0);
        if (mostUnderWay < MOST_UNDER_WAY) mostUnderWay += 1;
      }
      return pending.length < before;
    }

    /** Calls the callback of a message, because the acknowledgement of the message has come. */
    function acknowledge(number, args) {
      var callback = callbacks[number];
      if (!callback) return;
      delete callbacks[number];
      callback.apply(null, args);
    }

    /** @returns {boolean} whether fewer messages are sent at once from now on */
    function sendFewer() {
      if (mostUnderWay === 1) return false;
      mostUnderWay = Math.floor(mostUnderWay / 4) || 1;
      return true;
    }

    /**
     * Sends less at once, because a POST or a WebSocket's message was too large for the server.
     * @returns {Message | null} a message that is too large alone and is therefore given up
     */
    function sendLess() {
      if (sendFewer() || pending.length === 0) return null;
      // The numbers have to follow each other without a gap.
      pending.forEach(function (message) {
        message.id -= 1;
      });
      lastNumber -= 1;
      return pending.shift();
    }

    /**
     * Numbers the messages from 1 again, because the server has a new session.
     * @returns {Function[]} the callbacks of confirmed messages: no acknowledgement will come
     */
    function startAnew() {
      var lost = Object.keys(callbacks).map(function (number) {
        return callbacks[number];
      });
      callbacks = {};
      lastNumber = 0;
      // The new session would take our acknowledgements for those of its own messages.
      pending = pending.filter(function (message) {
        return message.type !== ACK;
      });
      pending.forEach(giveNumber);
      return lost;
    }

    /**
     * Drops all messages.
     * @returns {Function[]} all callbacks: no acknowledgement will come
     */
    function giveUp() {
      var lost = startAnew();
      pending.forEach(function (message) {
        if (message.callback) lost.push(message.callback);
      });
      pending = [];
      return lost;
    }

    function giveNumber(message) {
      lastNumber += 1;
      message.id = lastNumber;
    }

    return {
      add: add,
      takeDue: takeDue,
      removeConfirmed: removeConfirmed,
      acknowledge: acknowledge,
      sendLess: sendLess,
      sendFewer: sendFewer,
      startAnew: startAnew,
      giveUp: giveUp,

      /** Counts all messages as not sent, because a new link has to send them. */
      resetUnderWay: function () {
        underWay = 0;
      },

      /**
       * Takes all messages out of the queue, so that other messages can come before them.
       * @returns {Message[]} the messages, for takeBack
       */
      setAside: function () {
        var all = pending;
        pending = [];
        lastNumber = 0;
        return all;
      },

      takeBack: function (messages) {
        messages.forEach(giveNumber);
        pending = pending.concat(messages);
      },

      /**
       * Makes the payload of a goodbye. The messages stay in the queue.
       * @param {number} mostBytes the most bytes of the payload
       * @param {number} after the number of a message: only later messages are wanted
       * @returns {{ text: string, lastNumber: number }} the payload, with as many messages as may
       * go; the number of the last of them, 0 if there is none
       */
      makeGoodbye: function (mostBytes, after) {
        var packets = [];
        var number = 0;
        var size = 100; // the packet that ends the session, and some bytes to spare
        pending.every(function (message) {
          if (message.id <= after) return true;
          var packet = packetOf(message);
          size += byteLength(packet) + 15; // in a payload each packet follows its length
          if (size > mostBytes || packets.length >= MOST_IN_GOODBYE) return false;
          packets.push(packet);
          number = message.id;
          return true;
        });
        return { text: io.parser.encodePayload(packets.concat('0::')), lastNumber: number };
      },

      /** @returns {number} the number of the last message under way, 0 if there is none */
      lastUnderWay: function () {
        return underWay > 0 ? pending[underWay - 1].id : 0;
      }
    };
  }

  // ---------------------------------------------------------------------------------------------
  // createLink
  // ---------------------------------------------------------------------------------------------

  /**
   * Makes one try: a client of 0.9, from its handshake until the link fails or is given up. All
   * faults of that client (socket.io-client 0.9.17) are mended in here. After close, sayGoodbye,
   * onFail and onEnd the listener hears no more.
   * @param {ClientLibrary} io
   * @param {ServerAddress} server
   * @param {Places} places the object that says when to poll
   * @param {string[] | null} transports the transports to try; null for all of the server
   * @param {LinkListener} listener
   */
  function createLink(io, server, places, transports, listener) {
    var namespace = io.connect(server.url, {
      resource: server.resource,
      // 0.9 would come back without the session, and give up after ten tries.
      reconnect: false,
      // 0.9 would give us the client of the link before this one.
      'force new connection': true,
      // 0.9 would give up a first poll after 10 s, though the poll may wait for a connection.
      'connect timeout': false,
      // 0.9 would begin before its faults are mended.
      'auto connect': false
    });
    /** 0.9's own object for one connection. Functions of this object are replaced below. */
    var client = namespace.socket;
    /** The functions of 0.9 that were replaced. The functions in their place call them. */
    var original = {
      onPacket: client.onPacket,
      onDisconnect: client.onDisconnect,
      onError: client.onError
    };
    /** Whether the link has ended: the listener hears no more. */
    var over = false;
    var handshake = null;
    var tooLongTimer;
    var postTimer;
    /** The POST under way; null if there is none. */
    var posting = null;
    /** The packets that wait for the answer to that POST. */
    var waiting = [];

    // If this list were among the options above, 0.9 would write it into the list that all its
    // clients share.
    if (transports) client.options.transports = transports;

    function fail(reason) {
      if (!over) listener.onFail(reason);
    }

    function giveUpAfter(ms) {
      clearTimeout(tooLongTimer);
      tooLongTimer = setTimeout(function () {
        fail(TOO_SLOW);
      }, ms);
    }

    function transportName() {
      return client.transport ? client.transport.name : '';
    }

    // -- Requests --

    /**
     * Makes a request, with cookies. 0.9 itself sends cookies to another origin only with the
     * handshake.
     * @param {string} method GET or POST
     * @param {string} url the address without a query
     * @param {string | null} body
     * @param {string} more the part of the query that only this request has
     * @param {(answer: Answer) => void} onAnswer called once, with the answer
     * @param {() => void} [onPart] called when a part of the answer has come
     */
    function ask(method, url, body, more, onAnswer, onPart) {
      var crossOrigin = client.isXDomain();
      var request = io.util.request(crossOrigin);
      var now = 't=' + new Date().getTime();
      request.open(method, url + io.util.query(client.options.query + more, now), true);
      if (crossOrigin && 'withCredentials' in request) request.withCredentials = true;
      if (body !== null && request.setRequestHeader) {
        request.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8');
      }
      request.onreadystatechange = function () {
        if (request.readyState > 1 && request.readyState < 4 && onPart) onPart();
        if (request.readyState !== 4) return;
        request.onreadystatechange = ignore;
        onAnswer(readAnswer(request, crossOrigin));
      };
      request.send(body);
      return request;
    }

    // -- The handshake --

    /** @returns {string} the address for handshakes, with a slash at its end */
    function handshakeUrl() {
      var options = client.options;
      var host = 'http' + (options.secure ? 's' : '') + '://' + options.host + ':' + options.port;
      return [host, options.resource, io.protocol, ''].join('/');
    }

    /** @returns {string | null} the address for polls, null if the server takes none */
    function pollingUrl(id, offered) {
      if (offered.split(',').indexOf('xhr-polling') < 0) return null;
      return handshakeUrl() + 'xhr-polling/' + id;
    }

    // 0.9 does not say which handshakes have failed, cannot end a handshake, and takes any answer
    // with status 200 for our server's. Internet Explorer 9 lets no page ask another origin, so
    // 0.9 asks for a script there. Our server does not give that script, because any page could
    // read it.
    client.handshake = function (proceed) {
      if (client.isXDomain() && !io.util.ua.hasCORS) return refuse({ reason: TOO_OLD });
      handshake = ask('GET', handshakeUrl(), null, '', function (answer) {
        if (over) return;
        var refusal = readRefusal(answer);
        if (refusal) return refuse(refusal);
        if (answer.status !== 200 || !HANDSHAKE.test(answer.text)) return fail(answer.fault);
        giveUpAfter(TOO_LONG); // the limit for the first poll
        var parts = answer.text.split(':');
        var isAnotherUser = parts[4] === 'another-user';
        listener.onHandshake(parts[0], pollingUrl(parts[0], parts[3] || ''), isAnotherUser);
        if (!over) proceed.apply(null, parts);
      });
    };

    /** @returns {any} the application's refusal, which our server marks; null for other answers */
    function readRefusal(answer) {
      var marked = (answer.status === 403 || answer.status === 401) &&
        /^unauthorized:(\{[\s\S]*\})$/.exec(answer.text);
      return marked ? parseJson(marked[1]) : null;
    }

    function refuse(refusal) {
      close();
      listener.onRefused(String(refusal.reason), refusal.again === true);
    }

    // -- Transports --

    function mendPolling(transport) {
      // From the handshake until the first packet, 0.9 waits for a heartbeat. No poll brings one.
      clearTimeout(client.heartbeatTimeoutTimer);

      // 0.9 does not say that a first poll has failed. It takes any answer with status 200 for our
      // server's, finds no packet in a foreign answer, and polls again at once. Each tab of 0.9
      // holds a poll. Here, `places` says when to poll.
      transport.get = function () {
        if (transport.isOpen) places.schedule(poll, giveWay);
      };

      function poll(wait) {
        transport.xhr = ask('GET', transport.prepareUrl(), null, wait, function (answer) {
          if (over) return;
          var packets = answer.status === 200 ? readPackets(io, answer.text) : null;
          if (!packets) return fail(answer.fault);
          waitAnew();
          packets.forEach(function (packet) {
            transport.onPacket(packet);
          });
          transport.get();
        }, function () {
          if (over) return;
          waitAnew();
          if (!client.connected) giveUpAfter(TOO_LONG);
        });
      }

      /** Begins the wait for the server again. 0.9 counts from the beginning of a poll. */
      function waitAnew() {
        transport.clearCloseTimeout();
        transport.setCloseTimeout();
      }

      /** Ends the poll that is held, because another tab has taken the place. */
      function giveWay() {
        var request = transport.xhr;
        // The first poll brings the packet that connects the client. The server sends this packet
        // only once, so the poll that waits for it must not end. A lost message would come again.
        if (!client.connected) return;
        if (request.readyState > 1) return; // the answer is arriving
        request.onreadystatechange = ignore;
        request.abort();
        transport.get();
      }

      // Our server answers a POST with 1. 0.9 takes any answer with status 200 for our server's.
      // It does not say that a POST was too large for the server, and it waits for ever if no
      // answer comes.
      transport.post = function (text) {
        var began = new Date().getTime();
        clearTimeout(postTimer);
        postTimer = setTimeout(function () {
          if (!over) listener.onTooSlow();
          fail(TOO_SLOW);
        }, TOO_LONG_TO_POST);
        posting = ask('POST', transport.prepareUrl(), text, '', function (answer) {
          if (over) return;
          clearTimeout(postTimer);
          posting = null;
          if (answer.status === 200 && answer.text === '1') {
            places.hurry();
            return postWaiting();
          }
          if (answer.status === 413) listener.onTooMuch();
          else if (answer.status === 408 || new Date().getTime() - began > SLOW_TO_POST) {
            listener.onTooSlow();
          }
          fail(answer.fault);
        });
      };
    }

    /** Posts all packets that wait, in one payload, unless a POST is under way. */
    function postWaiting() {
      if (posting || waiting.length === 0) return;
      var text = io.parser.encodePayload(waiting);
      waiting = [];
      client.transport.post(text);
    }

    function mendWebSocket(transport) {
      // Without 'connect timeout' 0.9 waits for ever for a WebSocket that does not open.
      giveUpAfter(TOO_LONG_TO_OPEN);
      // A browser may throw instead of making a WebSocket, and 0.9 would close the missing one.
      transport.websocket = { close: ignore };
    }

    /** Watches for the close code 1009: a message was too large. 0.9 does not pass on the code. */
    function watchForTooLarge(webSocket) {
      var onClose = webSocket.onclose;
      webSocket.onclose = function (event) {
        if (!over && event.code === 1009) listener.onTooMuch();
        onClose(event);
      };
    }

    // -- The functions of 0.9 that hear what happens --

    // 0.9 would hand a message to its handlers without a look at the message's number, and would
    // acknowledge it by a packet without a number. 0.9 would also take an event with the name
    // connect for its own event.
    client.onPacket = function (packet) {
      var isMessage = /^(event|ack|message|json)$/.test(packet.type) && packet.endpoint === '';
      if (!isMessage) return original.onPacket.call(client, packet);
      if (!over) listener.onPacket(packet);
    };

    // 0.9 does not say that a connection is lost before it is complete.
    client.onDisconnect = function (reason) {
      var was = client.connecting || client.connected;
      original.onDisconnect.call(client, reason);
      if (!was || over) return;
      if (reason !== 'booted') return fail(NO_ANSWER);
      // The server has ended the session.
      close();
      listener.onEnd();
    };

    // If the server does not know the session, 0.9 disconnects as if the server had ended it.
    client.onError = function (error) {
      if (!over && error && error.advice === 'reconnect') return fail(COME_AGAIN);
      return original.onError.call(client, error);
    };

    // -- The events of 0.9 --

    namespace.on('connecting', function () {
      if (over) return;
      if (transportName() === 'websocket') mendWebSocket(client.transport);
      else mendPolling(client.transport);
    });

    namespace.on('connect', function () {
      if (over) return;
      clearTimeout(tooLongTimer);
      if (client.transport.websocket) watchForTooLarge(client.transport.websocket);
      listener.onConnect(transportName());
    });

    namespace.on('error', function (reason) {
      if (!client.connected) fail(typeof reason === 'string' ? reason : NO_ANSWER);
    });

    namespace.on('connect_failed', function () {
      fail('the server offers no transport that this browser has');
    });

    // -- The end --

    /** Ends the link, and says nothing to the server. */
    function close() {
      client.open = false; // 0.9 says goodbye while this is true
      end();
    }

    /**
     * Ends the link, and lets 0.9 say goodbye over an open WebSocket.
     * @returns {boolean} whether the messages under way can be taken for sent
     */
    function sayGoodbye() {
      var connected = client.connected;
      end();
      return connected;
    }

    function end() {
      var transport = client.transport;
      over = true;
      clearTimeout(tooLongTimer);
      clearTimeout(postTimer);
      places.stop();
      if (handshake) handshake.abort();
      if (posting) posting.abort();
      clearTimeout(client.heartbeatTimeoutTimer);
      // 0.9 would start this timer again, and the timer throws if there is no transport.
      client.setHeartbeatTimeout = ignore;
      if (!transport) return;
      // In WebKit, 0.9 opens a transport a moment after the handshake, even if it was closed.
      transport.open = ignore;
      client.disconnect();
      // 0.9 does not end a transport that was too slow to connect.
      transport.close();
      transport.clearTimeouts();
    }

    return {
      start: function () {
        giveUpAfter(TOO_LONG);
        client.connect();
      },

      /** @param {string} query the query of each request from now on */
      setQuery: function (query) {
        client.options.query = query;
      },

      /** @param {string} packet */
      send: function (packet) {
        if (transportName() === 'websocket') return client.transport.send(packet);
        waiting.push(packet);
        postWaiting();
      },

      transport: transportName,
      close: close,
      sayGoodbye: sayGoodbye
    };
  }

  // ---------------------------------------------------------------------------------------------
  // createPlaces
  // ---------------------------------------------------------------------------------------------

  /**
   * Makes the object that says when this tab may poll. A poll that the server holds takes one of
   * the browser's six connections to the server: with six tabs no other request gets through. So
   * all tabs together have four places. A tab with a place holds its polls. A tab without a place
   * sends short polls (wait=0), which the server answers at once, and pauses between these polls.
   *
   * The places are entries of localStorage, which all tabs of an origin share:
   *
   *   realtime <server> place 0   <id of the tab> <hidden or visible> <time>
   *   realtime <server> without   <time>: the last time when a tab had no place
   *   realtime <server> turn      <time>: the last call to the tabs without a place, to poll
   *
   * A visible tab takes the place of a hidden tab, whose poll then ends. Nothing is locked: if two
   * tabs take a place at the same time, both poll for a moment, and the last one has the place.
   *
   * Browsers slow the timers of hidden tabs, Chromium to one a minute. They do not slow the answer
   * to a request and the storage event. So while there are tabs without a place, the tab with the
   * first place asks for polls of a second (wait=1), and calls the others before each of these
   * polls.
   *
   * Without localStorage each tab holds its polls.
   * @param {ServerAddress} server
   * @returns {Places}
   */
  function createPlaces(server) {
    var prefix = 'realtime ' + server.url + ' ';
    var entries = createEntries(prefix);
    /** The id of this tab. */
    var id = Math.random().toString(36).slice(2);
    /** The number of the place that this tab took, or -1. Another tab may have the place by now. */
    var mine = -1;
    /** The function that ends the poll that is held; null if no poll is held. */
    var endPoll = null;
    /** The function that is called after the pause before a short poll; null without a pause. */
    var afterPause = null;
    var pauseTimer;
    /** The time when the last short poll began, ms. */
    var lastShortPoll = 0;

    if (root.addEventListener && root.document) {
      root.addEventListener('storage', onStorage);
      root.document.addEventListener('visibilitychange', onVisibility);
    }

    function now() {
      return new Date().getTime();
    }

    /**
     * @returns {boolean} whether `time` is at least `ms` ago; also true if the clock was set back
     * by as much
     */
    function isPast(time, ms) {
      return !(Math.abs(now() - time) < ms);
    }

    function isHidden() {
      return Boolean(root.document && root.document.hidden);
    }

    function readPlace(number) {
      var parts = entries.get('place ' + number).split(' ');
      return { id: parts[0], hidden: parts[1] === 'hidden', time: Number(parts[2]) };
    }

    function writePlace(number) {
      mine = number;
      entries.set('place ' + number, [id, isHidden() ? 'hidden' : 'visible', now()].join(' '));
    }

    function hasPlace() {
      return mine >= 0 && readPlace(mine).id === id;
    }

    /**
     * Keeps the place of this tab, or takes a place.
     * @returns {boolean} whether this tab has a place now
     */
    function takePlace() {
      var free = -1;
      var ofHidden = -1;
      if (hasPlace()) {
        // The time is not renewed at each poll, because the browser tells all tabs of each change.
        if (isPast(readPlace(mine).time, PLACE_EXPIRES / 3)) writePlace(mine);
        return true;
      }
      for (var number = PLACES - 1; number >= 0; number--) {
        var place = readPlace(number);
        if (isPast(place.time, PLACE_EXPIRES)) free = number;
        else if (place.hidden) ofHidden = number;
      }
      if (free < 0 && !isHidden()) free = ofHidden;
      if (free < 0) return false;
      writePlace(free);
      return true;
    }

    /**
     * Calls the tabs without a place, if there are any and this tab has the first place.
     * @returns {string} the part of the query that says how long the server holds the next poll;
     * '' for the usual time
     */
    function callOthers() {
      if (mine !== 0 || isPast(entries.get('without'), PLACE_EXPIRES)) return '';
      if (isPast(entries.get('turn'), SHORT_PAUSE_IF_CALLED)) entries.set('turn', now());
      return '&wait=1';
    }

    /**
     * Calls `poll` at once, or after a pause.
     * @param {(wait: string) => void} poll called with a part of the query of the poll
     * @param {() => void} giveWay called if the poll has to end before it is answered
     */
    function schedule(poll, giveWay) {
      stop();
      if (takePlace()) {
        endPoll = giveWay;
        return poll(callOthers());
      }
      if (isPast(entries.get('without'), PLACE_EXPIRES / 3)) entries.set('without', now());
      if (isPast(lastShortPoll, SHORT_PAUSE)) {
        lastShortPoll = now();
        return poll('&wait=0');
      }
      afterPause = function () {
        schedule(poll, giveWay);
      };
      pauseTimer = setTimeout(afterPause, lastShortPoll + SHORT_PAUSE - now());
    }

    /** Sends the next short poll now, if there is a pause before it. */
    function hurry() {
      if (!afterPause) return;
      lastShortPoll = 0;
      afterPause();
    }

    /** Forgets the poll that is held, and the pause: the link ends, or the next poll begins. */
    function stop() {
      clearTimeout(pauseTimer);
      afterPause = endPoll = null;
    }

    function leave() {
      stop();
      if (hasPlace()) entries.set('place ' + mine, '');
      mine = -1;
    }

    /** Hears that another tab has changed an entry. */
    function onStorage(event) {
      if (String(event.key).indexOf(prefix) !== 0) return;
      if (event.key === prefix + 'turn') {
        if (isPast(lastShortPoll, SHORT_PAUSE_IF_CALLED)) hurry();
      } else if (endPoll && !hasPlace()) {
        endPoll();
      }
    }

    function onVisibility() {
      // A tab that has become visible may take the place of a hidden tab.
      if (afterPause) afterPause();
      else if (hasPlace()) writePlace(mine); // a place says whether its tab is hidden
    }

    return { schedule: schedule, hurry: hurry, stop: stop, leave: leave };
  }

  /**
   * Makes a store of entries: localStorage, or the memory of this tab if the page cannot use
   * localStorage.
   * @param {string} prefix the beginning of the names in localStorage
   */
  function createEntries(prefix) {
    var own = {};
    var storage = null;
    try {
      storage = root.localStorage;
    } catch (error) {
      // The settings of the browser do not let pages keep anything.
    }

    return {
      get: function (name) {
        return (storage ? storage.getItem(prefix + name) : own[name]) || '';
      },

      set: function (name, value) {
        own[name] = value;
        try {
          if (storage) storage.setItem(prefix + name, value);
        } catch (error) {
          storage = null; // localStorage is full
        }
      }
    };
  }

  // ---------------------------------------------------------------------------------------------
  // Small functions
  // ---------------------------------------------------------------------------------------------

  /**
   * Finds the server. The options name it, or the address of the client script names it:
   * http://server/app/socket/socket.io.js.
   * @param {ConnectOptions} options
   * @returns {ServerAddress}
   */
  function findServer(options) {
    var page = root.location;
    var script = root.document && root.document.querySelector('script[src*="/socket.io.js"]');
    var parts = /^(https?:\/\/[^/]+)\/(.+)\/socket\.io\.js/i.exec(script ? script.src : '');
    var named = (options.url !== undefined ? options.url : '').split('?');
    var url = named[0].replace(/\/+$/, '');
    var resource = options.resource || (parts ? parts[2] : 'socket.io');
    // A page that gives only a resource means its own server.
    if (options.url === undefined && !options.resource && parts) url = parts[1];
    // 0.9 cannot read an IPv6 address. Without an address, 0.9 takes the page's own.
    if (page && url === page.protocol + '//' + page.host) url = '';
    return {
      url: url,
      query: [queryOf(named.slice(1).join('?')), queryOf(options.query)].filter(Boolean).join('&'),
      resource: resource.replace(/^\/+|\/+$/g, '')
    };
  }

  /**
   * Makes the query of a handshake.
   * @param {string | { [name: string]: string | number | boolean } | undefined} query text, encoded
   * as in an address, or an object, which this function encodes
   * @returns {string} the query, without a = in a value: 0.9 cuts a value at its first =
   * @throws if this file or 0.9 uses one of the names
   */
  function queryOf(query) {
    var pairs;
    if (query && typeof query === 'object') {
      pairs = Object.keys(query).map(function (name) {
        return [encodeURIComponent(name), encodeURIComponent(String(query[name]))];
      });
    } else {
      pairs = String(query || '').replace(/^\?/, '').split('&').map(function (pair) {
        var mark = pair.indexOf('=');
        if (mark < 0) return [encodeRest(pair), ''];
        return [encodeRest(pair.slice(0, mark)), encodeRest(pair.slice(mark + 1))];
      });
    }
    return pairs.filter(function (pair) {
      if (/^(got|try|wait|session|t|jsonp|disconnect)$/.test(pair[0])) {
        throw new Error('the query may have no ' + pair[0] + ': the connection uses that name');
      }
      return pair[0] !== '';
    }).map(function (pair) {
      return pair.join('=');
    }).join('&');
  }

  /** Encodes the characters that an encoded text must not have in a query. */
  function encodeRest(text) {
    return text.replace(/%(?![0-9a-f]{2})/gi, '%25')
      .replace(/[\ud800-\udbff][\udc00-\udfff]|[^\w.~!*'()%+-]/g, encodeURIComponent);
  }

  /** Makes the list of a page's handlers, by the names of their events. */
  function createHandlers() {
    var handlers = {};

    return {
      add: function (event, handler) {
        var key = '$' + event; // an object itself has names such as constructor, none with a $
        handlers[key] = (handlers[key] || []).concat(handler);
      },

      /**
       * Calls the handlers of an event.
       * @param {any[]} args values of JSON: each handler gets its own copy, which it may change
       * @param {Function[]} more the arguments after `args`
       */
      call: function (event, args, more) {
        (handlers['$' + event] || []).forEach(function (handler, i, all) {
          // Only the last handler can have the values themselves. This file needs the values of
          // 'status' itself.
          var own = i < all.length - 1 || event === 'status' ? copy(args) : args;
          safely(handler).apply(null, own.concat(more));
        });
      }
    };
  }

  /** @returns {any} a copy of a value of JSON */
  function copy(value) {
    return JSON.parse(JSON.stringify(value));
  }

  /** @returns {string} the packet of a message of the page */
  function packetOf(message) {
    return message.type + ':' + message.id + (message.callback ? '+' : '') + '::' + message.data;
  }

  /**
   * @param {number} attempt 1 for the first try after a connection that had lasted, 2 for the next
   * @returns {number} the pause, ms: partly random, because a restart of the server would bring all
   * clients back at the same moment
   */
  function pauseBefore(attempt) {
    var longest = Math.min(FIRST_PAUSE * Math.pow(2, attempt - 1), LONGEST_PAUSE);
    return longest * (0.5 + Math.random() / 2);
  }

  /**
   * Reads the answer to a request.
   * @param {XMLHttpRequest} request
   * @param {boolean} crossOrigin
   * @returns {Answer}
   */
  function readAnswer(request, crossOrigin) {
    var status = 0;
    var text = '';
    try {
      status = request.status;
      text = request.responseText || '';
    } catch (error) {
      // Internet Explorer throws if the connection was lost. Then there is no answer.
    }
    var nothing = crossOrigin ? NO_ANSWER_ACROSS : NO_ANSWER;
    return { status: status, text: text, fault: status === 0 ? nothing : faultOf(status, text) };
  }

  /**
   * Names the fault of an answer that is not our server's, or that is a refusal.
   * @returns {string} the fault, for a person to read
   */
  function faultOf(status, text) {
    var prefix = status === 200 ? '' : 'status ' + status + ': ';
    if (text === 'client not handshaken') return COME_AGAIN;
    if (/^\s*$/.test(text)) return prefix + NOTHING;
    if (/^\s*</.test(text)) return prefix + HTML;
    // Our server refuses with a status and a line of text.
    if (status !== 200 && /^[^<\n]{1,200}$/.test(text)) return text;
    return prefix + FOREIGN;
  }

  /**
   * Reads the packets that a poll brings. 0.9 skips packets that it cannot read, so the messages in
   * them would be lost.
   * @returns {ClientPacket[] | null} null if the text is not our server's, or if a part is missing
   */
  function readPackets(io, text) {
    var packets = splitPayload(text).map(function (one) {
      return readPacket(io, one);
    });
    return packets.length > 0 && packets.every(Boolean) ? packets : null;
  }

  /**
   * Splits a payload. Each packet in it follows its length, which stands between two characters
   * U+FFFD. A packet that comes alone has no length.
   * @returns {string[]} the packets of a payload, none if it is not whole
   */
  function splitPayload(text) {
    var packets = [];
    var at = 0;
    if (text.charAt(0) !== '\ufffd') return [text];
    while (at < text.length) {
      var mark = text.indexOf('\ufffd', at + 1);
      var length = text.slice(at + 1, mark);
      var end = mark + 1 + Number(length);
      var whole = text.charAt(at) === '\ufffd' && /^\d{1,9}$/.test(length) && end <= text.length;
      if (mark < 0 || !whole) return [];
      packets.push(text.slice(mark + 1, end));
      at = end;
    }
    return packets;
  }

  /** @returns {ClientPacket | null} null if the text is not a packet, or only a part of one */
  function readPacket(io, text) {
    if (!PACKET.test(text)) return null;
    var packet = io.parser.decodePacket(text);
    if (packet.type === 'event' && typeof packet.name !== 'string') return null;
    if (packet.type === 'json' && packet.data === undefined) return null;
    if (packet.type === 'ack') {
      if (packet.ackId === undefined) return null;
      // If 0.9 cannot read the JSON of the arguments, it gives an empty list for them.
      if (packet.args.length === 0 && /\+./.test(text.replace(PACKET, '')) &&
        !/\+\[\s*\]$/.test(text)) return null;
    }
    return packet;
  }

  /** @returns {any} null if the text is not JSON */
  function parseJson(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      return null;
    }
  }

  /** @returns {number} the bytes of a text in UTF-8 */
  function byteLength(text) {
    return unescape(encodeURIComponent(text)).length;
  }

  /**
   * Makes a handler throw only a moment later: an error of the page must not stop the next packets
   * and the next poll.
   * @param {Function} handler
   * @returns {(...args: any[]) => void}
   */
  function safely(handler) {
    return function () {
      try {
        handler.apply(null, arguments);
      } catch (error) {
        setTimeout(function () {
          throw error;
        });
      }
    };
  }

  /**
   * Sends a POST without a link, and does not read the answer.
   * @param {boolean} waits whether the page waits for the answer
   * @returns {boolean} whether the POST was sent
   */
  function postWithoutLink(io, url, text, waits) {
    var crossOrigin = Boolean(root.location) && url.indexOf(originOf(root.location)) !== 0;
    var request = io.util.request(crossOrigin);
    try {
      request.open('POST', url, !waits);
      if (crossOrigin && 'withCredentials' in request) request.withCredentials = true;
      if (request.setRequestHeader) {
        request.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8');
      }
      request.send(text);
      return true;
    } catch (error) {
      return false;
    }
  }

  function isInternetExplorer() {
    return Boolean(root.document && /** @type {any} */ (root.document).documentMode);
  }

  /** @returns {string} the origin of a location, always with its port, as in a link's addresses */
  function originOf(location) {
    var port = location.port || (location.protocol === 'https:' ? 443 : 80);
    return location.protocol + '//' + location.hostname + ':' + port + '/';
  }

  /** Throws the error of a message that has no callback, so that the page hears of the error. */
  function throwLater(answer) {
    setTimeout(function () {
      throw new Error(answer.error);
    });
  }

  function ignore() {}

  if (typeof module === 'object' && module.exports) module.exports = { connect: connect };
  else /** @type {any} */ (root).Realtime = { connect: connect };
})(/** @type {any} */ (typeof window === 'undefined' ? {} : window));
