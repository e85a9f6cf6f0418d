/** Configuration from memory and from the fixtures. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../../src/gateways/config/read-config.ts';
import type { DeclaredConfig, DeclaredSetting } from '../../../src/model/declared.ts';
import type { GatewayKind } from '../../../src/model/profile.ts';

export function fromMemory(files: Readonly<Record<string, string>>, path: string, kind?: GatewayKind): DeclaredConfig {
  const glob = (pattern: string): readonly string[] => {
    const expression = new RegExp(`^${pattern.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\*/g, '[^/]*')}$`);
    return Object.keys(files)
      .filter((name) => expression.test(name))
      .sort();
  };
  return readConfig(kind, path, (name) => files[name], glob);
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
}

export function fromFixture(name: string, kind?: GatewayKind): DeclaredConfig {
  return readConfig(
    kind,
    fixturePath(name),
    (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    (pattern) => globSync(pattern).sort(),
  );
}

/** `file:line value | scope`, with only the last part of the file's name. */
export function shown({ file, line, value, scope, isDefault }: DeclaredSetting): string {
  const name = file.split(/[\\/]/).at(-1) ?? '';
  return `${isDefault ? 'default' : `${name}:${line}`} ${value} | ${scope}`;
}

export function find(config: DeclaredConfig, directive: string, member?: string): readonly string[] {
  return config.settings
    .filter((one) => one.directive === directive && (member === undefined || one.members?.includes(member)))
    .map(shown);
}
