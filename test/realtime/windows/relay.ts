/*
 * A relay to the named pipes inside wine, which programs outside of wine cannot reach. A node under
 * wine runs this file. It takes TCP connections on loopback. The first line of each connection
 * names its pipe. Node 10 has to be able to run this file, so it uses nothing newer.
 */
import net from 'net';

const server = net.createServer(from => {
  from.on('error', () => undefined).once('data', data => {
    const line = data.indexOf('\n');
    from.pause();
    const to = net.connect(data.toString('utf8', 0, line), () => {
      from.write('\n');
      to.write(data.slice(line + 1));
      from.pipe(to).pipe(from);
    });
    // If one side fails or closes, the other is closed too. Otherwise a connection that nobody
    // answers would look like a slow one.
    to.on('error', () => undefined).on('close', () => from.destroy());
    from.on('close', () => to.destroy());
  });
}).listen(0, '127.0.0.1', () => {
  // Tells the port to the process that started this one, and ends when that process is gone.
  const starter: net.Socket = net.connect(Number(process.argv[2]), '127.0.0.1', () => starter.write(`${(server.address() as net.AddressInfo).port}\n`));
  starter.on('error', () => undefined).on('close', () => process.exit());
});
