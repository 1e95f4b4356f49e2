/*
 * Headers above 8 KB, as a single sign-on has them, up to the 16 KB that IIS takes; and what is said of
 * larger ones. With this node, and with one that IIS 7.5's Windows can run. large-headers.long.test.ts
 * has the others.
 */
import { packaged } from '../support/packaged';
import { areRefused, comeThrough } from './large-headers/cases';

comeThrough('');
comeThrough('12.22.12', packaged);
areRefused('12.22.12');
