import { readFile } from 'node:fs/promises'
import { PAGE_CSS } from './css.ts'
import { PAGE_HTML } from './html.ts'

/** A file of the page, to be served as it is. */
export interface PageFile {
  /** Of the `Content-Type` header. */
  readonly type: string
  readonly body: string
}

/**
 * What the page may load and do: nothing but its own files and the lines of its own server.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The modules that a browser loads, as they were compiled. A test holds them against imports. */
export const PAGE_MODULES: readonly string[] = [
  'diagram/drawing.js',
  'diagram/ledger.drawing.js',
  'diagram/refresh.drawing.js',
  'diagram/svg.js',
  'page/chart.js',
  'page/counters.js',
  'page/details.js',
  'page/dom.js',
  'page/feed.js',
  'page/files-of-reader.js',
  'page/history.js',
  'page/lane-view.js',
  'page/lane.js',
  'page/main.js',
  'page/model.js',
  'page/player.js',
  'page/read-recording.js',
  'page/renewal-view.js',
  'page/renewals.js',
  'page/rows.js',
  'page/tally.js',
  'page/timeline.js',
  'page/tone.js',
  'page/words.js',
  'recording.js',
]

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" ' +
  'rx="8" fill="#2457c5"/><path d="M23 16a7 7 0 1 1-2.6-5.4M21 5v6h-6" fill="none" ' +
  'stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'

const TEXTS: ReadonlyMap<string, PageFile> = new Map([
  ['', { type: 'text/html; charset=utf-8', body: PAGE_HTML }],
  ['page/page.css', { type: 'text/css; charset=utf-8', body: PAGE_CSS }],
  ['page/icon.svg', { type: 'image/svg+xml', body: ICON }],
])

/**
 * A file of the page by its path below the page's address; `''` is the page itself. Absent: there
 * is no such file, whatever lies on the disk.
 *
 * @param folder Where the compiled `inspect` folder lies. Default: around this module.
 */
export async function pageFile(
  path: string,
  folder: URL = new URL('../', import.meta.url),
): Promise<PageFile | undefined> {
  const text = TEXTS.get(path)
  if (text !== undefined || !PAGE_MODULES.includes(path)) return text
  const body = await readFile(new URL(path, folder), 'utf8')
  return { type: 'text/javascript; charset=utf-8', body }
}
