/**
 * Refuses options that do not exist: a misspelt option would have no effect, and nothing would say
 * so.
 *
 * @param where The option that holds them, as a prefix of the message: `ledger`. Empty at the top.
 * @param known The names that exist.
 * @param moved Names that existed, with what to write instead.
 * @throws {TypeError} Naming what to write instead.
 */
export function checkOptionNames(
  given: object,
  where: string,
  known: readonly string[],
  moved: Readonly<Record<string, string>> = {},
): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue
    const full = where === '' ? name : `${where}.${name}`
    const now = Object.hasOwn(moved, name) ? moved[name] : undefined
    if (now !== undefined) throw new TypeError(`${full} is no option any more: write ${now}`)
    throw new TypeError(`${full} is no option: did you mean ${nearest(name, known)}?`)
  }
}

function nearest(name: string, known: readonly string[]): string {
  const far = known.map((each) => ({ each, steps: stepsBetween(name, each) }))
  return far.reduce((best, next) => (next.steps < best.steps ? next : best)).each
}

/** The edits of one character that lead from one name to the other, whatever its case. */
function stepsBetween(one: string, other: string): number {
  const target = other.toLowerCase()
  let row = Array.from({ length: target.length + 1 }, (_, at) => at)
  for (const [line, letter] of one.toLowerCase().split('').entries()) {
    const next = [line + 1]
    for (const [at, each] of target.split('').entries()) {
      next.push(Math.min(row[at + 1]! + 1, next[at]! + 1, row[at]! + (each === letter ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1)!
}
