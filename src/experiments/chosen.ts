import { type ExperimentSpec, hasDelay, type Profile } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';

/** Half of what the limits allow, at most 5 slots a second: a comparison needs time more than rate. */
const MAX_SLOTS_PER_SEC = 5;

/** What a run does when the profile names no experiment: what is cheap and harmless, within the profile's limits. */
export function chosenExperiments(profile: Profile): readonly ExperimentSpec[] {
  const routes = profile.members.length + 1;
  const ratePerSec = Math.min(MAX_SLOTS_PER_SEC, profile.limits.maxRatePerSec / 2 / routes);
  const request = profile.requests.find(hasDelay);
  return [
    { kind: 'compare', ratePerSec, durationUs: 30 * US_PER_SEC, newConnectionRatio: 0.3, arrival: 'poisson' },
    { kind: 'volley', sizes: [2, 4, 8] },
    // 35 s is beyond the 30 s that ARR farms and many others have by default.
    ...(request === undefined ? [] : [{ kind: 'timeout' as const, request: request.name, upToUs: 35 * US_PER_SEC }]),
  ];
}
