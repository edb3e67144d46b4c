import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '#shared/errors';

/** The project's resources/ folder, found upwards from this module: it serves the sources, the build and a packaged application. */
export function findResources(from = fileURLToPath(import.meta.url)): string {
  const packaged = (process as NodeJS.Process & { resourcesPath?: string }).resourcesPath;
  if (packaged && existsSync(path.join(packaged, 'migrations'))) return packaged;
  for (let folder = path.dirname(from); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'resources');
    if (existsSync(path.join(candidate, 'migrations'))) return candidate;
  }
  throw new AppError('internal', `The resources folder was not found above ${from}`);
}
