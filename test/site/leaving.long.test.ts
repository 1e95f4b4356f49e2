/* As leaving.test.ts, twelve times each way, and each way in both browsers. */
import { leave, leaveWithHandlers } from './leaving/cases';

for (const name of ['chromium', 'firefox'] as const) {
  leave(name, 12);
  leaveWithHandlers(name, 12);
}
