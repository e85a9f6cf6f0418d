/** Caddy's own JSON (`caddy adapt`, `/config/`): the same settings as in a Caddyfile. */
import { memberAddress } from './address.ts';
import { type CaddyKnown, HEALTH, PROXY, TIMEOUTS, TRANSPORT } from './caddy-settings.ts';
import type { Draft, Written } from './draft.ts';
import type { FileTree } from './file-tree.ts';
import { at, type JsonNode, readJson } from './json-lines.ts';
import { goTime } from './values.ts';

export function readCaddyJson(path: string, files: FileTree, draft: Draft): void {
  files.within(path, { file: path, line: 0 }, (text) => {
    const root = readJson(text);
    if (root.kind === 'wrong') {
      const { line, found } = root;
      return draft.addProblem({ file: path, line, expected: 'JSON', found, fix: 'Give what caddy adapt prints.' });
    }
    const servers = at(root, 'apps', 'http', 'servers');
    for (const [name, server] of servers?.kind === 'object' ? servers.entries : []) {
      const members = new Set<string>();
      readProxies(at(server, 'routes'), `server ${name}`, path, draft, members);
      for (const known of TIMEOUTS)
        declare(draft, known, server, { file: path, scope: `server ${name}`, depth: 1 }, [...members]);
    }
  });
}

type Where = { readonly file: string; readonly scope: string; readonly depth: number };

function readProxies(
  node: JsonNode | undefined,
  scope: string,
  file: string,
  draft: Draft,
  reached: Set<string>,
): void {
  if (node?.kind === 'array') for (const item of node.items) readProxies(item, scope, file, draft, reached);
  if (node?.kind !== 'object') return;
  if (plain(at(node, 'handler')) === 'reverse_proxy') readProxy(node, scope, file, draft, reached);
  else {
    const path = firstPath(at(node, 'match'));
    for (const key of ['routes', 'handle'])
      readProxies(
        at(node, key),
        path === undefined || scope.startsWith(`${path} in `) ? scope : `${path} in ${scope}`,
        file,
        draft,
        reached,
      );
  }
}

function readProxy(proxy: JsonNode, site: string, file: string, draft: Draft, reached: Set<string>): void {
  const upstreams = at(proxy, 'upstreams');
  const members = (upstreams?.kind === 'array' ? upstreams.items : []).flatMap((one) => {
    const dial = plain(at(one, 'dial'));
    if (dial === undefined) return [];
    const address = memberAddress(dial, 80);
    draft.addMember({ address, file, line: one.line });
    reached.add(address);
    return [address];
  });
  const where = { file, scope: `reverse_proxy in ${site}`, depth: 2 };
  const health = at(proxy, 'health_checks', 'active') !== undefined;
  for (const known of [...PROXY, ...(health ? HEALTH : [])]) declare(draft, known, proxy, where, members);
  for (const known of TRANSPORT) declare(draft, known, at(proxy, 'transport'), where, members);
}

function declare(
  draft: Draft,
  known: CaddyKnown,
  node: JsonNode | undefined,
  where: Where,
  members: readonly string[],
): void {
  const value = at(node, ...known.json);
  const written: Written | undefined =
    value?.kind === 'plain' ? { ...where, line: value.line, value: valueText(known, value) } : undefined;
  const fallback = { scope: where.depth === 1 ? 'servers' : 'all reverse_proxy', depth: 0 };
  const named = { ...known, directive: value === undefined ? known.directive : known.json.join('.') };
  draft.declare({ known: named, written, fallback, members, readTime: jsonTime });
}

/** A bare number is nanoseconds. */
function jsonTime(text: string): number | undefined {
  return /^\d{1,18}$/.test(text) ? Math.floor(Number(text) / 1_000) : goTime(text);
}

function valueText(known: CaddyKnown, value: JsonNode & { readonly kind: 'plain' }): string {
  return known.kind === 'time' || known.kind === 'count' ? value.text.trim() : value.text;
}

function firstPath(match: JsonNode | undefined): string | undefined {
  const first = match?.kind === 'array' ? match.items[0] : undefined;
  const paths = at(first, 'path');
  return paths?.kind === 'array' ? plain(paths.items[0]) : undefined;
}

function plain(node: JsonNode | undefined): string | undefined {
  return node?.kind === 'plain' ? node.text : undefined;
}
