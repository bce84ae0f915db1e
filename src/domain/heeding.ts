/**
 * What `promise` gives, unless `signal` is aborted first. What the promise gives later is the caller's to end; its
 * failure is nobody's then.
 * @throws the signal's reason
 */
export async function heeding<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([aborted.promise, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
