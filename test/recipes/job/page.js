var connection = Realtime.connect();
var byId = function (id) { return document.getElementById(id); };
// The address keeps the id, so a page that is reloaded goes on watching.
var mine = location.hash.slice(1);

function show(id, job) {
  if (id !== mine || !job) return;
  byId('bar').value = job.done / job.of;
  byId('result').textContent = job.result || '';
}

connection.on('progress', show);
connection.on('finished', show);
connection.on('status', function (status) {
  if (status.state !== 'connected' || status.recovered || !mine) return;
  connection.emit('watch', mine, function (job) { show(mine, job); });
});

byId('start').onclick = function () {
  connection.emit('start', 50, function (id) {
    mine = id;
    location.hash = id;
  });
};
