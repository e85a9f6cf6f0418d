/** Stands before a gateway and now and then accepts no connection: what asks for one then is dropped, and asks again after a second. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROLE = 'gateprobe-deaf-front';
const HOST = '127.0.0.1';
/** Linux lets one more than the backlog in. */
const BACKLOG = 1;
const FILLERS = BACKLOG + 1;

type Target = { readonly host: string; readonly port: number };
type Deafness = { readonly deafMs: number; readonly everyMs: number };
type Data = { readonly role: typeof ROLE; readonly target: Target; readonly deafness: Deafness };

export async function startDeafFront(
  target: Target,
  deafness: Deafness,
): Promise<{ url: string; stop(): Promise<void> }> {
  const data: Data = { role: ROLE, target, deafness };
  const worker = new Worker(new URL(import.meta.url), { workerData: data });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    url: `http://${HOST}:${port}`,
    async stop() {
      await worker.terminate();
    },
  };
}

/** In the worker. Connects onward with the first byte: those that only fill the queue never reach the gateway. */
function serve({ target, deafness }: Data): void {
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', (first) => {
      const onward = connect(target);
      onward.on('error', () => client.destroy());
      client.on('error', () => onward.destroy());
      onward.write(first);
      client.pipe(onward).pipe(client);
    });
  });
  server.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => {
    const { port } = server.address() as AddressInfo;
    parentPort?.postMessage(port);
    setInterval(() => beDeaf(port, deafness.deafMs), deafness.everyMs);
  });
}

function beDeaf(port: number, deafMs: number): void {
  const fillers: Socket[] = Array.from({ length: FILLERS }, () => connect({ port, host: HOST }));
  for (const filler of fillers) filler.on('error', () => {}).on('connect', () => filler.end());
  // After those have asked for their connections, and before any is accepted.
  process.nextTick(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, deafMs));
}

if (!isMainThread && (workerData as Data | null)?.role === ROLE) serve(workerData as Data);
