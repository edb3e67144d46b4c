import { readFile } from 'node:fs/promises';
import path from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
  '.ico': 'image/x-icon',
};

/** The policy both hosts serve the page under. WebAssembly is what OpenCV is; functions made of strings stay forbidden. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
  "font-src 'self'; connect-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

/** What every answer carries, pictures and errors too: other pages may not use it, and its type is not guessed. */
export const secureHeaders = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** A part of an address without its escapes; null for a broken one, which no address of ours has. */
export function unescaped(text: string): string | null {
  try {
    // Its value is what is returned: a bundler leaves out a call that only throws.
    return decodeURIComponent(text);
  } catch {
    // Told by null.
    return null;
  }
}

/** Serves a file of the built renderer, or null if there is none. Nothing outside `root` can be reached. */
export async function staticFile(root: string, pathname: string): Promise<Response | null> {
  const plain = unescaped(pathname);
  if (plain === null) return null;
  const relative = path.normalize(plain).replace(/^([/\\])+/, '') || 'index.html';
  const file = path.join(root, relative);
  if (!file.startsWith(root + path.sep)) return null;
  try {
    const hashed = relative.startsWith('assets');
    return new Response(new Uint8Array(await readFile(file)), {
      headers: {
        ...secureHeaders,
        'content-type': types[path.extname(file)] ?? 'application/octet-stream',
        'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
        'content-security-policy': contentSecurityPolicy,
      },
    });
  } catch {
    // No such file: the caller answers 404.
    return null;
  }
}
