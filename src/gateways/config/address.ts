/** Addresses of members in one form: `host:port`, lower case, so that files and measurements can be compared. */

/** From a URL (`http://web1:8080/x`), `host:port`, `[::1]:80`, `unix:/path` or `host`. Variables stay as they are. */
export function memberAddress(text: string, defaultPort?: number): string {
  if (/^unix[:/]/i.test(text)) return `unix:${text.replace(/^unix[:/]+/i, '/').replace(/[:|].*$/, '')}`;
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  const authority = (scheme === undefined ? text : text.slice(scheme.length + 3)).replace(/[/?#].*$/, '');
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
  if (/(?:^|[^:]):[\d$%{][^:\]]*$|\]:\S+$/.test(host)) return host;
  const port = scheme === undefined ? defaultPort : (DEFAULT_PORTS.get(scheme) ?? defaultPort);
  if (port === undefined) return host;
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}

const DEFAULT_PORTS = new Map([
  ['http', 80],
  ['ws', 80],
  ['h2c', 80],
  ['https', 443],
  ['wss', 443],
  ['h2', 443],
  ['ajp', 8009],
  ['fcgi', 8000],
]);
