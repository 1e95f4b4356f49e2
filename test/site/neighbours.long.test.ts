/*
 * More of neighbours.test.ts: web.config without each section, and without each attribute of an
 * entry.
 */
import { eachIsNeeded } from './neighbours/lines';

eachIsNeeded(false);
