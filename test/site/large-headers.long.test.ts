/* The cases of large-headers.test.ts, with more versions of node. */
import { areRefused, comeThrough } from './large-headers/cases';

for (const version of ['10.24.1', '12.22.12', '13.14.0']) comeThrough(version);
areRefused('');
