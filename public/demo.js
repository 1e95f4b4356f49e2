/*
 * The script of the demo page. Replace this file along with src/app.ts. The file is ES5, and
 * `npm run build` checks it against src/events.ts.
 */
(function () {
  'use strict';

  /** The number of the round trips that are drawn, and of the messages that are listed. */
  var KEPT = 30;

  /** @param {string} id */
  function $(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
  }

  var input = /** @type {HTMLInputElement} */ ($('text'));
  /**
   * The last round trips, ms, oldest first.
   * @type {number[]}
   */
  var trips = [];

  /**
   * Start when the server's client script is there. If the server did not answer while the page was
   * loaded, the script is missing: ask for it again until it comes.
   */
  function load() {
    var again = document.createElement('script');
    if (window.io) return start();
    $('state').textContent = 'the server does not answer, trying again…';
    again.src = /** @type {HTMLScriptElement} */ ($('client')).src + '?' + new Date().getTime();
    again.onload = start;
    again.onerror = function () { setTimeout(load, 3000); };
    document.body.appendChild(again);
  }

  function start() {
    var connection = Realtime.connect();

    connection.on('status', function (status) {
      var text = status.state;
      if (status.state === 'reconnecting') text += ', try ' + status.attempt + '…';
      else if (status.state === 'connecting') text += '…';
      $('state').className = status.state;
      $('state').textContent = text + (status.reason ? ' (' + status.reason + ')' : '');
      $('transport').textContent = status.transport || '–';
      if (status.state !== 'connected') $('clients').textContent = '–';
    });

    connection.on('clients', function (count) {
      $('clients').textContent = String(count);
    });

    connection.on('response', function (text) {
      line('in', text);
    });

    $('send').addEventListener('submit', function (event) {
      var text = input.value;
      var sent = new Date().getTime();
      event.preventDefault();
      if (!text) return;
      var note = line('out', text);
      input.value = '';
      input.focus();
      note.textContent = ' waiting…';
      connection.emit('message', text, function (answer) {
        var error = answer.error;
        if (error) {
          note.textContent = ' ' + error;
          return;
        }
        var ms = new Date().getTime() - sent;
        note.textContent = ' received, ' + ms + ' ms';
        trips = trips.concat(ms).slice(-KEPT);
        draw();
      });
    });
  }

  /**
   * Add a message to the list.
   * @param {string} way 'in' or 'out'
   * @param {string} text
   * @returns {HTMLElement} the place for a note beside the message
   */
  function line(way, text) {
    var log = $('log');
    var item = document.createElement('li');
    var note = document.createElement('small');
    item.className = way;
    item.appendChild(document.createTextNode((way === 'in' ? 'Server: ' : 'You: ') + text));
    item.appendChild(note);
    log.insertBefore(item, log.firstChild);
    while (log.childNodes.length > KEPT) log.removeChild(/** @type {Node} */ (log.lastChild));
    return note;
  }

  /** Draw the last round trips, and write their median. */
  function draw() {
    var sorted = trips.slice().sort(function (a, b) { return a - b; });
    var half = (sorted.length - 1) / 2;
    var median = (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
    var top = Math.max(sorted[sorted.length - 1], 1);
    var points = trips.map(function (ms, i) {
      return (i * 116 / (KEPT - 1) + 2).toFixed(1) + ',' + (22 - ms / top * 20).toFixed(1);
    });
    if (points.length === 1) points.push('118,' + points[0].split(',')[1]);
    $('trips').getElementsByTagName('polyline')[0].setAttribute('points', points.join(' '));
    $('median').textContent = median + ' ms';
  }

  load();
})();
