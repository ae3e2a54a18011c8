/** What the tests change in an example: a text, and what stands in its place. */
export interface Edit {
  readonly path: string
  readonly text: string
  readonly replacement: string
}

/** An application that is built for the tests. */
export interface Recipe {
  /** The folder of the example that it is made of. */
  readonly example: string
  readonly edits: readonly Edit[]
  /** Files of its own, beside those of the example or in their place. */
  readonly files: Readonly<Record<string, string>>
  /** Files of the repository that it takes as they are, by what they are called there. */
  readonly copies?: Readonly<Record<string, string>>
  /** Which files of the example it is made of. Default all. */
  takes?(path: string): boolean
  /** Run by `next dev`: made anew each time, and not built. */
  readonly isDev?: boolean
  /** Packages that the example does not need. */
  readonly packages?: Readonly<Record<string, string>>
}

/** What decides, when a build that holds both is started. */
export const IS_BEFORE = "process.env.CALLBACKS === 'guide'"

/** @throws {Error} For an edit whose text is not found once. */
export function edited(
  files: readonly (readonly [string, string])[],
  edits: readonly Edit[],
): [string, string][] {
  const unused = new Set(edits)
  const result = files.map(([path, text]): [string, string] => {
    let next = text
    for (const edit of edits.filter((each) => each.path === path)) {
      if (next.split(edit.text).length !== 2)
        throw new Error(`${path}: not found once: ${edit.text}`)
      next = next.replace(edit.text, () => edit.replacement)
      unused.delete(edit)
    }
    return [path, next]
  })
  if (unused.size > 0)
    throw new Error(`no file for ${[...unused].map(({ path }) => path).join(', ')}`)
  return result
}
