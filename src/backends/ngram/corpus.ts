import { readFile } from 'node:fs/promises';
import { BackendError } from '../backend.ts';
import { NgramModel } from './model.ts';

const TEXT = new URL('./moby-dick.txt', import.meta.url);

let shared: Promise<NgramModel> | undefined;

/**
 * The model, trained at the first call and then shared by the whole process.
 *
 * @throws BackendError (`unavailable`) where the text can't be read; the next call tries again.
 */
export function mobyDick(): Promise<NgramModel> {
  shared ??= train().catch((cause: unknown) => {
    shared = undefined;
    throw new BackendError('unavailable', 'The n-gram model could not be trained', { cause });
  });
  return shared;
}

const train = async (): Promise<NgramModel> => new NgramModel(await readFile(TEXT, 'utf8'));
