/**
 * Loaded before `@portkey-ai/gateway`: puts Node's own `Response` back where its server library, in the versions that its
 * package asks for, has put one of its own. With that one no streamed answer gets through: the gateway wants to add a
 * header to it, and that throws.
 */
const { Response } = globalThis;
const timer = setInterval(() => {
  if (globalThis.Response === Response) return;
  clearInterval(timer);
  Object.defineProperty(globalThis, 'Response', { value: Response, writable: true, configurable: true });
}, 10);
