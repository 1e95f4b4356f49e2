/* The type of a fault in a site that works otherwise, with the report that verify has to make. */
import type { TestContext } from 'node:test';
import type { IisOptions } from '../../../tools/iis';
import type { Options } from '../../../tools/verify/verify';
import type { Edit } from './config';
import type { Front } from './front';

export interface FaultCase {
  what: string;
  edits?: Edit[];
  iis?: Partial<IisOptions>;
  /** The content of <configuration> in the web.config of the folder above. */
  parent?: string;
  front?: Front;
  /**
   * Returns the path of another node for the site. It returns null without this node, and the test
   * is skipped.
   */
  node?: (t: TestContext) => string | null;
  options?: Partial<Options>;
  /**
   * The path that verify gets behind the address of the application. '/…' is from the root of the
   * site.
   */
  path?: string;
  /** The names of the checks that fail. */
  fails: string[];
  /** Whether other checks may fail, too. */
  more?: boolean;
  /** The first line of the list of changes. It has the cure. */
  cure: RegExp;
  /** Another text in the report. */
  says?: RegExp;
}
