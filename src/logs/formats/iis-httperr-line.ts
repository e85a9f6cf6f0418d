/** Where the fields of an HTTPERR line stand. */

/**
 * Reasons that http.sys writes, from its documentation and real files. They only serve to find the field in lines whose columns are not
 * known; a header that names `s-reason` is believed for any reason.
 */
const REASONS: ReadonlySet<string> = new Set(
  `AppOffline AppPoolTimer AppShutdown BadRequest Client_Reset ConnLimit Connection_Abandoned_By_AppPool
  Connection_Abandoned_By_ReqQueue Connection_Dropped Connection_Dropped_List_Full Connections_Refused Disabled EntityTooLarge
  FieldLength Forbidden Header Hostname Internal Invalid_CR/LF LengthRequired N/A N/I Number Precondition QueueFull RequestLength
  Timer_AppPool Timer_ConnectionIdle Timer_EntityBody Timer_HeaderWait Timer_MinBytesPerSecond Timer_ReqQueue Timer_Response
  Timer_SslRenegotiation URL URL_Length Verb Version_N/S NotFound Request_Too_Large`.split(/\s+/),
);

const HTTPERR_FIRST = 'date time c-ip c-port s-ip s-port cs-version cs-method cs-uri'.split(' ');
const REST: readonly string[] = [
  'sc-status s-siteid s-reason',
  'sc-status s-siteid s-reason s-queuename',
  'streamid sc-status s-siteid s-reason s-queuename',
  'streamid streamid_ex sc-status s-siteid s-reason s-queuename transport',
  'streamid streamid_ex sc-status s-siteid s-reason s-queuename transport fault-code extended-fault-code',
];
/** Server 2003; to 2012 R2; 2016; 2022; newest. Each has another number of columns. */
const LAYOUTS: readonly (readonly string[])[] = REST.map((rest) => [...HTTPERR_FIRST, ...rest.split(' ')]);

const STATUS = /^(?:[1-5]\d\d|-)$/;
const ADDRESS = /^(?:-|[0-9a-fA-F.:[\]]*[.:][0-9a-fA-F.:[\]]*(?:%\S+)?)$/;
const PORT = /^(?:-|\d{1,5})$/;
const VERSION = /^(?:-|HTTP\/\S+)$/;
const TRANSPORT = /^(?:TCP|QUIC|UDP)$/;

export type HttperrFields = Readonly<Record<string, string>>;

/**
 * The fields of a line by name, as `declared` or by the number of columns or, where columns are lost, around a known reason. Undefined:
 * not a line of HTTPERR.
 */
export function httperrFields(pieces: readonly string[], declared?: readonly string[]): HttperrFields | undefined {
  if (declared?.length === pieces.length) {
    const fields = byName(declared, pieces);
    if (fields['s-reason'] !== undefined && looksRight(fields)) return fields;
  }
  const layout = LAYOUTS.find((names) => names.length === pieces.length);
  const fields = layout === undefined ? {} : byName(layout, pieces);
  const hasLostColumns = TRANSPORT.test(fields['s-queuename'] ?? '') || !VERSION.test(fields['cs-version'] ?? '');
  if (REASONS.has(fields['s-reason'] ?? '') && looksRight(fields) && !hasLostColumns) return fields;
  return aroundReason(pieces);
}

function byName(names: readonly string[], pieces: readonly string[]): HttperrFields {
  return Object.fromEntries(names.map((name, index) => [name, pieces[index] ?? '-']));
}

function looksRight(fields: HttperrFields): boolean {
  const { 'c-ip': client = '-', 'c-port': clientPort = '-', 's-ip': server = '-', 's-port': serverPort = '-' } = fields;
  return (
    ADDRESS.test(client) &&
    PORT.test(clientPort) &&
    ADDRESS.test(server) &&
    PORT.test(serverPort) &&
    STATUS.test(fields['sc-status'] ?? '-')
  );
}

/** `… <status> <site> <reason> [<queue>] [TCP]` wherever the reason stands; the front only as far as it is complete. */
function aroundReason(pieces: readonly string[]): HttperrFields | undefined {
  const at = pieces.findLastIndex((piece, index) => index >= 4 && REASONS.has(piece));
  const status = pieces[at - 2] ?? '';
  const site = pieces[at - 1] ?? '';
  if (at < 0 || !STATUS.test(status) || !/^(?:-|\d+)$/.test(site)) return undefined;
  const next = pieces[at + 1];
  return {
    ...frontOf(pieces.slice(0, at - 2)),
    'sc-status': status,
    's-siteid': site,
    's-reason': pieces[at] as string,
    ...(next === undefined || TRANSPORT.test(next) ? {} : { 's-queuename': next }),
  };
}

/** Fields before the status; without the address where blanks in it leave open how far it goes. */
function frontOf(pieces: readonly string[]): HttperrFields {
  const fields = byName(HTTPERR_FIRST, pieces);
  if (pieces.length < HTTPERR_FIRST.length || !looksRight(fields) || !VERSION.test(fields['cs-version'] ?? ''))
    return {};
  const streams = pieces.slice(HTTPERR_FIRST.length);
  const isWhole = streams.length <= 2 && streams.every((piece) => /^(?:-|\d+)$/.test(piece));
  return isWhole ? fields : { ...fields, 'cs-uri': '-' };
}
