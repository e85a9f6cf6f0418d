import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROLE = 'gateprobe-full-backlog';

/** A connect on the loopback takes well under a millisecond; one that is still open after this has had its SYN dropped. */
const HANGS_AFTER_MS = 250;

/** Linux lets one more than the backlog in; other systems round a backlog of 1 up, none of those known to us beyond this. */
const MOST_FILLERS = 32;

type Data = { readonly role: typeof ROLE; readonly port: number; readonly host: string };

/** In the worker: listens, tells the port, and never returns to its event loop, so nothing is ever accepted. */
function listenDeaf({ port, host }: Data): void {
  const server = createServer();
  server.listen({ port, host, backlog: 1 }, () => {
    parentPort?.postMessage((server.address() as AddressInfo).port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}

/** Connects; `undefined` when the attempt hangs or is refused, which both mean that the queue is full. */
async function fill(port: number, host: string): Promise<Socket | undefined> {
  const socket = connect({ port, host });
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(), HANGS_AFTER_MS);
  const connected = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]);
  clearTimeout(timer);
  return connected ? socket : undefined;
}

/**
 * A port that listens, accepts nothing, and whose backlog is full. On Linux a connect to it hangs until the client gives up;
 * on Windows the system refuses it. The listener lives in a thread of its own that is blocked for good, so the process can still be told to stop.
 */
export async function startFullBacklog(port: number, host: string): Promise<{ port: number; stop(): Promise<void> }> {
  const data: Data = { role: ROLE, port, host };
  const worker = new Worker(new URL(import.meta.url), { workerData: data });
  const [bound] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  while (fillers.length < MOST_FILLERS) {
    const socket = await fill(bound, host);
    if (socket === undefined) break;
    fillers.push(socket);
  }
  return {
    port: bound,
    stop: async () => {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

if (!isMainThread && (workerData as Data | null)?.role === ROLE) listenDeaf(workerData as Data);
