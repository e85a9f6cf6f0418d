/** Which declared setting a finding should cite. */

import type { DeclaredConfig, DeclaredSetting, SettingMeaning } from '../../model/declared.ts';
import { memberAddress } from './address.ts';

/**
 * How far a measured time may be from the declared one that made it. Timers of gateways were seen to fire up to 1 % late and ARR's 30 s
 * timer 111 ms early (29.889 s), within the second in which IIS looks at its timers.
 */
const NEAR_RATIO = 0.01;
const NEAR_US = 250_000;

/** Whether a measured time is that of this setting. */
export function agrees(setting: DeclaredSetting, measuredUs: number): boolean {
  if (setting.valueUs === undefined) return false;
  return Math.abs(setting.valueUs - measuredUs) <= Math.max(NEAR_US, setting.valueUs * NEAR_RATIO);
}

/**
 * The settings with a meaning that hold for a member (an address, a URL or a declared name), most specific first: those that name the
 * member, then narrower scopes before wider ones, then what is written before defaults. With a measured time the settings that it
 * agrees with come first among those for the member. A member that no configuration knows gets every setting.
 */
export function settingsFor(
  configs: readonly DeclaredConfig[],
  meaning: SettingMeaning,
  member?: string,
  measuredUs?: number,
): readonly DeclaredSetting[] {
  const addresses = member === undefined ? new Set<string>() : addressesOf(configs, member);
  const rank = (setting: DeclaredSetting): number => {
    const concerns = setting.members === undefined ? 1 : setting.members.some((one) => addresses.has(one)) ? 2 : 0;
    const near = measuredUs !== undefined && agrees(setting, measuredUs) ? 1 : 0;
    return ((concerns * 2 + near) * 16 + setting.depth) * 2 + (setting.isDefault ? 0 : 1);
  };
  return configs
    .flatMap(({ settings }) => settings)
    .filter((setting) => setting.meaning === meaning)
    .filter(({ members }) => addresses.size === 0 || members === undefined || members.some((one) => addresses.has(one)))
    .map((setting, i) => ({ setting, i, rank: rank(setting) }))
    .sort((a, b) => b.rank - a.rank || a.i - b.i)
    .map(({ setting }) => setting);
}

/** The setting to cite; undefined when no configuration has one with this meaning. */
export function settingFor(
  configs: readonly DeclaredConfig[],
  meaning: SettingMeaning,
  member?: string,
  measuredUs?: number,
): DeclaredSetting | undefined {
  return settingsFor(configs, meaning, member, measuredUs)[0];
}

/** `nginx.conf:11 proxy_read_timeout 2s (http)`: where a value stands, in one line. */
export function citation(setting: DeclaredSetting): string {
  const { file, line, directive, value, scope, isDefault } = setting;
  const text = value === '' ? '(empty)' : value;
  return isDefault
    ? `${directive} ${text} (default, written nowhere; ${scope})`
    : `${file}:${line} ${directive} ${text} (${scope})`;
}

/** Empty when no configuration knows the member. A host alone, or with another port, stands for all its ports. */
function addressesOf(configs: readonly DeclaredConfig[], member: string): ReadonlySet<string> {
  const address = memberAddress(member, 80);
  const name = member.toLowerCase();
  const known = configs.flatMap(({ members }) => members);
  const exact = known.filter((one) => one.address === address || one.name?.toLowerCase() === name);
  const host = hostOf(address);
  const found = exact.length > 0 ? exact : known.filter((one) => hostOf(one.address) === host);
  return new Set(found.map((one) => one.address));
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}
