/** Where the configuration sets what a finding is about: file, line and value, beside the measured one. */
import type { Measures } from '../analysis/measures.ts';
import { agrees, citation, settingsFor } from '../gateways/config/setting-for.ts';
import type { CauseId } from '../model/causes.ts';
import type { DeclaredSetting, PlacedConfig, SettingMeaning } from '../model/declared.ts';
import type { Declaration, Finding } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';

type Link = {
  readonly meaning: SettingMeaning;
  /** Quantity of the finding that should be this setting. */
  readonly measured?: string;
  readonly of: 'gateway' | 'member';
};

const LINKS: Readonly<Partial<Record<CauseId, readonly Link[]>>> = {
  'timeout/gateway-response': [{ meaning: 'response-timeout', measured: 'timeoutUs', of: 'gateway' }],
  'timeout/gateway-read': [{ meaning: 'response-timeout', measured: 'timeoutUs', of: 'gateway' }],
  'timeout/gateway-connect': [{ meaning: 'connect-timeout', measured: 'timeoutUs', of: 'gateway' }],
  'timeout/gateway-send': [{ meaning: 'send-timeout', measured: 'timeoutUs', of: 'gateway' }],
  'timeout/gateway-queue': [{ meaning: 'queue-timeout', measured: 'timeoutUs', of: 'gateway' }],
  'timeout/member': [{ meaning: 'app-timeout', measured: 'timeoutUs', of: 'member' }],
  'queue/gateway': [{ meaning: 'max-conns-member', measured: 'concurrencyLimit', of: 'gateway' }],
  'queue/rejected': [{ meaning: 'queue-length', of: 'member' }],
  'cold-start/idle': [
    { meaning: 'pool-idle-timeout', measured: 'idleThresholdUs', of: 'member' },
    { meaning: 'start-mode', of: 'member' },
    { meaning: 'preload', of: 'member' },
  ],
  'cold-start/recycle': [{ meaning: 'recycle-period', measured: 'periodUs', of: 'member' }],
  'connection/keep-alive-race': [
    { meaning: 'keep-alive-client', measured: 'memberIdleTimeoutUs', of: 'member' },
    { meaning: 'keep-alive-member', measured: 'gatewayIdleTimeoutUs', of: 'gateway' },
  ],
  'gateway/cascade': [
    { meaning: 'retry-when', of: 'gateway' },
    { meaning: 'ejection', of: 'gateway' },
  ],
  'member/none-available': [
    { meaning: 'health-check', of: 'gateway' },
    { meaning: 'health-minimum', of: 'gateway' },
  ],
};
/** A place that sets it, and one that would have to be looked at next: more belongs into the configuration audit. */
const MAX_PER_LINK = 2;

/** The finding with its declarations, and a step that names the line to change; as it was where no configuration was read. */
export function withDeclarations(finding: Finding, { configs = [], profile }: Measures): Finding {
  const links = LINKS[finding.cause];
  if (configs.length === 0 || links === undefined) return finding;
  const member = finding.scope.member;
  const url = profile.members.find(({ name }) => name === member)?.url;
  const declared = links.flatMap((link) => declarationsOf(link, finding, configsOf(configs, link.of), member, url));
  if (declared.length === 0) return finding;
  const step = stepOf(declared);
  const { remedy } = finding;
  return {
    ...finding,
    declared,
    remedy: step === undefined ? remedy : { ...remedy, steps: [...remedy.steps, step] },
  };
}

/** Configurations of the gateway, or of members; one without a role is a gateway when it has members. */
export function configsOf(configs: readonly PlacedConfig[], wanted: 'gateway' | 'member'): readonly PlacedConfig[] {
  return configs.filter((config) => (config.role ?? (config.members.length > 0 ? 'gateway' : 'member')) === wanted);
}

function declarationsOf(
  { meaning, measured }: Link,
  finding: Finding,
  configs: readonly PlacedConfig[],
  member: string | undefined,
  url: string | undefined,
): readonly Declaration[] {
  const value = measured === undefined ? undefined : finding.measured[measured]?.value;
  const own = configs.filter(
    (config) => config.member === undefined || config.member === member || config.member === url,
  );
  const settings = settingsFor(own.length > 0 ? own : configs, meaning, url ?? member, value);
  // Where one of them is what was measured, the others are not to blame.
  const matching = value === undefined ? [] : settings.filter((setting) => isMeasured(setting, value));
  return (matching.length > 0 ? matching : settings)
    .slice(0, MAX_PER_LINK)
    .map((setting) => declarationOf(setting, value));
}

function isMeasured(setting: DeclaredSetting, value: number): boolean {
  return setting.valueUs === undefined ? setting.count === value : agrees(setting, value);
}

function declarationOf(setting: DeclaredSetting, value: number | undefined): Declaration {
  const { file, line, directive, scope } = setting;
  const isComparable = value !== undefined && (setting.valueUs !== undefined || setting.count !== undefined);
  return {
    file,
    line,
    directive,
    value: setting.value,
    scope,
    ...(isComparable ? comparison(setting, value) : {}),
    citation: citation(setting),
  };
}

/** Times as times, everything else as the number it is. */
function comparison(setting: DeclaredSetting, value: number): Pick<Declaration, 'agrees' | 'disagreement'> {
  if (isMeasured(setting, value)) return { agrees: true };
  const { valueUs, count = 0 } = setting;
  const text = (one: number): string => (valueUs === undefined ? formatNumber(one) : formatDuration(one));
  return { agrees: false, disagreement: `measured ${text(value)}, declared ${text(valueUs ?? count)}` };
}

/** Undefined where what is declared is not what was measured: then the line is shown, and nobody is sent to change it. */
function stepOf(declared: readonly Declaration[]): string | undefined {
  const own = declared.find((one) => one.agrees === true) ?? declared.find((one) => one.agrees === undefined);
  if (own === undefined) return undefined;
  return own.line === 0
    ? `The configuration that was read does not set ${own.directive}: its default of ${own.value} applies (${own.scope}). Add it there.`
    : `The line to change is ${own.file}:${own.line}, ${own.directive} ${own.value} (${own.scope}).`;
}
