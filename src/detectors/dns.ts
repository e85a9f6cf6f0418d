/** Names that do not resolve, or that take long to. The probe resolves each name once, before anything is sent. */
import type { Exchange } from '../model/exchange.ts';
import type { Rival } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { memberOf } from '../model/route.ts';
import { type BeforeRequest, failedBeforeRequest } from './before-request.ts';
import { detectorOf, gatewayMade, type Kind } from './connection.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, notApplicable } from './detector.ts';
import { asSeenByProbe } from './probe-view.ts';

/** Two could be one incident seen twice. */
const LEAST_EVENTS = 3;
/** A name known to the resolver takes milliseconds, one that it must ask for some hundred; a second is the first repeat of a lost question. */
const SLOW_US = 1_000_000;
/** After so long the system's resolver asks again, or the next server (`timeout:5` of resolv.conf). */
const RESOLVER_TIMEOUT_US = 5_000_000;

function isUnresolved({ outcome }: Exchange): boolean {
  return outcome.kind === 'connection-error' && outcome.code === 'dns';
}

/** EAI_AGAIN is the resolver's failure, everything else its answer. */
function reason(events: readonly Exchange[]): string {
  const outcome = events[0]?.outcome;
  const detail = outcome?.kind === 'connection-error' ? outcome.detail : '';
  return /EAI_AGAIN/.test(detail) ? `the resolver of this machine gave no answer (${detail})` : detail;
}

const RIVALS: readonly Rival[] = [
  { cause: 'connection/refused', whyNot: 'without an address nothing was connected' },
  { cause: 'connection/unreachable', whyNot: 'without an address nothing was connected' },
];

const memberName: Kind = {
  cause: 'dns/failed',
  matches: isUnresolved,
  title: (member, _ratio, share, events) => `The name of ${member} does not resolve: ${reason(events)} (${share}).`,
  meaning:
    'A gateway that cannot resolve it either answers 502, 503 or 500 at once for the share of this member; nginx, HAProxy and Apache resolve names when they start, and go on with the old address.',
  rivals: RIVALS,
  leastEvents: LEAST_EVENTS,
  isClosed: true,
  gatewayWaits: false,
  gatewayShows: gatewayMade,
  hiddenWords: '',
};

const gatewayName: BeforeRequest = {
  cause: 'dns/failed',
  matches: isUnresolved,
  title: (failed) => `The name of the gateway does not resolve: ${reason(failed)}.`,
  meaning: 'Clients that ask the same resolver fail alike; check the name in the profile first.',
  exhibitTitle: 'Attempts to reach the gateway',
  rivals: [...RIVALS, { cause: 'gateway/unreachable', whyNot: 'there was no address to connect to' }],
};

const WORDS = {
  accepts: 'finds it (by a resolver, a hosts file or an address of its own)',
  advice: 'Give the member an address in its url, and the name as host and sni.',
} as const;

const members: Detector = detectorOf([memberName], 'every name resolved');

export const dnsFailed: Detector = {
  cause: 'dns/failed',
  detect(context): Detection {
    const { targets, members: names } = context.measures;
    const atGateway = failedBeforeRequest(gatewayName, context);
    const direct = names.length === 0 ? undefined : members.detect(context);
    const found = [
      ...(atGateway === undefined ? [] : [atGateway]),
      ...(direct?.state === 'candidates'
        ? direct.candidates.map((candidate) => asSeenByProbe(candidate, WORDS, context))
        : []),
    ];
    if (found.length > 0) return candidatesOr(found, '');
    return targets.some(({ error }) => error !== undefined) && direct !== undefined
      ? direct
      : candidatesOr([], 'every name resolved');
  },
};

export const dnsSlow: Detector = {
  cause: 'dns/slow',
  detect({ measures }): Detection {
    const looked = measures.targets.filter(({ dnsUs }) => dnsUs !== undefined && dnsUs > 0);
    if (looked.length === 0) return notApplicable('the profile names addresses, so no name had to be resolved');
    const slow = looked.flatMap((target): Candidate[] => {
      const { dnsUs = 0, hostname, route, error } = target;
      if (dnsUs < SLOW_US || error !== undefined) return [];
      const member = memberOf(route);
      const others = looked.filter((other) => other !== target).map((other) => other.dnsUs ?? 0);
      return [
        {
          cause: 'dns/slow',
          scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
          severity: 'warning',
          confidence: 'likely',
          // Seen by itself: one lookup, timed apart from everything else.
          p: 0,
          title: `Resolving ${hostname} (${member ?? 'the gateway'}) took ${formatDuration(dnsUs)} on this machine.`,
          meaning: `It was one lookup before the run, so how often this happens is not known; no request waited for it.${dnsUs >= RESOLVER_TIMEOUT_US ? ' From 5 s on a name server did not answer and the next one was asked: look at the first entry of the resolver.' : ''} Clients and gateways that ask the same name servers wait as long whenever their cached answer has run out.`,
          measured: { delayUs: { value: dnsUs } },
          exhibits: [
            {
              kind: 'table',
              id: `dns-slow-${member ?? 'gateway'}`,
              title: 'How long each name took to resolve',
              reading: 'Once each, by the resolver of this machine, before anything was sent.',
              columns: [
                { title: 'name', unit: 'text' },
                { title: 'time', unit: 'us' },
              ],
              rows: looked.map((one) => [one.hostname, one.dnsUs ?? 0]),
            },
          ],
          rivals: [
            {
              cause: 'probe/saturated',
              whyNot:
                others.length > 0 && Math.max(...others) < SLOW_US
                  ? 'other names resolved in time, at the same moment'
                  : 'nothing else was running before the run',
            },
          ],
          explains: new Set<number>(),
        },
      ];
    });
    return candidatesOr(slow, `${looked.length} names resolved, each within ${formatDuration(SLOW_US)}`);
  },
};
