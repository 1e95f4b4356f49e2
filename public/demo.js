/*
 * The script of the demo page. Replace this file along with src/app.ts. The file is ES5, and
 * `npm run build` checks it against src/events.ts.
 */
(function () {
  'use strict';

  /** The most round trips that are drawn, and the most messages that are listed. */
  var KEPT = 30;
  /** The fewest round trips that are drawn. */
  var FEWEST_DRAWN = 5;
  /** The most characters of a message that are listed. */
  var LONGEST = 300;

  /** @param {string} id */
  function $(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
  }

  var input = /** @type {HTMLInputElement} */ ($('text'));
  /** @type {ReturnType<typeof Realtime.connect>} */
  var connection;
  /** The messages that were submitted before there was a connection: functions that send them. */
  var early = /** @type {(() => void)[]} */ ([]);
  /** The number of messages that the server has not acknowledged. */
  var waiting = 0;
  /** The state of the connection, as realtime.js names it. */
  var state = /** @type {ConnectionStatus['state']} */ ('connecting');
  /** The state in words. */
  var stateText = 'connecting…';
  /** The number of changes of the state. */
  var changes = 0;
  /**
   * The last round trips, ms, oldest first.
   * @type {number[]}
   */
  var trips = [];

  /**
   * Starts when the server's client script is there. If the server did not answer while the page
   * was loaded, the script is missing. Then this function asks for the script until it comes.
   */
  function load() {
    var again = document.createElement('script');
    if (window.io) return start();
    stateText = 'the server does not answer, trying again…';
    showState();
    again.src = /** @type {HTMLScriptElement} */ ($('client')).src + '?' + new Date().getTime();
    again.onload = start;
    again.onerror = function () { setTimeout(load, 3000); };
    document.body.appendChild(again);
  }

  function start() {
    connection = Realtime.connect();

    connection.on('status', function (status) {
      changes += 1;
      state = stateText = status.state;
      if (state === 'reconnecting') stateText += ', try ' + status.attempt + '…';
      else if (state === 'connecting') stateText += '…';
      if (status.reason) stateText += ' (' + status.reason + ')';
      $('state').className = state;
      $('transport').textContent = status.transport || '–';
      if (state !== 'connected') $('clients').textContent = '–';
      showState();
    });

    connection.on('clients', function (count) {
      $('clients').textContent = String(count);
    });

    connection.on('response', function (text) {
      line('in', 'Server', text);
    });

    connection.on('message', function (text) {
      line('other', 'Another window', text);
    });

    while (early.length > 0) /** @type {() => void} */ (early.shift())();
  }

  $('send').addEventListener('submit', function (event) {
    var text = input.value;
    event.preventDefault();
    if (!text) return;
    var note = line('out', 'You', text);
    input.value = '';
    input.focus();
    note.textContent = ' waiting…';
    waiting += 1;
    showState();
    if (connection) send(text, note);
    else early.push(function () { send(text, note); });
  });

  /**
   * Sends a message, and writes beside it when the server has acknowledged it.
   * @param {string} text
   * @param {HTMLElement} note
   */
  function send(text, note) {
    var sent = new Date().getTime();
    // A message that waits for a connection says nothing about how fast the connection is.
    var before = state === 'connected' ? changes : -1;
    try {
      connection.emit('message', text, function (answer) {
        var ms = new Date().getTime() - sent;
        var received = 'received' + (before === changes ? ', ' + ms + ' ms' : '');
        settle(note, answer.error ? 'not taken: ' + answer.error : received);
        if (answer.error || before !== changes) return;
        trips = trips.concat(ms).slice(-KEPT);
        draw();
      });
    } catch (error) {
      // The message is too large, or too many messages wait already.
      settle(note, 'not sent: ' + error.message);
    }
  }

  /**
   * Counts one message less that waits, and writes the outcome beside the message.
   * @param {HTMLElement} note the place for the outcome
   * @param {string} text the outcome
   */
  function settle(note, text) {
    waiting -= 1;
    note.textContent = ' ' + text;
    showState();
  }

  /** Shows the state of the connection, and the number of messages that wait for it. */
  function showState() {
    var isAway = state !== 'connected' && state !== 'disconnected';
    var text = waiting === 1 ? 'One message waits.' : waiting + ' messages wait.';
    $('state').textContent = isAway && waiting > 0 ? stateText + ' ' + text : stateText;
  }

  /**
   * Adds a message to the list.
   * @param {string} way the class of the message: 'in', 'out' or 'other'
   * @param {string} who the sender
   * @param {string} text the message
   * @returns {HTMLElement} the place for a note beside the message
   */
  function line(way, who, text) {
    var log = $('log');
    var item = document.createElement('li');
    var note = document.createElement('small');
    item.className = way;
    // A note beside a longer text would not be seen.
    if (text.length > LONGEST) text = text.slice(0, LONGEST) + '…';
    item.appendChild(document.createTextNode(who + ': ' + text));
    item.appendChild(note);
    log.insertBefore(item, log.firstChild);
    while (log.childNodes.length > KEPT) log.removeChild(/** @type {Node} */ (log.lastChild));
    return note;
  }

  /** Writes the median of the last round trips, and draws them if there are enough for a line. */
  function draw() {
    var sorted = trips.slice().sort(function (a, b) { return a - b; });
    var half = (sorted.length - 1) / 2;
    var median = (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
    $('median').textContent = median + ' ms';
    if (trips.length < FEWEST_DRAWN) return;
    var top = Math.max(sorted[sorted.length - 1], 1);
    var points = trips.map(function (ms, i) {
      return (i * 116 / (KEPT - 1) + 2).toFixed(1) + ',' + (22 - ms / top * 20).toFixed(1);
    });
    $('trips').getElementsByTagName('polyline')[0].setAttribute('points', points.join(' '));
  }

  load();
})();
