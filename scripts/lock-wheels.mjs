// npm run lock-wheels [-- VERSION]: pins the wheels of TensorFlow, and of the CUDA libraries it asks for, as pip's index has them now.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main } from './setup/index.mjs';
import { SetupError, say } from './setup/log.mjs';
import { lockFile, platformTags, pythonVersion, tensorflowVersion } from './setup/pins.mjs';
import { findPython } from './setup/wheel.mjs';

const wanted = [
  ['linux-x64', 'cpu', 'tensorflow-cpu'],
  ['linux-x64', 'gpu', 'tensorflow[and-cuda]'],
  ['linux-arm64', 'cpu', 'tensorflow'],
  ['darwin-arm64', 'cpu', 'tensorflow'],
];

/** What pip would install, without installing it. */
function resolve(python, platform, requirement) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-lock-'));
  const report = path.join(folder, 'report.json');
  const tags = platformTags[platform].flatMap((tag) => ['--platform', tag]);
  const abi = `cp${pythonVersion.replace('.', '')}`;
  const interpreter = ['--python-version', pythonVersion, '--implementation', 'cp', '--abi', abi, '--target', path.join(folder, 'target')];
  // Only CUDA's wheels are wanted besides TensorFlow's own, and these depend on each other alone.
  const alone = requirement.includes('[') ? [] : ['--no-deps'];
  const args = [
    '-m',
    'pip',
    'install',
    '--dry-run',
    '--ignore-installed',
    '--quiet',
    '--only-binary=:all:',
    ...alone,
    ...tags,
    ...interpreter,
  ];
  try {
    execFileSync(python, [...args, '--report', report, requirement], { stdio: ['ignore', 'inherit', 'inherit'] });
    return JSON.parse(readFileSync(report, 'utf8')).install;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The size is asked of the index: pip's report does not tell it. */
async function pin({ metadata: { name, version }, download_info: { url, archive_info: archive } }) {
  const { sha256 } = archive.hashes;
  const answer = await fetch(url, { method: 'HEAD' });
  const size = Number(answer.headers.get('content-length'));
  if (!sha256 || !(size > 0)) throw new SetupError(`${name} ${version}: the index tells no sha256 or no size.`);
  return {
    name: name.toLowerCase().replaceAll('_', '-'),
    version,
    file: decodeURIComponent(path.basename(new URL(url).pathname)),
    size,
    sha256,
  };
}

await main(async () => {
  const python = findPython();
  const version = process.argv[2] ?? tensorflowVersion;
  const { archives } = JSON.parse(readFileSync(lockFile, 'utf8'));
  const platforms = {};
  for (const [platform, device, requirement] of wanted) {
    say(`${platform}, ${device}`);
    const found = resolve(python, platform, `${requirement}==${version}`);
    const isTensorflow = ({ metadata: { name } }) => /^tensorflow([-_]cpu)?$/i.test(name);
    const ours = [...found.filter(isTensorflow), ...found.filter(({ metadata: { name } }) => name.startsWith('nvidia-'))];
    platforms[platform] = { ...platforms[platform], [device]: await Promise.all(ours.map(pin)) };
  }
  writeFileSync(lockFile, `${JSON.stringify({ tensorflow: version, python: pythonVersion, platforms, archives }, null, 2)}\n`);
  say(`${path.basename(lockFile)} is written: look at what has changed, and run the tests`);
});
