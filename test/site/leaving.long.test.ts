/* As leaving.test.ts, twelve times each way. */
import { leave } from './leaving/cases';

leave(12);
