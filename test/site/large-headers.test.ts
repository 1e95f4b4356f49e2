/*
 * Headers between 8 KB and the 16 KB that IIS takes: a single sign-on may need them. The answer to
 * larger headers is tested too. The tests run with this node, and with one that the Windows of IIS
 * 7.5 can run. large-headers.long.test.ts has the other versions.
 */
import { packaged } from '../support/packaged';
import { areRefused, comeThrough } from './large-headers/cases';

comeThrough('');
comeThrough('12.22.12', packaged);
areRefused('12.22.12');
