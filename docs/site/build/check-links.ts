import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Where a page loads from, and where it leads to. */
const LOADS = new RegExp(
  [
    String.raw`<(?:script|img|source|iframe|video)\b[^>]*?\b(?:src|srcset)="([^"]+)"`,
    String.raw`<link\b[^>]*?\bhref="([^"]+)"`,
  ].join('|'),
  'g',
)
const LEADS = /<a\b[^>]*?\bhref="([^"]+)"/g
const IDS = /\bid="([^"]+)"/g

/**
 * What is wrong with the pages of a folder: links and anchors that lead nowhere, and what a page
 * would load from elsewhere.
 *
 * @param base The address of the folder.
 */
export function faultsOf(
  folder: string,
  base = process.env['SITE_BASE'] ?? '/',
): readonly string[] {
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.html'))
  const texts = new Map(pages.map((page) => [page, readFileSync(join(folder, page), 'utf8')]))
  const ids = new Map(
    [...texts].map(([page, text]) => [
      page,
      new Set(Array.from(text.matchAll(IDS), ([, id]) => id)),
    ]),
  )

  function leadsNowhere(page: string, link: string): boolean {
    const [path = '', hash = ''] = link.split('#')
    const wanted = path.startsWith(base)
      ? path.slice(base.length)
      : posix.join(posix.dirname(page), path)
    const file = path === '' ? page : fileOf(folder, decodeURI(wanted))
    if (file === undefined) return true
    return (
      hash !== '' &&
      file.endsWith('.html') &&
      ids.get(file)?.has(decodeURIComponent(hash)) === false
    )
  }

  return [...texts].flatMap(([page, text]) => {
    const loads = Array.from(text.matchAll(LOADS), ([, one, other]) => one ?? other ?? '')
    const leads = Array.from(text.matchAll(LEADS), ([, link]) => link ?? '')
    return [
      ...loads.filter(isElsewhere).map((link) => `${page} loads ${link}`),
      ...[...loads, ...leads]
        .filter((link) => !isElsewhere(link) && !link.startsWith('data:'))
        .filter((link) => !link.startsWith('mailto:') && leadsNowhere(page, link))
        .map((link) => `${page}: ${link} leads nowhere`),
    ]
  })
}

function isElsewhere(link: string): boolean {
  return /^(?:https?:)?\/\//.test(link)
}

function fileOf(folder: string, path: string): string | undefined {
  const tries = [path, `${path}.html`, posix.join(path, 'index.html')]
  return tries.find((each) => {
    const at = join(folder, each)
    return existsSync(at) && statSync(at).isFile()
  })
}
