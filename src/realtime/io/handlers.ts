/*
 * How the application's functions are called, its handlers and authorizations: for manager.ts,
 * namespace.ts, socket.ts and users.ts.
 */
export type Handler = (...args: any[]) => unknown;

/**
 * `callHandlers` calls handlers, so that one that throws, or whose promise is rejected, keeps
 * neither the others from being called nor the process from living.
 * @param self what the handlers have for `this`
 * @param failed takes what was thrown
 */
export function callHandlers(
  handlers: Handler[], self: object | undefined, args: unknown[], failed: (error: unknown) => void,
): void {
  for (const handler of handlers) {
    try {
      caught(handler.apply(self, args), failed);
    } catch (error) {
      failed(error);
    }
  }
}

/**
 * `caught` hears what an async function fails with: a rejected promise that nobody hears ends the
 * process, from node 15 on.
 * @param result what the function returned, a promise or anything else
 */
export function caught(result: unknown, failed: (error: unknown) => void): void {
  if (isPromise(result)) result.then(undefined, failed);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

/** @returns a function that calls `then` at its first call only */
export function once<A extends unknown[]>(then: (...args: A) => void): (...args: A) => void {
  let called = false;
  return (...args) => {
    if (called) return;
    called = true;
    then(...args);
  };
}
