/* Runs `npm run verify` against a site with each of the faults. */
import { all, findEach } from './faults';

findEach(all.map(fault => [fault]));
