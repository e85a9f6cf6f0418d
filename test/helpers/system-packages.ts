/** Programs of the system that some tests need: installs them where that is possible, else names them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findChromium } from './chromium.ts';
import { findProgram } from './requires.ts';

type SystemPackage = { readonly name: string; readonly isThere: () => boolean };

const PACKAGES: readonly SystemPackage[] = [
  { name: 'nginx-light', isThere: () => findProgram('nginx') !== undefined },
  { name: 'haproxy', isThere: () => findProgram('haproxy') !== undefined },
  { name: 'apache2', isThere: () => findProgram('apache2') !== undefined },
  { name: 'caddy', isThere: () => findProgram('caddy') !== undefined },
  { name: 'varnish', isThere: () => findProgram('varnishd') !== undefined },
  { name: 'prometheus', isThere: () => findProgram('prometheus') !== undefined },
  { name: 'prometheus-alertmanager', isThere: () => findProgram('prometheus-alertmanager') !== undefined },
  { name: 'prometheus-blackbox-exporter', isThere: () => findProgram('prometheus-blackbox-exporter') !== undefined },
  { name: 'cmark-gfm', isThere: () => findProgram('cmark-gfm') !== undefined },
  { name: 'chromium', isThere: () => findChromium() !== undefined },
];
/** Somebody else may be installing at the moment. */
const WAIT_FOR_LOCK = ['-o', 'DPkg::Lock::Timeout=120'];
/** A slow mirror and 300 MB of packages; beyond it the install hangs. */
const APT_LIMIT_MS = 600_000;
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Installs what is missing when we are root on Debian or Ubuntu. Never fails: tests skip, or fail on CI, by themselves. */
export function provideSystemPackages(say: (line: string) => void): void {
  const missing = PACKAGES.filter((entry) => !entry.isThere()).map((entry) => entry.name);
  if (missing.length === 0) return;
  const installable = canInstall() ? missing.filter((name) => !isSnapOnly(name)) : [];
  if (installable.length > 0) withoutStartingServices(() => install(installable, say));
  const absent = PACKAGES.filter((entry) => !entry.isThere()).map((entry) => entry.name);
  if (absent.length > 0) say(`not on this machine: ${absent.join(', ')}; tests that need them are skipped (CI: fail)`);
}

function install(names: readonly string[], say: (line: string) => void): void {
  say('apt-get update');
  if (!aptGet(['update'], say)) return;
  // One by one: a package that this release does not have must not keep the others away.
  for (const name of names) {
    say(`apt-get install ${name}`);
    aptGet(['install', '-y', '--no-install-recommends', name], say);
  }
}

function aptGet(args: readonly string[], say: (line: string) => void): boolean {
  const result = spawnSync('apt-get', ['-q', ...WAIT_FOR_LOCK, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: APT_LIMIT_MS,
  });
  if (result.status === 0) return true;
  say(`apt-get ${args.join(' ')} failed: ${result.error?.message ?? lastLine(result.stderr)}`);
  return false;
}

/** Debian asks this script before it starts a service; 101 forbids it. A server of the package would take port 80. */
function withoutStartingServices(action: () => void): void {
  const isOurs = !existsSync(POLICY_FILE);
  if (isOurs) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    action();
  } finally {
    if (isOurs) rmSync(POLICY_FILE, { force: true });
  }
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && findProgram('apt-get') !== undefined && /debian|ubuntu/.test(osRelease());
}

/** Ubuntu's chromium package only asks for a snap, which containers cannot install. */
function isSnapOnly(name: string): boolean {
  return name === 'chromium' && /^ID="?ubuntu/m.test(osRelease());
}

function osRelease(): string {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
