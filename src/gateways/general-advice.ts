import type { CauseId } from '../model/causes.ts';
import type { Remedy } from '../model/finding.ts';
import type { RemedyContext } from './gateway.ts';
import { CONNECTION_ADVICE } from './general-connections.ts';
import { GATEWAY_ADVICE } from './general-gateway.ts';
import { LOAD_ADVICE } from './general-load.ts';
import { TIMEOUT_ADVICE } from './general-timeouts.ts';

/** What the members run on, as far as it changes the commands: IIS behind ARR and IIS, anything else otherwise. */
export type MemberFamily = 'iis' | 'any';

/** Advice on a cause that holds for every gateway. The gateway's own steps go between `first` and `last`. */
export type GeneralAdvice = {
  readonly first: readonly string[];
  readonly last: readonly string[];
  readonly commands: Remedy['commands'];
  readonly howToVerify: string;
};

/** Only what a cause needs is written down; the rest is empty. */
export type GeneralEntry = {
  readonly first: readonly string[];
  readonly last?: readonly string[];
  readonly commands?: Remedy['commands'];
  readonly howToVerify: string;
};
export type GeneralTable<Ids extends CauseId> = Readonly<
  Record<Ids, (context: RemedyContext, family: MemberFamily) => GeneralEntry>
>;

// The compiler checks that every cause is in exactly one of the four tables.
const ADVICE: GeneralTable<CauseId> = { ...TIMEOUT_ADVICE, ...CONNECTION_ADVICE, ...LOAD_ADVICE, ...GATEWAY_ADVICE };

/** Steps, commands for members and the check that hold whatever the gateway is. */
export function generalAdvice(context: RemedyContext, family: MemberFamily): GeneralAdvice {
  const entry = ADVICE[context.cause](context, family);
  return {
    first: entry.first,
    last: entry.last ?? [],
    commands: entry.commands ?? [],
    howToVerify: entry.howToVerify,
  };
}
