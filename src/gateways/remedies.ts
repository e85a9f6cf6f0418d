import type { Remedy } from '../model/finding.ts';
import type { GatewayKind } from '../model/profile.ts';
import { composeRemedy } from './advice.ts';
import type { Gateway, RemedyContext } from './gateway.ts';

/** What to do about a cause behind this kind of gateway; general advice where the gateway has nothing of its own to say. */
export function remedyFor(gateways: readonly Gateway[], kind: GatewayKind, context: RemedyContext): Remedy {
  const gateway = gateways.find((candidate) => candidate.kind === kind);
  return gateway?.remedy(context) ?? composeRemedy(kind, context, {});
}
