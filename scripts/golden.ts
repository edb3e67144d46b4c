// Prints the worst deviation of each quantity of golden case files; exit code 1 beyond tolerance.
import { runGoldenFile } from '../test/golden-runner/run-file.ts';
import { messageOf } from '../src/shared/errors.ts';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('Usage: npm run golden -- FILE…   (such as test/golden/*.json)');
  process.exitCode = 1;
}
for (const file of files) {
  console.log(`\n${file}`);
  try {
    const { rows, failures } = runGoldenFile(file);
    const width = Math.max(...rows.map(({ quantity }) => quantity.length));
    for (const { quantity, deviation, tolerance } of rows) {
      console.log(
        `  ${deviation <= tolerance ? 'ok  ' : 'FAIL'} ${quantity.padEnd(width)}  ` +
          `${deviation.toExponential(1)} of ${tolerance.toExponential(0)}`,
      );
    }
    if (failures.length > 0) process.exitCode = 1;
  } catch (error) {
    console.error(`  error: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
