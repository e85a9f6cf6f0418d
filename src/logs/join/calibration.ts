/** How many good requests the join finds: where it misses those, a failed one that it misses proves nothing. */
import type { Journey } from '../../model/journey.ts';
import type { PlacedHost } from './hosts.ts';

/** Below this share of good requests found, a missing line may be missing for the same reason as theirs. */
const ENOUGH = 0.9;

type Tally = { asked: number; any: number; readonly byHost: Map<string, number> };
type Member = PlacedHost & { readonly member: string };

/** One request with what was looked for: `asked` false where a log did not cover it, so that it says nothing. */
export type Trial = { readonly journey: Journey; readonly isGood: boolean; readonly isCovered: boolean };

export type Calibration = {
  /** Why absence at this member may not be claimed for a request that the gateway sent to `address`; undefined: it may. */
  reasonAt(member: string, address: string | undefined): string | undefined;
  /** The same for the gateway's own log, for requests of the probe. */
  readonly gatewayReason?: string;
};

export function calibrate(trials: readonly Trial[], members: readonly Member[]): Calibration {
  const all = emptyTally();
  const byAddress = new Map<string, Tally>();
  const direct = new Map<string, Tally>();
  let answered = 0;
  let found = 0;
  for (const { journey, isGood, isCovered } of trials) {
    const { client, gateway } = journey;
    if (client?.direct !== undefined) {
      if (client.status !== undefined) count(tallyOf(direct, client.direct), journey);
      continue;
    }
    if (client?.status !== undefined) {
      answered++;
      if (gateway.presence === 'present') found++;
    }
    if (!isGood || !isCovered) continue;
    count(all, journey);
    const address = addressOf(journey);
    if (address !== undefined) count(tallyOf(byAddress, address), journey);
  }
  return {
    reasonAt: (member, address) => reasonAt({ member, address, all, byAddress, direct, members }),
    ...(answered > 0 && found < ENOUGH * answered
      ? { gatewayReason: `of ${answered} answered requests ${found} are in its log: it may be the wrong log` }
      : {}),
  };
}

/** The member that the gateway names, verbatim. */
export function addressOf({ gateway }: Pick<Journey, 'gateway'>): string | undefined {
  return gateway.reading?.member ?? gateway.access[0]?.upstream?.at(-1)?.address;
}

function emptyTally(): Tally {
  return { asked: 0, any: 0, byHost: new Map() };
}

function tallyOf(tallies: Map<string, Tally>, key: string): Tally {
  const found = tallies.get(key) ?? emptyTally();
  tallies.set(key, found);
  return found;
}

function count(tally: Tally, { members }: Journey): void {
  tally.asked++;
  const present = members.filter(({ presence }) => presence === 'present');
  if (present.length > 0) tally.any++;
  for (const { member } of present) tally.byHost.set(member, (tally.byHost.get(member) ?? 0) + 1);
}

function reasonAt({
  member,
  address,
  all,
  byAddress,
  direct,
  members,
}: {
  readonly member: string;
  readonly address: string | undefined;
  readonly all: Tally;
  readonly byAddress: ReadonlyMap<string, Tally>;
  readonly direct: ReadonlyMap<string, Tally>;
  readonly members: readonly Member[];
}): string | undefined {
  if (address !== undefined) {
    const own = byAddress.get(address);
    if (own !== undefined && own.asked > 0) {
      // A member that the gateway did not ask has no line whatever became of the request.
      const best = Math.max(0, ...own.byHost.values());
      return best >= ENOUGH * own.asked ? undefined : missed(own, best, `that the gateway sent to ${address}`);
    }
    const named = members.find((one) => isNamed(one, address));
    if (named === undefined) return `${address}, which the gateway names, is none of the members whose logs were given`;
  }
  if (all.asked > 0) return all.any >= ENOUGH * all.asked ? undefined : missed(all, all.any, 'of the gateway');
  const own = direct.get(member);
  if (own !== undefined && own.asked > 0)
    return (own.byHost.get(member) ?? 0) >= ENOUGH * own.asked
      ? undefined
      : missed(own, own.byHost.get(member) ?? 0, 'that went to it directly');
  return 'no good request is in both logs that would show that they belong together';
}

function missed({ asked }: Tally, found: number, which: string): string {
  return `of ${asked} good requests ${which} ${found} were found in a member’s log: another member, a rewritten path or another site would explain that as well`;
}

function isNamed({ member, entries }: Member, address: string): boolean {
  const text = address
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/\/$/, '');
  const names = [text, text.split('/').at(-1), text.replace(/:\d+$/, '')];
  if (names.includes(member.toLowerCase())) return true;
  return entries.some(
    ({ serverIp, serverPort }) => serverIp !== undefined && (text === serverIp || text === `${serverIp}:${serverPort}`),
  );
}
