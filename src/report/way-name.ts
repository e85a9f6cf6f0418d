import { memberOf, type RouteId } from '../model/route.ts';

/** A way in the words of a chart: `gateway`, `web1, direct`. */
export function wayName(route: RouteId): string {
  const member = memberOf(route);
  return member === undefined ? 'gateway' : `${member}, direct`;
}
