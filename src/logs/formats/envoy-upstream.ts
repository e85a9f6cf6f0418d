/** What Envoy's lines say about attempts at members. */
import type { UpstreamTry } from '../../model/log.ts';
import { known } from './clf-request.ts';
import { millisOf, wholeOf } from './json-value.ts';

/** Retries out of `%UPSTREAM_REQUEST_ATTEMPT_COUNT%`, which counts the first attempt and is 0 where none was made. */
export function envoyAttempts(count: unknown): number | undefined {
  const attempts = wholeOf(count);
  return attempts === undefined ? undefined : Math.max(0, attempts - 1);
}

/**
 * Envoy names the last member only. `x-envoy-upstream-service-time` runs from the end of the request to the headers of the answer, over
 * all attempts: with retries it says nothing about the last one.
 */
export function envoyUpstream(host: string, serviceTime: unknown, retries: number | undefined): readonly UpstreamTry[] {
  if (host === '-' || host === '') return [];
  const headerUs = retries === undefined || retries === 0 ? millisOf(serviceTime) : undefined;
  return [{ address: host, ...known({ headerUs }) }];
}
