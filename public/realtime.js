/*
 * A connection that lasts, on Socket.IO 0.9. The connection comes back as often as it takes, and
 * each message arrives once and in order, in both directions. src/realtime/delivery.ts is the
 * server's side.
 *
 * The parts of this file, in their order:
 *
 *   connect           the function that a page calls
 *   createConnection  the connection that a page gets: its states, and the messages that arrive
 *   createQueue       the messages that the server may not have yet
 *   createLink        one try: 0.9's client from its handshake to its end, with its faults mended
 *   createPlaces      when a tab may poll: all tabs of a browser share its six connections
 *   small functions   the address of the server, handlers, answers, packets
 *
 * The words of this file:
 *
 *   session      the server's record of this page, with an id. A session outlasts a link
 *   try, link    one handshake and the requests after it. A later link can go on with the session
 *   confirm      to tell the other side which messages are here: the number of the last one
 *   acknowledge  to call the function that the emitter of a message gave: the application does so
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
   * have to wait for the end of a poll.
   */
  var TOO_LONG = 45000;
  /** A POST is given up after this time, ms. A megabyte may need that long. */
  var TOO_LONG_TO_POST = 120000;
  /** A WebSocket that does not open is given up after this time, ms: some proxies never answer. */
  var TOO_LONG_TO_OPEN = 5000;

  /** The most messages that may wait for the server. */
  var MOST_WAITING = 5000;
  /** The most bytes of one message: MAX_MESSAGE_BYTES of the server. */
  var LARGEST = 1e6;

  /**
   * The most messages, and the most characters of them, that are sent and not confirmed. A
   * character has up to 3 bytes, so that all of these messages fit into one POST.
   */
  var MOST_UNDER_WAY = 500;
  var LARGEST_UNDER_WAY = LARGEST / 4;

  /**
   * The most bytes of a goodbye when the page goes: browsers send 64 KB for a page that has gone.
   * While the page is there, a goodbye is a request like any other.
   */
  var LARGEST_BEACON = 60000;
  /** The most messages of a goodbye. MAX_PACKETS of the server is larger. */
  var MOST_IN_GOODBYE = 1900;

  /**
   * A message that came over a WebSocket is confirmed after this time, ms. Over polling each
   * request confirms.
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
  /** The shortest time between two short polls, ms, when another tab calls for the second. */
  var SHORT_PAUSE_IF_CALLED = 1000;

  /** The types of the packets that a page's messages become. */
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
    var io = (options && options.io) || root.io;
    if (!io) throw new Error('socket.io.js is not loaded');
    return createConnection(io, whereIs(options || {}));
  }

  // ---------------------------------------------------------------------------------------------
  // createConnection
  // ---------------------------------------------------------------------------------------------

  /**
   * What a page gets. Its states: connecting, connected, reconnecting, disconnected.
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

    /** The try that is under way, or the connection there is; null between two tries. */
    var link = null;
    var nextTry;
    /** Whether the last connection has lasted: the next pause is the first one then. */
    var lasted = true;
    var lastsTimer;
    /** Whether the connection goes on with the session of the one before it. */
    var goesOn = false;
    /** Whether its session is of another user than the one before it. */
    var changedUser = false;
    /** How many handshakes there were. The server does not hear requests of older ones. */
    var tries = 0;

    /** The session that the server has for this page, '' before the first. */
    var sessionId = '';
    /** Where a goodbye to it goes, and of which try it is; null where the server does not poll. */
    var farewell = null;
    /** Whether the page has gone. It may come back, from the browser's memory. */
    var gone = false;
    /** The number of the last message that went along with a goodbye. */
    var lastSaid = 0;
    /** The session that the page was last told of: another one is not a recovered one. */
    var toldId = '';
    /** The number of the server's last message. */
    var received = 0;
    var tellTimer = null;

    /** The transports to try; null for all that the server offers. */
    var transports = null;
    var webSocketWorked = false;

    function tell(next) {
      status = next;
      handlers.call('status', [status], []);
    }

    // -- Tries --

    function open() {
      tries += 1;
      link = createLink(io, server, places, transports, listener);
      // The application reads its part of the query at the handshake.
      var asked = query(sessionId && '&session=' + sessionId);
      link.setQuery(server.query ? server.query + '&' + asked : asked);
      link.start();
    }

    /** What each request says: which messages of the server are here, and of which try it is. */
    function query(more, attempt) {
      return 'got=' + received + '&try=' + (attempt || tries) + more;
    }

    /** What the link under way has to say. */
    var listener = {
      /** The server has answered the handshake. */
      onHandshake: function (id, pollingUrl, isAnotherUser) {
        if (id !== sessionId) startAnew(isAnotherUser);
        sessionId = id;
        lastSaid = 0;
        farewell = pollingUrl && { url: pollingUrl, attempt: tries };
        link.setQuery(query(''));
      },

      onConnect: function (transport) {
        var recovered = sessionId === toldId;
        var rest = recovered ? [] : queue.setAside();
        // A WebSocket that fails after one has worked is no reason to poll for good.
        if (transport === 'websocket') webSocketWorked = true;
        if (webSocketWorked) transports = null;
        toldId = sessionId;
        lasted = false;
        goesOn = recovered;
        clearTimeout(lastsTimer);
        lastsTimer = setTimeout(hasLasted, LASTED);
        queue.sendAgain();
        var next = {
          state: 'connected',
          attempt: status.attempt,
          transport: transport,
          recovered: recovered
        };
        if (changedUser && !recovered) next.reason = ANOTHER_USER;
        tell(next);
        // The emits of the page's own handler of 'status' go before what has waited.
        queue.takeBack(rest);
        send();
      },

      onPacket: receive,

      /** The server has refused a request for its size. */
      onTooMuch: function () {
        var tooLarge = queue.sendLess();
        if (tooLarge) (tooLarge.answer || throwLater)({ error: TOO_LARGE });
      },

      onFail: retry,

      /** The server has ended the session for good. */
      onEnd: function () {
        endFor(undefined);
      },

      /** The application does not let this page in. */
      onRefused: function (reason, again) {
        if (again) retry(reason);
        else endFor(reason);
      }
    };

    function hasLasted() {
      lasted = true;
    }

    /** It is over, by the server's will. */
    function endFor(reason) {
      dropLink();
      farewell = null;
      finish(reason);
      queue.giveUp().forEach(function (answer) {
        answer({ error: reason || ENDED });
      });
    }

    function retry(reason) {
      var failed = link;
      var attempt = lasted && status.state === 'connected' ? 1 : status.attempt + 1;
      if (failed && failed.transport() === 'websocket' && status.state !== 'connected') {
        transports = ['xhr-polling'];
      }
      dropLink();
      nextTry = setTimeout(open, pause(attempt));
      tell({ state: 'reconnecting', attempt: attempt, reason: reason });
    }

    /** Gives up what is under way, and says nothing to the server. */
    function dropLink() {
      var dropped = link;
      link = null;
      clearTimeout(nextTry);
      clearTimeout(lastsTimer);
      if (dropped) dropped.close();
    }

    function finish(reason) {
      var ended = { state: 'disconnected', attempt: 0 };
      if (reason) ended.reason = reason;
      sayGoodbye();
      farewell = null;
      tell(ended);
    }

    // -- The page leaves, and may come back from the browser's memory --

    if (root.addEventListener) {
      // Internet Explorer 9 and 10 do not know pagehide. Elsewhere a page with a handler of unload
      // is not kept in the browser's memory.
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
     * Ends the connection, and tells the server, with all messages that it may not have: each
     * counts once, in whatever order the requests arrive. Firefox ends the requests of a page
     * before it tells the page that it goes, so this needs no link, only a session.
     */
    function sayGoodbye() {
      var left = link;
      // A WebSocket that is open is the way itself; but not when the page goes: what it emits in
      // later handlers has to follow.
      var open = left && left.transport() === 'websocket' && status.state === 'connected';
      link = null;
      clearTimeout(nextTry);
      places.leave();
      if (left && ((open && !gone) || !farewell)) {
        if (left.sayGoodbye()) lastSaid = Math.max(lastSaid, queue.lastUnderWay());
        return;
      }
      if (left) left.close();
      if (farewell) sendGoodbye(farewell);
    }

    function sendGoodbye(to) {
      var last = queue.takeLast(gone ? LARGEST_BEACON : LARGEST, 0);
      // The server hears the try that its session is of: that of the last handshake it has
      // answered, or of a later one whose answer has not come.
      var sent = sendLast(to.url + '?' + query('', to.attempt), last.text);
      if (tries !== to.attempt) sendLast(to.url + '?' + query(''), last.text);
      // What may be under way for a page that has gone is limited, too: then only what is new.
      if (!sent && gone) {
        last = queue.takeLast(LARGEST_BEACON, lastSaid);
        sendLast(to.url + '?' + query('', to.attempt), last.text);
      }
      lastSaid = Math.max(lastSaid, last.number);
    }

    /**
     * Sends in a way that outlasts the page, where there is one.
     * @returns {boolean} whether the browser has taken it
     */
    function sendLast(url, text) {
      var navigator = root.navigator;
      if (navigator && navigator.sendBeacon && navigator.sendBeacon(url, text)) return true;
      // In Internet Explorer, which has none, only a request that holds the page up outlasts it.
      return postAlone(io, url, text, gone && isInternetExplorer());
    }

    // -- Messages of the page --

    function add(message) {
      queue.add(message, status.state === 'disconnected');
      // A handler of the page that is called after ours, when the page has gone.
      if (gone && farewell) sendGoodbye(farewell);
      else send();
    }

    function send() {
      if (!link || status.state !== 'connected') return;
      queue.takeDue().forEach(function (message) {
        link.send(textOf(message));
      });
    }

    /** The server has all messages up to `number`. */
    function arrived(number) {
      if (queue.arrived(number) && goesOn) lasted = true;
      send();
    }

    /**
     * The server has a new session for this page, and knows nothing of the last one.
     * @param {boolean} isAnotherUser whether that was of another user: what he wrote, this one
     * must not send
     */
    function startAnew(isAnotherUser) {
      // What went along with a goodbye to the last one has most probably arrived there.
      queue.arrived(lastSaid);
      received = 0;
      var lost = isAnotherUser ? queue.giveUp() : queue.startAnew();
      changedUser = isAnotherUser;
      lost.forEach(function (answer) {
        answer({ error: isAnotherUser ? ANOTHER_USER : RESTARTED });
      });
    }

    // -- Messages of the server --

    /** @param {ClientPacket} packet of the main namespace: an event, an acknowledgement, … */
    function receive(packet) {
      var number = Number(packet.id);
      if (packet.type === 'ack' && !number) return arrived(Number(packet.ackId));
      if (number) {
        if (number <= received) return; // it is here already
        if (number > received + 1) return retry(); // the one before it comes when we come back
        received = number;
        if (goesOn) lasted = true;
      }
      link.setQuery(query(''));
      if (link.transport() === 'websocket') tellSoon();
      if (packet.type === 'ack') queue.answer(packet.ackId, packet.args);
      else handle(packet);
    }

    function handle(packet) {
      var args = packet.args || [packet.data]; // data: of socket.send
      var answer = packet.ack === 'data' ? [acknowledgement(packet.id)] : [];
      handlers.call(packet.name || 'message', args, answer);
    }

    /** @returns {() => void} what a handler calls to acknowledge a message of the server */
    function acknowledgement(number) {
      var asker = sessionId;
      return function () {
        // A new session has given this number to another message.
        if (asker !== sessionId) return;
        var args = [].slice.call(arguments);
        var data = number + (args.length > 0 ? '+' + JSON.stringify(args) : '');
        add({ type: ACK, data: data, answer: null });
      };
    }

    /** Tells the server which messages are here, where no poll says it. */
    function tellSoon() {
      if (tellTimer) return;
      tellTimer = setTimeout(function () {
        tellTimer = null;
        if (!link || status.state !== 'connected') return;
        link.send('6:::' + received);
      }, CONFIRM_AFTER);
    }

    open();

    return {
      emit: function (name) {
        var args = [].slice.call(arguments, 1);
        var answer = null;
        if (typeof args[args.length - 1] === 'function') answer = safely(args.pop());
        // As text: what the page changes later is not in it, and what cannot be sent throws here.
        var event = args.length > 0 ? { name: name, args: args } : { name: name };
        add({ type: EVENT, data: JSON.stringify(event), answer: answer });
      },

      on: function (event, handler) {
        handlers.add(event, handler);
        if (event === 'status') safely(handler)(copy(status));
      },

      close: function () {
        finish();
      }
    };
  }

  // ---------------------------------------------------------------------------------------------
  // createQueue
  // ---------------------------------------------------------------------------------------------

  /**
   * The messages of the page, each with its number, until the server says that it has them; and
   * after that their acknowledgements, until they come.
   * @param {ClientLibrary} io
   */
  function createQueue(io) {
    /** Messages that the server may not have, oldest first. */
    var pending = [];
    /** How many of them have been sent over the present link. */
    var underWay = 0;
    /** How many may be. */
    var most = MOST_UNDER_WAY;
    /** The number of the last message. */
    var last = 0;
    /** What the acknowledgements to come are handed to, by the numbers of their messages. */
    var answers = {};

    /**
     * Numbers a message, and keeps it.
     * @throws if it cannot be sent
     */
    function add(message, closed) {
      message.id = last + 1;
      var text = textOf(message);
      if (closed) throw new Error('the connection is closed');
      if (pending.length >= MOST_WAITING) {
        throw new Error(MOST_WAITING + ' messages wait for the server');
      }
      if (text.length > LARGEST / 3 && bytes(text) > LARGEST) {
        throw new Error('the message is too large');
      }
      last += 1;
      message.size = text.length;
      pending.push(message);
    }

    /** @returns {Message[]} what may be sent now; from now on it is under way */
    function takeDue() {
      var largest = LARGEST_UNDER_WAY * most / MOST_UNDER_WAY;
      var from = underWay;
      var size = 0;
      for (var i = 0; i < pending.length && i < most; i++) {
        size += pending[i].size;
        if (i > 0 && size > largest) break;
        if (i === underWay) underWay += 1;
      }
      return pending.slice(from, underWay);
    }

    /**
     * The server has all messages up to `number`.
     * @returns {boolean} whether that is news
     */
    function arrived(number) {
      var before = pending.length;
      while (pending.length > 0 && pending[0].id <= number) {
        var message = pending.shift();
        if (message.answer) answers[message.id] = message.answer;
        underWay = Math.max(underWay - 1, 0);
        if (most < MOST_UNDER_WAY) most += 1;
      }
      return pending.length < before;
    }

    /** An acknowledgement has come. */
    function answer(number, args) {
      var waiting = answers[number];
      if (!waiting) return;
      delete answers[number];
      waiting.apply(null, args);
    }

    /**
     * The server takes less at once than we sent.
     * @returns {Message | null} a message that is too large by itself: it is given up
     */
    function sendLess() {
      if (most > 1 || pending.length === 0) {
        most = Math.floor(most / 4) || 1;
        return null;
      }
      pending.forEach(function (message) {
        message.id -= 1;
      });
      last -= 1;
      return pending.shift();
    }

    /**
     * The server has a new session: messages are numbered from 1 again.
     * @returns {Function[]} what waits for acknowledgements that will not come
     */
    function startAnew() {
      var lost = Object.keys(answers).map(function (number) {
        return answers[number];
      });
      answers = {};
      last = 0;
      // An acknowledgement would answer another message of the new session.
      pending = pending.filter(function (message) {
        return message.type !== ACK;
      });
      pending.forEach(number);
      return lost;
    }

    /** @returns {Function[]} what waits for acknowledgements: none will come */
    function giveUp() {
      var lost = startAnew();
      pending.forEach(function (message) {
        if (message.answer) lost.push(message.answer);
      });
      pending = [];
      return lost;
    }

    function number(message) {
      last += 1;
      message.id = last;
    }

    return {
      add: add,
      takeDue: takeDue,
      arrived: arrived,
      answer: answer,
      sendLess: sendLess,
      startAnew: startAnew,
      giveUp: giveUp,

      /** Nothing of it is under way any more. */
      sendAgain: function () {
        underWay = 0;
      },

      /** @returns {Message[]} all there is, so that others can be added before it */
      setAside: function () {
        var all = pending;
        pending = [];
        last = 0;
        return all;
      },

      takeBack: function (messages) {
        messages.forEach(number);
        pending = pending.concat(messages);
      },

      /**
       * @param {number} most bytes
       * @param {number} after the number of a message
       * @returns {{ text: string, number: number }} a payload of the messages after that one, as
       * many as may go, and a goodbye; the number of the last of them
       */
      takeLast: function (most, after) {
        var texts = [];
        var number = 0;
        var size = 100;
        pending.every(function (message) {
          if (message.id <= after) return true;
          var text = textOf(message);
          size += bytes(text) + 15; // its length goes before it
          if (size > most || texts.length >= MOST_IN_GOODBYE) return false;
          texts.push(text);
          number = message.id;
          return true;
        });
        return { text: io.parser.encodePayload(texts.concat('0::')), number: number };
      },

      lastUnderWay: function () {
        return underWay > 0 ? pending[underWay - 1].id : 0;
      }
    };
  }

  // ---------------------------------------------------------------------------------------------
  // createLink
  // ---------------------------------------------------------------------------------------------

  /**
   * One try: a session of 0.9's client, from its handshake until it fails or is given up. All that
   * is mended of that client (socket.io-client 0.9.17) is in here. After close, sayGoodbye, onFail
   * and onEnd the listener hears no more.
   * @param {ClientLibrary} io
   * @param {ServerAddress} server
   * @param {Places} places say when to poll
   * @param {string[] | null} transports those to try; null for all that the server offers
   * @param {LinkListener} listener
   */
  function createLink(io, server, places, transports, listener) {
    var namespace = io.connect(server.url, {
      resource: server.resource,
      reconnect: false,
      'force new connection': true,
      // After 10 s it would give a first poll up that waits for a free connection.
      'connect timeout': false,
      'auto connect': false // it begins before anything can be mended
    });
    var session = namespace.socket;
    /** What 0.9 does itself. */
    var original = {
      onPacket: session.onPacket,
      onDisconnect: session.onDisconnect,
      onError: session.onError
    };
    var over = false;
    var handshake = null;
    var tooLong;
    var postTooLong;
    /** The POST under way, and the packets that wait for its answer. */
    var posting = null;
    var waiting = [];

    // Not among the options above: 0.9 would write them into the list that all its sessions share.
    if (transports) session.options.transports = transports;

    function fail(reason) {
      if (!over) listener.onFail(reason);
    }

    function giveUpAfter(ms) {
      clearTimeout(tooLong);
      tooLong = setTimeout(function () {
        fail(TOO_SLOW);
      }, ms);
    }

    /** Where the application refuses this page, our server says so with this mark. */
    function refusal(answer) {
      var marked = (answer.status === 403 || answer.status === 401) &&
        /^unauthorized:(\{[\s\S]*\})$/.exec(answer.text);
      return marked ? parse(marked[1]) : null;
    }

    function transportName() {
      return session.transport ? session.transport.name : '';
    }

    // -- Requests --

    /**
     * Makes a request. 0.9 sends cookies to another origin with the handshake only.
     * @param {string} method GET or POST
     * @param {string} url without a query
     * @param {string | null} body
     * @param {string} more what its query says, besides what each one does
     * @param {(answer: Answer) => void} onAnswer is called once
     */
    function ask(method, url, body, more, onAnswer) {
      var crossOrigin = session.isXDomain();
      var request = io.util.request(crossOrigin);
      var now = 't=' + new Date().getTime();
      request.open(method, url + io.util.query(session.options.query + more, now), true);
      if (crossOrigin && 'withCredentials' in request) request.withCredentials = true;
      if (body !== null && request.setRequestHeader) {
        request.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8');
      }
      request.onreadystatechange = function () {
        if (request.readyState !== 4) return;
        request.onreadystatechange = ignore;
        onAnswer(readAnswer(request, crossOrigin));
      };
      request.send(body);
      return request;
    }

    /** @returns {string} the address of the server, where handshakes go, with a slash at its end */
    function address() {
      var options = session.options;
      var host = 'http' + (options.secure ? 's' : '') + '://' + options.host + ':' + options.port;
      return [host, options.resource, io.protocol, ''].join('/');
    }

    /** @returns {string | null} where polls go, null if the server takes none */
    function pollingUrl(id, offered) {
      if (offered.split(',').indexOf('xhr-polling') < 0) return null;
      return address() + 'xhr-polling/' + id;
    }

    // 0.9 does not say which handshakes have failed, cannot end one, and takes any answer with
    // status 200 for one. Where a browser lets no page ask another origin (Internet Explorer 9),
    // it asks for a script, which our server does not give: any page could read that.
    session.handshake = function (proceed) {
      if (session.isXDomain() && !io.util.ua.hasCORS) return refuse({ reason: TOO_OLD });
      handshake = ask('GET', address(), null, '', function (answer) {
        if (over) return;
        var refused = refusal(answer);
        if (refused) return refuse(refused);
        if (answer.status !== 200 || !HANDSHAKE.test(answer.text)) return fail(answer.fault);
        giveUpAfter(TOO_LONG); // the first poll
        var parts = answer.text.split(':');
        var isAnotherUser = parts[4] === 'another-user';
        listener.onHandshake(parts[0], pollingUrl(parts[0], parts[3] || ''), isAnotherUser);
        proceed.apply(null, parts);
      });
    };

    function refuse(refusal) {
      close();
      listener.onRefused(String(refusal.reason), refusal.again === true);
    }

    function mendPolling(transport) {
      // 0.9 does not say that a first poll has failed. It takes any answer with status 200, finds
      // no packet in it, and polls again at once.
      transport.get = function () {
        if (transport.isOpen) places.next(poll, giveWay);
      };

      function poll(wait) {
        transport.xhr = ask('GET', transport.prepareUrl(), null, wait, function (answer) {
          if (over) return;
          var packets = answer.status === 200 ? readPackets(io, answer.text) : null;
          if (!packets) return fail(answer.fault);
          transport.clearCloseTimeout();
          transport.setCloseTimeout();
          packets.forEach(function (packet) {
            transport.onPacket(packet);
          });
          transport.get();
        });
      }

      // The server sends again what was on its way, but not that the client is connected.
      function giveWay() {
        var request = transport.xhr;
        if (!session.connected || request.readyState > 1) return; // an answer comes
        request.onreadystatechange = ignore;
        request.abort();
        transport.get();
      }

      // 0.9 takes any answer with status 200 to a POST for our server's, which is 1; says not that
      // it was found too large; and waits for ever where there is none.
      transport.post = function (text) {
        clearTimeout(postTooLong);
        postTooLong = setTimeout(function () {
          fail(TOO_SLOW);
        }, TOO_LONG_TO_POST);
        posting = ask('POST', transport.prepareUrl(), text, '', function (answer) {
          if (over) return;
          clearTimeout(postTooLong);
          posting = null;
          if (answer.status === 200 && answer.text === '1') {
            places.hurry();
            return postWaiting();
          }
          if (answer.status === 413) listener.onTooMuch();
          fail(answer.fault);
        });
      };
    }

    /** Posts all that waits, in one payload, unless a POST is under way. */
    function postWaiting() {
      if (posting || waiting.length === 0) return;
      var text = io.parser.encodePayload(waiting);
      waiting = [];
      session.transport.post(text);
    }

    function mendWebSocket(transport) {
      giveUpAfter(TOO_LONG_TO_OPEN);
      // A browser may throw instead of making one, and 0.9 closes it all the same.
      transport.websocket = { close: ignore };
    }

    /** 1009 is how a server ends a WebSocket that has brought too large a message. */
    function watchForTooLarge(webSocket) {
      var onClose = webSocket.onclose;
      webSocket.onclose = function (event) {
        if (!over && event.code === 1009) listener.onTooMuch();
        onClose(event);
      };
    }

    // -- What 0.9 is told --

    session.onPacket = function (packet) {
      var message = /^(event|ack|message|json)$/.test(packet.type) && packet.endpoint === '';
      if (!message) return original.onPacket.call(session, packet);
      if (!over) listener.onPacket(packet);
    };

    // 0.9 says nothing where the connection is lost before it stood, or where the server does not
    // know the session, rather than has ended it.
    session.onDisconnect = function (reason) {
      var was = session.connecting || session.connected;
      original.onDisconnect.call(session, reason);
      if (!was || over) return;
      if (reason !== 'booted') return fail(NO_ANSWER);
      close();
      listener.onEnd();
    };

    session.onError = function (error) {
      if (!over && error && error.advice === 'reconnect') return fail(COME_AGAIN);
      return original.onError.call(session, error);
    };

    // -- What 0.9 tells --

    namespace.on('connecting', function () {
      if (over) return;
      if (transportName() === 'websocket') mendWebSocket(session.transport);
      else mendPolling(session.transport);
    });

    namespace.on('connect', function () {
      if (over) return;
      clearTimeout(tooLong);
      if (session.transport.websocket) watchForTooLarge(session.transport.websocket);
      listener.onConnect(transportName());
    });

    namespace.on('error', function (reason) {
      if (!session.connected) fail(typeof reason === 'string' ? reason : NO_ANSWER);
    });

    namespace.on('connect_failed', function () {
      fail('the server offers no transport that this browser has');
    });

    // -- The end --

    /** Ends it, and says nothing to the server. */
    function close() {
      over = true;
      session.open = false; // or 0.9 says goodbye
      end();
    }

    function end() {
      var transport = session.transport;
      over = true;
      clearTimeout(tooLong);
      clearTimeout(postTooLong);
      places.stop();
      if (handshake) handshake.abort();
      if (posting) posting.abort();
      clearTimeout(session.heartbeatTimeoutTimer);
      session.setHeartbeatTimeout = ignore; // it would throw where there is no transport
      if (!transport) return;
      transport.open = ignore; // in WebKit 0.9 opens it a moment after the handshake
      session.disconnect();
      // 0.9 does not end a transport that was too slow to connect.
      transport.close();
      transport.clearTimeouts();
    }

    /**
     * Ends it, and tells the server over its WebSocket.
     * @returns {boolean} whether the messages under way can be taken for sent
     */
    function sayGoodbye() {
      var said = session.connected;
      end();
      return said;
    }

    return {
      start: function () {
        giveUpAfter(TOO_LONG);
        session.connect();
      },

      /** @param {string} query what each request says from now on */
      setQuery: function (query) {
        session.options.query = query;
      },

      /** @param {string} text a packet */
      send: function (text) {
        if (transportName() === 'websocket') return session.transport.send(text);
        waiting.push(text);
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
   * Says when this tab may poll. A poll that the server holds takes one of the browser's six
   * connections to it: with six tabs nothing else gets through. So there are four places for all
   * tabs. A tab that has one holds its polls. One that has none asks for short polls (wait=0), and
   * pauses between them: the server answers these at once.
   *
   * The places are entries of localStorage, which all tabs of an origin share:
   *
   *   realtime <server> place 0   <id of the tab> <hidden or visible> <time>
   *   realtime <server> without   <time>: then a tab had no place
   *   realtime <server> turn      <time>: then the tabs without a place were to poll
   *
   * A visible tab takes the place of a hidden one, whose poll then ends. Nothing is locked: where
   * two tabs take a place at the same time, both poll for a moment, and the last one has it.
   *
   * Browsers slow the timers of hidden tabs, Chromium to one a minute, but neither the answer to a
   * request nor the storage event. So the tab with the first place asks for polls of a second while
   * there are tabs without a place, and calls them after each.
   *
   * Without localStorage each tab holds its polls.
   * @param {ServerAddress} server
   * @returns {Places}
   */
  function createPlaces(server) {
    var prefix = 'realtime ' + server.url + ' ';
    var entries = createEntries(prefix);
    var id = Math.random().toString(36).slice(2);
    /** The number of this tab's place, -1 if it has none. */
    var mine = -1;
    /** Ends the poll that is held; null if none is. */
    var giveWay = null;
    /** Begins the short poll that is paused for; null if none is. */
    var paused = null;
    var pauseTimer;
    /** When the last short poll began, ms. */
    var lastShortPoll = 0;

    if (root.addEventListener && root.document) {
      root.addEventListener('storage', onStorage);
      root.document.addEventListener('visibilitychange', onVisibility);
    }

    function now() {
      return new Date().getTime();
    }

    /** @returns {boolean} whether something of this time has expired; or the clock was set */
    function isOver(time, after) {
      return !(Math.abs(now() - time) < after);
    }

    function isHidden() {
      return Boolean(root.document && root.document.hidden);
    }

    function read(number) {
      var parts = entries.get('place ' + number).split(' ');
      return { id: parts[0], hidden: parts[1] === 'hidden', time: Number(parts[2]) };
    }

    function write(number) {
      mine = number;
      entries.set('place ' + number, [id, isHidden() ? 'hidden' : 'visible', now()].join(' '));
    }

    function hasPlace() {
      return mine >= 0 && read(mine).id === id;
    }

    /** Takes a place, or keeps the one there is. @returns {boolean} whether there is one */
    function takePlace() {
      var free = -1;
      var ofHidden = -1;
      if (hasPlace()) {
        // Not at each poll: all tabs are told of it.
        if (isOver(read(mine).time, PLACE_EXPIRES / 3)) write(mine);
        return true;
      }
      for (var number = PLACES - 1; number >= 0; number--) {
        var place = read(number);
        if (isOver(place.time, PLACE_EXPIRES)) free = number;
        else if (place.hidden) ofHidden = number;
      }
      if (free < 0 && !isHidden()) free = ofHidden;
      if (free < 0) return false;
      write(free);
      return true;
    }

    /** The tab with the first place calls those without one. @returns {string} how long it polls */
    function call() {
      if (mine !== 0 || isOver(entries.get('without'), PLACE_EXPIRES)) return '';
      if (isOver(entries.get('turn'), SHORT_PAUSE_IF_CALLED)) entries.set('turn', now());
      return '&wait=1';
    }

    /**
     * @param {(wait: string) => void} poll is called when it is time to poll
     * @param {() => void} end is called where the poll has to end before it is answered
     */
    function next(poll, end) {
      stop();
      if (takePlace()) {
        giveWay = end;
        return poll(call());
      }
      if (isOver(entries.get('without'), PLACE_EXPIRES / 3)) entries.set('without', now());
      if (isOver(lastShortPoll, SHORT_PAUSE)) {
        lastShortPoll = now();
        return poll('&wait=0');
      }
      paused = function () {
        next(poll, end);
      };
      pauseTimer = setTimeout(paused, lastShortPoll + SHORT_PAUSE - now());
    }

    /** Ends the pause, if there is one. */
    function hurry() {
      if (!paused) return;
      lastShortPoll = 0;
      paused();
    }

    function stop() {
      clearTimeout(pauseTimer);
      paused = giveWay = null;
    }

    function leave() {
      stop();
      if (hasPlace()) entries.set('place ' + mine, '');
      mine = -1;
    }

    /** Another tab has changed something. */
    function onStorage(event) {
      if (String(event.key).indexOf(prefix) !== 0) return;
      if (event.key === prefix + 'turn') {
        if (isOver(lastShortPoll, SHORT_PAUSE_IF_CALLED)) hurry();
      } else if (giveWay && !hasPlace()) {
        giveWay();
      }
    }

    function onVisibility() {
      if (paused) paused();
      else if (hasPlace()) write(mine);
    }

    return { next: next, hurry: hurry, stop: stop, leave: leave };
  }

  /** Entries of localStorage; or of this tab alone, where that cannot be used. */
  function createEntries(prefix) {
    var own = {};
    var storage = null;
    try {
      storage = root.localStorage;
    } catch (error) {
      // The browser is set to let pages keep nothing.
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
          storage = null; // it is full
        }
      }
    };
  }

  // ---------------------------------------------------------------------------------------------
  // Small functions
  // ---------------------------------------------------------------------------------------------

  /**
   * Where the server is: as the options say, or at the address of the client script,
   * http://server/app/socket/socket.io.js.
   * @param {ConnectOptions} options
   * @returns {ServerAddress}
   */
  function whereIs(options) {
    var page = root.location;
    var script = root.document && root.document.querySelector('script[src*="/socket.io.js"]');
    var parts = /^(https?:\/\/[^/]+)\/(.+)\/socket\.io\.js/i.exec(script ? script.src : '');
    var named = (options.url !== undefined ? options.url : '').split('?');
    var url = named[0].replace(/\/+$/, '');
    var resource = options.resource || (parts ? parts[2] : 'socket.io');
    // Beside a resource, the server is the page's own.
    if (options.url === undefined && !options.resource && parts) url = parts[1];
    // 0.9 knows the page's own address, and cannot read one of IPv6.
    if (page && url === page.protocol + '//' + page.host) url = '';
    return {
      url: url,
      query: [queryOf(named.slice(1).join('?')), queryOf(options.query)].filter(Boolean).join('&'),
      resource: resource.replace(/^\/+|\/+$/g, '')
    };
  }

  /**
   * Makes the query of a handshake.
   * @param {string | { [name: string]: string | number | boolean } | undefined} query as text,
   * encoded as in an address, or as an object, of which all is encoded here
   * @returns {string} encoded so that 0.9, which cuts a value at its first =, leaves it whole
   * @throws if a name is one that this file or 0.9 uses
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

  /** Encodes what has to be, in a text that is encoded already. */
  function encodeRest(text) {
    return text.replace(/%(?![0-9a-f]{2})/gi, '%25')
      .replace(/[\ud800-\udbff][\udc00-\udfff]|[^\w.~!*'()%+-]/g, encodeURIComponent);
  }

  /** The handlers of events, by name. */
  function createHandlers() {
    var handlers = {};

    return {
      add: function (event, handler) {
        var key = '$' + event; // no name means anything to JavaScript with that before it
        handlers[key] = (handlers[key] || []).concat(handler);
      },

      /**
       * @param {any[]} args values of JSON; each handler gets its own, to keep and to change
       * @param {Function[]} more what comes after them
       */
      call: function (event, args, more) {
        (handlers['$' + event] || []).forEach(function (handler, i, all) {
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

  /** @returns {string} a message of the page as a packet */
  function textOf(message) {
    return message.type + ':' + message.id + (message.answer ? '+' : '') + '::' + message.data;
  }

  /**
   * @param {number} attempt 2 for the second try, …
   * @returns {number} ms. Not the same for all clients: they were all disconnected at one moment
   */
  function pause(attempt) {
    var longest = Math.min(FIRST_PAUSE * Math.pow(2, attempt - 1), LONGEST_PAUSE);
    return longest * (0.5 + Math.random() / 2);
  }

  /**
   * Reads the answer to a request.
   * @param {XMLHttpRequest} request that is over
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
      text = error ? '' : text; // Internet Explorer throws where the connection was lost
    }
    var nothing = crossOrigin ? NO_ANSWER_ACROSS : NO_ANSWER;
    return { status: status, text: text, fault: status === 0 ? nothing : fault(status, text) };
  }

  /** @returns {string} why an answer is not one of our server's, for a person to read */
  function fault(status, text) {
    var prefix = status === 200 ? '' : 'status ' + status + ': ';
    if (text === 'client not handshaken') return COME_AGAIN;
    if (/^\s*$/.test(text)) return prefix + NOTHING;
    if (/^\s*</.test(text)) return prefix + HTML;
    // A line of text with a status is how our server refuses.
    if (status !== 200 && /^[^<\n]{1,200}$/.test(text)) return text;
    return prefix + FOREIGN;
  }

  /**
   * Reads the packets that a poll brings. 0.9 skips those that it cannot read.
   * @returns {ClientPacket[] | null} null if that is not what our server sends, whole
   */
  function readPackets(io, text) {
    var packets = split(text).map(function (one) {
      return readPacket(io, one);
    });
    return packets.length > 0 && packets.every(Boolean) ? packets : null;
  }

  /** @returns {string[]} the packets of a payload, none if it is not whole */
  function split(text) {
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

  /** @returns {ClientPacket | null} null if it is none, or only a part of one */
  function readPacket(io, text) {
    if (!PACKET.test(text)) return null;
    var packet = io.parser.decodePacket(text);
    if (packet.type === 'event' && typeof packet.name !== 'string') return null;
    if (packet.type === 'json' && packet.data === undefined) return null;
    if (packet.type === 'ack') {
      if (packet.ackId === undefined) return null;
      // 0.9 makes no arguments of JSON that it cannot read.
      if (packet.args.length === 0 && /\+./.test(text.replace(PACKET, '')) &&
        !/\+\[\s*\]$/.test(text)) return null;
    }
    return packet;
  }

  /** @returns {any} null if the text is not JSON */
  function parse(text) {
    try {
      return JSON.parse(text);
    } catch (error) {
      return error ? null : undefined;
    }
  }

  /** @returns {number} how many bytes a text has as UTF-8 */
  function bytes(text) {
    return unescape(encodeURIComponent(text)).length;
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
        setTimeout(function () {
          throw error;
        });
      }
    };
  }

  /**
   * Posts without a link.
   * @param {boolean} waits whether the page is held up until it is answered
   * @returns {boolean} whether it could be sent
   */
  function postAlone(io, url, text, waits) {
    var crossOrigin = Boolean(root.location) && url.indexOf(origin(root.location)) !== 0;
    var request = io.util.request(crossOrigin);
    var sent = true;
    try {
      request.open('POST', url, !waits);
      if (crossOrigin && 'withCredentials' in request) request.withCredentials = true;
      if (request.setRequestHeader) {
        request.setRequestHeader('Content-Type', 'text/plain;charset=UTF-8');
      }
      request.send(text);
    } catch (error) {
      sent = !error;
    }
    return sent;
  }

  function isInternetExplorer() {
    return Boolean(root.document && /** @type {any} */ (root.document).documentMode);
  }

  /** @returns {string} of a location, with its port */
  function origin(place) {
    var port = place.port || (place.protocol === 'https:' ? 443 : 80);
    return place.protocol + '//' + place.hostname + ':' + port + '/';
  }

  function throwLater(answer) {
    setTimeout(function () {
      throw new Error(answer.error);
    });
  }

  function ignore() {}

  if (typeof module === 'object' && module.exports) module.exports = { connect: connect };
  else /** @type {any} */ (root).Realtime = { connect: connect };
})(/** @type {any} */ (typeof window === 'undefined' ? {} : window));
