/** What a timer can hold; a longer one would fire at once. */
const longestMs = 2 ** 31 - 1;

/** Calls `listener` once it is `time` (milliseconds since 1970), however far that is. Gives what prevents it. */
export function at(time: number, listener: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    const left = Math.max(0, time - Date.now());
    timer = setTimeout(look, Math.min(left, longestMs)).unref();
  };
  // A timer may be a millisecond early: what has expired by it would be good by the clock.
  const look = () => (Date.now() < time ? wait() : listener());
  wait();
  return () => clearTimeout(timer);
}
