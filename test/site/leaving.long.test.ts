/* The cases of leaving.test.ts: each way to leave, twelve times, in both browsers. */
import { leave, leaveWithHandlers } from './leaving/cases';

for (const name of ['chromium', 'firefox'] as const) {
  leave(name, 12);
  leaveWithHandlers(name, 12);
}
