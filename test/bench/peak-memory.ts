import { readFileSync } from 'node:fs';

/** On Linux `maxRSS` of a child begins with what its parent had; `VmHWM` is of this program alone. */
export function peakMiB(): number {
  const own =
    process.platform === 'linux' ? /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] : undefined;
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) / 1_024;
}
