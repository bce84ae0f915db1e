import type { Position } from './cursor.ts';
import type { AttemptStartedEntry, EndedEntry, Entry, QueuedEntry } from './entry.ts';

/** What a subscriber is sent: an entry, or several in one, and the place after it. */
export interface LogEvent {
  readonly entry: Entry;
  readonly position: Position;
}

export interface NumberedEntry {
  readonly offset: number;
  readonly entry: Entry;
}

/** So much text, in UTF-16 code units, is told in one event: more than 10,000 tokens. */
export const mostText = 1 << 16;

/**
 * Says with at most four events (queued, attempt, text, ended) what `entries` say, to a reader who is at `from`.
 *
 * Attempts fold into the last one, whose `keptLength` is then the least that any of them, or the text after them,
 * leaves of what the reader has. Text that outlived an earlier attempt is sent after that event although it is older,
 * so the event's own position stays where everything still unsent lies behind it.
 *
 * It ends with the first entry that takes the answer to a multiple of `most` code units, or beyond; what follows is for
 * another time. So no event is large, and readers who are behind, wherever they were, come to the same places, where
 * what is merged for one is there for all.
 */
export function merge(entries: Iterable<NumberedEntry>, from: Position, most = mostText): LogEvent[] {
  let queued: LogEvent | undefined;
  let attempt: AttemptStartedEntry | undefined;
  let attemptOffset = from.offset;
  let ended: LogEvent | undefined;
  let start = from.length;
  let text = '';
  let textAt = 0;
  let tokens = 0;
  let last = from.offset;
  let clearAt = from.offset;
  let reached = 0;

  const rewind = (length: number) => {
    if (length < start) start = length;
    text = text.slice(0, length - start);
  };
  const at = (offset: number, length: number): Position => ({ epoch: from.epoch, offset, length });

  for (const { offset, entry } of entries) {
    if (entry.type === 'ended') {
      ended = { entry, position: at(offset, start + text.length) };
      break;
    }
    if (entry.type === 'queued') queued = queuedEvent(entry, at(offset, 0));
    if (entry.type === 'attemptStarted') {
      rewind(entry.keptLength);
      attempt = entry;
    }
    if (entry.type === 'textAppended') {
      rewind(entry.position);
      reached = Math.floor((start + text.length) / most);
      if (text === '') textAt = entry.at;
      text += entry.text;
      tokens += entry.tokens;
    }
    last = offset;
    if (text === '') clearAt = offset;
    if (entry.type === 'attemptStarted') attemptOffset = clearAt;
    if (entry.type === 'textAppended' && Math.floor((start + text.length) / most) > reached) break;
  }

  const events: LogEvent[] = queued ? [queued] : [];
  if (attempt) events.push({ entry: { ...attempt, keptLength: start }, position: at(attemptOffset, start) });
  if (text) {
    const entry: Entry = { type: 'textAppended', at: textAt, position: start, text, tokens };
    events.push({ entry, position: at(last, start + text.length) });
  }
  if (ended) events.push(ended);
  return events;
}

const queuedEvent = (entry: QueuedEntry, position: Position): LogEvent => ({ entry, position });

export const isEnd = (event: LogEvent): event is LogEvent & { entry: EndedEntry } => event.entry.type === 'ended';
