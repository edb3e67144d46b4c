import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../../test/helpers/workbench.ts';

/** The file that ships, in resources/models. */
export const modelName = 'light-camvid.safetensors';

/** What the built command line prints. @throws Error if it fails; why is on stderr */
export function cli(...args: string[]): string {
  const program = path.join(root, 'out/main/cli.js');
  return execFileSync(process.execPath, [program, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
