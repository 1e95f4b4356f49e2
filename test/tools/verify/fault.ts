/* A fault that is put into a site which works, and what verify has to say of it. */
import type { TestContext } from 'node:test';
import type { IisOptions } from '../../../tools/iis';
import type { Options } from '../../../tools/verify/verify';
import type { Edit } from './config';
import type { Front } from './front';

export interface FaultCase {
  what: string;
  edits?: Edit[];
  iis?: Partial<IisOptions>;
  /** What the web.config of the folder above says. */
  parent?: string;
  front?: Front;
  /** Its node, where that is another one; the test is skipped where it is not to be had. */
  node?: (t: TestContext) => string | null;
  options?: Partial<Options>;
  /** What the address has behind the application's; '/…' from the root of the site. */
  path?: string;
  /** The checks that fail, in their order; `more` where others may fail as well. */
  fails: string[];
  more?: boolean;
  /** The first line of what to change: the cure. */
  cure: RegExp;
  /** More of what is said. */
  says?: RegExp;
}
