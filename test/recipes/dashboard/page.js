var connection = Realtime.connect();

function show(machine, value) {
  document.getElementById(machine).textContent = String(value);
}

connection.on('values', function (values) {
  for (var machine in values) show(machine, values[machine]);
});
connection.on('value', show);
