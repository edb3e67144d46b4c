import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { _electron } from 'playwright';
import { root } from '../helpers/workbench.ts';
import { expect, test } from './fixtures.ts';

const folder = path.join(root, 'node_modules/electron');
const program = existsSync(path.join(folder, 'path.txt'))
  ? path.join(folder, 'dist', readFileSync(path.join(folder, 'path.txt'), 'utf8').trim())
  : null;
const reason =
  "Electron's binary is not installed here, so the desktop window is not tested; its adapters are, in test/server/hosts.test.ts";
if (!program) console.log(`skipped: ${reason}`);

test('the desktop window opens the sample', async ({ userData }) => {
  test.skip(program === null, reason);
  const app = await _electron.launch({
    executablePath: program!,
    args: [root, '--no-sandbox'],
    env: { ...process.env, ENCNET_USER_DATA: userData },
  });
  const window = await app.firstWindow();
  await expect(window.getByRole('button', { name: 'Sample street' })).toBeVisible();
  await app.close();
});
