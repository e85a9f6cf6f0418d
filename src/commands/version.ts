import { readFileSync } from 'node:fs';

/** Version of the package, from its own description: one level above `src/` and above `dist/` alike. */
export function packageVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (description as { version: string }).version;
}
