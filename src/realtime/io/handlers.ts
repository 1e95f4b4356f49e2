/*
 * Calls functions of the application, its handlers, authorizations and middleware. manager.ts,
 * middleware.ts, namespace.ts, socket.ts and users.ts use this file.
 */
export type Handler = (...args: any[]) => unknown;

/**
 * Calls handlers. If a handler throws, or its promise is rejected, the other handlers are called
 * all the same, and the process does not end.
 * @param self the value of `this` in the handlers
 * @param failed takes the error of a handler
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
 * Waits for the error of an async function. From node 15 on, a rejected promise without a listener
 * ends the process.
 * @param result the value that the function has returned, a promise or anything else
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
