/** What Linux tells in /proc about the processes that a test has started. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The process ids of a process's children and theirs, from /proc; empty elsewhere. */
export function descendants(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    // It has ended, or this system has no /proc.
    return [];
  }
}

export function isRunning(pid: number): boolean {
  try {
    // The last bracket ends the program's name; the state follows. A zombie has ended.
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1);
    return state?.startsWith('Z') === false;
  } catch {
    return false;
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/** Whether this very process has the listening socket of the port on 127.0.0.1; where /proc is missing we have to believe it. */
export function listensOn(pid: number | undefined, port: number): boolean {
  if (!existsSync('/proc/net/tcp')) return true;
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  // Columns: number, local address, remote address, state (0A: listening), queues, timer, retransmits, user, timeout, inode.
  const sockets = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1] === address && columns[3] === '0A')
    .map((columns) => `socket:[${columns[9]}]`);
  return openFiles(pid).some((file) => sockets.includes(file));
}

function openFiles(pid: number | undefined): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // It has ended, or closed a file while we looked: the next round tells.
    return [];
  }
}
