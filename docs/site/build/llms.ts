import { sidebarOf } from './navigation.ts'
import type { StagedPage } from './pages.ts'

const ABOUT =
  'A TypeScript library that renews OAuth token sets so that one refresh token is never ' +
  'presented twice: not by two requests, processes or machines, a retry, a crash or a stale cookie.'

/** Pages that a model needs first; the others are in the list. */
const NOT_WHOLE = /^(?:source|api|decisions|changelog|code-of-conduct)(?:\/|$)/

/**
 * Texts for language models.
 *
 * @see https://llmstxt.org
 */
export function textsForModels(pages: readonly StagedPage[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  const byLink = new Map(pages.map((page) => [`/${page.route}`, page]))
  const list = sidebarOf(pages).map(({ text, items = [] }) => {
    const lines = items.flatMap(({ link = '' }) => {
      const page = byLink.get(link.replace(/\/$/, ''))
      if (page === undefined) return []
      return [`- [${page.title}](text/${page.route}.md): ${firstSentence(page.text)}`]
    })
    return `## ${text}\n\n${lines.join('\n')}\n`
  })
  texts.set('llms.txt', `# refresh-once\n\n> ${ABOUT}\n\n${list.join('\n')}`)
  const whole = pages.filter(({ route }) => !NOT_WHOLE.test(route))
  const bodies = whole.map(({ route, text }) => `<!-- ${route} -->\n\n${text}`)
  texts.set('llms-full.txt', [`# refresh-once\n\n> ${ABOUT}`, ...bodies].join('\n\n'))
  for (const { route, text } of pages) texts.set(`text/${route}.md`, text)
  return texts
}

/** The first paragraph that is text, up to the end of its first sentence. */
function firstSentence(text: string): string {
  const paragraph = text
    .split(/\n\s*\n/)
    .find((each) => /^[A-Z_*`[]/.test(each) && !each.startsWith('```'))
  const flat = (paragraph ?? '').replaceAll(/\s+/g, ' ').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return /^.*?[.:](?= |$)/.exec(flat)?.[0] ?? flat.slice(0, 200)
}
