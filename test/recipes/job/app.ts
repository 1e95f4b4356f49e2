import { randomBytes } from 'crypto';
import type { Server } from '../../../src/realtime';

interface Job { done: number; of: number; result?: string }
interface In {
  start: (parts: number, answer: (id: string) => void) => void;
  /** A page asks by the id of its job, after a reload or a restart. */
  watch: (id: string, answer: (job: Job | null) => void) => void;
}
interface Out {
  progress: (id: string, job: Job) => void;
  finished: (id: string, job: Job) => void;
}

export function app(io: Server<In, Out>): void {
  const jobs = new Map<string, Job>();

  io.sockets.on('connection', socket => {
    socket.on('start', (parts, answer) => {
      if (!(parts >= 1 && parts <= 1000) || jobs.size >= 100) return;
      const id = randomBytes(8).toString('hex');
      jobs.set(id, { done: 0, of: parts });
      socket.join(id);
      answer(id);
      void work(id);
    });
    socket.on('watch', (id, answer) => {
      const job = jobs.get(id);
      if (job) socket.join(id);
      answer(job || null);
    });
  });

  async function work(id: string): Promise<void> {
    const job = jobs.get(id)!;
    while (job.done < job.of) {
      await doPart();
      job.done += 1;
      // Only the newest progress counts. The end must arrive, so it is not volatile.
      io.sockets.in(id).volatile.emit('progress', id, job);
    }
    job.result = `${job.of} parts`;
    io.sockets.in(id).emit('finished', id, job);
    // A page that comes back within an hour gets the result.
    setTimeout(() => jobs.delete(id), 3600000).unref();
  }
}

/** This function waits, as real work waits for other programs: the process stays free. */
function doPart(): Promise<void> {
  return new Promise(resolve => { setTimeout(resolve, 10); });
}
