/** Who answered, as far as an answer tells. */
import type { MemberId } from '../model/profile.ts';
import type { Fields } from './wire/response-head.ts';

/** Cookies by which well-known gateways pin a client to a member. */
const AFFINITY_COOKIES =
  /^(ARRAffinity|SERVERID|ROUTEID|JSESSIONID_route|AWSALB|ApplicationGatewayAffinity|INGRESSCOOKIE|lb)$/;

/** The member that an answer names: by the profile's `memberId`, else by the cookie of a gateway that pins clients. */
export function memberOfAnswer(
  header: (lowerName: string) => Fields[string],
  memberId: MemberId | undefined,
): string | undefined {
  if (memberId !== undefined && 'header' in memberId) {
    const value = header(memberId.header.toLowerCase());
    return Array.isArray(value) ? value[0] : value;
  }
  const setCookie = header('set-cookie');
  for (const cookie of setCookie === undefined ? [] : Array.isArray(setCookie) ? setCookie : [setCookie]) {
    const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(cookie) ?? [];
    if (name !== undefined && (memberId === undefined ? AFFINITY_COOKIES.test(name) : name === memberId.cookie))
      return value;
  }
  return undefined;
}
