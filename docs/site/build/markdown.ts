/** Text that is no code, and code, by turns. */
function parts(text: string): readonly { readonly text: string; readonly isCode: boolean }[] {
  const code = /^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2[`~]*$|(`+)(?!`)[^`]+\3(?!`)/gm
  const all: { text: string; isCode: boolean }[] = []
  let at = 0
  for (const match of text.matchAll(code)) {
    all.push({ text: text.slice(at, match.index), isCode: false })
    all.push({ text: match[0], isCode: true })
    at = match.index + match[0].length
  }
  all.push({ text: text.slice(at), isCode: false })
  return all
}

function outsideCode(text: string, change: (part: string) => string): string {
  return parts(text)
    .map((part) => (part.isCode ? part.text : change(part.text)))
    .join('')
}

/** Comments tell the tests of the documentation what a block of code is given. */
export function withoutComments(text: string): string {
  const isFence = /^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2[`~]*$/gm
  const fences: string[] = []
  const held = text.replaceAll(isFence, (fence) => `\u0000${fences.push(fence) - 1}\u0000`)
  // What a comment holds goes with it, blocks of code too.
  const bare = held.replaceAll(/<!--[\s\S]*?-->\n?/g, '')
  // eslint-disable-next-line no-control-regex
  return bare.replaceAll(/\u0000(\d+)\u0000/g, (_, index: string) => fences[Number(index)]!)
}

/** The drawings of the inspector in place of the Mermaid blocks, which only GitHub draws. */
export function withCharts(text: string, file: string): string {
  let rows = 0
  return text.replaceAll(/^```mermaid\n([\s\S]*?)^```$/gm, (_, chart: string) => {
    if (chart.includes('[*] --> fresh')) return '<Chart name="refresh" />'
    if (!chart.includes('[*] --> absent')) throw new Error(`${file} has a chart that nothing draws`)
    rows += 1
    return rows === 1 ? '<Chart name="ledger" />' : 'The drawing above shows both rows.'
  })
}

const ADDRESS = /^(?:[a-z][a-z+.-]*:|\/\/)/i

/**
 * Puts other targets into the links, pictures and HTML attributes of a page.
 *
 * @param resolve Takes a relative target; `undefined` leaves it as it is.
 */
export function rewritten(text: string, resolve: (target: string) => string | undefined): string {
  const change = (target: string): string =>
    ADDRESS.test(target) ? target : (resolve(target) ?? target)
  return outsideCode(text, (part) =>
    part
      .replaceAll(/\]\(([^)\s]+)(\s[^)]*)?\)/g, (_, target: string, title = '') => {
        return `](${change(target)}${title})`
      })
      .replaceAll(/^(\[[^\]]+\]: )(\S+)/gm, (_, name: string, target: string) => {
        return `${name}${change(target)}`
      })
      .replaceAll(/ (src|srcset|href)="([^"]+)"/g, (_, name: string, target: string) => {
        return ` ${name}="${change(target)}"`
      }),
  )
}
