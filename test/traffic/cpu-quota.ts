/** For `defects.test.ts`, as a process: asks for the whole processor while it is watched, and tells what the watch saw. */
import { watchMachine } from '../../src/traffic/machine-watch.ts';

const BUSY_MS = 800;

process.once('message', () => {
  const machine = watchMachine();
  const untilMs = performance.now() + BUSY_MS;
  while (performance.now() < untilMs) {}
  process.send?.(machine.finish(), () => process.disconnect());
});
process.send?.('ready');
