import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../node_modules');

/**
 * A Chromium for the tests: CHROMIUM_PATH if set, else the one packed in @sparticuz/chromium, unpacked once into
 * node_modules/.cache. It is unpacked under another name and renamed, so that half a browser is never used.
 */
export async function findChromium(): Promise<string> {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const cache = path.join(modules, '.cache');
  const manifest = JSON.parse(readFileSync(path.join(modules, '@sparticuz/chromium/package.json'), 'utf8')) as { version: string };
  const target = path.join(cache, `chromium-${manifest.version}`);
  const program = path.join(target, 'chromium');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(path.join(cache, 'chromium-partial-'));
  process.env.TMPDIR = partial;
  const { default: chromium } = await import('@sparticuz/chromium');
  await chromium.executablePath();
  delete process.env.TMPDIR;
  try {
    renameSync(partial, target);
  } catch {
    // Another process was first.
    rmSync(partial, { recursive: true, force: true });
  }
  return program;
}

/** Only this: the package's own arguments switch off the very checks that some tests are about. */
export const chromiumArguments = ['--no-sandbox'];
