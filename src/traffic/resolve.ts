import { lookup } from 'node:dns/promises';
import net from 'node:net';
import type { Profile, Target } from '../model/profile.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import type { Clock } from '../model/time.ts';
import type { RouteTarget } from './protocol.ts';

/**
 * Resolves each target's name once and times it, so that no later phase holds a name lookup and no two address families
 * race. The system's resolver is asked, because a user's hosts file counts; its first answer is used.
 */
export function resolveTargets(profile: Profile, clock: Clock): Promise<readonly RouteTarget[]> {
  const targets: [RouteId, Target][] = [
    [GATEWAY, profile.gateway],
    ...profile.members.map((member): [RouteId, Target] => [directTo(member.name), member]),
  ];
  return Promise.all(targets.map(([route, target]) => resolveTarget(route, target, clock)));
}

async function resolveTarget(route: RouteId, target: Target, clock: Clock): Promise<RouteTarget> {
  const url = new URL(target.url);
  const secure = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const base = { route, target, hostname, port: Number(url.port || (secure ? 443 : 80)), secure };
  const literal = net.isIP(hostname);
  if (literal !== 0) return { ...base, address: hostname, family: literal as 4 | 6, dnsUs: 0 };
  // The forward proxy resolves the name.
  if (target.httpProxy !== undefined) return { ...base, address: hostname, dnsUs: 0 };
  const startUs = clock.nowUs();
  try {
    const { address, family } = await lookup(hostname, { order: 'verbatim' });
    return { ...base, address, family: family as 4 | 6, dnsUs: clock.nowUs() - startUs };
  } catch (error) {
    return {
      ...base,
      dnsUs: clock.nowUs() - startUs,
      resolveError: error instanceof Error ? error.message : String(error),
    };
  }
}
