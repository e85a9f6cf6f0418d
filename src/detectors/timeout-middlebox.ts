/** A timer of something on the way that is neither the gateway nor a member: a content network, a balancer or firewall in front. */
import { clusterWidthUs } from '../analysis/cluster.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  type DetectorContext,
  notApplicable,
} from './detector.ts';
import { afterSendUs } from './elapsed.ts';
import { type Emitter, emitterOf } from './emitter.ts';
import { failuresOf, findTimers, interval, type Timer, timerCandidate } from './timeout.ts';

/** Whoever it was, the gateway did not say that it was it. */
type Stranger = Exclude<Emitter, { readonly kind: 'gateway' }>;

export const middleboxTimeout: Detector = {
  cause: 'timeout/middlebox',
  detect(context): Detection {
    if (context.measures.counts({ route: GATEWAY }).sent === 0)
      return notApplicable('nothing was sent through the gateway');
    const candidates = findTimers(context).flatMap((timer) => candidateOf(timer, context) ?? []);
    return candidatesOr(candidates, 'no failures at one elapsed time were made by something other than the gateway');
  },
};

function candidateOf(timer: Timer, context: DetectorContext): Candidate | undefined {
  const emitter = emitterOf(failuresOf(timer), context);
  // What cannot be told from the gateway is left to its response timer, which names this one as a rival.
  if (emitter.kind === 'gateway' || (emitter.kind === 'foreign' && !emitter.isCertain)) return undefined;
  if (emitter.kind === 'silent' && closesDirectly(timer, context)) return undefined;
  const candidate = timerCandidate(timer, context);
  if (candidate === undefined) return undefined;
  const longestUs = candidate.measured['directLongestUs']?.value;
  const longest = longestUs === undefined ? '' : ` Members need up to ${formatDuration(longestUs)}.`;
  return {
    ...candidate,
    cause: 'timeout/middlebox',
    confidence: emitter.isCertain ? 'likely' : 'possible',
    title: `${who(emitter, context)} gives up after ${interval(timer.timeout)}: ${how(emitter)}.${longest}`,
    meaning: `${failuresOf(timer).length} requests failed at this elapsed time, and no answer to the same requests came through later. ${why(emitter, context)} Look for what stands between: a content network, a balancer, a firewall, a forward proxy. Compare with the gateway's log: it has no such error, or a request that its client left.`,
    exhibits: candidate.exhibits.map((exhibit) => ({ ...exhibit, id: `middlebox-${exhibit.id}` })),
    rivals: [
      ...candidate.rivals,
      {
        cause: 'timeout/gateway-response',
        whyNot:
          emitter.kind === 'foreign'
            ? 'the gateway did not write these answers'
            : 'the gateway says so when its timer ends a request',
      },
    ],
  };
}

/** Members close at that time as well: then the gateway, or whatever it was, only passed it on. */
function closesDirectly(timer: Timer, { measures }: DetectorContext): boolean {
  const widthUs = 2 * clusterWidthUs(timer.timeout.value);
  const closed = measures.members
    .flatMap((member) => measures.exchanges({ route: directTo(member), cohorts: ['error'] }))
    .filter(
      (exchange) =>
        exchange.outcome.kind === 'connection-error' &&
        Math.abs(afterSendUs(exchange) - timer.timeout.value) <= widthUs,
    );
  return closed.length >= 2;
}

function who({ isCertain }: Stranger, { gateway }: DetectorContext): string {
  return isCertain
    ? `Something other than the gateway (${gateway.title})`
    : 'Something on the way, or the gateway itself,';
}

function how(emitter: Stranger): string {
  return emitter.kind === 'foreign'
    ? `its answers call themselves "${emitter.name}"`
    : 'the connection is closed without an answer';
}

function why(emitter: Stranger, { gateway }: DetectorContext): string {
  if (emitter.kind === 'foreign')
    return `No answer that the gateway or a member wrote carries the name "${emitter.name}", and these carry no mark of the gateway (${gateway.title}).`;
  return emitter.isCertain
    ? `${gateway.title} answers with an error of its own when its timers run out; here nothing came.`
    : 'Most gateways answer with an error of their own when a timer runs out; here nothing came, but not every kind does.';
}
