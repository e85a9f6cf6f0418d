import { fstatSync } from 'node:fs';

/** Resolves when the user ends a command that runs until then: Ctrl-C, a request to terminate, or the end of what is piped into it. */
export function untilStopped(): { readonly stopped: Promise<void>; release(): void } {
  const { stdin } = process;
  // A terminal is not read: a process in the background that does is halted by its shell. Nor is a device such as /dev/null,
  // which ends at once and says nothing about what the user wants.
  const reads = !stdin.isTTY && !isDevice(stdin.fd);
  let finish = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    // Signals bring their name along.
    finish = () => resolve();
  });
  process.on('SIGINT', finish);
  process.on('SIGTERM', finish);
  if (reads) stdin.once('end', finish).once('error', finish).resume();
  return {
    stopped,
    release() {
      process.off('SIGINT', finish);
      process.off('SIGTERM', finish);
      // An open input would keep the process alive.
      if (reads) stdin.off('end', finish).off('error', finish).destroy();
    },
  };
}

function isDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    // A closed standard input is no pipe either.
    return true;
  }
}
