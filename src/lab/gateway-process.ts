/**
 * A process that is the lab's gateway: an emulator of what ARR does towards the outside, not ARR itself. It lives no longer than its
 * parent.
 */
import { once } from 'node:events';
import { startGateway } from './arr.ts';
import type { GatewayOptions, LabMessage } from './options.ts';

/** Stopping takes a moment; a parent that waits must not wait for ever. */
const STOPS_WITHIN_MS = 2_000;

/** The options come as the first argument or, without one, as the first message of the parent. */
async function readOptions(): Promise<GatewayOptions> {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) return JSON.parse(argument) as GatewayOptions;
  const [message] = (await once(process, 'message')) as [GatewayOptions];
  return message;
}

async function main(): Promise<void> {
  let stop = async (): Promise<void> => {};
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(1), STOPS_WITHIN_MS).unref();
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('disconnect', end);
  process.on('SIGTERM', end);
  // Ctrl-C reaches every process of a terminal; a parent that is still there says itself when the lab may end.
  process.on('SIGINT', () => {
    if (!process.connected) end();
  });
  process.on('message', (message) => {
    if (message === 'stop') end();
  });
  try {
    const gateway = await startGateway(await readOptions());
    stop = gateway.stop;
    const message: LabMessage = { type: 'listening', port: gateway.port };
    // A parent that has gone is not an error here: `disconnect` ends the process.
    process.send?.(message, () => {});
  } catch (error) {
    if (process.send === undefined) throw error;
    const message: LabMessage = { type: 'failed', error: error instanceof Error ? error.message : String(error) };
    process.send(message, () => process.exit(1));
  }
}

await main();
