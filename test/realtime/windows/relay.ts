/*
 * The way to named pipes from outside of wine, which has no door for it: run by a node under wine, this takes TCP connections on
 * loopback. The first line of each names the pipe that it goes on to. A node down to 10 runs it: nothing newer here.
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
    // Where one side ends by an error or is gone, so is the other: a connection that nobody answers would look like a slow one.
    to.on('error', () => undefined).on('close', () => from.destroy());
    from.on('close', () => to.destroy());
  });
}).listen(0, '127.0.0.1', () => {
  // Whoever started this is told the port, and this ends with them.
  const starter: net.Socket = net.connect(Number(process.argv[2]), '127.0.0.1', () => starter.write(`${(server.address() as net.AddressInfo).port}\n`));
  starter.on('error', () => undefined).on('close', () => process.exit());
});
