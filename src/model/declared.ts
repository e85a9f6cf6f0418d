/**
 * What configuration files declare, as effective values: inheritance is resolved and defaults stand beside what is written. Each value
 * says where to change it.
 */
import type { GatewayKind } from './profile.ts';

/** What a setting means, whatever its gateway calls it. */
export type SettingMeaning =
  /** Wait for a connection to a member. */
  | 'connect-timeout'
  /** Wait for a member's answer: for its headers, or between two reads. */
  | 'response-timeout'
  /** Wait until a member takes the request. */
  | 'send-timeout'
  /** Wait in the gateway's own queue for a member or for a place in its pool. */
  | 'queue-timeout'
  /** Wait for the client: its headers, its body, its reading. */
  | 'client-timeout'
  /** How long an idle connection of a client stays open. In a member's own configuration this is the idle timeout that the gateway meets. */
  | 'keep-alive-client'
  /** How long the gateway keeps an idle connection to a member. */
  | 'keep-alive-member'
  /** How many idle connections to members are kept; 0: none. */
  | 'keep-alive-count'
  /** Whether connections to members are used again. */
  | 'keep-alive-use'
  /** Time without requests after which a pool ends its worker. */
  | 'pool-idle-timeout'
  | 'start-mode'
  | 'preload'
  | 'recycle-period'
  | 'recycle-other'
  /** Requests that may wait. */
  | 'queue-length'
  | 'max-connections'
  | 'max-conns-member'
  | 'workers'
  /** How often, when and how long a request is repeated. */
  | 'retries'
  | 'retry-when'
  | 'retry-time'
  | 'health-check'
  | 'health-interval'
  | 'health-timeout'
  /** Which answers count as healthy. */
  | 'health-match'
  /** Members that health checks leave in whatever they say. */
  | 'health-minimum'
  | 'affinity'
  | 'balancing'
  /** What takes a member out, and for how long. */
  | 'ejection'
  | 'ejection-time'
  | 'buffer-size'
  /** The application's own limit on one request. */
  | 'app-timeout'
  | 'start-timeout'
  | 'stop-timeout'
  | 'request-limit'
  | 'enabled';

export type DeclaredSetting = {
  /** As shown to the user; empty when `line` is 0. */
  readonly file: string;
  /** From 1; 0 for a default that is written nowhere. */
  readonly line: number;
  /** `proxy_read_timeout`, `webFarms/webFarm[@name='F']/applicationRequestRouting/protocol timeout`. */
  readonly directive: string;
  /** Where it is written, or for what it holds: `location /api in server shop.example.com`, `farm F`, `application pool P`. */
  readonly scope: string;
  /** How narrow the scope is: 0 for the whole program, more for narrower ones. */
  readonly depth: number;
  /** Verbatim; the default's text when `isDefault`. */
  readonly value: string;
  readonly isDefault: boolean;
  /** A time, when the value is one; a time that is off or infinite has none. */
  readonly valueUs?: number;
  /** A number, a size in bytes, or 1 and 0 for a switch. */
  readonly count?: number;
  readonly meaning: SettingMeaning;
  /** Addresses (`host:port`, lower case) of the members that it concerns, where known. */
  readonly members?: readonly string[];
};

export type ConfigProblem = {
  readonly file: string;
  readonly line: number;
  readonly expected: string;
  readonly found: string;
  readonly fix: string;
};

export type DeclaredMember = {
  readonly address: string;
  readonly name?: string;
  readonly file: string;
  readonly line: number;
};

export type DeclaredConfig = {
  readonly kind: GatewayKind;
  /** All files that were read, the given one first. */
  readonly files: readonly string[];
  readonly settings: readonly DeclaredSetting[];
  readonly problems: readonly ConfigProblem[];
  readonly members: readonly DeclaredMember[];
};

/** Reading is passed in: `readFile` is undefined for what is not there, `glob` gives the files that match, sorted. */
export type ConfigSource = {
  readonly readFile: (path: string) => string | undefined;
  readonly glob: (pattern: string) => readonly string[];
};

/** A configuration with its place. Without `role` it is a gateway when it has members. */
export type PlacedConfig = DeclaredConfig & {
  readonly role?: 'gateway' | 'member';
  /** Address of the member whose configuration this is. */
  readonly member?: string;
};
