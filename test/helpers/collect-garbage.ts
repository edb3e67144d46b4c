import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Has V8 go through the whole heap at once: what is held after it is held by somebody. */
export const collectGarbage = runInNewContext('gc') as () => void;
