/* A case of address.test.ts, in Firefox. */
import { clockJumps } from './address/clock';

clockJumps('firefox');
