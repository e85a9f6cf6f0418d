/** One round through the gateway: requests that leave a connection to each member behind, a pause, and requests that meet them. */
import type { Exchange, ExchangeTag } from '../model/exchange.ts';
import type { Limits } from '../model/profile.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { Chain } from '../traffic/protocol.ts';
import type { ExperimentContext } from './experiment.ts';

export type Round = {
  readonly id: string;
  readonly request: string;
  readonly part: 'pool' | 'sweep';
  readonly gapUs: number;
  readonly number: number;
  /** Requests before the pause: one for each member that answers in turn. */
  readonly fills: number;
};

/** Between requests of a round: a connection that is used again at once must be free again. */
const PAUSE_US = 5_000;

export function pauseUs({ maxRatePerSec }: Pick<Limits, 'maxRatePerSec'>): number {
  return Math.max(PAUSE_US, Math.ceil(US_PER_SEC / maxRatePerSec));
}

/**
 * All on one client connection and one after the other: a process of the gateway has its own pool and its own turn, and
 * a request that meets the close must not find a second connection in the same state.
 */
export function roundChain({ request, part, gapUs, number, fills }: Round, betweenUs: number): Chain {
  const shape = (step: 'fill' | 'probe'): Chain['steps'][number]['shape'] => ({
    route: GATEWAY,
    request,
    connection: 'warm',
    tag: { kind: 'keep-alive', part, step, gapUs: step === 'fill' ? 0 : gapUs, round: number } satisfies ExchangeTag,
  });
  const each = Array.from({ length: fills }, (_, i) => i);
  return {
    steps: [
      ...each.map((i) =>
        i === 0 ? { shape: shape('fill') } : { shape: shape('fill'), after: { step: i - 1, gapUs: betweenUs } },
      ),
      ...each.map((i) => ({ shape: shape('probe'), after: { step: i, gapUs } })),
    ],
    endsAtFailure: true,
  };
}

/** The exchanges of the round. */
export async function runRound(round: Round, context: ExperimentContext): Promise<readonly Exchange[]> {
  const before = context.live.ofExperiment(round.id).length;
  await context.sender.chain(round.id, roundChain(round, pauseUs(context.profile.limits)));
  return context.live.ofExperiment(round.id).slice(before);
}

/** One where the gateway has sent all to the same member: then each further request would use its connection once more. */
export function fillsFor(members: number, seen: readonly Exchange[]): number {
  const fills = seen.filter(({ tag }) => tag?.kind === 'keep-alive' && tag.part !== 'hold' && tag.step === 'fill');
  const known = fills.flatMap(({ answeredBy }) => answeredBy ?? []);
  return members > 1 && known.length >= 2 * members && new Set(known).size === 1 ? 1 : members;
}
