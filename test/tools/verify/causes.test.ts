/* If several causes look alike from outside, `npm run verify` names the right one first. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { notAcknowledged } from '../../../tools/verify/causes/event';
import { origins } from '../../../tools/verify/checks/origins';
import { report } from '../../../tools/verify/table';
import { arrive } from '../../../tools/verify/target';
import { defaults, verify } from '../../../tools/verify/verify';
import { emptyFolder, otherPath } from '../../support/template';
import { setting } from './config';
import { answerWith, standInFront } from './front';
import { site } from './site';

const first = (list: string) => /^1\. .*/m.exec(list)?.[0] ?? list;

/** Makes a folder with the sources of an application. @param app the text of src/app.ts */
function sources(t: TestContext, app: string): string {
  const folder = emptyFolder(t, 'sources-');
  for (const name of ['src', 'src/realtime']) mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, 'src/app.ts'), app);
  writeFileSync(path.join(folder, 'src/realtime/io.ts'), 'socket.on(\'inside\', () => 1);\n');
  return folder;
}

test('a site of which verify is told a wrong path or origin', async t => {
  const iis = await site(t, [setting('APP_PATH', otherPath)], { app: otherPath });

  await t.test('the application is at the path that the files here say', async () => {
    const results = await verify(`${iis.origin}${otherPath}x/`, { patience: 0, folder: iis.folder });
    const list = report(results, iis.folder);
    assert.match(first(list), new RegExp(`^1\\. here: npm run verify -- http://localhost:\\d+${otherPath}/$`));
    assert.doesNotMatch(list, /request filtering/);
  });

  await t.test('the address comes before request filtering, where the path is not known', async () => {
    // verify gets an empty folder here, so it does not know the path of the application.
    const folder = emptyFolder(t, 'other-');
    const results = await verify(`${iis.origin}${otherPath}x/`, { patience: 0, folder });
    const list = report(results, folder);
    assert.match(first(list), /^1\. on the server, .*appcmd list app$/);
    assert.match(list, /if the address is not that of an application/);
    const ofAddress = list.indexOf('the address is not');
    assert(list.indexOf('request filtering refuses every') > ofAddress, list);
  });

  await t.test('another application answers with a page of its own', async inner => {
    const address = await standInFront(inner, iis, {
      request: (_req, res) => answerWith(res, 404, '<h1>The resource cannot be found.</h1>'),
    });
    const folder = emptyFolder(inner, 'other-');
    const list = report(await verify(address, { patience: 0, folder }), folder);
    assert.match(list, /because another application answers at this address/);
  });

  await t.test('an origin that is not allowed is no proxy\'s fault', async () => {
    const { folder } = iis;
    const { target } =
      await arrive(iis.url, { ...defaults, folder, origin: 'http://www.example.com' });
    const { saw, faults = [] } = await origins(target);
    target.browser.close();
    const list = report([{ name: 'origins of pages', state: 'failed', saw, faults }], folder);
    assert.match(first(list), /<add key="ALLOWED_ORIGINS" value="http:\/\/www\.example\.com" \/>/);
    assert.doesNotMatch(list, /proxy/);
  });
});

test('the sources say why an event is not acknowledged', t => {
  const why = (folder: string, event: string) => notAcknowledged(folder, event).map(one => one.why);
  const folder = sources(t, `
    // socket.on('gone', (text, ack) => ack(text));
    io.sockets.on('connection', socket => {
      socket.on('silent', text => console.log(text));
      socket.on('two', async (text: string, ack: () => void) => { await save(text); });
      socket.on('many', function (from, to, ack) { ack(from + to); });
      socket.on('object', ({ id }, ack) => ack(id));
      socket.on('elsewhere', save);
      socket.on('disconnect', () => undefined);
    });
    io.on('clients', () => undefined);
  `);
  for (const event of ['silent', 'two', 'elsewhere']) {
    assert.match(why(folder, event)[0]!, /does not call its acknowledgement/, event);
  }
  for (const event of ['many', 'object']) {
    assert.match(why(folder, event)[0]!, /takes other arguments than one text/, event);
  }
  for (const event of ['gone', 'inside', 'clients', 'Silent']) {
    assert.deepEqual(why(folder, event), [
      `nobody handles '${event}': the sources here have handlers of `
      + '\'silent\', \'two\', \'many\', \'object\', \'elsewhere\'',
    ]);
  }
  assert.match(why(sources(t, ''), 'message')[0]!, /^nobody handles 'message'$/);
});
