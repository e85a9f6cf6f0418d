/** Whether connections that broke were those that a member was just closing as idle: by the second, and against chance. */
import { binomialTail } from '../analysis/proportion.ts';
import type { Journey, LogEvidence } from '../model/journey.ts';

/** HTTPERR has whole seconds, and the request comes within moments of the close. */
const NEAR_US = 1_000_000;
/** A race is lost at once; what takes longer was at work. */
const AT_ONCE_US = 250_000;
/** Fewer coincidences prove nothing, however rare the closes are. */
const MIN_COINCIDENCES = 3;
const CHANCE = 1e-4;

/** The requests that failed in a second of an idle close; none where so many coincidences are not too many for chance. */
export function idleClosed({ journeys, idleCloses }: LogEvidence): (journey: Journey) => boolean {
  if (idleCloses.length === 0) return () => false;
  const seconds = new Set<number>();
  for (const { atUs } of idleCloses)
    for (let near = -NEAR_US; near <= NEAR_US; near += NEAR_US) seconds.add(Math.floor((atUs + near) / NEAR_US));
  const dropped = journeys.filter(isQuickDrop);
  const close = new Set(dropped.filter((journey) => seconds.has(Math.floor(journey.endAtUs / NEAR_US))));
  const share = chanceShare(journeys, seconds);
  const isMore = close.size >= MIN_COINCIDENCES && binomialTail(close.size, dropped.length, share) < CHANCE;
  return (journey) => isMore && close.has(journey);
}

function isQuickDrop({ gateway, members }: Journey): boolean {
  const { reading, access } = gateway;
  const isDropped =
    reading?.outcome === 'response/reset-before-headers' || reading?.outcome === 'response/keepalive-race';
  return (
    isDropped && (access[0]?.durationUs ?? 0) < AT_ONCE_US && members.every((member) => member.access.length === 0)
  );
}

/** How often an ordinary request ends in such a second. */
function chanceShare(journeys: readonly Journey[], seconds: ReadonlySet<number>): number {
  const ordinary = journeys.filter(({ gateway }) => (gateway.access[0]?.status ?? 500) < 500);
  if (ordinary.length === 0) return 1;
  const near = ordinary.filter(({ endAtUs }) => seconds.has(Math.floor(endAtUs / NEAR_US))).length;
  return (near + 1) / (ordinary.length + 1);
}
