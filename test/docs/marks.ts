/** The text with other content between two marks that lie in it. */
export function between(text: string, begin: string, content: string, end: string): string {
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`there are no marks: ${begin}`)
  return `${before}${begin}\n\n${content}\n\n${end}${after}`
}
