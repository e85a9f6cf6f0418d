/** Notes for whoever asked for the wrong thing: routes that do not do the same work, and requests that only meet redirects or refusals. */
import type { Measures } from '../analysis/measures.ts';
import { type OddBodies, oddBodies, sizeOf } from '../analysis/odd-bodies.ts';
import { type SettledStatus, settledStatuses } from '../analysis/settled-status.ts';
import { type UnlikeBodies, unlikeBodies } from '../analysis/unlike-bodies.ts';
import { formatBytes, formatNumber } from '../model/quantity.ts';
import { GATEWAY, memberOf, routesTo } from '../model/route.ts';

/** What to change, for statuses that nobody measures on purpose. */
const ADVICE: Readonly<Record<number, string>> = {
  301: 'Ask for the address that it redirects to',
  302: 'Ask for the address that it redirects to',
  303: 'Ask for the address that it redirects to',
  307: 'Ask for the address that it redirects to',
  308: 'Ask for the address that it redirects to',
  400: 'Often the Host header is not the one that is served: set `host`',
  401: 'Give the requests a login: `auth` of the profile',
  403: 'Ask for something that the probe may see, or give it a login: `auth` of the profile',
  404: 'Often the path is wrong, or the Host header is not the one that is served: set `path` or `host`',
  407: 'A forward proxy wants a login',
  421: 'The Host header or the TLS server name is not the one that is served: set `host`',
};

/** The usual reason for a redirect to itself. */
const TLS_ENDS =
  'Where the gateway ends TLS, members see http and may send everybody to https: let the gateway set `X-Forwarded-Proto`, and the application obey it';

/** Where members answer well what the gateway refuses: a limit or a rule of its own. */
const GATEWAY_ADVICE: Readonly<Record<number, string>> = {
  405: 'The gateway does not pass this method on',
  413: 'The gateway takes smaller bodies than its members: `client_max_body_size` of nginx, `LimitRequestBody` of Apache, `maxAllowedContentLength` of IIS',
  414: 'The gateway takes shorter addresses than its members: `large_client_header_buffers` of nginx, `LimitRequestLine` of Apache, `maxUrl` and `maxQueryString` of IIS',
  431: 'The gateway takes smaller header fields than its members: `large_client_header_buffers` of nginx, `tune.bufsize` of HAProxy, `LimitRequestFieldSize` of Apache',
};
const LARGE_HEADERS =
  'Either the Host header is not the one that is served (set `host`), or the header fields of this request, its cookies above all, are larger than the gateway takes: `large_client_header_buffers` of nginx, `tune.bufsize` of HAProxy, `LimitRequestFieldSize` of Apache, `MaxFieldLength` of http.sys';

const OTHER_HOST =
  'Often a member does not serve the Host header that it is asked with: set `host` of the member, or --host';
/** Where the gateway answers well, and a member asked for the same does not. */
const MEMBER_ADVICE: Readonly<Record<number, string>> = { 400: OTHER_HOST, 404: OTHER_HOST, 421: OTHER_HOST };

/** One sentence or two for each request; none where every route answers it alike, with no redirect and no refusal, and nobody asked for a pause. */
export function answerNotes(measures: Measures): readonly string[] {
  return [
    ...statusNotes(measures),
    ...oddBodies(measures).map(oddText),
    ...unlikeBodies(measures).map(unlikeBodiesText),
    ...pauseNotes(measures),
  ];
}

/** Whether gateway and members do the same work, as far as statuses tell: else the difference of their times means nothing. */
export function doSameWork(measures: Measures): boolean {
  return settledStatuses(measures).every(({ statuses: [first, ...others] }) =>
    others.every(({ status }) => isAlike(status, first?.status ?? status)),
  );
}

/** Requests that every member answers well and the gateway as a rule refuses, where nobody asked for that status. */
export function refusedByGateway(
  measures: Measures,
): readonly { readonly requestName: string; readonly status: number }[] {
  return settledStatuses(measures).flatMap(({ requestName, statuses }) => {
    const wanted = measures.profile.requests.find(({ name }) => name === requestName)?.expect.status ?? [];
    const gateway = statuses.find(({ route }) => route === GATEWAY);
    const members = statuses.filter(({ route }) => route !== GATEWAY);
    if (gateway === undefined || gateway.status < 400 || wanted.includes(gateway.status)) return [];
    const isServed = members.length === measures.members.length && members.every(({ status }) => isGood(status));
    return isServed && members.length > 0 ? [{ requestName, status: gateway.status }] : [];
  });
}

function statusNotes(measures: Measures): readonly string[] {
  return settledStatuses(measures).flatMap(({ requestName, statuses }) => {
    const wanted = measures.profile.requests.find(({ name }) => name === requestName)?.expect.status ?? [];
    if (statuses.every(({ status }) => wanted.includes(status))) return [];
    const gateway = statuses.find(({ route }) => route === GATEWAY);
    const members = statuses.filter(({ route }) => route !== GATEWAY);
    if (members.some(({ status }) => !isAlike(status, members[0]?.status ?? status)))
      return [unlikeText(requestName, members)];
    const others = gateway === undefined ? [] : members.filter(({ status }) => !isAlike(status, gateway.status));
    const hasHeaders =
      Object.keys(measures.profile.requests.find(({ name }) => name === requestName)?.headers ?? {}).length > 0;
    if (gateway !== undefined && others.length > 0) return [differenceText(requestName, gateway, others, hasHeaders)];
    const [first] = statuses;
    if (first === undefined || first.status < 300 || first.status === 304) return [];
    return statuses.every(({ status }) => status === first.status) ? [uselessText(requestName, first, measures)] : [];
  });
}

