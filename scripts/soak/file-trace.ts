// What a process opens, makes, renames and removes, as the system's own tracer tells it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const canTrace = (): boolean => process.platform === 'linux' && spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

const calls =
  'open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,truncate,chmod,fchmodat';

/** The tracer's own arguments, before those of the program. */
export const traceArguments = (file: string): string[] => ['-f', '-qq', '--seccomp-bpf', '-e', `trace=${calls}`, '-s', '4096', '-o', file];

/** What a tracer wrote that succeeded and concerns a path below one of these folders. */
export function touched(file: string, folders: readonly string[]): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => folders.some((folder) => line.includes(`"${folder}`)) && !/ = -1 E|unfinished/.test(line));
}

/** Paths that were written, made, renamed or removed outside of these folders. */
export function writtenOutside(file: string, allowed: readonly string[]): string[] {
  return (
    readFileSync(file, 'utf8')
      .split('\n')
      // A file without a name is nobody's: SQLite sorts in such a one.
      .filter(
        (line) => !/ = -1 E|unfinished|O_TMPFILE/.test(line) && (/O_WRONLY|O_RDWR|O_CREAT/.test(line) || !/\bopen(at|at2)?\(/.test(line)),
      )
      .flatMap((line) => [...line.matchAll(/"(\/[^"]*)"/g)].map(([, name]) => name))
      .filter((name) => !allowed.some((folder) => name === folder || name.startsWith(`${folder}/`)))
  );
}
