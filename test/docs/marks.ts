/** The text with other content between two marks that lie in it. */
export function between(text: string, begin: string, content: string, end: string): string {
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`there are no marks: ${begin}`)
  return `${before}${begin}\n\n${content}\n\n${end}${after}`
}

/** A table as prettier formats it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, index) => Math.max(3, ...cells.map((row) => row[index]!.length)))
  const lines = cells.map((row) => row.map((cell, index) => cell.padEnd(widths[index]!)))
  const rule = widths.map((width) => '-'.repeat(width))
  return [lines[0]!, rule, ...lines.slice(1)].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