/** How much of such a body is shown: a title, or the first words. */
const SHOWN_CHARACTERS = 80;

function oddText({ requestName, odd, of, bytes }: OddBodies): string {
  const [first] = odd as [OddBodies['odd'][number]];
  const start = odd.flatMap(({ answer }) => answer?.bodyStart ?? [])[0];
  const shown = start === undefined ? '' : `, for example “${textOf(start)}”`;
  return `${odd.length} of ${of} good answers to ${requestName} through the gateway have another body (${formatBytes(sizeOf(first))}${shown}) than every answer of every member asked directly (${formatBytes(bytes)}): an error page with status ${statusOf(first)}, something out of a cache, or a release that is not everywhere yet.`;
}

function unlikeBodiesText({ requestName, shorter, longer }: UnlikeBodies): string {
  const told = [shorter, longer].map(({ members, bytes, example }) => {
    const start = example.answer?.bodyStart;
    return `${listed(members)} with ${formatBytes(bytes)}${start === undefined ? '' : ` (“${textOf(start)}”)`}`;
  });
  return `Asked directly, members answer ${requestName} with pages of different length, every time: ${told.join(', ')}. Users get the one or the other, whichever member the gateway chooses: an error page with status ${statusOf(shorter.example)}, or a release that is not everywhere yet, looks like this. Say with \`expect.body.includes\` what a good page holds, and the wrong one counts as a failure.`;
}

function statusOf({ outcome }: OddBodies['odd'][number]): number {
  return outcome.kind === 'response' ? outcome.status : 0;
}

/** Without tags, in one line. */
function textOf(body: string): string {
  const text = body
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** What was not measured, because who was asked did not want to be. */
function pauseNotes(measures: Measures): readonly string[] {
  return routesTo(measures.members).flatMap((route) => {
    const { due, outcomes } = measures.counts({ route });
    const paused = outcomes['not-sent:retry-after'] ?? 0;
    if (paused === 0) return [];
    const who = memberOf(route) ?? 'the gateway';
    return [
      `${formatNumber(paused)} of ${formatNumber(due)} requests to ${who} were not sent, because it asked for a pause (Retry-After): of that time nothing is known.`,
    ];
  });
}

/** 200 and 204, or 200 and 304, are the same work well done. */
function isAlike(a: number, b: number): boolean {
  return a === b || (isGood(a) && isGood(b));
}

function isGood(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304;
}

/** "web1, web2 with 200, web3 with 404". */
function unlikeText(requestName: string, members: readonly SettledStatus[]): string {
  const groups = [...Map.groupBy(members, statusText)].sort((a, b) => b[1].length - a[1].length);
  const told = groups.map(([status, own]) => `${namesOf(own)} with ${status}`).join(', ');
  return `Asked directly, members do not answer ${requestName} alike: ${told}. Users get the one or the other, whichever member the gateway chooses: a release or a host name that not all of them know looks like this.`;
}

function namesOf(statuses: readonly SettledStatus[]): string {
  return listed(statuses.map(({ route }) => memberOf(route) ?? route));
}

function listed(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.length} members`;
}

function differenceText(
  requestName: string,
  gateway: SettledStatus,
  members: readonly SettledStatus[],
  hasHeaders: boolean,
): string {
  const [first] = members as [SettledStatus];
  const alike = members.filter(({ status }) => status === first.status);
  const listed = namesOf(alike);
  const advice = isGood(gateway.status)
    ? (MEMBER_ADVICE[first.status] ?? ADVICE[first.status])
    : hasHeaders && gateway.status === 400 && isGood(first.status)
      ? LARGE_HEADERS
      : ((isGood(first.status) ? GATEWAY_ADVICE[gateway.status] : undefined) ?? ADVICE[gateway.status]);
  return [
    `The gateway answers ${requestName} with ${statusText(gateway)}, ${listed} asked directly with ${statusText(first)}: they do not do the same work, so the difference of their times says nothing about the gateway.`,
    ...(advice === undefined ? [] : [`${advice}.`]),
  ].join(' ');
}

function uselessText(requestName: string, one: SettledStatus, measures: Measures): string {
  const advice = loopAdvice(requestName, one, measures) ?? ADVICE[one.status];
  const why = `Every answer to ${requestName} was ${statusText(one)}: the times are those of a ${one.status < 400 ? 'redirect' : 'refusal'}, not of the page.`;
  return advice === undefined ? why : `${why} ${advice}.`;
}

/** Set where the gateway sends who asks for a page back to the same page, or to the same over http. */
function loopAdvice(
  requestName: string,
  { route, location }: SettledStatus,
  { profile: { gateway, requests } }: Measures,
): string | undefined {
  const path = requests.find(({ name }) => name === requestName)?.path;
  if (route !== GATEWAY || location === undefined || path === undefined) return undefined;
  const { protocol, host } = new URL(gateway.url);
  const asked = new URL(path, `${protocol}//${gateway.host ?? host}`);
  if (!URL.canParse(location, asked.href)) return undefined;
  const next = new URL(location, asked.href);
  if (next.pathname !== asked.pathname || next.search !== asked.search || next.hostname !== asked.hostname)
    return undefined;
  if (next.href === asked.href)
    return `That is the very address that was asked: browsers give up with “too many redirects”, unless a cookie ends it. ${TLS_ENDS}`;
  return asked.protocol === 'https:' && next.protocol === 'http:'
    ? `That is the same page without TLS: where http is sent to https, browsers give up with “too many redirects”. ${TLS_ENDS}`
    : undefined;
}

function statusText({ status, location }: SettledStatus): string {
  return location === undefined ? String(status) : `${status} (to ${location})`;
}
