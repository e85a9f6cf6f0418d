/** For tests of several sending threads: a server that counts, and what exchanges amount to. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { type Exchange, outcomeKey } from '../../src/model/exchange.ts';
import type { Servers } from './sending-setup.ts';

export function countsOf(exchanges: readonly Exchange[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of exchanges) counts[outcomeKey(outcome)] = (counts[outcomeKey(outcome)] ?? 0) + 1;
  return counts;
}

export function assertUnique(exchanges: readonly Exchange[]): void {
  assert.equal(new Set(exchanges.map(({ seq }) => seq)).size, exchanges.length, 'no number twice');
  assert.equal(new Set(exchanges.map(({ requestId }) => requestId)).size, exchanges.length, 'no id twice');
}

/** Polls what another thread brings about; the test's own limit is the bound. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}

type Seen = { open: number; most: number; total: number };

/** A server that counts how many requests it has at once. */
export async function countingServer(
  servers: Servers,
  answer: (response: http.ServerResponse, number: number) => void,
): Promise<{ readonly url: string; readonly seen: Seen }> {
  const seen = { open: 0, most: 0, total: 0 };
  const server = http.createServer((_request, response) => {
    seen.most = Math.max(seen.most, ++seen.open);
    response.once('close', () => seen.open--);
    answer(response, ++seen.total);
  });
  return { url: `http://127.0.0.1:${await servers.listen(server)}`, seen };
}
