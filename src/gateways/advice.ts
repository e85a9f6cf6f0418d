import type { CauseId } from '../model/causes.ts';
import type { Remedy } from '../model/finding.ts';
import type { GatewayKind } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { RemedyContext } from './gateway.ts';
import { generalAdvice } from './general-advice.ts';

export type Command = Remedy['commands'][number];

/** What one kind of gateway adds to the general advice on a cause: steps that name its directives, and the lines to change. */
export type GatewayAdvice = { readonly steps?: readonly string[]; readonly commands?: readonly Command[] };
export type AdviceTable = Readonly<Partial<Record<CauseId, (context: RemedyContext) => GatewayAdvice>>>;

/** General advice on the cause with the advice of the gateway set in; gateway lines come before those for members. */
export function composeRemedy(kind: GatewayKind, context: RemedyContext, advice: GatewayAdvice): Remedy {
  const general = generalAdvice(context, isIisBehind(kind, context) ? 'iis' : 'any');
  return {
    steps: [...general.first, ...(advice.steps ?? []), ...general.last],
    commands: [...(advice.commands ?? []), ...general.commands],
    howToVerify: general.howToVerify,
  };
}

function isIisBehind(kind: GatewayKind, { isMemberOnIis }: RemedyContext): boolean {
  return kind === 'arr' || kind === 'iis' || isMemberOnIis === true;
}

/** The remedy out of a gateway's table; undefined when it has nothing of its own to say on the cause. */
export function remedyFromTable(kind: GatewayKind, table: AdviceTable, context: RemedyContext): Remedy | undefined {
  const advise = table[context.cause];
  return advise === undefined ? undefined : composeRemedy(kind, context, advise(context));
}

/**
 * Value to set for a timer, in whole seconds, rounded up: the suggestion of the finding, else twice the measured timer, else twice
 * the default. Twice, because a value is needed that is clearly above the one that was too short; the steps say to choose by the work.
 */
export function timerSeconds(context: RemedyContext, defaultUs: number): number {
  const us = context.suggestedUs ?? 2 * (context.measured['timeoutUs']?.value ?? defaultUs);
  return Math.max(1, Math.ceil(us / US_PER_SEC));
}

/** hh:mm:ss, as IIS and .NET read it; at most 23:59:59. */
export function asTimeSpan(seconds: number): string {
  const whole = Math.min(Math.max(0, Math.ceil(seconds)), 86_399);
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
