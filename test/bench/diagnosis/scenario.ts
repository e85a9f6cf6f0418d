/** What a case of the fault benchmark is made of: data only; `stage.ts` starts it and `running.ts` runs it. */
import type { GatewayOptions, ServiceTime } from '../../../src/lab/options.ts';
import type { Behaviour } from '../../../src/lab/scenario.ts';
import type { CauseId } from '../../../src/model/causes.ts';
import type { Random } from '../../../src/model/time.ts';
import type { ApacheOptions } from '../../helpers/gateways/apache.ts';
import type { CaddyOptions } from '../../helpers/gateways/caddy.ts';
import type { GatewayOptions as RealOptions } from '../../helpers/gateways/gateway-process.ts';
import type { HaproxyOptions } from '../../helpers/gateways/haproxy.ts';
import type { NginxOptions } from '../../helpers/gateways/nginx.ts';
import type { QuirkOptions } from './quirk-member.ts';

export const GATEWAY_NAMES = ['nginx', 'haproxy', 'apache', 'caddy', 'varnish', 'arr'] as const;
export type GatewayName = (typeof GATEWAY_NAMES)[number];
export const ALL_GATEWAYS: readonly GatewayName[] = GATEWAY_NAMES;

/** F timeouts, D drops, K kept connections, Q queues, C cold starts, M members, N network, S stalls, X pairs, Z nothing to find. */
export const FAMILIES = ['F', 'D', 'K', 'Q', 'C', 'M', 'N', 'S', 'X', 'Z'] as const;
export type Family = (typeof FAMILIES)[number];

export type Truth = {
  readonly cause: CauseId;
  /** Causes that are equally right here. */
  readonly or?: readonly CauseId[];
  /** The finding must name it. */
  readonly member?: string;
  /** Set values under the names of `report.json` (`timeoutMs`, `concurrencyLimit`). */
  readonly measured?: Readonly<Record<string, number>>;
};

export type MemberPlan = {
  readonly name: string;
  readonly is:
    | { readonly kind: 'lab'; readonly behaviour: Behaviour }
    | { readonly kind: 'quirk'; readonly quirks: QuirkOptions }
    /** Nothing listens behind its port. */
    | { readonly kind: 'closed' }
    /** Its name does not resolve, neither for the gateway nor for the probe. */
    | { readonly kind: 'nameless' };
  /** Stands between the gateway and the member only; the probe asks the member itself. */
  readonly relay?: { readonly delayMs: number; readonly forgetAfterMs?: number };
};

export type GatewayPlan = {
  readonly readTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Keeps connections to members open where the gateway can. */
  readonly keepAlive?: boolean;
  /** Members by name, in the order in which the gateway lists them; default: each once. */
  readonly listed?: readonly string[];
  readonly nginx?: Partial<NginxOptions>;
  readonly haproxy?: Partial<HaproxyOptions>;
  readonly apache?: Partial<ApacheOptions>;
  readonly caddy?: Partial<CaddyOptions>;
  readonly varnish?: Partial<RealOptions>;
  readonly arr?: Partial<GatewayOptions>;
};

/** What stands between the probe and the gateway. */
export type Front =
  | { readonly kind: 'relay'; readonly delayMs: number }
  /** Answers 504 of its own after `timeoutMs`. */
  | { readonly kind: 'middlebox'; readonly timeoutMs: number }
  /**
   * Ends TLS with a certificate that nobody has signed. With `handshakeMs` each handshake waits for as long, as for a revocation list, and
   * the probe is told to take the certificate as it is.
   */
  | { readonly kind: 'tls'; readonly handshakeMs?: number }
  /** Accepts nothing for `deafMs` of each `everyMs`, while its queue of new connections is full: Linux drops what asks for one. */
  | { readonly kind: 'deaf'; readonly deafMs: number; readonly everyMs: number };

export type Stage = {
  readonly members: readonly MemberPlan[];
  readonly gateway: GatewayPlan;
  readonly front?: Front;
  /** Flow mappings of the profile. */
  readonly requests: readonly string[];
  readonly experiments: readonly string[];
  /** Default 8s. */
  readonly requestTimeout?: string;
  /** The profile says what the gateway is. Else it is told from its answers, and where it cannot be, slow requests are sent in small steps. */
  readonly isKindDeclared?: true;
};

export type Setting = {
  /** What was drawn, for the record. */
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  readonly stage: Stage;
  /** All of them are to be found; empty for a negative. */
  readonly truth: readonly Truth[];
  /** True of this case as well, but not what is asked for: neither right nor wrong. */
  readonly tolerated?: readonly CauseId[];
};

export type Scenario = {
  readonly id: string;
  readonly family: Family;
  readonly title: string;
  readonly gateways: readonly GatewayName[];
  /** In the short form, with this gateway. */
  readonly short?: GatewayName;
  /** The fault itself takes members out: ejections are not the probe's doing. */
  readonly ejects?: true;
  draw(random: Random, gateway: GatewayName): Setting;
};

export function isNegative({ family }: Pick<Scenario, 'family'>): boolean {
  return family === 'Z';
}

/** Uniform, rounded to whole numbers. */
export function between(random: Random, low: number, high: number): number {
  return Math.round(low + (high - low) * random.next());
}

export function pick<const T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random.next() * items.length)] ?? items[0];
}

export const HOME = '{ name: home, path: /, weight: 15, expect: { status: 200 } }';
export const REPORT = '{ name: report, path: /report, weight: 4, expect: { status: 200 } }';
/** Members take as long as `ms` says. */
export const SLOW = '{ name: slow, path: "/slow?ms={delayMs}", safe: true }';

const SIDE_PATHS = ['/report', '/slow'];

/** Tens of milliseconds with a little noise, drawn for each case. */
export function pageTime(random: Random): ServiceTime {
  return { kind: 'lognormal', medianMs: between(random, 15, 60), sigma: 0.1 + 0.15 * random.next() };
}

/** A member of the lab. */
export function lab(name: string, service: ServiceTime, behaviour: Partial<Behaviour> = {}): MemberPlan {
  return { name, is: { kind: 'lab', behaviour: { service, paths: {}, unlimitedPaths: SIDE_PATHS, ...behaviour } } };
}

/** A member with the faults of this benchmark that the lab does not have. */
export function quirky(name: string, service: ServiceTime, quirks: Partial<QuirkOptions> = {}): MemberPlan {
  return { name, is: { kind: 'quirk', quirks: { services: [{ share: 1, service }], ...quirks } } };
}

export function closed(name: string): MemberPlan {
  return { name, is: { kind: 'closed' } };
}

export function compare(ratePerSec: number, seconds: number, newConnections = '50%'): string {
  return `{ compare: { rate: ${ratePerSec}/s, for: ${seconds}s, newConnections: ${newConnections} } }`;
}
