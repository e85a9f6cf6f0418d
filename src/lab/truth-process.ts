/**
 * A server whose delays are known: `/constant?ms=10` answers after that time, exact to some tens of µs, and keeps what it
 * really took; `/truth` tells it. With `stall` in its options everything stops for `lengthMs` in every `everyMs`, counted
 * from the first request. Its own process, so that it shares no thread with what is measured.
 */
import net from 'node:net';
import type { LabMessage } from './options.ts';

type TruthOptions = { readonly stall?: { readonly everyMs: number; readonly lengthMs: number } };
type Pending = { readonly socket: net.Socket; readonly atMs: number; readonly dueMs: number };

const options = JSON.parse(process.argv[2] ?? '{}') as TruthOptions;
/** A timer is late by up to 1 ms: it wakes early, and the rest is waited for turn by turn. */
const SPIN_MS = 2;
/** A request that arrives meanwhile is seen so much later: a tenth of what a wake-up takes. */
const TURN_MS = 0.01;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok';
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const pending: Pending[] = [];
let took: number[] = [];
let firstMs: number | undefined;
let stalls = 0;
let timer: NodeJS.Timeout | undefined;
let turning = false;

function answer({ socket, atMs }: Pending): void {
  socket.write(ANSWER);
  took.push(performance.now() - atMs);
}

/** Answers are due in this order. */
function wait(one: Pending): void {
  let at = pending.length;
  while (at > 0 && (pending[at - 1] as Pending).dueMs > one.dueMs) at--;
  pending.splice(at, 0, one);
  plan();
}

function turn(): void {
  turning = false;
  clearTimeout(timer);
  // A turn of the loop leaves garbage: turns as short as they can be would have it collected every 2 ms, at 0.1 ms each.
  const untilMs = Math.min(performance.now() + TURN_MS, pending[0]?.dueMs ?? 0);
  while (performance.now() < untilMs) {}
  for (let first = pending[0]; first !== undefined && first.dueMs <= performance.now(); first = pending[0]) {
    pending.shift();
    answer(first);
  }
  plan();
}

function plan(): void {
  const first = pending[0];
  if (first === undefined || turning) return;
  const nextMs = first.dueMs - performance.now();
  clearTimeout(timer);
  if (nextMs > SPIN_MS) timer = setTimeout(turn, Math.floor(nextMs - SPIN_MS) + 0.5);
  else {
    turning = true;
    setImmediate(turn);
  }
}

function stallIfDue(nowMs: number): void {
  if (options.stall === undefined) return;
  firstMs ??= nowMs;
  const { everyMs, lengthMs } = options.stall;
  // The stall is in the middle of each period, so that a run of whole periods holds whole stalls.
  const beginMs = firstMs + stalls * everyMs + everyMs / 2;
  if (nowMs < beginMs) return;
  stalls++;
  Atomics.wait(sleeper, 0, 0, Math.max(0, beginMs + lengthMs - nowMs));
}

function onRequest(socket: net.Socket, target: string, atMs: number): void {
  if (target.startsWith('/truth')) {
    const sorted = took.sort((a, b) => a - b);
    took = [];
    const body = JSON.stringify(sorted);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nContent-Type: application/json\r\n\r\n${body}`);
    return;
  }
  stallIfDue(atMs);
  const delayMs = Number(/[?&]ms=([\d.]+)/.exec(target)?.[1] ?? 0);
  const one = { socket, atMs, dueMs: atMs + delayMs };
  if (delayMs === 0) answer(one);
  else wait(one);
}

const server = net.createServer({ noDelay: true }, (socket) => {
  let text = '';
  socket.on('data', (chunk) => {
    const atMs = performance.now();
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const target = text.split(' ', 2)[1] ?? '/';
    text = text.slice(end + 4);
    onRequest(socket, target, atMs);
  });
  // A probe that closes is no error of ours.
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address() as net.AddressInfo;
  process.send?.({ type: 'listening', port: address.port } satisfies LabMessage);
});
const end = (): void => process.exit(0);
process.on('disconnect', end);
process.on('message', end);
