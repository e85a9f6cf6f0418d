/** Error pages as IIS and ARR write them: the short page for remote clients, the detailed one for local ones. */

/** Why the gateway itself answers, with the WinHTTP code that ARR would log. */
export type Failure = {
  readonly substatus: 3 | 4;
  readonly winHttp: number;
  readonly text: string;
};

export const FAILURES = {
  timeout: { substatus: 3, winHttp: 12_002, text: 'The operation timed out' },
  refused: { substatus: 3, winHttp: 12_029, text: 'A connection with the server could not be established' },
  dropped: { substatus: 3, winHttp: 12_030, text: 'The connection with the server was terminated abnormally' },
  invalid: { substatus: 3, winHttp: 12_152, text: 'The server returned an invalid or unrecognized response' },
  noServer: { substatus: 4, winHttp: 0, text: 'No appropriate server could be found to route the request.' },
} as const satisfies Record<string, Failure>;

export type ErrorPage = { readonly contentType: string; readonly body: Buffer };

/** The short page has exactly this many bytes in every version since 7.0. */
const SHORT_PAGE_BYTES = 1_477;
const OS_BUILD = 17_763;

export function hresultOf(winHttp: number): string {
  return winHttp === 0 ? '0x00000000' : `0x${(0x80070000 + winHttp).toString(16)}`;
}

export function shortPage(): ErrorPage {
  const title = '502 - Web server received an invalid response while acting as a gateway or proxy server.';
  const head = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\r\n<html xmlns="http://www.w3.org/1999/xhtml">\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"/>\r\n<title>${title}</title>\r\n<style type="text/css">\r\n<!--\r\nbody{margin:0;font-size:.7em;font-family:Verdana, Arial, Helvetica, sans-serif;background:#EEEEEE;}\r\n-->\r\n</style>\r\n</head>\r\n<body>\r\n<div id="header"><h1>Server Error</h1></div>\r\n<div id="content">\r\n <div class="content-container"><fieldset>\r\n  <h2>${title}</h2>\r\n  <h3>There is a problem with the page you are looking for, and it cannot be displayed. When the Web server (while acting as a gateway or proxy) contacted the upstream content server, it received an invalid response from the content server.</h3>\r\n </fieldset></div>\r\n`;
  const tail = '</div>\r\n</body>\r\n</html>\r\n';
  const body = head + ' '.repeat(Math.max(0, SHORT_PAGE_BYTES - head.length - tail.length)) + tail;
  return { contentType: 'text/html', body: Buffer.from(body, 'latin1') };
}

export function detailedPage({ substatus, winHttp, text }: Failure, url: string): ErrorPage {
  const code = hresultOf(winHttp);
  const safeUrl = url.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
  const notification = substatus === 4 ? 'MapRequestHandler' : 'ExecuteRequestHandler';
  const row = (name: string, value: string): string =>
    `<tr><th>${name}</th><td>&nbsp;&nbsp;&nbsp;${value}</td></tr>\r\n`;
  const body = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\r\n<html xmlns="http://www.w3.org/1999/xhtml">\r\n<head>\r\n<title>IIS 10.0 Detailed Error - 502.${substatus} - Bad Gateway</title>\r\n</head>\r\n<body>\r\n<div id="content">\r\n<div class="content-container">\r\n  <h3>HTTP Error 502.${substatus} - Bad Gateway</h3>\r\n  <h4>${text}</h4>\r\n</div>\r\n<fieldset><h4>Detailed Error Information:</h4>\r\n<table border="0" cellpadding="0" cellspacing="0">\r\n${row('Module', 'ApplicationRequestRouting')}${row('Notification', notification)}${row('Handler', 'ApplicationRequestRoutingHandler')}${row('Error Code', code)}${row('Requested URL', safeUrl)}${row('Logon Method', 'Anonymous')}${row('Logon User', 'Anonymous')}</table>\r\n</fieldset>\r\n<p><a href="https://go.microsoft.com/fwlink/?LinkID=62293&amp;IIS70Error=502,${substatus},${code},${OS_BUILD}">View more information &raquo;</a></p>\r\n</div>\r\n</body>\r\n</html>\r\n`;
  return { contentType: 'text/html; charset=utf-8', body: Buffer.from(body, 'utf8') };
}
