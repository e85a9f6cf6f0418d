/** The way a request takes: through the gateway, or directly to one member. */
export type RouteId = 'gateway' | `direct:${string}`;

export const GATEWAY: RouteId = 'gateway';

export function directTo(member: string): RouteId {
  return `direct:${member}`;
}

/** The member of a direct route; undefined for the gateway. */
export function memberOf(route: RouteId): string | undefined {
  return route === 'gateway' ? undefined : route.slice('direct:'.length);
}

/** All routes of a farm: the gateway, then each member in its order. */
export function routesTo(members: readonly string[]): readonly RouteId[] {
  return [GATEWAY, ...members.map(directTo)];
}
