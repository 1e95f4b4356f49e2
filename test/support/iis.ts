/* Copies of the template on the stand-in for IIS. */
import type { TestContext } from 'node:test';
import { Iis, IisOptions, startIis } from '../../tools/iis';
import { deploy, Edit } from './template';

/** A copy of the template on the stand-in for IIS. */
export interface Deployed extends Iis {
  folder: string;
  /** The stand-in's trace of the requests so far. */
  trace: string[];
}

/** Makes a copy of the template, with edits. The copy is gone when the test ends. @returns its folder */
type Make = (t: TestContext, edits: Edit[]) => string | Promise<string>;

/** Serves a copy of the template with the stand-in for IIS, until the test ends. `make` makes the copy. */
export async function serveAsIis(
  t: TestContext, edits: Edit[] = [], options: Partial<IisOptions> = {}, make: Make = deploy,
): Promise<Deployed> {
  // The functions of t.after run in their order. So the server ends before its folder is removed.
  let stop = () => Promise.resolve();
  t.after(() => stop());
  const folder = await make(t, edits);
  const trace: string[] = [];
  const server = await startIis({ folder, trace: line => { trace.push(line); }, ...options });
  stop = server.close;
  return { ...server, folder, trace };
}
