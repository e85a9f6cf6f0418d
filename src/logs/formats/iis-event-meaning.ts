/** What Windows events around IIS mean, and in which order those without names give pool and process. */

/** Short names of providers, as `code` has them; others lose only their `Microsoft-Windows-`. */
const SHORT: Readonly<Record<string, string>> = {
  'IIS AspNetCore Module': 'ANCM',
  'IIS AspNetCore Module V2': 'ANCM',
  'Windows Error Reporting': 'WER',
  'Service Control Manager': 'SCM',
  'Microsoft-Windows-HttpService': 'HTTP',
  'Microsoft-Windows-HttpEvent': 'HTTP',
};

export function shortProvider(name: string): string {
  if (/^ASP\.NET [\d.]+$/.test(name)) return 'ASP.NET';
  return SHORT[name] ?? name.replace(/^Microsoft-Windows-/, '');
}

type Order = readonly ('pool' | 'pid')[];
const POOL: Order = ['pool'];
const POOL_PID: Order = ['pool', 'pid'];
const PID_POOL: Order = ['pid', 'pool'];

/** Events of WAS: crashes name the pool first, recycles the process. From the event documentation of IIS. */
const WAS_ORDER: Readonly<Record<string, Order>> = {
  5002: POOL,
  5009: POOL_PID,
  5010: POOL_PID,
  5011: POOL_PID,
  5012: POOL_PID,
  5013: POOL_PID,
  5021: POOL,
  5057: POOL,
  5059: POOL,
  5074: PID_POOL,
  5075: PID_POOL,
  5076: PID_POOL,
  5077: PID_POOL,
  5078: PID_POOL,
  5079: POOL,
  5080: POOL,
  5117: PID_POOL,
  5139: POOL_PID,
  5186: PID_POOL,
};

export function unnamedOrder(code: string): Order {
  return code.startsWith('WAS/') ? (WAS_ORDER[code.slice(4)] ?? []) : [];
}

/** In our own words. The event's parameters follow where they add something. */
const MEANINGS: Readonly<Record<string, string>> = {
  'WAS/5002': 'The application pool was switched off after a series of failures; requests get 503 until it is started',
  'WAS/5005': 'WAS stops because of an error',
  'WAS/5009': 'A worker process ended unexpectedly',
  'WAS/5010': 'A worker process did not answer a ping',
  'WAS/5011': 'A worker process broke off its communication with WAS (a crash)',
  'WAS/5012': 'A worker process took longer to start than allowed',
  'WAS/5013': 'A worker process took longer to shut down than allowed and was ended with its requests',
  'WAS/5021': 'The identity of the application pool is not valid',
  'WAS/5057': 'The application pool was switched off because of its identity',
  'WAS/5059': 'The application pool was switched off',
  'WAS/5074': 'Recycling: the worker process reached its time limit',
  'WAS/5075': 'Recycling: the worker process reached its number of requests',
  'WAS/5076': 'Recycling: the scheduled time was reached',
  'WAS/5077': 'Recycling: the worker process reached its limit of virtual memory',
  'WAS/5078': 'Recycling: a part of the application called itself unhealthy',
  'WAS/5079': 'Recycling: an administrator asked for it',
  'WAS/5080': 'Recycling: the configuration of the pool changed',
  'WAS/5117': 'Recycling: the worker process reached its limit of private memory',
  'WAS/5139': 'The connection between http.sys and a worker process failed',
  'WAS/5186': 'A worker process was stopped after being idle; the next request starts it again',
  'Application Error/1000': 'A program crashed',
  '.NET Runtime/1025': 'A .NET program ended itself',
  '.NET Runtime/1026': 'A .NET program ended on an unhandled exception',
  'WER/1001': 'Windows filed an error report',
  'ASP.NET/1309': 'ASP.NET reports an error of an application',
  'ASP.NET/1325': 'ASP.NET reports an unhandled exception that ended the process',
  'ANCM/1000': 'The ASP.NET Core process could not be started',
  'ANCM/1001': 'The ASP.NET Core process was started',
  'ANCM/1003': 'The ASP.NET Core process failed too often within a minute',
  'ANCM/1004': 'The configuration of the ASP.NET Core Module is not valid',
  'ANCM/1005': 'The ASP.NET Core process did not shut down in time and was ended',
  'ANCM/1006': 'The ASP.NET Core process was asked to shut down',
  'ANCM/1007': 'The .NET runtime could not be loaded into the worker process',
  'ANCM/1008': 'Two in-process applications share one application pool',
  'ANCM/1009': 'In-process and out-of-process applications share one application pool',
  'ANCM/1010': 'An ASP.NET Core application could not be added',
  'ANCM/1011': 'An in-process ASP.NET Core application ended',
  'ANCM/1012': 'The application was taken offline by app_offline.htm',
  'ANCM/1013': 'The ASP.NET Core Module is switched off',
  'ANCM/1018': 'An in-process ASP.NET Core application ended on an exception',
  'ANCM/1020': 'The ASP.NET Core process failed to start or to listen',
  'ANCM/1021': 'The application was restarted because its configuration changed',
  'ANCM/1022': 'The application could not be recycled',
  'ANCM/1024': 'Watching for app_offline.htm failed',
  'ANCM/1028': 'The request handler of the ASP.NET Core Module was not found',
  'ANCM/1029': 'The request handler of the ASP.NET Core Module was not found',
  'ANCM/1030': 'The ASP.NET Core process has ended',
  'ANCM/1031': 'The in-process ASP.NET Core application could not be started',
  'ANCM/1032': 'The in-process ASP.NET Core application was started',
  'ANCM/1033': 'The ASP.NET Core application was shut down',
  'ANCM/1034': 'The configuration of the ASP.NET Core application could not be loaded',
  'ANCM/1035': 'An in-process ASP.NET Core application ended',
  'HTTP/15005': 'http.sys could not bind to an address',
  'HTTP/15006': 'http.sys could not reserve an address',
  'HTTP/15021': 'http.sys could not use the certificate of a binding',
  'Tcpip/4227': 'All local ports to one address are in use',
  'Tcpip/4231': 'All local ports are in use',
  'SCM/7031': 'A service ended unexpectedly; Windows starts it again',
  'SCM/7034': 'A service ended unexpectedly',
};

/** Undefined for events that have no meaning here. */
export function eventMeaning(code: string): string | undefined {
  return Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
}
