import type { CauseId } from '../model/causes.ts';
import type { AnswerFacts } from '../model/exchange.ts';
import type { Estimate, Remedy } from '../model/finding.ts';
import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { GatewayKind } from '../model/profile.ts';

/** What an answer says about a kind of gateway. A wrong identification is worse than none: say how sure. */
export type Recognition = { readonly certainty: number; readonly because: string };

/** What happens to other users when one request is deliberately slow or fails through a gateway with several members. */
export type EjectionRule = {
  /** `never`: no member is taken out for others. `one-member`, `all-members`: that many may be out for `holdUs`. `unknown`: treat as the worst. */
  readonly slowRequest: 'never' | 'one-member' | 'all-members' | 'unknown';
  readonly because: string;
  readonly holdUs?: number;
};

/** A timer of the gateway that a cause can point at. `repeatable` timers may show as a multiple (retries). */
export type GatewayTimer = {
  readonly cause: CauseId;
  readonly name: string;
  readonly directive: string;
  /** Undefined: no such timer unless configured. */
  readonly defaultUs?: number;
};

/** What a remedy is written for. */
export type RemedyContext = {
  readonly cause: CauseId;
  readonly member?: string;
  readonly memberUrl?: string;
  readonly requestPath?: string;
  readonly measured: Readonly<Record<string, Estimate>>;
  /** For timeouts: a value that the work would fit into, already rounded up (µs). */
  readonly suggestedUs?: number;
  /** The members' logs are those of IIS, whatever stands before them. */
  readonly isMemberOnIis?: true;
  /** The only server farm that ARR's configuration has. */
  readonly farm?: string;
  /** The page of its health test, as configured. */
  readonly healthUrl?: string;
  /** What HTTPERR of the gateway itself says, where all refusals have one reason. */
  readonly refusedBy?: string;
};

/** One kind of gateway: how to recognise it, its codes, its timers, its remedies. One file each. */
export interface Gateway {
  readonly kind: GatewayKind;
  readonly title: string;
  /** From one answer that came through the gateway; undefined when it says nothing. */
  recognise(answer: AnswerFacts): Recognition | undefined;
  /** Whether this gateway itself wrote the answer (an error page of its own); undefined when the answer does not tell. */
  wroteIt(answer: AnswerFacts): boolean | undefined;
  /** Substatus and error code that the answer carries, never guessed. */
  codes(
    answer: AnswerFacts,
  ): { readonly substatus?: number; readonly code?: string; readonly meaning?: string } | undefined;
  /**
   * What this gateway's own lines say about one request: its access line and the error lines that belong to it (same connection or log
   * id, or same request and second). Undefined: not lines of this gateway, or they do not tell.
   */
  readLog?(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined;
  readonly ejection: EjectionRule;
  readonly timers: readonly GatewayTimer[];
  /** Undefined: the generic remedy is used. */
  remedy(context: RemedyContext): Remedy | undefined;
}
