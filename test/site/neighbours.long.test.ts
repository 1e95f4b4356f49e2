/* As neighbours.test.ts: web.config without each of its sections and of its entries' attributes. */
import { eachIsNeeded } from './neighbours/lines';

eachIsNeeded(false);
