import { AppError } from '../errors.ts';
import type { ClassInfo } from './class-info.ts';

/** Of one class a network is sure everywhere, whatever it sees. @throws AppError 'invalid-argument' where there is only one to learn */
export function assertSeveral(classes: readonly Pick<ClassInfo, 'name'>[]): void {
  if (classes.length > 1) return;
  const [{ name } = { name: 'no class' }] = classes;
  throw new AppError(
    'invalid-argument',
    `The class set has "${name}" alone, and a network learns to tell at least two classes apart: ` +
      `add one for what is not ${name}, and label it too`,
  );
}
