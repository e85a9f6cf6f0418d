/** A member that leaves a request without an answer while its peers answer the same one: what only the probe's own limit ended. */
import type { Measures } from '../analysis/measures.ts';
import { fisherExact } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import type { Candidate } from './detector.ts';
import { afterSendUs } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { LEAST_TIMER_US } from './outage.ts';
import { type Tally, tallyOf } from './tally.ts';

/** Two could be one incident seen twice. */
const LEAST_HANGS = 3;
/** A peer with less than a quarter of the share of hangs does not share the fault, as for errors. */
const CLEAN_RATIO = 0.25;
/** Peers that answer within half of the probe's limit: it was long enough for the work. */
const IN_TIME_RATIO = 0.5;
/** Where the judge lets a warning stand: what is less sure stays a matter of the probe's limit. */
const SURE_P = 1e-4;

export type MemberHang = {
  readonly member: string;
  readonly requestName: string;
  readonly hung: readonly Exchange[];
  readonly count: number;
  readonly of: number;
  readonly limitUs: number;
  readonly peers: readonly string[];
  readonly peersUs: number;
  /** Requests through the gateway that hung as well, or that it gave up. */
  readonly gateway: readonly Exchange[];
  readonly p: number;
};

const known = new WeakMap<Measures, readonly MemberHang[]>();

/** Every request that hangs on some members only, at an ordinary rate: under load a queue looks like this. */
export function memberHangs(measures: Measures): readonly MemberHang[] {
  let hangs = known.get(measures);
  if (hangs === undefined) {
    const names = measures.profile.requests.map(({ name }) => name);
    hangs = names.flatMap((name) => measures.members.flatMap((member) => hangOf(member, name, names.length, measures)));
    known.set(measures, hangs);
  }
  return hangs;
}

function isGivenUp({ outcome }: Exchange): boolean {
  return outcome.kind === 'timeout' && outcome.waitingFor !== 'connect';
}

/** 502 and 504 after a wait: how a gateway's timer looks. */
function isTimer(exchange: Exchange): boolean {
  const { outcome } = exchange;
  const isOfGateway = outcome.kind === 'response' && (outcome.status === 502 || outcome.status === 504);
  return isOfGateway && isFailure(exchange) && afterSendUs(exchange) >= LEAST_TIMER_US;
}

function tallyTo(member: string, requestName: string, measures: Measures): Tally {
  return tallyOf(measures, { route: directTo(member), roles: ['slot'], requestName });
}

function hangOf(member: string, requestName: string, requests: number, measures: Measures): readonly MemberHang[] {
  const own = tallyTo(member, requestName, measures);
  const hung = own.kept.filter(isGivenUp);
  if (hung.length < LEAST_HANGS) return [];
  const count = own.countOf(hung);
  const limitUs = Math.min(...hung.map(({ outcome }) => (outcome.kind === 'timeout' ? outcome.limitUs : 0)));
  const clean = measures.members.flatMap((peer) => {
    const tally = tallyTo(peer, requestName, measures);
    const peerHung = tally.countOf(tally.kept.filter(isGivenUp));
    const times = measures.times({ route: directTo(peer), roles: ['slot'], requestName, cohorts: ['ok'] }, 'service');
    const isClean = peer !== member && peerHung * own.ended <= CLEAN_RATIO * count * tally.ended;
    const isInTime = times.count > 0 && times.quantile(0.5) <= IN_TIME_RATIO * limitUs;
    return isClean && isInTime ? [{ peer, hung: peerHung, asked: tally.ended, us: times.quantile(0.5) }] : [];
  });
  if (clean.length === 0) return [];
  const cleanHung = clean.reduce((sum, one) => sum + one.hung, 0);
  const cleanAsked = clean.reduce((sum, one) => sum + one.asked, 0);
  const p = Math.min(
    1,
    fisherExact(count, own.ended - count, cleanHung, cleanAsked - cleanHung, 'greater') *
      measures.members.length *
      requests,
  );
  if (p > SURE_P) return [];
  const gateway = measures
    .exchanges({ route: GATEWAY, roles: ['slot'], requestName })
    .filter((exchange) => isGivenUp(exchange) || isTimer(exchange))
    .filter(({ answeredBy }) => answeredBy === undefined || answeredBy === member);
  return [
    {
      ...{ member, requestName, hung, count, of: own.ended, limitUs, gateway, p },
      peers: clean.map(({ peer }) => peer),
      peersUs: Math.max(...clean.map(({ us }) => us)),
    },
  ];
}

/** Slower than its peers by an unknown factor: the cause is that of slow members, without a number for it. */
export function hangCandidate(hang: MemberHang): Candidate {
  const { member, requestName, hung, count, of, limitUs, peers, peersUs, gateway, p } = hang;
  const others = peers.length <= 2 ? peers.join(' and ') : `its ${peers.length} peers`;
  const seen =
    gateway.length === 0
      ? 'Through the gateway such a request waits until a timer of the gateway ends it, or another member is asked.'
      : `Through the gateway ${gateway.length} requests for it hung as well, or were given up by it after a wait.`;
  return {
    cause: 'member/slow',
    scope: { route: 'direct', member, requestName },
    severity: 'error',
    confidence: 'likely',
    p,
    title: `${member} leaves ${requestName} without an answer: ${count} of ${of} direct requests hung until the probe gave up after ${formatDuration(limitUs)}, while ${others} answer${peers.length === 1 ? 's' : ''} in ${formatDuration(peersUs)}.`,
    meaning: `Asked directly, with the same request as its peers and at the same moments: no timer of the gateway is too short. When an answer would have come is not known. ${seen}`,
    measured: { hungRatio: { value: count / of }, othersMedianUs: { value: Math.round(peersUs) } },
    exhibits: [
      exchangesExhibit(
        `member-hangs-${member}-${requestName}`,
        `Requests that ${member} did not answer`,
        "Ended by the probe's own limit. Search the member's log and its thread dump for the ids.",
        [...hung, ...gateway],
      ),
    ],
    rivals: [
      {
        cause: 'timeout/probe',
        whyNot: `${others} answer${peers.length === 1 ? 's' : ''} the same request well within the limit`,
      },
      { cause: 'timeout/gateway-response', whyNot: 'it hangs when asked directly, without any gateway' },
    ],
    affected: { count, of },
    explains: seqsOf([...hung, ...gateway]),
  };
}
