import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { SetupError } from './log.mjs';
import { answers, run } from './run.mjs';

/** The C++ compiler to use. @throws SetupError with the remedy when there is none */
export function findCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ['g++', 'clang++', 'c++'];
  const found = candidates.find((name) => answers(name, '--version'));
  if (found) return found;
  const remedy = process.platform === 'darwin' ? 'xcode-select --install' : 'apt-get install g++';
  throw new SetupError(`No C++ compiler was found: install one (${remedy}) and run the command again.`);
}

/**
 * Compiles tfjs's Node-API binding against the staged C library.
 * Node-API keeps its ABI, so one binary serves every Node and Electron; the headers come from npm, nothing is downloaded.
 */
export async function compileBinding(packageFolder, runtime, modules) {
  const output = path.join(runtime, 'lib/napi-v8');
  mkdirSync(output, { recursive: true });
  const library = path.join(runtime, 'deps/lib');
  const origin = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  const undefinedSymbols = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  await run(
    findCompiler(),
    [
      '-O2',
      '-shared',
      '-fPIC',
      '-std=c++17',
      '-DNAPI_VERSION=8',
      ...undefinedSymbols,
      `-I${path.join(modules, 'node-api-headers/include')}`,
      `-I${packageFolder}`,
      `-I${path.join(runtime, 'deps/include')}`,
      path.join(packageFolder, 'binding/tfjs_backend.cc'),
      path.join(packageFolder, 'binding/tfjs_binding.cc'),
      '-o',
      path.join(output, 'tfjs_binding.node'),
      `-L${library}`,
      '-ltensorflow',
      '-ltensorflow_framework',
      `-Wl,-rpath,${origin}/../../deps/lib`,
    ],
    { remedy: "The compiler's errors are above." },
  );
}
