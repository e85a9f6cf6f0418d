import type { RequestSpec } from '../model/profile.ts';
import type { Prepared } from './exchange.ts';
import type { RouteTarget, SenderSetup } from './protocol.ts';
import type { ShotShape } from './schedule.ts';

export type RequestIdentity = Pick<SenderSetup, 'runId' | 'userAgent'>;

/**
 * The request as it is sent. The probe's id goes out in the User-Agent (every access log has that column by default) and
 * as `traceparent` (W3C Trace Context), whose trace id is the run's.
 */
export function prepareRequest(
  spec: RequestSpec,
  route: RouteTarget,
  setup: Pick<SenderSetup, 'limits' | 'headers' | 'memberId' | 'connectionHeader'>,
  identity: RequestIdentity,
  requestId: string,
  shape: Pick<ShotShape, 'delayMs' | 'limitUs' | 'connection'>,
  cookie: string,
): Omit<Prepared, 'wantsAnswer'> {
  return {
    path: spec.path.replaceAll('{delayMs}', String(shape.delayMs ?? 0)),
    method: spec.method,
    headers: headerList(spec, route, setup.headers, identity, requestId, cookie),
    body: spec.body,
    limitUs: shape.limitUs ?? setup.limits.requestTimeoutUs,
    maxBodyBytes: setup.limits.maxBodyBytes,
    spec,
    memberId: setup.memberId,
    connectionHeader: setup.connectionHeader,
  };
}

function headerList(
  spec: RequestSpec,
  route: RouteTarget,
  common: Readonly<Record<string, string>>,
  identity: RequestIdentity,
  requestId: string,
  cookie: string,
): string[] {
  const headers = new Map<string, [name: string, value: string]>();
  const set = (name: string, value: string): unknown => headers.set(name.toLowerCase(), [name, value]);
  set('Host', hostOf(route));
  set('User-Agent', `${identity.userAgent} (run=${identity.runId.slice(0, 8)}; id=${requestId})`);
  set('traceparent', `00-${identity.runId}-${requestId}-01`);
  set('Accept', '*/*');
  // Compressed answers could not be compared with each other or searched for a text.
  set('Accept-Encoding', 'identity');
  for (const [name, value] of [...Object.entries(common), ...Object.entries(spec.headers)]) set(name, value);
  if (cookie !== '') set('Cookie', [headers.get('cookie')?.[1], cookie].filter(Boolean).join('; '));
  return [...headers.values()].flat();
}

function hostOf(route: RouteTarget): string {
  if (route.target.host !== undefined) return route.target.host;
  return new URL(route.target.url).host;
}
