/* Copies of the template on the stand-in for IIS. */
import type { TestContext } from 'node:test';
import { Iis, IisOptions, startIis } from '../../tools/iis';
import { deploy, Edit } from './template';

/** A copy of the template on the stand-in for IIS. */
export interface Deployed extends Iis {
  folder: string;
  /** What the stand-in says of the requests so far. */
  trace: string[];
}

/** Makes a copy of the template, with edits, until the test ends. */
type Make = (t: TestContext, edits: Edit[]) => string | Promise<string>;

/** Serves a copy of the template as IIS would, until the test ends. `make` gives the folder. */
export async function serveAsIis(
  t: TestContext, edits: Edit[] = [], options: Partial<IisOptions> = {}, make: Make = deploy,
): Promise<Deployed> {
  // What runs in the folder ends before the folder goes: clean-up runs in the order that it is given.
  let stop = () => Promise.resolve();
  t.after(() => stop());
  const folder = await make(t, edits);
  const trace: string[] = [];
  const server = await startIis({ folder, trace: line => { trace.push(line); }, ...options });
  stop = server.close;
  return { ...server, folder, trace };
}
