import type { Logger } from 'pino';

/** Whether a part can be reached, as whoever reaches for it finds out; both may be told again and again. */
export interface Outage {
  began(sentence: string): void;
  ended(): void;
}

/** Logs in one line that a part is away, and in another one that it is back, however many things fail of it meanwhile. */
export function logOutage(name: string, logger: Logger): Outage {
  let away = false;
  return {
    began(sentence) {
      if (!away) logger.warn(sentence);
      away = true;
    },
    ended() {
      if (away) logger.info(`${name} is back`);
      away = false;
    },
  };
}
