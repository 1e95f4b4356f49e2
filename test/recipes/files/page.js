var connection = Realtime.connect();
var byId = function (id) { return document.getElementById(id); };

function show(file) {
  var line = document.createElement('li');
  var link = document.createElement('a');
  link.href = 'files/' + file.id;
  link.textContent = file.name + ', ' + file.bytes + ' bytes';
  line.appendChild(link);
  byId('files').appendChild(line);
}

connection.on('files', function (all) {
  byId('files').textContent = '';
  all.forEach(show);
});
connection.on('file', show);

byId('file').onchange = function () {
  var file = byId('file').files[0];
  var request = new XMLHttpRequest();
  request.open('POST', 'files?name=' + encodeURIComponent(file.name));
  request.send(file);
};
