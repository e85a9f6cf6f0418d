import type { CauseId } from '../model/causes.ts';
import type { GatewayOptions, MemberOptions } from './options.ts';

/** What a member of a scenario does; its place in the farm is added when it starts. */
export type Behaviour = Omit<MemberOptions, 'name' | 'port' | 'seed' | 'memberHeader' | 'logFolder'>;

export type ScenarioMember = {
  readonly name: string;
  /** Nothing runs behind its port. */
  readonly closed?: true;
  readonly behaviour: Behaviour;
};

/** Where a farm can be reached. */
export type FarmUrls = {
  readonly gateway: string;
  readonly members: readonly { readonly name: string; readonly url: string }[];
  /** Folder of the logs, where they are written. */
  readonly logs?: string;
};

/** What a run should find. `measured` has the set values under the names of the cause, times in milliseconds. */
export type Truth = {
  readonly cause: CauseId;
  readonly member?: string;
  readonly measured?: Readonly<Record<string, number>>;
};

/** A farm with known faults, and the profile of a run that shows them. */
export type Scenario = {
  readonly name: string;
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** Empty: there is nothing to find. */
  readonly truth: readonly Truth[];
  readonly members: readonly ScenarioMember[];
  readonly gateway: Omit<GatewayOptions, 'port' | 'seed' | 'members' | 'logFolder'>;
  /** The profile in YAML. */
  profile(urls: FarmUrls): string;
};
