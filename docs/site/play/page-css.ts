import { PAGE_CSS } from '../../../src/inspect/page/css.ts'

const DARK = /@media \(prefers-color-scheme: dark\) \{\n((?: {2}.*\n|\n)*)\}/g

/**
 * The style of the inspector's page for one part of a page that has its own: everything is inside
 * `.play`, and dark follows the switch of the site.
 */
export function scopedPageCss(): string {
  const dark: string[] = []
  const light = PAGE_CSS.replaceAll(DARK, (_, rules: string) => {
    dark.push(rules)
    return ''
  })
  const inside = (css: string): string => css.replaceAll(/:root\b|\bbody\b(?= \{)/g, '&')
  return `.play {\n${inside(light)}\n}\n.dark .play {\n${inside(dark.join('\n'))}\n}\n`
}
