/** What a timer can hold; a longer one would fire at once. */
const longestMs = 2 ** 31 - 1;

/** Calls `listener` once it is `time` (milliseconds since 1970), however far that is. Gives what prevents it. */
export function at(time: number, listener: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    const left = time - Date.now();
    timer = left > longestMs ? setTimeout(wait, longestMs) : setTimeout(listener, Math.max(0, left));
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
