import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './log.mjs';

// The fourteen headers that the binding really includes.
const headers = [
  ...['c_api', 'c_api_macros', 'tf_attrtype', 'tf_buffer', 'tf_datatype', 'tf_status', 'tf_tensor', 'tf_tstring', 'eager/c_api'].map(
    (name) => `tensorflow/c/${name}.h`,
  ),
  'tensorflow/core/platform/ctstring.h',
  'tensorflow/core/platform/ctstring_internal.h',
  'tsl/platform/ctstring.h',
  'tsl/platform/ctstring_internal.h',
  'xla/tsl/c/tsl_status.h',
];

const extractScript = `
import os, shutil, sys, zipfile
wheel, target = sys.argv[1], sys.argv[2]
headers = sys.argv[3].split(",")
with zipfile.ZipFile(wheel) as z:
    names = set(z.namelist())
    def take(name, to):
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with z.open(name) as source, open(to, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    for h in headers:
        for prefix in ("tensorflow/include/", "tensorflow/include/external/local_tsl/"):
            if prefix + h in names:
                take(prefix + h, os.path.join(target, "include", h))
    for n in names:
        base = os.path.basename(n)
        if n.startswith("tensorflow/lib") and n.count("/") == 1 and base.startswith(("libtensorflow_cc", "libtensorflow_framework")):
            take(n, os.path.join(target, "lib", base))
            print(base)
`;

/** Takes the C library, its framework library and the headers from a TensorFlow wheel into `target`/{lib,include}. */
export async function extractLibraries(python, wheelFile, target) {
  mkdirSync(target, { recursive: true });
  const result = spawnSync(python, ['-c', extractScript, wheelFile, target, headers.join(',')], { encoding: 'utf8' });
  const libraries = result.stdout.trim().split('\n');
  if (result.status !== 0 || libraries.length < 2) {
    throw new SetupError(
      `${path.basename(wheelFile)} could not be unpacked: ` +
        `${result.stderr.trim().split('\n').at(-1) || 'it holds no libtensorflow_cc'}. Is the disk full?`,
    );
  }
  for (const library of libraries) {
    for (const alias of aliases(library)) symlinkSync(library, path.join(target, 'lib', alias));
  }
}

/** Names under which the linker and the binding look for a library: libtensorflow_cc serves as libtensorflow. */
function aliases(library) {
  const extension = library.endsWith('.dylib') ? '.dylib' : '.so';
  const stem = library.startsWith('libtensorflow_cc') ? 'libtensorflow' : 'libtensorflow_framework';
  const versioned = extension === '.so' ? `${stem}.so.2` : `${stem}.2.dylib`;
  return [`${stem}${extension}`, versioned].filter((name) => name !== library);
}
