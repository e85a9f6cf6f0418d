/** What a run that chose its experiments did not look into: an honest answer names it. */
import { hasDelay } from '../../model/profile.ts';
import { formatDuration, formatNumber } from '../../model/quantity.ts';
import type { AutoState, Forgone, StepKind } from './next-step.ts';
import { routeWords } from './symptoms.ts';

export function notLookedFor(state: AutoState, forgone: readonly Forgone[]): readonly Forgone[] {
  const { profile, symptoms } = state;
  const isDone = (kind: StepKind): boolean => state.done.some((step) => step.kind === kind);
  const all: Forgone[] = [...forgone];
  if (!isDone('timeout-proof')) {
    const longest = formatDuration(symptoms.longestUs);
    all.push({
      what: 'timers of the gateway that are longer than its longest answer here',
      why: profile.requests.some(hasDelay)
        ? `the longest answer took ${longest}, and nothing failed like a timer; an experiment timeout in the profile looks for one`
        : `the longest answer took ${longest}, and no request has {delayMs}`,
    });
  }
  if (!isDone('volley') && !isDone('burst')) {
    all.push({ what: 'queues and limits under load', why: 'requests came one by one: no symptom asked for more' });
  } else if (!isDone('burst')) {
    all.push({
      what: 'queues that begin above about 5 requests at once',
      why: 'larger volleys and bursts are for a profile that names them',
    });
  }
  if (isDone('idle') && symptoms.coldFirst !== undefined && symptoms.pauses.every(({ isCold }) => !isCold)) {
    const { route, firstUs } = symptoms.coldFirst;
    all.push({
      what: `why the first request on ${routeWords(route)} took ${formatDuration(firstUs)}`,
      why: `after silences of up to ${formatDuration(Math.max(...symptoms.pauses.map(({ gapUs }) => gapUs)))} none did; a longer one, or a young process, is left`,
    });
  }
  if (!isDone('idle')) {
    all.push({
      what: 'cold starts after idle times longer than the silence before this run',
      why: 'no first request was slower than those after it; an experiment idle in the profile waits for longer',
    });
  }
  if (!isDone('keep-alive') && !all.some(({ what }) => what.includes('keep-alive'))) {
    all.push({ what: 'the keep-alive race', why: 'no request failed at once through the gateway alone' });
  }
  if (symptoms.gatewayFailed === 0 && symptoms.gatewaySent > 0) {
    all.push({
      what: `faults of fewer than about ${formatNumber(300 / Math.max(3, symptoms.gatewaySent))} % of requests`,
      why: `${symptoms.gatewaySent} requests through the gateway cannot show them`,
    });
  }
  return all;
}
