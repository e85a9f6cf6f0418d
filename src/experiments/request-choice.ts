import { hasDelay, type Profile, type RequestSpec } from '../model/profile.ts';
import type { Random } from '../model/time.ts';

/** The requests that ordinary traffic draws from: an endpoint whose delay we control is not ordinary. */
export function ordinaryRequests(profile: Profile, names?: readonly string[]): readonly RequestSpec[] {
  if (names !== undefined) return profile.requests.filter(({ name }) => names.includes(name));
  const ordinary = profile.requests.filter((request) => !hasDelay(request));
  // A profile with nothing else is compared with a delay of 0.
  return ordinary.length > 0 ? ordinary : profile.requests;
}

/** The request of a burst, volley or idle ladder: the named one, else the heaviest ordinary one. */
export function mainRequest(profile: Profile, name?: string): RequestSpec {
  const candidates = ordinaryRequests(profile, name === undefined ? undefined : [name]);
  return candidates.reduce((best, request) => (request.weight > best.weight ? request : best));
}

/** Draws a request by weight. */
export function drawRequest(requests: readonly RequestSpec[], random: Random): RequestSpec {
  const total = requests.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.next() * total;
  for (const request of requests) {
    left -= request.weight;
    if (left < 0) return request;
  }
  return requests[requests.length - 1] as RequestSpec;
}
