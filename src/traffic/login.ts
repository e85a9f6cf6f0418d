import { type AnswerFacts, type Exchange, outcomeKey } from '../model/exchange.ts';
import type { Profile } from '../model/profile.ts';
import { routesTo } from '../model/route.ts';
import { packSchedule } from './schedule.ts';
import { LOGIN_REQUEST, type Sender } from './sender.ts';

/** Experiment id of login requests; they are not part of what is measured. */
export const LOGIN_EXPERIMENT = 'log in';

/**
 * Logs in on every route, each with cookies of its own, and keeps the session cookies for all requests of that route.
 * Cookies that pin to a member are left out: a probe that keeps them measures one member only. Returns warnings.
 */
export async function logIn(
  profile: Profile,
  sender: Pick<Sender, 'fire' | 'setCookie'>,
  taken: () => readonly Exchange[],
): Promise<readonly string[]> {
  if (profile.auth?.kind !== 'login') return [];
  const routes = routesTo(profile.members.map(({ name }) => name));
  const shots = routes.map((route) => ({
    dueUs: 0,
    route,
    request: LOGIN_REQUEST,
    connection: 'new' as const,
    tag: { kind: 'prepare' as const },
  }));
  await sender.fire(LOGIN_EXPERIMENT, packSchedule(shots));
  const warnings: string[] = [];
  for (const exchange of taken()) {
    const cookie = sessionCookies(exchange, profile);
    if (cookie !== '') sender.setCookie(exchange.route, cookie);
    else
      warnings.push(
        `The login request on ${exchange.route} set no cookie (it ended with ${outcomeKey(exchange.outcome)}); requests go out without one.`,
      );
  }
  return warnings;
}

const PINNING_COOKIES = /^(ARRAffinity\w*|SERVERID|ROUTEID|AWSALB\w*|ApplicationGatewayAffinity\w*|INGRESSCOOKIE|lb)$/;

function sessionCookies({ answer }: Exchange, profile: Profile): string {
  const pinned = profile.memberId !== undefined && 'cookie' in profile.memberId ? profile.memberId.cookie : undefined;
  return setCookies(answer)
    .filter(([name]) => name !== pinned)
    .map((pair) => pair.join('='))
    .join('; ');
}

/** Shorter ones are choices of a user (`dark`, `en-GB`) rather than sessions, and words that any page may hold. */
const LEAST_COOKIE_SECRET = 8;

/** Values of cookies that an answer sets, as far as they may stand for a session. What pins to a member names it and is none. */
export function cookieSecrets(answer: AnswerFacts | undefined): string[] {
  return setCookies(answer).flatMap(([, value]) => (value.length < LEAST_COOKIE_SECRET ? [] : [value]));
}

/** Name and value of each cookie that an answer sets, without those that are known to pin to a member. */
function setCookies(answer: AnswerFacts | undefined): (readonly [string, string])[] {
  const header = answer?.headers['set-cookie'];
  const list = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return list.flatMap((cookie) => {
    const pair = (cookie.split(';', 1)[0] ?? '').trim();
    const name = pair.split('=', 1)[0] ?? '';
    return name === '' || PINNING_COOKIES.test(name) ? [] : [[name, pair.slice(name.length + 1)] as const];
  });
}
