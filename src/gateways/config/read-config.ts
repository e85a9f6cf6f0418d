/** Configuration of any gateway that is known, as declared settings. Never throws, whatever the files hold. */

import type { ConfigSource, DeclaredConfig } from '../../model/declared.ts';
import type { GatewayKind } from '../../model/profile.ts';
import { readApache } from './apache-config.ts';
import { readCaddy } from './caddy-config.ts';
import { readCaddyJson } from './caddy-json-config.ts';
import { createDraft, type Draft } from './draft.ts';
import { createFileTree, type FileTree } from './file-tree.ts';
import { readHaproxy } from './haproxy-config.ts';
import { readIis } from './iis-config.ts';
import { readNginx } from './nginx-config.ts';

/**
 * Reads one configuration with all that it includes. Without a kind it is told from the file's name, then from its first text; when that
 * does not tell, the result has the kind `unknown` and a problem. A kind that is given wins, except that a Caddy file may be of either form
 * and `arr` and `iis` are the same files.
 */
export function readConfig(
  kind: GatewayKind | undefined,
  path: string,
  readFile: ConfigSource['readFile'],
  glob: ConfigSource['glob'],
): DeclaredConfig {
  const draft = createDraft();
  const safe: ConfigSource = {
    readFile: (name) => quietly(() => readFile(name), undefined),
    glob: (pattern) => quietly(() => glob(pattern), []),
  };
  const files = createFileTree(safe, draft);
  const start = safe.readFile(path)?.slice(0, 65_536) ?? '';
  const form = formOf(kind, path, start);
  if (form === undefined) {
    const expected = 'configuration of IIS, nginx, HAProxy, Apache httpd or Caddy';
    const found = kind ?? 'a file that is none of them';
    const fix = 'Name the kind, or give the main file (applicationHost.config, nginx.conf, haproxy.cfg …).';
    draft.addProblem({ file: path, line: 0, expected, found, fix });
    return draft.finish(kind ?? 'unknown');
  }
  return draft.finish(FORMS[form](path, files, draft));
}

type Form = 'iis' | 'nginx' | 'haproxy' | 'apache' | 'caddyfile' | 'caddy-json';

type Reader = (path: string, files: FileTree, draft: Draft) => void;

function kindOf(kind: GatewayKind, read: Reader): (...given: Parameters<Reader>) => GatewayKind {
  return (...given) => {
    read(...given);
    return kind;
  };
}

/** IIS tells whether it is a gateway (ARR) or a member. */
const FORMS: Readonly<Record<Form, (...given: Parameters<Reader>) => GatewayKind>> = {
  iis: readIis,
  nginx: kindOf('nginx', readNginx),
  haproxy: kindOf('haproxy', readHaproxy),
  apache: kindOf('apache', readApache),
  caddyfile: kindOf('caddy', readCaddy),
  'caddy-json': kindOf('caddy', readCaddyJson),
};

/** The functions that are passed in may meet a missing right or a folder: then there is no file. */
function quietly<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

function formOf(kind: GatewayKind | undefined, path: string, start: string): Form | undefined {
  switch (kind) {
    case 'arr':
    case 'iis':
      return 'iis';
    case 'nginx':
    case 'haproxy':
    case 'apache':
      return kind;
    case 'caddy':
      return /^\s*\{\s*(?:"|\}\s*$)/.test(start) ? 'caddy-json' : 'caddyfile';
    case undefined:
    case 'unknown':
      return formByName(path) ?? formByText(start);
    default:
      return undefined;
  }
}

const NAMES: readonly (readonly [RegExp, Form])[] = [
  [/^(applicationhost|web|machine|administration)[\w.-]*\.config$/i, 'iis'],
  [/^haproxy[\w.-]*\.(cfg|conf)$/i, 'haproxy'],
  [/^nginx[\w.-]*\.conf$/i, 'nginx'],
  [/^(httpd|apache2?|httpd-[\w-]+)\.conf$/i, 'apache'],
  [/^Caddyfile\b/i, 'caddyfile'],
  [/\.caddyfile$/i, 'caddyfile'],
];

function formByName(path: string): Form | undefined {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return NAMES.find(([pattern]) => pattern.test(name))?.[1];
}

/** Signs that stand in one kind of file only. */
const SIGNS: readonly (readonly [RegExp, Form])[] = [
  [/<configuration[\s>]/, 'iis'],
  [/^\s*\{\s*(?=")(?=[\s\S]*"(?:apps|handler)"\s*:)/, 'caddy-json'],
  [
    /^[ \t]*(?:<(?:VirtualHost|Directory|Location|IfModule|Proxy)\b|LoadModule\s|ServerRoot\s|ProxyPass(?:Match)?\s)/im,
    'apache',
  ],
  [/^(?:global|defaults|frontend\s+\S+|backend\s+\S+|listen\s+\S+)\s*(?:#.*)?$/m, 'haproxy'],
  [/^[ \t]*(?:http|events|upstream\s+\S+|server|location\s[^{}\n]+)\s*\{|^[ \t]*proxy_\w+\s[^;\n]*;/m, 'nginx'],
  [/^[ \t]*(?:reverse_proxy|php_fastcgi|handle_path|file_server)\b/m, 'caddyfile'],
];

function formByText(start: string): Form | undefined {
  return SIGNS.find(([pattern]) => pattern.test(start))?.[1];
}
