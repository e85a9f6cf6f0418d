import type { RemedyContext } from './gateway.ts';

/** Where a member listens, as commands and configuration lines name it. */
export type MemberAddress = {
  /** Host name, IPv4 address, or IPv6 address in brackets; a placeholder when it is not known. */
  readonly host: string;
  readonly port: string;
  readonly isTls: boolean;
};

/**
 * Address of the member that a remedy is about. A URL parser accepts quotes and semicolons in host names, so only hosts of letters,
 * digits, dots, hyphens and colons get into a command; anything else becomes a placeholder.
 */
export function memberAddress(context: RemedyContext): MemberAddress {
  const url = context.memberUrl === undefined ? null : URL.parse(context.memberUrl);
  if (url === null || !/^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(url.hostname)) {
    return { host: '<member>', port: '<port>', isTls: false };
  }
  const isTls = url.protocol === 'https:';
  return { host: url.hostname, port: url.port === '' ? (isTls ? '443' : '80') : url.port, isTls };
}

/** `host:port`. */
export function hostAndPort(context: RemedyContext): string {
  const { host, port } = memberAddress(context);
  return `${host}:${port}`;
}

/** `http://host:port` or `https://host:port`. */
export function memberOrigin(context: RemedyContext): string {
  return `${memberAddress(context).isTls ? 'https' : 'http'}://${hostAndPort(context)}`;
}
