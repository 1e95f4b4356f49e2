/* The script of the page of the tests: it shows the state of its connection, and what was said. */
(function () {
  'use strict';

  function $(id) {
    return document.getElementById(id);
  }

  /** Adds a line, and returns the place for a note beside its text. */
  function line(way, text) {
    var item = document.createElement('li');
    var note = document.createElement('small');
    item.className = way;
    item.appendChild(document.createTextNode(text));
    item.appendChild(note);
    $('log').appendChild(item);
    return note;
  }

  /** All that the page was told of its connection. */
  var statuses = window.statuses = [];

  var connection = Realtime.connect();
  connection.on('status', function (status) {
    statuses.push(status);
    $('state').className = status.state;
    $('state').textContent = status.state + (status.reason ? ' (' + status.reason + ')' : '');
    $('transport').textContent = status.transport || '';
  });
  connection.on('clients', function (count) {
    $('clients').textContent = String(count);
  });
  connection.on('response', function (text) {
    line('in', text);
  });
  $('send').addEventListener('submit', function (event) {
    var text = $('text').value;
    var note = line('out', text);
    event.preventDefault();
    $('text').value = '';
    connection.emit('message', text, function (answer) {
      note.textContent = answer.error ? ' ' + answer.error : ' received';
    });
  });
})();
