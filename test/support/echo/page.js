/* The script of the page of these tests: shows the state, and the server's answers. */
(function () {
  'use strict';

  /** @param {string} id */
  function $(id) {
    return /** @type {HTMLElement} */ (document.getElementById(id));
  }

  var connection = Realtime.connect();

  connection.on('status', function (status) {
    $('state').className = status.state;
    $('state').textContent = status.state;
  });

  connection.on('response', function (text) {
    var item = document.createElement('li');
    item.className = 'in';
    item.textContent = text;
    $('log').appendChild(item);
  });

  $('send').addEventListener('submit', function (event) {
    event.preventDefault();
    connection.emit('message', /** @type {HTMLInputElement} */ ($('text')).value);
  });
})();
