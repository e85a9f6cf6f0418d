/**
 * What really happened on the loopback: requests and answers of one port as the kernel saw them, by tcpdump (needs root or
 * CAP_NET_RAW). The format is the classic one of pcap-savefile(5), with times in ns.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request with its answer, on the wire; µs. */
export type WireExchange = { readonly sentUs: number; readonly serviceUs: number };

export type Capture = {
  /** Ends the capture; exchanges in order of their sending. */
  finish(): Promise<readonly WireExchange[]>;
};

const GLOBAL_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;
/** Headers of Ethernet, IP and TCP with options, and the first bytes of what they carry. */
const SNAP_BYTES = 128;
/** The kernel hands over what it has every second; what it still has at the end of tcpdump is lost. */
const HANDED_OVER_MS = 1_500;

export async function startCapture(port: number): Promise<Capture> {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-capture-'));
  const file = join(folder, 'lo.pcap');
  const options = ['-i', 'lo', '-p', '-n', '-s', String(SNAP_BYTES), '-B', '16384', '--time-stamp-precision=nano'];
  const child = spawn('tcpdump', [...options, '-w', file, `tcp port ${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  await listening(child);
  return {
    async finish() {
      await sleep(HANDED_OVER_MS);
      child.kill('SIGINT');
      if (child.exitCode === null) await once(child, 'exit');
      const bytes = readFileSync(file);
      rmSync(folder, { recursive: true, force: true });
      return exchangesOf(bytes, port);
    },
  };
}

/** tcpdump says so when it has begun. Its last words are read as well: it would die of a closed pipe. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('listening on')) resolve();
    });
    child.once('exit', () => reject(new Error(`tcpdump: ${said}`)));
    child.once('error', reject);
  });
}

/** On each connection a request is asked after the other is answered: an answer ends with the last bytes before the next request. */
export function exchangesOf(bytes: Buffer, port: number): WireExchange[] {
  const open = new Map<number, { sentUs: number; lastUs: number | undefined }>();
  const done: WireExchange[] = [];
  const close = (client: number): void => {
    const one = open.get(client);
    if (one?.lastUs !== undefined) done.push({ sentUs: one.sentUs, serviceUs: one.lastUs - one.sentUs });
    open.delete(client);
  };
  let firstSec: number | undefined;
  for (let at = GLOBAL_HEADER; at + RECORD_HEADER <= bytes.length; ) {
    const seconds = bytes.readUInt32LE(at);
    firstSec ??= seconds;
    const atUs = (seconds - firstSec) * 1e6 + bytes.readUInt32LE(at + 4) / 1e3;
    const ip = at + RECORD_HEADER + ETHERNET;
    at += RECORD_HEADER + bytes.readUInt32LE(at + 8);
    const tcp = ip + ((bytes[ip] as number) & 0x0f) * 4;
    const payload = bytes.readUInt16BE(ip + 2) - (tcp - ip) - ((bytes[tcp + 12] as number) >> 4) * 4;
    if (payload <= 0) continue;
    const [from, to] = [bytes.readUInt16BE(tcp), bytes.readUInt16BE(tcp + 2)];
    if (to === port) {
      close(from);
      open.set(from, { sentUs: atUs, lastUs: undefined });
    } else {
      const one = open.get(to);
      if (one !== undefined) one.lastUs = atUs;
    }
  }
  for (const client of [...open.keys()]) close(client);
  return done.sort((a, b) => a.sentUs - b.sentUs);
}
